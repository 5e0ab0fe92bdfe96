"""
Repayments through the service by four processes, against pgbench's TPC-B on the same server in the same run.

    python bench/repay.py [--quick]

A repayment: reference, event, projection, installments and ledger entry in one transaction. Cold: every repayment another
of 10,000 loans. Hot: every repayment the same loan, in parts so small that it is not paid off. See bench/README.md.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ON = datetime.date(2026, 6, 15)
PROCESSES = 4
COLD_FEN, HOT_FEN = 1_000, 10


def work(
    url: str, loans: list[tuple[int, str]], fen: int, name: str, seconds: float, gate: Any, answers: Any
) -> None:
    """One process: a repayment of `fen` after the other, over its loans in turn."""
    os.environ["DATABASE_URL"] = url
    import django

    django.setup()
    from uuid import UUID

    from fenqi.servicing import services

    gc.freeze()  # as config.wsgi does: the service runs so

    turn = [(borrower_id, UUID(loan_id)) for borrower_id, loan_id in loans]
    taken = []

    def repay(number: int) -> None:
        borrower_id, loan_id = turn[number % len(turn)]
        services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=fen, reference=f"{name}:{number}"
        )

    for number in range(-20, 0):
        repay(number)
    gate.wait()
    began = time.perf_counter()
    number = 0
    while time.perf_counter() - began < seconds:
        at = time.perf_counter()
        repay(number)
        taken.append(time.perf_counter() - at)
        number += 1
    answers.put((number / (time.perf_counter() - began), sorted(taken)))


def together(
    url: str, shares: list[list[tuple[int, str]]], fen: int, name: str, seconds: float
) -> tuple[float, float, float]:
    """Repayments a second of all processes, and the median and 99th percentile in ms."""
    context = multiprocessing.get_context("spawn")
    gate, answers = context.Barrier(len(shares)), context.Queue()
    processes = [
        context.Process(target=work, args=(url, share, fen, f"{name}{position}", seconds, gate, answers))
        for position, share in enumerate(shares)
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=seconds + 120) for _ in processes]
    for process in processes:
        process.join()
    taken = sorted(moment for _rate, moments in found for moment in moments)
    return (
        sum(rate for rate, _moments in found),
        1000 * taken[len(taken) // 2],
        1000 * taken[len(taken) * 99 // 100],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    seconds = 8 if parser.parse_args().quick else 20
    with tempfile.TemporaryDirectory(prefix="fenqi-bench-") as home:
        os.environ |= {"FENQI_HOME": home, "FENQI_MODE": "test", "FENQI_AS_OWNER": "1"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "fenqi.config.settings"
        from fenqi.config import embedded

        with embedded.server(Path(home) / "pg", throwaway=True) as url:
            os.environ["DATABASE_URL"] = url
            import django

            django.setup()
            from django.core.management import call_command
            from django.db import connection

            from bench import making_a_book, yardsticks
            from fenqi.ledger import seed
            from fenqi.plumbing import business_date
            from fenqi.servicing import verification

            call_command("migrate", verbosity=0, interactive=False)
            seed.load()
            business_date.start(ON)
            making_a_book.make(10_001, 1, ON)
            making_a_book.close_past(ON)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT borrower_id, id::text FROM servicing_loan"
                    " ORDER BY oldest_unpaid_due_on IS NULL DESC, outstanding_fen DESC, id LIMIT 1"
                )
                hot = cursor.fetchall()
                cursor.execute("SELECT borrower_id, id::text FROM servicing_loan ORDER BY md5(id::text)")
                cold = [loan for loan in cursor.fetchall() if loan not in hot]
            tpcb = [yardsticks.tpcb_rate(url, seconds=seconds // 2)]
            rate, median, p99 = together(
                url, [cold[part::PROCESSES] for part in range(PROCESSES)], COLD_FEN, "cold", seconds
            )
            print(f"cold {rate:,.0f} a second, median {median:.2f} ms, p99 {p99:.2f} ms", flush=True)
            hot_rate, hot_median, hot_p99 = together(url, [hot] * PROCESSES, HOT_FEN, "hot", seconds / 2)
            print(
                f"hot  {hot_rate:,.0f} a second, median {hot_median:.2f} ms, p99 {hot_p99:.2f} ms", flush=True
            )
            tpcb.append(yardsticks.tpcb_rate(url, seconds=seconds // 2))
            print(f"TPC-B before and after: {tpcb[0]:,.0f}, {tpcb[1]:,.0f} a second", flush=True)
            differences = verification.verify(workers=1)
            connection.close()
    both = sum(tpcb) / 2
    print(
        json.dumps(
            {
                "bench": "repay",
                "ratios": {
                    "repay_to_tpcb": [round(rate / both, 2), 0.5],
                    "hot_to_cold": [round(hot_rate / rate, 2), None],
                },
                "repayments_per_s": round(rate),
                "p50_ms": round(median, 2),
                "p99_ms": round(p99, 2),
                "hot_per_s": round(hot_rate),
                "hot_p99_ms": round(hot_p99, 2),
                "tpcb_per_s": round(both),
                "differences": len(differences),
            }
        )
    )


if __name__ == "__main__":
    main()
