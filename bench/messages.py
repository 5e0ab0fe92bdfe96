"""
A message from its queue row over gate and carrier to its outcome row, against a no-op job of the same database's queue.

    python bench/messages.py [--quick]

The carrier is the sandbox in a process of its own, over signed HTTP; the job is procrastinate's, deferred and run one by
one as a worker does it. A ratio of 1 means that a message costs as much as a job that does nothing. See bench/README.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BORROWERS = 2_000


@contextmanager
def stack(home: Path) -> Iterator[None]:
    """A fresh database and a sandbox."""
    os.environ |= {
        "FENQI_HOME": str(home),
        "FENQI_MODE": "test",
        "FENQI_SANDBOX_URL": f"http://127.0.0.1:{free_port()}",
    }
    os.environ.pop("DATABASE_URL", None)
    from fenqi.cli.environment import database, start_django

    with database():
        start_django(as_owner=True)
        from django.conf import settings

        from fenqi.cli.manage import bring_up_to_date

        bring_up_to_date()
        port = settings.SANDBOX_URL.rpartition(":")[2]
        sandbox = subprocess.Popen(
            [sys.executable, "-m", "fenqi", "sandbox", "--port", port], stderr=subprocess.DEVNULL
        )
        try:
            wait_for(settings.SANDBOX_URL)
            yield
        finally:
            sandbox.terminate()
            sandbox.wait(10)
            from django.db import connection

            connection.close()


def free_port() -> int:
    """A port nobody listens on now."""
    from fenqi.cli.stack import free_port as find

    return find()


def wait_for(url: str) -> None:
    """Until the sandbox answers."""
    import httpx

    for _ in range(200):
        try:
            httpx.get(f"{url}/healthz", timeout=1, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the sandbox did not start")


def make_borrowers() -> list[int]:
    """People with a phone."""
    from fenqi.people.models import Account
    from fenqi.plumbing import clock
    from fenqi.plumbing.ids import new_borrower_id

    accounts = [
        Account(borrower_id=new_borrower_id(), phone=f"138{number:08d}", opened_at=clock.now())
        for number in range(BORROWERS)
    ]
    Account.objects.bulk_create(accounts)
    return [account.borrower_id for account in accounts]


def seconds_a_message(borrowers: list[int], count: int, turn: int) -> float:
    """Queue and deliver `count` texts."""
    from fenqi.messages import services

    began = time.perf_counter()
    services.send_many(
        services.Letter(
            borrower_id=borrowers[number % BORROWERS],
            template="paid",
            context={"amount_fen": 44_979 + number, "link": "/finance/bills/"},
            reference=f"bench:{turn}:{number}",
            channels=["sms"],
        )
        for number in range(count)
    )
    delivered = services.deliver_due()
    assert delivered == count, delivered
    return (time.perf_counter() - began) / count


def seconds_a_job(count: int) -> float:
    """Defer and run `count` jobs that do nothing."""
    from procrastinate.contrib.django import app

    from fenqi.jobs.worker import run_jobs

    began = time.perf_counter()
    task = app.tasks["do_nothing"]
    for _ in range(count):
        task.defer()
    run_jobs(wait=False)
    return (time.perf_counter() - began) / count


def main() -> None:
    """Measure in turns, take the least of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages, under a minute")
    count = 1_000 if parser.parse_args().quick else 10_000
    with tempfile.TemporaryDirectory(prefix="fenqi-bench-") as home, stack(Path(home)):
        from procrastinate.contrib.django import app

        from bench._report import report

        app.task(name="do_nothing")(lambda: None)
        borrowers = make_borrowers()
        message, job = [], []
        for turn in range(3):
            message.append(seconds_a_message(borrowers, count, turn))
            job.append(seconds_a_job(count // 5))
        report(
            "messages",
            ratios={"message_to_job": (min(message) / min(job), 1)},
            messages_a_second=round(1 / min(message)),
            jobs_a_second=round(1 / min(job)),
        )


if __name__ == "__main__":
    main()
