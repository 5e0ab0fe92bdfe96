"""
The loan engine against other people's float schedule and against itself.

    python bench/engine.py [--quick]

Both sides of a ratio run in turns within one process, and the least time of many rounds counts, so that other work on
the machine disturbs neither. Principals and days change from call to call. See bench/README.md.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from amortization import amortization_schedule

from bench._report import report
from fenqi.domain.calendar import add_months
from fenqi.domain.events import Event, EventKind
from fenqi.domain.plans import Plan, quote_plan, sort_quotes
from fenqi.domain.replay import replay
from fenqi.domain.schedule import build_schedule
from fenqi.domain.terms import LoanTerms, Method

ANNUITY = LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=12, annual_rate=Decimal("0.144"))
LONG = LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=60, annual_rate=Decimal("0.144"))
DAYS = [date(2027, 1, 1) + timedelta(days=day) for day in range(28)]
AMOUNTS = [499_900 + 137 * step for step in range(200)]
LINEAR_UP_TO = 1_000


def least_us(calls: int, rounds: int, *works: Callable[[int], object]) -> list[float]:
    """The least time of one call of each work in microseconds; the works take turns."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            began = time.perf_counter()
            for call in range(calls):
                work(call)
            best[index] = min(best[index], (time.perf_counter() - began) / calls)
    return [seconds * 1e6 for seconds in best]


def float_schedule(call: int) -> object:
    """The yardstick: twelve float rows without dates."""
    return list(amortization_schedule(AMOUNTS[call % 200] / 100, 0.144, 12))


def dated_schedule(call: int) -> object:
    """Ours: twelve rows exact to the fen, with periods, due dates and balances."""
    return build_schedule(ANNUITY, AMOUNTS[call % 200], DAYS[call % 28])


def loan_of_eight_events(paid_out_on: date, *, days_late: int) -> list[Event]:
    """A payout and seven installments; `days_late` late is the sixth, in two parts, instead of sixth and seventh."""
    installment = build_schedule(ANNUITY, 499_900, paid_out_on).rows[0].total_fen
    events = [Event(id="out", kind=EventKind.PAYOUT, on=paid_out_on, amount_fen=499_900)]
    paid = [(month, 0, installment) for month in range(1, 8)]
    if days_late:
        paid[5:] = [(6, 0, 20_000), (6, days_late, installment - 20_000)]
    for index, (months, late, amount_fen) in enumerate(paid):
        on = add_months(paid_out_on, months) + timedelta(days=late)
        events.append(
            Event(id=f"in-{index}", kind=EventKind.REPAYMENT, on=on, amount_fen=amount_fen, sequence=index)
        )
    return events


IN_TIME = [loan_of_eight_events(day, days_late=0) for day in DAYS]
LATE = [loan_of_eight_events(day, days_late=9) for day in DAYS]


def eight_events(call: int) -> object:
    """The state of twelve installments after eight events, all in time."""
    events = IN_TIME[call % 28]
    return replay(ANNUITY, events, events[-1].on)


def eight_events_late(call: int) -> object:
    """The same with a part that came late, so that penalty counts."""
    events = LATE[call % 28]
    return replay(ANNUITY, events, events[-1].on)


def eight_events_every_row(call: int) -> object:
    """The state with every installment of it looked at."""
    events = IN_TIME[call % 28]
    return replay(ANNUITY, events, events[-1].on).installments


def many_events(count: int) -> list[Event]:
    """A payout and `count` small repayments over the life of a long loan."""
    out = Event(id="out", kind=EventKind.PAYOUT, on=DAYS[0], amount_fen=2_000_000)
    step = 1_800 / count
    return [
        out,
        *(
            Event(
                id=f"in-{index}",
                kind=EventKind.REPAYMENT,
                on=DAYS[0] + timedelta(days=int(step * (index + 1))),
                amount_fen=2_900_000 // count,
                sequence=index,
            )
            for index in range(count)
        ),
    ]


def growth(rounds: int) -> float:
    """The cost per event with a thousand events, against that with a quarter of them."""
    few, many = many_events(LINEAR_UP_TO // 4), many_events(LINEAR_UP_TO)
    until = DAYS[0] + timedelta(days=1_900)
    of_few, of_many = least_us(
        1, rounds, lambda _call: replay(LONG, few, until), lambda _call: replay(LONG, many, until)
    )
    return (of_many / len(many)) / (of_few / len(few))


def board(call: int) -> object:
    """Forty-eight plans quoted and sorted, as a checkout shows them."""
    return sort_quotes(quote_plan(plan, AMOUNTS[call % 200], DAYS[call % 28]) for plan in PLANS)


PLANS = [
    Plan(
        lender_code=f"lender-{lender}",
        code=f"{method}-{installments}",
        name="a plan",
        terms=LoanTerms(
            method=method,
            installments=installments,
            **({"flat_fee_rate": rate / 12} if method is Method.FLAT_FEE else {"annual_rate": rate}),
        ),
        min_amount_fen=30_000,
        max_amount_fen=5_000_000,
    )
    for lender, rate in enumerate((Decimal("0.072"), Decimal("0.084"), Decimal("0.096"), Decimal("0.108")))
    for method in (Method.FLAT_FEE, Method.EQUAL_INSTALLMENT, Method.EQUAL_PRINCIPAL)
    for installments in (3, 6, 12, 24)
]


def bytes_per_state() -> int:
    """Memory one loan state holds by itself, its terms and events apart."""
    kept = []
    tracemalloc.start()
    for events in IN_TIME:
        state = replay(ANNUITY, events, events[-1].on)
        assert state.installments
        kept.append(state)
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size // len(kept)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of a minute")
    rounds = 15 if parser.parse_args().quick else 150
    works = (float_schedule, dated_schedule, eight_events, eight_events_late, eight_events_every_row)
    floats_us, schedule_us, replay_us, late_us, every_row_us = least_us(28, 10 * rounds, *works)
    (board_us,) = least_us(1, rounds, board)
    report(
        "engine",
        ratios={
            "schedule_to_amortization": (schedule_us / floats_us, 1.0),
            "replay_to_schedule": (replay_us / schedule_us, 8.0),
            "event_cost_growth": (growth(rounds), 1.5),
        },
        float_schedule_us=round(floats_us, 1),
        schedule_us=round(schedule_us, 1),
        replay_us=round(replay_us, 1),
        replay_late_us=round(late_us, 1),
        replay_every_row_us=round(every_row_us, 1),
        board_of_48_ms=round(board_us / 1000, 2),
        bytes_per_loan_state=bytes_per_state(),
    )


if __name__ == "__main__":
    main()
