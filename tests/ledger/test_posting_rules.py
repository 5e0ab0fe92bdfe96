"""The posting rules that no everyday story reaches: losses, suspense, money that is not the loan's."""

from datetime import date

import pytest

from fenqi.domain import posting_rules
from fenqi.domain.events import Event, EventKind
from fenqi.domain.posting_rules import Account, Movement, total_of
from fenqi.domain.replay import replay
from fenqi.domain.terms import LoanTerms, Method


def balanced(entry: posting_rules.Entry) -> bool:
    return sum(total_of(entry.legs, account) for account in Account) == 0


@pytest.mark.parametrize("kind", sorted(posting_rules.RULES, key=str))
@pytest.mark.parametrize("booked_as_loss", [False, True])
def test_every_event_posts_a_balanced_entry(kind, booked_as_loss):
    moved = Movement(
        principal_fen=100, interest_fen=20, fee_fen=3, penalty_fen=2, late_fee_fen=1, overpaid_fen=4
    )
    entry = posting_rules.entry_for(kind=kind, amount_fen=130, moved=moved, booked_as_loss=booked_as_loss)
    assert balanced(entry)


def test_money_after_a_loss_is_a_recovery():
    entry = posting_rules.entry_for(
        kind=EventKind.REPAYMENT, amount_fen=50, moved=Movement(), booked_as_loss=True
    )
    assert total_of(entry.legs, Account.CHANNEL_CASH) == 50
    assert total_of(entry.legs, Account.RECOVERIES) == -50


def test_an_event_without_a_rule_is_refused():
    with pytest.raises(posting_rules.NoPostingRule):
        posting_rules.entry_for(kind=EventKind.PAYOUT, amount_fen=1, moved=Movement())


def test_money_nobody_can_place_waits_in_suspense_and_leaves_it():
    came = posting_rules.unexplained_receipt(amount_fen=70)
    went = posting_rules.unexplained_receipt_left(amount_fen=70)
    assert total_of(came.legs, Account.SUSPENSE) == -70
    assert total_of((came + went).legs, Account.SUSPENSE) == 0
    assert total_of((came + went).legs, Account.CHANNEL_CASH) == 0


def test_a_negative_amount_turns_the_transfer_round():
    (leg,) = posting_rules.leg(Account.CHANNEL_CASH, Account.SUSPENSE, -5)
    assert (leg.debit, leg.credit, leg.amount_fen) == (Account.SUSPENSE, Account.CHANNEL_CASH, 5)


def test_a_draw_leaves_through_the_channel_and_the_lender_owes_its_share():
    entry = posting_rules.payout(amount_fen=100, lender_share_fen=60, through_channel=True)
    assert total_of(entry.legs, Account.LOAN_PRINCIPAL) == 100
    assert total_of(entry.legs, Account.CHANNEL_CASH) == -100
    assert total_of(entry.legs, Account.LENDER_RECEIVABLE) == 60


def test_a_loan_booked_as_a_loss_has_no_principal_in_the_books():
    terms = LoanTerms(method=Method.INTEREST_FREE, installments=2)
    paid_out = Event(id="a", kind=EventKind.PAYOUT, on=date(2026, 1, 5), amount_fen=1_000)
    loss = Event(id="b", kind=EventKind.CHARGE_OFF, on=date(2026, 7, 1))
    running = replay(terms, [paid_out], date(2026, 7, 1))
    lost = replay(terms, [paid_out, loss], date(2026, 7, 1))
    assert (posting_rules.book_principal(running), posting_rules.book_principal(lost)) == (1_000, 0)
