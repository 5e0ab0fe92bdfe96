"""Returns and cancellations: every fen goes back to where it came from, and nothing runs on."""

from __future__ import annotations

import datetime

import pytest

from fenqi.ledger import queries as ledger
from fenqi.mall import queries as mall_queries
from fenqi.mall import services as mall
from fenqi.ops import auto_review
from fenqi.plumbing import audit, business_date
from fenqi.plumbing.errors import Conflict
from fenqi.purchases import queries, services
from fenqi.purchases.errors import CannotCancel
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services
from tests.purchases import shopping
from tests.purchases.shopping import BAND_FEN, PHONE_FEN
from tests.support.second_pair import second_pair


@pytest.fixture
def bought(shopper):
    """Phone by 12 installments, band in full; paid."""
    order = shopping.an_order(shopper, financed=[PHONE_FEN], full=[BAND_FEN])
    shopping.a_purchase(shopper, order)
    shopping.settle()
    return mall_queries.order(borrower_id=shopper, order_id=order.id)


def give_back(order, *prices):
    lines = [line.id for line in order.lines if line.amount_fen in prices]
    return mall.request_return(
        borrower_id=order.borrower_id, order_id=order.id, line_ids=lines, reason="不想要了"
    )


def two_agree(shopper, return_id):
    second_pair(
        mall.RETURN_KIND,
        borrower_id=shopper,
        arguments={"borrower_id": shopper, "return_id": str(return_id)},
    )


def loan_of(order):
    return servicing.loan_by_order(borrower_id=order.borrower_id, order_id=order.id)


def is_paused_tomorrow(order):
    """A pause counts to the end of the day it ends on."""
    on = business_date.current() + datetime.timedelta(days=1)
    return servicing.loan(borrower_id=order.borrower_id, loan_id=loan_of(order).id, on=on).is_paused


def test_the_band_comes_back_to_the_card_and_the_loan_is_untouched(shop, shopper, bought):
    before, outstanding = shop.balance(shopping.CARD), loan_of(bought).outstanding_fen
    preview = queries.return_preview(
        borrower_id=shopper,
        order_id=bought.id,
        line_ids=[line.id for line in bought.lines if line.amount_fen == BAND_FEN],
    )
    assert (preview.refund_card_fen, preview.loan_reduction_fen) == (BAND_FEN, 0)

    return_id = give_back(bought, BAND_FEN)
    shopping.settle()
    assert not loan_of(bought).is_paused
    two_agree(shopper, return_id)
    with pytest.raises(Conflict):
        two_agree(shopper, return_id)
    shopping.settle()

    assert shop.balance(shopping.CARD) - before == BAND_FEN
    assert loan_of(bought).outstanding_fen == outstanding
    assert mall_queries.return_of(borrower_id=shopper, return_id=return_id).state == "completed"
    in_balance()


def test_the_phone_goes_back_to_the_lender_as_the_preview_said_and_nothing_runs_on(shop, shopper, bought):
    before = shop.balance(shopping.CARD)
    phone = [line.id for line in bought.lines if line.amount_fen == PHONE_FEN]
    preview = queries.return_preview(borrower_id=shopper, order_id=bought.id, line_ids=phone)
    assert (preview.loan_reduction_fen, preview.new_outstanding_fen, preview.surplus_fen) == (PHONE_FEN, 0, 0)
    assert preview.saved_fen == preview.outstanding_before_fen - PHONE_FEN

    return_id = give_back(bought, PHONE_FEN)
    shopping.settle()
    assert loan_of(bought).is_paused
    two_agree(shopper, return_id)
    shopping.settle()

    loan = loan_of(bought)
    assert (loan.state, loan.outstanding_fen) == ("settled", 0)
    assert not is_paused_tomorrow(bought)
    assert shop.balance(shopping.CARD) == before
    in_balance()


def test_what_was_paid_on_a_returned_phone_comes_back_to_the_card(shop, shopper, bought):
    loan = loan_of(bought)
    servicing_services.record_repayment(
        borrower_id=shopper,
        loan_id=loan.id,
        amount_fen=44979,
        received_on=business_date.current(),
        reference="paid one",
        source="manual",
    )
    before = shop.balance(shopping.CARD)
    phone = [line.id for line in bought.lines if line.amount_fen == PHONE_FEN]
    preview = queries.return_preview(borrower_id=shopper, order_id=bought.id, line_ids=phone)
    return_id = give_back(bought, PHONE_FEN)
    two_agree(shopper, return_id)
    shopping.settle()
    assert preview.surplus_fen == 44979
    assert shop.balance(shopping.CARD) - before == preview.surplus_fen
    in_balance()


def test_the_demos_two_robots_are_two(shop, shopper, bought, settings):
    settings.AUTO_REVIEW = True
    return_id = give_back(bought, BAND_FEN)
    auto_review.return_requested({"borrower_id": shopper, "return_id": str(return_id)})
    auto_review.return_requested({"borrower_id": shopper, "return_id": str(return_id)})
    shopping.settle()
    assert mall_queries.return_of(borrower_id=shopper, return_id=return_id).state == "completed"
    told = [(line.actor, line.action) for line in audit.trail(subject=f"return:{return_id}")]
    assert ("system:auto-reviewer", "proposal.proposed") in told
    assert ("system:auto-checker", "proposal.approved") in told


def test_a_refused_return_lets_the_loan_go_on(shop, shopper, bought):
    return_id = give_back(bought, PHONE_FEN)
    shopping.settle()
    assert loan_of(bought).is_paused
    mall.refuse_return(staff="lin", borrower_id=shopper, return_id=return_id, reason="已使用")
    shopping.settle()
    assert not is_paused_tomorrow(bought)
    # The same day another return may be opened, and pauses again.
    give_back(bought, PHONE_FEN)
    shopping.settle()
    assert is_paused_tomorrow(bought)


def test_a_lender_that_is_down_gets_its_refund_when_it_is_back(shop, shopper, bought):
    return_id = give_back(bought, PHONE_FEN)
    shop.fault("lender", "outage")
    two_agree(shopper, return_id)
    assert mall_queries.return_of(borrower_id=shopper, return_id=return_id).state == "approved"
    shop.heal("lender", "outage")
    services.advance_give_back(borrower_id=shopper, give_back_id=return_id)
    shopping.settle()
    assert mall_queries.return_of(borrower_id=shopper, return_id=return_id).state == "completed"


def test_a_cancelled_order_gives_everything_back(shop, shopper, bought):
    before = shop.balance(shopping.CARD)
    services.cancel_order(borrower_id=shopper, order_id=bought.id, reason="改主意了")
    shopping.settle()
    assert shop.balance(shopping.CARD) - before == BAND_FEN
    assert loan_of(bought).outstanding_fen == 0
    assert loan_of(bought).is_closed
    in_balance()


def test_an_order_is_not_cancelled_while_the_lender_pays_and_not_twice_paid_when_it_was(shop, shopper):
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    application_id = shopping.an_application(shopper, order)
    shopping.sign(shopper, application_id)
    purchase_id = services.confirm_purchase(borrower_id=shopper, application_id=application_id, reference="r")
    shop.fault("lender", "lost_answer")
    services.advance_purchase(borrower_id=shopper, purchase_id=purchase_id)
    with pytest.raises(CannotCancel):
        services.cancel_order(borrower_id=shopper, order_id=order.id, reason="改主意了")

    # The reservation may still run out: then the lender takes its money back and no loan stands.
    mall.cancel_order(borrower_id=shopper, order_id=order.id, reason="expired")
    shop.heal("lender", "lost_answer")
    assert services.advance_purchase(borrower_id=shopper, purchase_id=purchase_id) == "failed"
    shopping.settle()
    assert servicing.loans(shopper) == []
    assert shop.balance("settlement") == 0


def in_balance() -> None:
    trial = ledger.trial_balance(business_date.current())
    rows = getattr(trial, "rows", trial)
    assert sum(row.debit_fen for row in rows) == sum(row.credit_fen for row in rows)
