"""
The API against a trivial endpoint of the same server: requests a second over HTTP, asked in turn.

    python bench/api.py [--quick]

Brings up PostgreSQL, the sandbox and the web server on a temporary folder. The trivial endpoint is /healthz, which goes
through the same middleware and touches no table. Quotes are those of the lenders serviced here: asking an outside lender
takes that lender's time, not ours. Bills are those of a shopper with one loan over 12 installments.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._report import report
from bench.pages import a_shopper, prepare
from fenqi.cli import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = "/healthz"
# At least 40 % of the rate of the trivial endpoint: at most 2.5 times its time.
AIM = 2.5
# Every quote is on another amount, so that none is remembered.
PATHS = {"quote": "/api/v1/quotes?amount_fen={n}99900", "bills": "/api/v1/bills"}
# The rate limit is for strangers on the net; a bench stays under it by pausing between minutes' worth of requests.
MOST_A_MINUTE = 110


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 50 if parser.parse_args().quick else MOST_A_MINUTE
    with (
        tempfile.TemporaryDirectory(prefix="fenqi-bench-") as folder,
        stack.running(Path(folder)) as running,
    ):
        prepare(running)
        _paths, cookie = a_shopper()
        from fenqi.credit.models import Lender

        Lender.objects.filter(services_own_loans=True).update(is_active=False)
        medians = dict(measured(running.web_url, cookie, rounds))
    report(
        "api",
        ratios={f"{name}_to_trivial": (ours / bare, AIM) for name, (ours, bare) in medians.items()},
        milliseconds={name: round(1000 * ours, 2) for name, (ours, _bare) in medians.items()},
        share_of_trivial_rate={name: round(bare / ours, 2) for name, (ours, bare) in medians.items()},
    )


def measured(url: str, cookie: str, rounds: int) -> Iterator[tuple[str, tuple[float, float]]]:
    """Per endpoint the median seconds, its own and the trivial one's, asked in turn."""
    with httpx.Client(base_url=url, cookies={"fenqi_session": cookie}, trust_env=False, timeout=30) as client:
        for name, path in PATHS.items():
            for _warm in range(5):
                client.get(path.format(n=900)).raise_for_status()
            times = [
                (_seconds(client, path.format(n=n)), _seconds(client, BARE)) for n in range(1, rounds + 1)
            ]
            yield name, tuple(statistics.median(column) for column in zip(*times, strict=True))  # type: ignore[misc]


def _seconds(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
