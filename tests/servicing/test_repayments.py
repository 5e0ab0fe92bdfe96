"""Repayments: booked once, allocated by the engine, posted to the ledger, corrected by difference."""

from __future__ import annotations

import datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from fenqi.ledger import queries as ledger
from fenqi.people.refusals import CardUnknown
from fenqi.servicing import errors, queries, services
from fenqi.servicing.models import LoanInstallment
from tests.servicing.books import FREE, OPENED, a_loan, balances, move_to, start

pytestmark = pytest.mark.django_db

DUE_1 = datetime.date(2026, 2, 8)


@pytest.fixture(autouse=True)
def open_books(db: None) -> None:
    start()


def pay(borrower_id, loan_id, fen, reference="r1", **more):
    return services.record_repayment(
        borrower_id=borrower_id, loan_id=loan_id, amount_fen=fen, reference=reference, **more
    )


def test_a_payout_stands_in_the_books() -> None:
    borrower_id, loan_id = a_loan()

    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)

    assert view.outstanding_fen == 499_900 + 39_845
    assert view.next_due_on == DUE_1
    assert view.next_due_fen == 44_979
    assert balances(OPENED) == {"LOAN_PRINCIPAL": 499_900, "LENDER_FUNDING": 499_900}


def test_an_installment_paid_on_its_day() -> None:
    borrower_id, loan_id = a_loan()
    move_to(DUE_1)

    answer = pay(borrower_id, loan_id, 44_979)

    assert answer.overpaid_fen == 0
    assert sum(share.fen for share in answer.shares) == 44_979
    assert balances(DUE_1, borrower_id) == {
        "CHANNEL_CASH": 44_979,
        "LOAN_PRINCIPAL": 499_900 - 38_980,
        "INTEREST_RECEIVABLE": -5_999,
        "LENDER_FUNDING": -499_900,
    }
    first = LoanInstallment.objects.get(borrower_id=borrower_id, loan_id=loan_id, number=1)
    assert (first.paid_on, first.principal_paid_fen, first.interest_paid_fen) == (DUE_1, 38_980, 5_999)


def test_the_same_reference_gets_the_same_answer() -> None:
    borrower_id, loan_id = a_loan()
    move_to(DUE_1)

    first = pay(borrower_id, loan_id, 44_979)
    again = pay(borrower_id, loan_id, 44_979)

    assert (first.is_new, again.is_new) == (True, False)
    assert (again.sequence, again.shares, again.overpaid_fen) == (
        first.sequence,
        first.shares,
        first.overpaid_fen,
    )
    assert ledger.balance(100201, DUE_1) == 44_979


def test_more_than_is_owed_is_kept_and_told() -> None:
    borrower_id, loan_id = a_loan(FREE, 60_000)

    answer = pay(borrower_id, loan_id, 61_000)

    assert answer.overpaid_fen == 1_000
    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    assert (view.overpaid_fen, view.outstanding_fen, view.is_closed) == (1_000, 0, True)
    assert balances(OPENED)["OVERPAYMENT"] == 1_000


def test_money_for_a_settled_loan_is_kept() -> None:
    borrower_id, loan_id = a_loan(FREE, 60_000)
    pay(borrower_id, loan_id, 60_000)

    answer = pay(borrower_id, loan_id, 500, "late")

    assert answer.overpaid_fen == 500
    assert queries.overpayments(borrower_id)[0].overpaid_fen == 500


def test_a_repayment_in_the_past_posts_the_difference_today() -> None:
    borrower_id, loan_id = a_loan()
    late = DUE_1 + datetime.timedelta(days=12)
    move_to(late)
    penalty_fen = queries.loan(borrower_id=borrower_id, loan_id=loan_id).penalty_fen
    assert penalty_fen > 0
    pay(borrower_id, loan_id, 44_979 + penalty_fen, "late")
    assert balances(late)["PENALTY_INCOME"] == penalty_fen

    pay(borrower_id, loan_id, 44_979, "was there in time", received_on=DUE_1)

    # The penalty was none, so the money for it went to the next installment.
    after = balances(late)
    assert "PENALTY_INCOME" not in after
    assert after["CHANNEL_CASH"] == 2 * 44_979 + penalty_fen
    assert "SUSPENSE" not in after


def test_a_bounced_debit_is_reversed() -> None:
    borrower_id, loan_id = a_loan()
    before = balances(DUE_1)
    move_to(DUE_1)
    answer = pay(borrower_id, loan_id, 44_979)

    services.reverse_event(
        borrower_id=borrower_id, loan_id=loan_id, event_id=str(answer.sequence), reference="bounce"
    )

    assert balances(DUE_1) == before
    assert queries.loan(borrower_id=borrower_id, loan_id=loan_id).next_due_fen == 44_979
    for event_id in (answer.sequence, answer.sequence + 1, 99):
        with pytest.raises(errors.EventRefused):
            services.reverse_event(
                borrower_id=borrower_id, loan_id=loan_id, event_id=str(event_id), reference="again"
            )


BAD_REPAYMENTS = [
    ({"amount_fen": 0}, errors.AmountNotPositive),
    ({"amount_fen": -5}, errors.AmountNotPositive),
    ({"amount_fen": 1.5}, errors.AmountNotPositive),
    ({"amount_fen": True}, errors.AmountNotPositive),
    ({"amount_fen": 10**15}, errors.AmountTooLarge),
    ({"currency": "USD"}, errors.WrongCurrency),
    ({"borrower_id": 1}, errors.LoanNotFound),
    ({"received_on": OPENED + datetime.timedelta(days=400)}, errors.FutureDate),
    ({"received_on": OPENED - datetime.timedelta(days=1)}, errors.ClosedPeriod),
]


@pytest.mark.parametrize(("wrong", "refusal"), BAD_REPAYMENTS)
def test_bad_repayments_are_named_and_write_nothing(wrong: dict, refusal: type[Exception]) -> None:
    borrower_id, loan_id = a_loan()
    before = balances(OPENED)

    with pytest.raises(refusal) as refused:
        services.record_repayment(
            **{
                "borrower_id": borrower_id,
                "loan_id": loan_id,
                "amount_fen": 100,
                "reference": "bad",
            }
            | wrong
        )

    assert refused.value.code
    assert balances(OPENED) == before
    assert not queries.is_booked(borrower_id=borrower_id, reference="bad")


def test_a_reference_used_for_something_else_is_refused() -> None:
    borrower_id, loan_id = a_loan()
    other_id, other_loan_id = a_loan()
    pay(borrower_id, loan_id, 100)

    for borrower, loan, fen in ((borrower_id, loan_id, 101), (other_id, other_loan_id, 100)):
        with pytest.raises(errors.ReferenceReused):
            pay(borrower, loan, fen)
    assert ledger.balance(100201, OPENED) == 100


def test_a_loan_is_opened_once_per_reference() -> None:
    borrower_id, loan_id = a_loan(reference="agreement-1")

    assert a_loan(reference="agreement-1", borrower_id=borrower_id) == (borrower_id, loan_id)
    with pytest.raises(errors.ReferenceReused):
        a_loan(reference="agreement-1", borrower_id=borrower_id, principal_fen=1)
    assert len(queries.loans(borrower_id)) == 1


def test_a_bill_over_two_loans_is_paid_once() -> None:
    borrower_id, _first = a_loan(FREE, 60_000)
    a_loan(FREE, 90_000, borrower_id=borrower_id)
    [bill] = [bill for bill in queries.bills(borrower_id) if bill.due_on == DUE_1]
    assert (bill.amount_fen, len(bill.lines)) == (50_000, 2)

    for _ in range(2):
        answer = services.record_bill_repayment(
            borrower_id=borrower_id,
            lender_code=bill.lender_code,
            due_on=DUE_1,
            amount_fen=50_000,
            reference="bill-1",
        )

    assert sorted(part.amount_fen for part in answer.parts) == [20_000, 30_000]
    [paid] = [bill for bill in queries.bills(borrower_id) if bill.due_on == DUE_1]
    assert (paid.state, paid.amount_fen) == ("paid", 0)
    assert ledger.balance(100201, OPENED) == 50_000
    with pytest.raises(errors.ReferenceReused):
        services.record_bill_repayment(
            borrower_id=borrower_id, due_on=DUE_1, amount_fen=1, reference="bill-1"
        )


def test_the_next_due_date_is_the_first_on_which_something_is_left_to_pay() -> None:
    assert queries.next_due_on(OPENED) is None
    borrower_id, loan_id = a_loan(FREE, 60_000)
    assert (queries.next_due_on(OPENED), queries.next_due_on(DUE_1)) == (DUE_1, DUE_1)
    pay(borrower_id, loan_id, 20_000)
    assert queries.next_due_on(OPENED) == datetime.date(2026, 3, 8)
    pay(borrower_id, loan_id, 40_000, reference="r2")
    assert queries.next_due_on(OPENED) is None


def test_an_early_settlement_costs_what_was_quoted_and_saves_what_was_said() -> None:
    borrower_id, loan_id = a_loan()
    on = datetime.date(2026, 1, 20)
    move_to(on)
    owed_fen = queries.loan(borrower_id=borrower_id, loan_id=loan_id).outstanding_fen
    offer = services.quote_settlement(borrower_id=borrower_id, loan_id=loan_id)
    assert offer.saved_fen == owed_fen - offer.amount_fen > 0

    move_to(on + datetime.timedelta(days=1))  # still within the quote's validity
    services.settle(borrower_id=borrower_id, loan_id=loan_id, offer_id=offer.id, reference="settle")

    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    assert (view.outstanding_fen, view.overpaid_fen, view.state) == (0, 0, "settled")
    assert view.paid_fen == offer.amount_fen
    certificate = queries.certificate(borrower_id=borrower_id, loan_id=loan_id)
    assert (certificate.paid_fen, certificate.settled_on) == (offer.amount_fen, on)
    assert balances(view.as_of, borrower_id)["CHANNEL_CASH"] == offer.amount_fen
    assert "LOAN_PRINCIPAL" not in balances(view.as_of, borrower_id)


def test_an_expired_or_outdated_quote_is_refused() -> None:
    borrower_id, loan_id = a_loan()
    offer = services.quote_settlement(borrower_id=borrower_id, loan_id=loan_id)
    move_to(offer.valid_until + datetime.timedelta(days=1))
    with pytest.raises(errors.OfferExpired):
        services.settle(borrower_id=borrower_id, loan_id=loan_id, offer_id=offer.id, reference="late")

    offer = services.quote_settlement(borrower_id=borrower_id, loan_id=loan_id)
    pay(borrower_id, loan_id, 1_000)
    with pytest.raises(errors.OfferOutdated):
        services.settle(borrower_id=borrower_id, loan_id=loan_id, offer_id=offer.id, reference="late")


def test_the_platform_funds_its_share() -> None:
    a_loan(principal_fen=100_001, lender_share_bp=8_000)

    assert balances(OPENED) == {
        "LOAN_PRINCIPAL": 100_001,
        "LENDER_FUNDING": 80_001,
        "OWN_FUNDS": -20_000,
    }


def test_a_subsidy_is_owed_by_the_merchant() -> None:
    from dataclasses import replace

    from fenqi.domain.terms import Subsidy
    from tests.servicing.books import ANNUITY

    borrower_id, loan_id = a_loan(replace(ANNUITY, subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal(1))))

    view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
    assert view.outstanding_fen == 499_900
    after = balances(OPENED)
    assert after["MERCHANT_SUBSIDY_RECEIVABLE"] == after["UNEARNED_SUBSIDY"] == 39_845


def test_an_overpayment_stays_where_it_is_until_a_payout_is_written_down() -> None:
    borrower_id, loan_id = a_loan(FREE, 60_000)
    services.record_repayment(
        borrower_id=borrower_id, loan_id=loan_id, amount_fen=61_000, reference="too much"
    )
    with pytest.raises(CardUnknown):
        services.return_overpayment(
            borrower_id=borrower_id, loan_id=loan_id, reference="back", card_id=uuid4()
        )
    assert queries.loan(borrower_id=borrower_id, loan_id=loan_id).overpaid_fen == 1_000
