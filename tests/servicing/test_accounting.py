"""What the books say after each kind of business, in figures worked out by hand; corrections show as difference entries."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db.models import F

from fenqi.domain import posting_rules
from fenqi.domain.events import Event, EventKind
from fenqi.domain.posting_rules import Account
from fenqi.domain.terms import Subsidy
from fenqi.ledger import queries as ledger
from fenqi.ledger import services as ledger_services
from fenqi.plumbing import business_date
from fenqi.servicing import services, tie_out, verification
from fenqi.servicing.letting_go import LettingGo
from fenqi.servicing.models import Loan
from tests.servicing.books import ANNUITY, FLAT, FREE, OPENED, a_loan, balances, move_to, start
from tests.servicing.collecting import collect_all, collect_none
from tests.support.second_pair import approval

pytestmark = pytest.mark.django_db

DUE_1 = datetime.date(2026, 2, 8)
ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def open_books(db, settings) -> None:
    settings.DAYEND_STEPS = []
    start()


def entries(borrower_id, sequence):
    """The transfers of one event as text: debit>credit fen."""
    names = {int(account): account.name for account in Account}
    return [
        f"{names[debit]}>{names[credit]} {fen}"
        for _on, source, debit, credit, fen in ledger.entries_of(borrower_id=borrower_id)
        if source.endswith(f":{sequence}")
    ]


def test_a_period_of_a_loan_funded_by_two_and_its_fee():
    """¥600.00 in six at 0.6 % a period; 70 % the lender's, 30 % our own."""
    a_loan(FLAT, 60_000, lender_share_bp=7_000)
    assert balances(OPENED) == {"LOAN_PRINCIPAL": 60_000, "LENDER_FUNDING": 42_000, "OWN_FUNDS": -18_000}

    services.run_dayend(to=DUE_1 + ONE_DAY, collect=collect_all)

    assert balances(DUE_1) == {
        "CHANNEL_CASH": 10_000 + 360,
        "LOAN_PRINCIPAL": 50_000,
        "OWN_FUNDS": -18_000,
        "LENDER_FUNDING": 35_000,  # 70 % of what is still out
        "LENDER_PAYABLE": 7_000 + 252,  # its part of principal and fee
        "FEE_INCOME": 360,
        "LENDER_INCOME_SHARE": 252,
        "PROVISION": 500,  # 1 % of a normal loan
        "CREDIT_LOSS": 500,
    }


def test_a_subsidy_borne_by_three():
    """The fee of ¥3.60 a period is borne by merchant (half), lender and platform (a quarter each)."""
    subsidy = Subsidy(
        borrower=Decimal(0), merchant=Decimal("0.5"), lender=Decimal("0.25"), platform=Decimal("0.25")
    )
    a_loan(replace(FLAT, subsidy=subsidy), 60_000)
    agreed = {
        "MERCHANT_SUBSIDY_RECEIVABLE": 1_080,
        "LENDER_SUBSIDY_RECEIVABLE": 540,
        "SUBSIDY_EXPENSE": 540,
        "UNEARNED_SUBSIDY": 2_160,
    }
    assert balances(OPENED) == agreed | {"LOAN_PRINCIPAL": 60_000, "LENDER_FUNDING": 60_000}

    services.run_dayend(to=DUE_1 + ONE_DAY, collect=collect_all)

    after = balances(DUE_1)
    assert {name: after[name] for name in agreed} == agreed | {"UNEARNED_SUBSIDY": 1_800}
    assert (after["INTEREST_INCOME"], after["CHANNEL_CASH"]) == (360, 10_000)


def test_a_penalty_is_income_when_it_is_received():
    """¥389.80 of principal 12 days late at 1.5 x 14.4 % a year."""
    borrower_id, loan_id = a_loan()
    services.run_dayend(to=DUE_1 + 12 * ONE_DAY, collect=collect_none)
    assert "PENALTY_INCOME" not in balances(DUE_1 + 12 * ONE_DAY)

    services.record_repayment(
        borrower_id=borrower_id, loan_id=loan_id, amount_fen=44_979 + PENALTY, reference="late"
    )

    assert entries(borrower_id, 2) == [
        "CHANNEL_CASH>LOAN_PRINCIPAL 38980",
        "CHANNEL_CASH>INTEREST_RECEIVABLE 5999",
        f"CHANNEL_CASH>PENALTY_INCOME {PENALTY}",
    ]


PENALTY = round(38_980 * Decimal("0.216") * 12 / 365)


def test_a_loss_and_what_comes_in_after_it():
    """¥900.00 of which nothing was ever paid: substandard after 90 days, then booked as a loss, then ¥25.00 comes in."""
    borrower_id, loan_id = a_loan(FREE, 90_000)
    on = DUE_1 + 92 * ONE_DAY
    services.run_dayend(to=on, collect=collect_none)
    assert balances(on - ONE_DAY) == {
        "LOAN_PRINCIPAL": 90_000,
        "LENDER_FUNDING": 90_000,
        "PROVISION": 27_000,  # 30 % of class 3
        "CREDIT_LOSS": 27_000,
    }

    wanted = LettingGo(kind=EventKind.CHARGE_OFF, borrower_id=borrower_id, loan_id=loan_id)
    services.let_go(approval_id=approval("servicing.charge_off", **wanted.arguments()), wanted=wanted)
    assert entries(borrower_id, 2) == ["PROVISION>LOAN_PRINCIPAL 90000"]
    services.run_dayend(collect=collect_none)
    services.record_repayment(
        borrower_id=borrower_id, loan_id=loan_id, amount_fen=2_500, reference="after all"
    )
    assert entries(borrower_id, 3) == ["CHANNEL_CASH>RECOVERIES 2500"]
    services.run_dayend(collect=collect_none)

    assert balances(on + ONE_DAY) == {
        "CHANNEL_CASH": 2_500,
        "LENDER_PAYABLE": 90_000,  # the platform bears the loss
        "CREDIT_LOSS": 90_000,
        "RECOVERIES": 2_500,
    }
    assert verification.verify(workers=1) == []


def test_goods_of_a_lost_loan_come_back():
    """What the merchant owes for them is recovered; it does not wait in suspense."""
    borrower_id, loan_id = a_loan(FREE, 90_000)
    services.run_dayend(to=DUE_1 + 92 * ONE_DAY, collect=collect_none)
    wanted = LettingGo(kind=EventKind.CHARGE_OFF, borrower_id=borrower_id, loan_id=loan_id)
    services.let_go(approval_id=approval("servicing.charge_off", **wanted.arguments()), wanted=wanted)

    services.record_event(
        borrower_id=borrower_id,
        loan_id=loan_id,
        event=Event(id="new", kind=EventKind.MERCHANT_REFUND, on=business_date.current(), amount_fen=50_000),
        reference="goods",
    )

    assert entries(borrower_id, 3) == ["MERCHANT_RECEIVABLE>RECOVERIES 50000"]
    services.run_dayend(collect=collect_none)
    assert verification.verify(workers=1) == []


def test_money_nobody_knows_waits_in_suspense():
    for what, entry in (
        ("suspense:bank line 7", posting_rules.unexplained_receipt(amount_fen=7_000)),
        ("suspense-returned:bank line 7", posting_rules.unexplained_receipt_left(amount_fen=7_000)),
    ):
        before = balances(OPENED)
        ledger_services.post(borrower_id=0, entry=entry, business_date=OPENED, source=what)
        after = balances(OPENED)
        assert before != after
        assert {before.get("SUSPENSE", 0), after.get("SUSPENSE", 0)} == {0, 7_000}


class TestDifferenceEntries:
    @pytest.fixture
    def late(self):
        """The first installment of a loan was paid 12 days late, with its penalty."""
        loan = a_loan()
        move_to(DUE_1 + 12 * ONE_DAY)
        services.record_repayment(
            borrower_id=loan[0], loan_id=loan[1], amount_fen=44_979 + PENALTY, reference="late"
        )
        return loan

    def test_money_that_had_been_there_in_time(self, late):
        borrower_id, loan_id = late

        services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=44_979, reference="found", received_on=DUE_1
        )

        # It met the first installment; what came late pays the second and the beginning of the third. No penalty was due.
        assert entries(borrower_id, 3) == [
            "CHANNEL_CASH>LOAN_PRINCIPAL 39448",
            f"CHANNEL_CASH>INTEREST_RECEIVABLE {5_531 + PENALTY}",
            f"PENALTY_INCOME>CHANNEL_CASH {PENALTY}",
        ]
        assert {on for on, *_rest in ledger.entries_of(borrower_id=borrower_id)} == {
            OPENED,
            business_date.current(),
        }

    def test_a_reversal_turns_the_entry_round(self, late):
        borrower_id, loan_id = late

        services.reverse_event(borrower_id=borrower_id, loan_id=loan_id, event_id="2", reference="bounced")

        assert entries(borrower_id, 3) == [
            "LOAN_PRINCIPAL>CHANNEL_CASH 38980",
            "INTEREST_RECEIVABLE>CHANNEL_CASH 5999",
            f"PENALTY_INCOME>CHANNEL_CASH {PENALTY}",
        ]
        ties = tie_out.of_loan(borrower_id=borrower_id, loan_id=loan_id)
        assert {tie.account.name: tie.loans_fen for tie in ties} == {
            "LOAN_PRINCIPAL": 499_900,
            "LENDER_FUNDING": -499_900,
        }
        assert not any(tie.difference_fen for tie in ties)


def test_loans_and_ledger_in_total_at_every_closed_date():
    for terms, lender in ((ANNUITY, "jiangcheng"), (FLAT, "anxin")):
        a_loan(terms, 300_000, lender_code=lender, lender_share_bp=7_000)
    services.run_dayend(to=DUE_1 + 5 * ONE_DAY, collect=collect_all)

    on = OPENED
    while on < DUE_1 + 5 * ONE_DAY:
        ties = tie_out.in_total(on)
        assert [tie for tie in ties if tie.difference_fen] == []
        assert {tie.lender_code for tie in ties} == {"jiangcheng", "anxin"}
        on += ONE_DAY
    principal = sum(tie.loans_fen for tie in ties if tie.account is Account.LOAN_PRINCIPAL)
    assert principal == sum(Loan.objects.values_list("principal_outstanding_fen", flat=True))


def test_books_that_do_not_agree_are_not_closed():
    """A loan says a fen less than the ledger: the date stays open, and the step says by how much."""
    a_loan()
    Loan.objects.update(principal_outstanding_fen=F("principal_outstanding_fen") - 1)

    with pytest.raises(services.DayEndError, match="differ by 1 fen") as stopped:
        services.run_dayend(collect=collect_none)

    assert stopped.value.step == "invariants"
    assert business_date.current() == OPENED
