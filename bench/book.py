"""
The day-end of a large book, against the bare statements of the rows it wrote and against pgbench's TPC-B.

    python bench/book.py [--loans 1000000] [--quick] [--verify] [--url DATABASE_URL]

Default durability (fsync and synchronous_commit on). The channel's outcomes (97 % collected) are the outside's work:
one UPDATE in between, whose time is taken out. See bench/README.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

FIRST_DAY = datetime.date(2026, 6, 15)
ONE_DAY = datetime.timedelta(days=1)


class Channel:
    """The outside: collects 99 % from loans on schedule and 30 % from late ones, 97 % in all; its time is not ours."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def collect(self, on: datetime.date) -> dict[str, int]:
        from django.db import connection

        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE servicing_debitinstruction d SET"
                " state = CASE WHEN abs(hashtext(d.loan_id || ':' || business_date)) %% 100"
                " < CASE WHEN l.bucket > 0 OR l.oldest_unpaid_due_on < business_date THEN 30 ELSE 99 END"
                " THEN 'collected' ELSE 'failed' END,"
                " debit_id = md5(d.loan_id || ':' || due_on || ':' || business_date)::uuid"
                " FROM servicing_loan l WHERE l.borrower_id = d.borrower_id AND l.id = d.loan_id"
                " AND business_date = %s AND d.state = 'made'",
                [on],
            )
            collected = cursor.rowcount
        self.seconds += time.perf_counter() - began
        return {"asked": collected}


def day_end(on: datetime.date) -> tuple[float, dict[str, dict[str, int]]]:
    """Close one date; tells the seconds without the channel's and the counts of each step."""
    from fenqi.servicing import dayend, queries

    channel = Channel()
    began = time.perf_counter()
    dayend.run_dayend(to=on + ONE_DAY, collect=channel.collect)
    seconds = time.perf_counter() - began - channel.seconds
    [run] = queries.dayend_runs(1)
    return seconds, {step.name: step.counts for step in run.steps}


def measure(count: int, url: str, *, tpcb_seconds: int) -> dict[str, object]:
    """Make the book, close days, compare."""
    from django.db import connection

    from bench import making_a_book, yardsticks
    from fenqi.ledger import seed
    from fenqi.plumbing import business_date

    say = making_a_book.say
    seed.load()
    business_date.start(FIRST_DAY)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica"
        )  # no foreign-key checks while the book is made
    say(f"making {count:,} loans x {making_a_book.INSTALLMENTS} installments")
    made = making_a_book.make(count, 1, FIRST_DAY)
    making_a_book.close_past(FIRST_DAY)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("CHECKPOINT")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers"):
            cursor.execute(f"SHOW {name}")
            say(f"  {name} = {cursor.fetchone()[0]}")

    # The first date posts what the whole book has earned so far; it is not measured.
    on = FIRST_DAY
    warm, _ = day_end(on)
    say(f"first day-end {warm:.2f} s (not counted)")
    times, ratios, counts, floors = [], [], {}, []
    for _ in range(3):
        on += ONE_DAY
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            since = cursor.fetchone()[0]
        seconds, counts = day_end(on)
        floor_seconds, rows = yardsticks.floor(on, since)
        times.append(seconds)
        floors.append(floor_seconds)
        ratios.append(seconds / floor_seconds)
        say(f"day-end {on} {seconds:.2f} s, floor {floor_seconds:.2f} s, ratio {ratios[-1]:.2f}")
    for name, figures in counts.items():
        say(f"  {name:<18} {figures}")
    for name, number in rows.items():
        say(f"  {name:<36} {number:>9,}")
    tpcb = yardsticks.tpcb_rate(url, seconds=tpcb_seconds)
    rate = count / statistics.median(times)
    say(
        f"{rate:,.0f} loans closed a second; TPC-B {tpcb:,.0f} a second: {rate / tpcb:.0f} loans a transaction"
    )

    say(f"adding {count:,} quiet loans")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    making_a_book.make(count, count + 1, on + ONE_DAY, quiet=True)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
    making_a_book.close_past(on + ONE_DAY)
    on += ONE_DAY
    day_end(on)
    doubled = []
    for _ in range(3):
        on += ONE_DAY
        seconds, counts = day_end(on)
        doubled.append(seconds)
        say(f"day-end {on} with twice the loans {seconds:.2f} s")
    say("  ms by step: " + ", ".join(f"{name} {figures['ms']}" for name, figures in counts.items()))
    quiet = statistics.median(doubled) / statistics.median(times)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "bench": "book",
        "ratios": {
            "dayend_to_floor": [round(statistics.median(ratios), 2), 3.0],
            "loans_per_tpcb": [round(rate / tpcb, 1), 60],
            "quiet_doubled": [round(quiet, 2), 1.2],
        },
        "loans": count,
        "made_in_s": round(made, 1),
        "dayend_s": round(statistics.median(times), 2),
        "floor_s": round(statistics.median(floors), 2),
        "loans_per_s": round(rate),
        "tpcb_per_s": round(tpcb),
        "peak_mb": round(peak_mb),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="200,000 loans")
    parser.add_argument("--verify", action="store_true", help="verify the whole book at the end")
    arguments = parser.parse_args()
    count = 200_000 if arguments.quick else arguments.loans

    with tempfile.TemporaryDirectory(prefix="fenqi-bench-") as home:
        os.environ |= {"FENQI_HOME": home, "FENQI_MODE": "test", "FENQI_AS_OWNER": "1"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "fenqi.config.settings"
        from fenqi.config import embedded

        with embedded.server(Path(home) / "pg", throwaway=True) as url:
            os.environ["DATABASE_URL"] = url
            import django

            django.setup()
            from django.conf import settings
            from django.core.management import call_command
            from django.db import connection

            settings.DAYEND_STEPS = []
            call_command("migrate", verbosity=0, interactive=False)
            answer = measure(count, url, tpcb_seconds=5 if arguments.quick else 20)
            if arguments.verify:
                from fenqi.servicing import verification

                print(f"{answer}\nverifying {2 * count:,} loans", flush=True)
                began = time.perf_counter()
                differences = verification.verify(workers=2)
                seconds = time.perf_counter() - began
                print(
                    f"verify: {len(differences)} differences in {seconds:.1f} s",
                    *differences[:10],
                    sep="\n  ",
                )
                answer |= {"verify_s": round(seconds, 1), "differences": len(differences)}
            connection.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
