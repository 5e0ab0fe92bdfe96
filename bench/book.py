"""
The day-end of a large book, against the bare statements of the rows it wrote and against pgbench's TPC-B.

    python bench/book.py [--loans 1000000] [--quick] [--verify] [--keep DIR]

Default durability (fsync and synchronous_commit on). The channel's outcomes (97 % collected) are the outside's work:
one UPDATE in between, whose time is taken out. See bench/README.md.
"""

from __future__ import annotations

import argparse
import contextlib
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
DAYS = 3
SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")


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


def make_book(count: int, first: int, on: datetime.date, *, quiet: bool = False) -> float:
    """Add loans as they stand before a date, with the totals of the dates before; tells the seconds."""
    from django.db import connection

    from bench import making_a_book

    with connection.cursor() as cursor:
        # No foreign-key checks while the book is made.
        cursor.execute("SET session_replication_role = replica")
    making_a_book.say(
        f"making {count:,} {'quiet ' if quiet else ''}loans x {making_a_book.INSTALLMENTS} installments"
    )
    made = making_a_book.make(count, first, on, quiet=quiet)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("CHECKPOINT")
    making_a_book.close_past(on)
    # The first date posts what the loans have earned so far; it is not measured.
    warm, _ = day_end(on)
    making_a_book.say(f"first day-end {warm:.2f} s (not counted)")
    return made


def measure_days(loans: str) -> float:
    """The median seconds of the next dates' day-ends."""
    from bench.making_a_book import say
    from fenqi.plumbing import business_date

    times = []
    for _ in range(DAYS):
        on = business_date.current()
        seconds, counts = day_end(on)
        times.append(seconds)
        say(f"day-end {on} with {loans} {seconds:.2f} s")
    say("  ms by step: " + ", ".join(f"{name} {figures['ms']}" for name, figures in counts.items()))
    return statistics.median(times)


def measure_beside_floor() -> tuple[float, float, float]:
    """The medians over the next dates: seconds of the day-end, of its floor, and one to the other."""
    from django.db import connection

    from bench import yardsticks
    from bench.making_a_book import say
    from fenqi.plumbing import business_date

    times, floors, ratios = [], [], []
    for _ in range(DAYS):
        on = business_date.current()
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
    return statistics.median(times), statistics.median(floors), statistics.median(ratios)


def measure(count: int, url: str, *, tpcb_seconds: int, is_kept: bool) -> dict[str, object]:
    """Make the book (a tenth first), close days, compare. A book that is kept is made whole and not doubled."""
    from django.db import connection

    from bench import yardsticks
    from bench.making_a_book import say
    from fenqi.ledger import seed
    from fenqi.plumbing import business_date

    with connection.cursor() as cursor:
        for name in SETTINGS:
            cursor.execute(f"SHOW {name}")
            say(f"  {name} = {cursor.fetchone()[0]}")
        cursor.execute("SELECT count(*) FROM servicing_loan")
        is_made = cursor.fetchone()[0] > 0
    figures: dict[str, object] = {"bench": "book", "loans": count}
    ratios: dict[str, list[float]] = {}
    if not is_made:
        seed.load()
        business_date.start(FIRST_DAY)
        tenth = 0 if is_kept else count // 10
        if tenth:
            made = make_book(tenth, 1, FIRST_DAY)
            per_loan = measure_days(f"{tenth:,} loans") / tenth
        made = make_book(count - tenth, tenth + 1, business_date.current())
        figures["made_in_s"] = round(made, 1)
    seconds, floor_seconds, ratio = measure_beside_floor()
    tpcb = yardsticks.tpcb_rate(url, seconds=tpcb_seconds)
    rate = count / seconds
    say(
        f"{rate:,.0f} loans closed a second; TPC-B {tpcb:,.0f} a second: {rate / tpcb:.0f} loans a transaction"
    )
    ratios |= {"dayend_to_floor": [round(ratio, 2), 3.0], "loans_per_tpcb": [round(rate / tpcb, 1), 60]}
    if not is_kept:
        make_book(count, count + 1, business_date.current(), quiet=True)
        doubled = measure_days("twice the loans")
        ratios["quiet_doubled"] = [round(doubled / seconds, 2), 1.2]
        ratios["linear_tenfold"] = [round(seconds / count / per_loan, 2), 1.2]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures | {
        "ratios": ratios,
        "dayend_s": round(seconds, 2),
        "floor_s": round(floor_seconds, 2),
        "loans_per_s": round(rate),
        "tpcb_per_s": round(tpcb),
        "peak_mb": round(peak_mb),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="200,000 loans")
    parser.add_argument("--verify", action="store_true", help="verify the whole book at the end")
    parser.add_argument(
        "--keep",
        metavar="DIR",
        type=Path,
        help="for work on the day-end: make the book in DIR once, and measure its next dates at every further call",
    )
    arguments = parser.parse_args()
    count = 200_000 if arguments.quick else arguments.loans

    with contextlib.ExitStack() as cleanup:
        if arguments.keep:
            home = str(arguments.keep.resolve())
        else:
            home = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fenqi-bench-"))
        os.environ |= {"FENQI_HOME": home, "FENQI_MODE": "test", "FENQI_AS_OWNER": "1"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "fenqi.config.settings"
        from fenqi.config import embedded

        with embedded.server(
            Path(home) / "pg", throwaway=not arguments.keep, memory_mb=embedded.machine_memory_mb()
        ) as url:
            os.environ["DATABASE_URL"] = url
            import django

            django.setup()
            from django.core.management import call_command
            from django.db import connection

            call_command("migrate", verbosity=0, interactive=False)
            answer = measure(
                count, url, tpcb_seconds=5 if arguments.quick else 20, is_kept=bool(arguments.keep)
            )
            if arguments.verify:
                from fenqi.servicing import verification

                print(f"{answer}\nverifying the book", flush=True)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM servicing_loan")
                    [loans] = cursor.fetchone()
                began = time.perf_counter()
                differences = verification.verify(
                    workers=2,
                    progress=lambda done, parts: print(
                        f"  {done} of {parts} parts  {time.perf_counter() - began:6.1f} s", flush=True
                    ),
                )
                seconds = time.perf_counter() - began
                print(
                    f"verify: {len(differences)} differences in {seconds:.1f} s,"
                    f" {1e6 * seconds / loans:.0f} µs a loan",
                    *differences[:10],
                    sep="\n  ",
                )
                children_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
                answer |= {
                    "verify_s": round(seconds, 1),
                    "verify_us_per_loan": round(1e6 * seconds / loans),
                    "verify_peak_mb": round(children_mb),
                    "differences": len(differences),
                }
            connection.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
