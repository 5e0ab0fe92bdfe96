"""
The plan board: 48 plans quoted, checked against their cap, sorted and made ready for a page, against the engine's bare quotes.

    python bench/board.py [--quick]

The bare work is what the engine alone needs for the same figures: 48 quotes with schedule, totals and annual rates. The
board adds reading the plans from the database, the words of each row and its reasons. Asking an outside lender is not
in it: that time is the lender's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._report import report
from fenqi.config import embedded

if TYPE_CHECKING:
    from collections.abc import Callable

AMOUNT_FEN = 499_900
PLANS = 48
# The most a board may take: in bare boards, and in milliseconds of our own time.
AIM, AIM_MILLISECONDS = 4.0, 30.0


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 30 if parser.parse_args().quick else 200
    with tempfile.TemporaryDirectory(prefix="fenqi-bench-") as folder:
        os.environ |= {"FENQI_MODE": "demo", "FENQI_HOME": folder}
        with embedded.server(Path(folder) / "pg", throwaway=True) as url:
            os.environ["DATABASE_URL"] = url
            prepare()
            board, bare = measured(rounds)
    report(
        "board",
        ratios={
            "board_to_bare": (board / bare, AIM),
            "milliseconds_to_aim": (1000 * board / AIM_MILLISECONDS, 1.0),
        },
        board_milliseconds=round(1000 * board, 2),
        bare_milliseconds=round(1000 * bare, 2),
        plans=PLANS,
    )


def prepare() -> None:
    """An empty installation with 48 plans of our own lenders."""
    from fenqi.cli.environment import start_django

    start_django(as_owner=True)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from fenqi.credit import seed, services
    from fenqi.credit.models import Lender

    seed.load()
    Lender.objects.filter(services_own_loans=True).update(is_active=False)
    ours = seed.plans()
    for number in range(len(ours), PLANS):
        model = ours[number % len(ours)]
        plan = replace(model, code=f"{model.code}-{number}", name=f"{model.name} {number}")
        services.publish_plan(plan=plan, on=seed.PUBLISHED_ON, published_by="bench")


def measured(rounds: int) -> tuple[float, float]:
    """Median processor seconds of a board and of the bare quotes, asked in turn so that both see the same machine."""
    from fenqi.credit import queries, services
    from fenqi.credit.seed import PUBLISHED_ON
    from fenqi.domain.plans import quote_plan
    from fenqi.web.checkout_views import _board_rows

    plans = queries.plans_in_force(on=PUBLISHED_ON)
    assert len(plans) == PLANS

    def board() -> None:
        found = services.make_quotes(amount_fen=AMOUNT_FEN, on=PUBLISHED_ON)
        assert len(_board_rows(found, term="", picked="")["rows"]) == PLANS

    def bare() -> None:
        for plan in plans:
            assert quote_plan(plan, AMOUNT_FEN, PUBLISHED_ON).total_fen >= AMOUNT_FEN

    times: dict[str, list[float]] = {"board": [], "bare": []}
    for _round in range(rounds):
        times["board"].append(_seconds(board))
        times["bare"].append(_seconds(bare))
    return statistics.median(times["board"]), statistics.median(times["bare"])


def _seconds(work: Callable[[], None]) -> float:
    # Our own time: the processor's, so that what else the machine does is not counted.
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
