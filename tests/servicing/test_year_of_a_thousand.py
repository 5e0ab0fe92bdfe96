"""
A simulated year of random loans: after 366 day-ends every stored figure is a fresh replay's, to the fen.

A thousand of them by `make year` (a few minutes), 150 in every run of the tests: the days are the same.
The year holds a leap day, every month end and a change of years. Some borrowers never pay, some pay late, some ahead,
some by hand; money comes back, is found later, bounces; days off and losses happen.
"""

from __future__ import annotations

import datetime
import os
import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection

from fenqi.domain.events import EventKind
from fenqi.domain.posting_rules import Account
from fenqi.domain.replay import replay
from fenqi.domain.terms import LoanTerms, Method, Subsidy
from fenqi.ledger import queries as ledger
from fenqi.plumbing import business_date
from fenqi.servicing import loading, services, verification
from fenqi.servicing.letting_go import LettingGo
from fenqi.servicing.models import BookDay, Loan, LoanInstallment
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, installment_row
from tests.servicing.books import a_loan, start
from tests.servicing.test_year import happen
from tests.support.second_pair import approval

pytestmark = pytest.mark.django_db

FIRST = datetime.date(2027, 7, 1)
DAYS = 366
"""From July 2027 to June 2028: 29 February 2028 is among them."""
LOANS = int(os.environ.get("FENQI_LOANS_OF_THE_YEAR", "150"))
OPENED_WITHIN = 320
HAPPENINGS_A_DAY = 3
ONE_DAY = datetime.timedelta(days=1)
LENDERS = ("jiangcheng", "anxin", "hulian")
NEVER_PAYS, PAYS_LATE = 0.04, 0.15


def random_terms(chance: random.Random) -> tuple[LoanTerms, str]:
    """Terms a lender might offer, and their product."""
    installments = chance.choice([3, 6, 9, 12, 24])
    rate = Decimal(chance.randint(30, 240)) / 1000
    method = chance.choice(list(Method))
    if method is Method.INTEREST_FREE:
        return LoanTerms(method=method, installments=min(installments, 12)), "installment"
    if method is Method.FLAT_FEE:
        fee = Decimal(chance.randint(1, 12)) / 1000
        return LoanTerms(method=method, installments=installments, flat_fee_rate=fee), "installment"
    if method is Method.DAILY_INTEREST:
        return LoanTerms(method=method, installments=min(installments, 6), annual_rate=rate), "standby"
    terms = LoanTerms(method=method, installments=installments, annual_rate=rate)
    if chance.random() < 0.3:
        borne = Decimal(chance.randint(0, 4)) / 4
        others = (1 - borne) / 2
        terms = replace(terms, subsidy=Subsidy(borrower=borne, merchant=others, lender=others))
    return terms, "installment"


def a_random_loan(chance: random.Random, on: datetime.date) -> tuple:
    terms, product = random_terms(chance)
    return a_loan(
        terms,
        chance.randint(30_000, 900_000),
        on=on,
        lender_code=chance.choice(LENDERS),
        product=product,
        lender_share_bp=chance.choice([10_000, 10_000, 7_000]),
    )


def channel(chance: random.Random, kinds: dict[int, str]):
    """A channel at which each borrower is of one kind: pays, pays late, never pays."""

    def collect(on: datetime.date) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT borrower_id FROM servicing_debitinstruction"
                " WHERE business_date = %s AND state = 'made' ORDER BY 1",
                [on],
            )
            chances = {"pays": 0.97, "late": 0.4, "never": 0.0}
            taken = [one for (one,) in cursor.fetchall() if chance.random() < chances[kinds[one]]]
            cursor.execute(
                "UPDATE servicing_debitinstruction SET state = 'failed' WHERE business_date = %s AND state = 'made'"
                " AND borrower_id <> ALL(%s)",
                [on, taken],
            )
            cursor.execute(
                "UPDATE servicing_debitinstruction SET state = 'collected', debit_id = gen_random_uuid()"
                " WHERE business_date = %s AND state = 'made'",
                [on],
            )
        return {}

    return collect


def book_a_loss(loan: tuple, on: datetime.date) -> None:
    wanted = LettingGo(kind=EventKind.CHARGE_OFF, borrower_id=loan[0], loan_id=loan[1])
    services.let_go(approval_id=approval("servicing.charge_off", **wanted.arguments()), wanted=wanted)


def test_a_thousand_lives(settings) -> None:
    settings.DAYEND_STEPS = []
    settings.VERIFY_CHECKS = []
    chance = random.Random(20270701)
    start(FIRST)
    loans, kinds, happened = [], {}, Counter()
    collect = channel(chance, kinds)
    on = FIRST
    for day in range(DAYS):
        while len(loans) < LOANS * (day + 1) / OPENED_WITHIN and len(loans) < LOANS:
            loan = a_random_loan(chance, on)
            loans.append(loan)
            lot = chance.random()
            kinds[loan[0]] = (
                "never" if lot < NEVER_PAYS else "late" if lot < NEVER_PAYS + PAYS_LATE else "pays"
            )
        for number in range(HAPPENINGS_A_DAY if day > 20 else 0):
            happened[happen(chance, chance.choice(loans), on, f"{day}:{number}")] += 1
        if day % 30 == 0:
            for row in Loan.objects.filter(bucket__gte=4, state="overdue")[:3]:
                book_a_loss((row.borrower_id, row.id), on)
                happened["loss"] += 1
        services.run_dayend(collect=collect)
        on += ONE_DAY
    assert business_date.current() == on == FIRST + DAYS * ONE_DAY
    assert len(loans) == LOANS
    assert (
        min(happened[kind] for kind in ("pay a part", "pay in the past", "refund", "reverse", "settle")) > 10
    )
    assert happened["loss"] > 0 and BookDay.objects.filter(bucket__gte=4).exists()
    for borrower_id, loan_id in loans:
        assert stored(borrower_id, loan_id) == replayed(borrower_id, loan_id)
    ties_out(on)
    assert verification.verify(workers=1) == []


def stored(borrower_id, loan_id) -> tuple:
    row = Loan.objects.get(borrower_id=borrower_id, id=loan_id)
    installments = LoanInstallment.objects.filter(borrower_id=borrower_id, loan_id=loan_id).order_by("number")
    return (
        row.outstanding_fen,
        row.principal_outstanding_fen,
        row.overpaid_fen,
        list(installments.values_list(*INSTALLMENT_COLUMNS)),
    )


def replayed(borrower_id, loan_id) -> tuple:
    """By the engine alone, from terms and events, as of the day the row says it was counted."""
    loan, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    state = replay(terms, events, loan.projected_on)
    return (
        state.outstanding_fen,
        state.principal_outstanding_fen,
        state.overpaid_fen,
        [installment_row(row) for row in state.installments],
    )


def ties_out(on: datetime.date) -> None:
    """Sub-ledger and ledger agree in total; per loan is verify's."""
    trial = ledger.trial_balance(on)
    assert trial.difference_fen == 0
    held = {row.code: row.balance_fen for row in trial}
    running = Loan.objects.exclude(state__in=("charged_off", "written_off"))
    assert held[Account.LOAN_PRINCIPAL] == sum(running.values_list("principal_outstanding_fen", flat=True))
    assert held[Account.OVERPAYMENT] == sum(Loan.objects.values_list("overpaid_fen", flat=True))
    assert held.get(Account.SUSPENSE, 0) == 0
