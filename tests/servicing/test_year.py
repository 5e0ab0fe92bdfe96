"""Random lives of loans: after months of day-ends and events, what is stored is what a fresh replay says, to the fen."""

from __future__ import annotations

import datetime
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection

from fenqi.domain.events import Event, EventKind, Phase
from fenqi.domain.terms import LoanTerms, Method, Subsidy
from fenqi.ledger import queries as ledger
from fenqi.ledger.models import DayTotal
from fenqi.plumbing import business_date
from fenqi.servicing import errors, queries, services, verification
from fenqi.servicing.letting_go import LettingGo
from fenqi.servicing.models import Loan
from tests.servicing.books import ANNUITY, FLAT, FREE, a_loan, start
from tests.support.second_pair import approval

pytestmark = pytest.mark.django_db

FIRST = datetime.date(2027, 10, 20)
"""The months that follow hold month ends, a year's end and a leap day."""
DAYS = 135
ONE_DAY = datetime.timedelta(days=1)

PLANS = (
    ANNUITY,
    FLAT,
    FREE,
    replace(ANNUITY, installments=3, subsidy=Subsidy(borrower=Decimal("0.5"), merchant=Decimal("0.5"))),
    LoanTerms(method=Method.EQUAL_PRINCIPAL, installments=6, annual_rate=Decimal("0.12")),
    LoanTerms(method=Method.DAILY_INTEREST, installments=2, annual_rate=Decimal("0.1825")),
)


def collect_most(chance: random.Random):
    """A channel that takes three debits of four."""

    def collect(on: datetime.date) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT borrower_id, loan_id, due_on FROM servicing_debitinstruction"
                " WHERE business_date = %s AND state = 'made' ORDER BY 1, 2, 3",
                [on],
            )
            for key in cursor.fetchall():
                cursor.execute(
                    "UPDATE servicing_debitinstruction SET state = %s, debit_id = gen_random_uuid()"
                    " WHERE borrower_id = %s AND loan_id = %s AND due_on = %s AND business_date = %s",
                    ["collected" if chance.random() < 0.75 else "failed", *key, on],
                )
        return {}

    return collect


def happen(chance: random.Random, loan: tuple, on: datetime.date, reference: str) -> str:
    """One thing that may happen to a loan; told by its name, or by the name of the refusal."""
    borrower_id, loan_id = loan
    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    key = {"borrower_id": borrower_id, "loan_id": loan_id, "reference": reference}
    kind = chance.choice(
        [
            "pay due",
            "pay a part",
            "pay ahead",
            "pay in the past",
            "settle",
            "refund",
            "reverse",
            "waive",
            "pause",
        ]
    )
    try:
        if kind == "pay due" and view.due_fen:
            services.record_repayment(**key, amount_fen=view.due_fen)
        elif kind == "pay a part":
            services.record_repayment(**key, amount_fen=chance.randint(1, 30_000))
        elif kind == "pay ahead" and view.next_due_fen:
            services.record_repayment(**key, amount_fen=view.next_due_fen)
        elif kind == "pay in the past":
            back = on - datetime.timedelta(days=chance.randint(1, 20))
            services.record_repayment(
                **key, amount_fen=chance.randint(1, 60_000), received_on=max(back, view.opened_on)
            )
        elif kind == "settle" and chance.random() < 0.3:
            offer = services.quote_settlement(borrower_id=borrower_id, loan_id=loan_id)
            services.settle(**key, offer_id=offer.id)
        elif kind == "refund" and view.principal_outstanding_fen:
            fen = chance.randint(1, view.principal_outstanding_fen)
            services.record_event(
                **key, event=Event(id="new", kind=EventKind.MERCHANT_REFUND, on=on, amount_fen=fen)
            )
        elif kind == "reverse":
            received = [
                event
                for event in queries.history(borrower_id=borrower_id, loan_id=loan_id)
                if event.kind == "repayment"
            ]
            if received:
                services.reverse_event(**key, event_id=str(chance.choice(received).sequence))
        elif kind == "waive" and view.penalty_fen:
            wanted = LettingGo(
                kind=EventKind.WAIVER,
                borrower_id=borrower_id,
                loan_id=loan_id,
                component="penalty",
                amount_fen=view.penalty_fen,
            )
            services.let_go(approval_id=approval("servicing.waiver", **wanted.arguments()), wanted=wanted)
        elif kind == "pause" and chance.random() < 0.3:
            event = Event(
                id="new",
                kind=EventKind.RETURN_PAUSE,
                phase=Phase.BEGIN,
                on=on,
                ends_on=on + datetime.timedelta(days=chance.randint(2, 12)),
            )
            services.record_event(**key, event=event)
    except errors.Refusal as e:
        return e.code
    return kind


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_months_of_random_lives(seed: int, settings) -> None:
    settings.DAYEND_STEPS = []
    chance = random.Random(seed)
    start(FIRST)
    loans = []
    on = FIRST
    for day in range(DAYS):
        if day % 4 == 0 and len(loans) < 30:
            loans.append(a_loan(chance.choice(PLANS), chance.randint(30_000, 600_000), on=on))
        for number in range(2):
            if chance.random() < 0.5:
                happen(chance, chance.choice(loans), on, f"{seed}:{day}:{number}")
        services.run_dayend(collect=collect_most(chance))
        on += ONE_DAY
        assert business_date.current() == on

    assert verification.verify(workers=1) == []
    assert ledger.trial_balance(on).difference_fen == 0
    assert Loan.objects.filter(is_plain=True).exists()
    assert Loan.objects.filter(is_plain=False).exists()


def test_a_dayend_after_five_missed_days_equals_five_on_time(settings) -> None:
    settings.DAYEND_STEPS = []

    def books(*, in_one_go: bool) -> tuple[list, list]:
        """Two loans up to a due date, then five more dates; the day's totals and the loans as they stand."""
        due_on = datetime.date(2026, 2, 8)
        start()
        chance = random.Random(7)
        loans = [a_loan(terms, 200_000) for terms in (ANNUITY, FLAT)]
        services.run_dayend(to=due_on - ONE_DAY, collect=collect_most(chance))
        last = due_on + 4 * ONE_DAY
        if in_one_go:
            services.run_dayend(to=last, collect=collect_most(chance))
        else:
            while business_date.current() < last:
                services.run_dayend(collect=collect_most(chance))
        totals = list(DayTotal.objects.order_by("business_date", "account").values_list())
        views = [queries.loan(borrower_id=borrower_id, loan_id=loan_id) for borrower_id, loan_id in loans]
        return totals, [(view.state, view.outstanding_fen, view.installments) for view in views]

    from django.db import transaction

    with transaction.atomic():
        on_time = books(in_one_go=False)
        transaction.set_rollback(True)
    assert books(in_one_go=True) == on_time
