"""A purchase from the agreement to the loan, told as the money goes."""

from __future__ import annotations

import json

import pytest

from fenqi.credit import queries as credit_queries
from fenqi.ledger import queries as ledger
from fenqi.ledger import services as ledger_services
from fenqi.mall import queries as mall_queries
from fenqi.partners import hooks
from fenqi.payments import queries as payments
from fenqi.plumbing import business_date, clock
from fenqi.purchases import queries, services
from fenqi.purchases.models import WaitingStep
from fenqi.servicing import queries as servicing
from tests.purchases import shopping
from tests.purchases.shopping import BAND_FEN, PHONE_FEN


def in_balance() -> bool:
    trial = ledger.trial_balance(business_date.current())
    rows = getattr(trial, "rows", trial)
    return sum(row.debit_fen for row in rows) == sum(row.credit_fen for row in rows)


def test_phone_by_installments_and_band_in_full_become_one_paid_order_with_a_loan(shop, shopper):
    borrower_id = shopper
    before = shop.balance(shopping.CARD)
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN], full=[BAND_FEN])

    application_id, purchase_id = shopping.a_purchase(borrower_id, order)
    shopping.settle()

    paid = mall_queries.order(borrower_id=borrower_id, order_id=order.id)
    purchase = queries.purchase(borrower_id=borrower_id, purchase_id=purchase_id)
    loan = servicing.loan_by_order(borrower_id=borrower_id, order_id=order.id)
    assert (paid.state, purchase.state) == ("paid", "done")
    assert before - shop.balance(shopping.CARD) == BAND_FEN  # the phone costs nothing today
    assert (loan.principal_fen, loan.lender_code, len(loan.installments)) == (PHONE_FEN, "jiangcheng", 12)
    assert [row.total_fen for row in loan.installments] == [44979] * 11 + [44976]
    assert payments.autopay(borrower_id).is_on
    state = credit_queries.application(borrower_id=borrower_id, application_id=application_id).state
    assert state == "done"
    assert in_balance()


def test_confirming_twice_and_advancing_many_times_pays_once(shop, shopper):
    borrower_id = shopper
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN])
    application_id, purchase_id = shopping.a_purchase(borrower_id, order)
    again = services.confirm_purchase(
        borrower_id=borrower_id, application_id=application_id, reference="other-tab"
    )
    for _ in range(3):
        services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id)
    assert again == purchase_id
    assert len(servicing.loans(borrower_id)) == 1
    assert in_balance()


@pytest.mark.parametrize("fault", ["lost_answer", "timeout", "outage"])
def test_a_silent_lender_leaves_the_outcome_unknown_until_it_is_asked_again(shop, shopper, fault):
    borrower_id = shopper
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN])
    application_id = shopping.an_application(borrower_id, order)
    shopping.sign(borrower_id, application_id)
    purchase_id = services.confirm_purchase(
        borrower_id=borrower_id, application_id=application_id, reference="r"
    )
    shop.fault("lender", fault)
    state = services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id)
    assert state == "disbursing"  # not known is not failed
    assert mall_queries.order(borrower_id=borrower_id, order_id=order.id).state == "in_review"
    assert servicing.loans(borrower_id) == []

    shop.heal("lender", fault)
    assert services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id) == "done"
    assert len(servicing.loans(borrower_id)) == 1


def test_a_date_that_closes_as_the_lender_pays_leaves_the_purchase_to_the_next_try(shop, shopper):
    borrower_id, today = shopper, business_date.current()
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN])
    application_id = shopping.an_application(borrower_id, order)
    shopping.sign(borrower_id, application_id)
    purchase_id = services.confirm_purchase(
        borrower_id=borrower_id, application_id=application_id, reference="r"
    )
    ledger_services.close_day(today)
    with pytest.raises(ledger_services.ClosedDay):
        services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id)
    services.run_waiting()
    assert queries.purchase(borrower_id=borrower_id, purchase_id=purchase_id).state == "disbursing"

    business_date.close(today)
    WaitingStep.objects.update(next_try_at=clock.wall())
    services.run_waiting()
    assert queries.purchase(borrower_id=borrower_id, purchase_id=purchase_id).state == "done"
    assert len(servicing.loans(borrower_id)) == 1


def test_a_lender_that_will_not_pay_closes_the_application_and_leaves_the_order_to_another_plan(
    shop, shopper
):
    borrower_id = shopper
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN], full=[BAND_FEN])
    application_id = shopping.an_application(borrower_id, order)
    shopping.sign(borrower_id, application_id)
    purchase_id = services.confirm_purchase(
        borrower_id=borrower_id, application_id=application_id, reference="r"
    )
    shop.fault("lender", "decline")
    services.pay_full_part(
        borrower_id=borrower_id,
        order_id=order.id,
        method=_card(borrower_id),
        return_url="/",
        reference="p",
    )
    assert services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id) == "failed"
    shop.heal("lender", "decline")

    # The band is paid already: a second plan does not ask for it again.
    before = shop.balance(shopping.CARD)
    _second_plan(borrower_id, order)
    assert mall_queries.order(borrower_id=borrower_id, order_id=order.id).state == "paid"
    assert shop.balance(shopping.CARD) == before


def test_nothing_is_lent_before_the_full_part_is_paid(shop, shopper):
    borrower_id = shopper
    shop.set_balance(shopping.CARD, 100)
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN], full=[BAND_FEN])
    _application, purchase_id = shopping.a_purchase(borrower_id, order)
    assert queries.purchase(borrower_id=borrower_id, purchase_id=purchase_id).state == "paying"
    assert servicing.loans(borrower_id) == []
    assert shop.balance(shopping.CARD) == 100

    shop.set_balance(shopping.CARD, 50_000)
    services.pay_full_part(
        borrower_id=borrower_id,
        order_id=order.id,
        method=_card(borrower_id),
        return_url="/",
        reference="second try",
    )
    assert services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id) == "done"
    assert shop.balance(shopping.CARD) == 50_000 - BAND_FEN


def test_lender_and_shop_hear_that_the_loan_has_begun(shop, shopper):
    for kind, code in (("lender", "jiangcheng"), ("shop", "mall"), ("lender", "anxin")):
        hooks.add(kind=kind, code=code, url=f"{shop.url}/hooks/{code}", events=["loan.opened"], actor="test")
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    shopping.a_purchase(shopper, order)
    shopping.settle()
    loan = servicing.loan_by_order(borrower_id=shopper, order_id=order.id)
    assert hooks.deliver_due() == 2
    [[to_lender], [to_shop]] = shop.heard("jiangcheng"), shop.heard("mall")
    assert json.loads(to_lender["body"])["facts"] == {
        "loan_number": loan.number,
        "lender_code": "jiangcheng",
        "product": "installment",
        "opened_on": loan.opened_on.isoformat(),
        "principal_fen": PHONE_FEN,
        "installments": 12,
    }
    assert json.loads(to_shop["body"])["facts"] == json.loads(to_lender["body"])["facts"]
    assert shop.heard("anxin") == []


def test_the_outside_lenders_loan_is_its_own_and_only_mirrored_here(shop, shopper):
    borrower_id = shopper
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN])
    shopping.a_purchase(borrower_id, order, key=shopping.OUTSIDE_3)
    loan = servicing.loan_by_order(borrower_id=borrower_id, order_id=order.id)
    assert (loan.serviced_by, loan.lender_code, len(loan.installments)) == ("lender", "yuanshan", 3)
    assert sum(row.principal_fen for row in loan.installments) == PHONE_FEN


def _card(borrower_id: int) -> str:
    from fenqi.people import queries as people

    return str(people.cards(borrower_id)[0].id)


def _second_plan(borrower_id, order):
    application_id = shopping.an_application(
        borrower_id,
        mall_queries.order(borrower_id=borrower_id, order_id=order.id),
        key=shopping.FREE_3,
    )
    shopping.sign(borrower_id, application_id)
    purchase_id = services.confirm_purchase(
        borrower_id=borrower_id, application_id=application_id, reference="second"
    )
    services.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id)
