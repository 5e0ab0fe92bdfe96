"""A loan its lender services: repaid at the lender, asked for by us, never booked here."""

from __future__ import annotations

import datetime

import pytest

from fenqi.jobs import dayend
from fenqi.plumbing import business_date
from fenqi.purchases import services
from fenqi.servicing import queries as servicing
from fenqi.web import sandbox_proxy
from tests.purchases import shopping
from tests.purchases.shopping import PHONE_FEN
from tests.web import finance_cases

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_kept_connection():
    yield
    sandbox_proxy._client().close()
    sandbox_proxy._client.cache_clear()


@pytest.fixture
def signed_in(shopper):
    return finance_cases.signed_in(shopper)


def a_loan(borrower_id):
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN])
    shopping.a_purchase(borrower_id, order, key=shopping.OUTSIDE_3)
    return order, servicing.loan_by_order(borrower_id=borrower_id, order_id=order.id)


def pay_next(client, loan):
    """On the lender's page, under our own address."""
    following = servicing.loan(borrower_id=loan.borrower_id, loan_id=loan.id).next_number
    return client.post(loan.pay_url, {"number": following, "account": shopping.CARD})


def test_is_repaid_at_the_lender_and_mirrored_when_the_page_is_opened(shop, shopper, signed_in):
    order, loan = a_loan(shopper)
    before = shop.balance(shopping.CARD)
    page = signed_in.get(f"/orders/{order.number}/repay/").content.decode()
    assert f'href="{loan.pay_url}"' in page
    assert pay_next(signed_in, loan).status_code == 303
    assert shop.balance(shopping.CARD) == before - loan.installments[0].total_fen
    signed_in.get(f"/orders/{order.number}/repay/")
    mirrored = servicing.loan(borrower_id=shopper, loan_id=loan.id)
    assert [row.paid_on is not None for row in mirrored.installments] == [True, False, False]


def test_two_clicks_pay_one_installment(shop, shopper, signed_in):
    _order, loan = a_loan(shopper)
    before = shop.balance(shopping.CARD)
    for _ in range(2):
        signed_in.post(loan.pay_url, {"number": 1, "account": shopping.CARD})
    assert shop.balance(shopping.CARD) == before - loan.installments[0].total_fen


def test_too_little_balance_is_said_and_nothing_is_taken(shop, shopper, signed_in):
    _order, loan = a_loan(shopper)
    shop.set_balance(shopping.CARD, 100)
    answer = signed_in.post(loan.pay_url, {"number": 1, "account": shopping.CARD})
    assert answer.status_code == 422
    assert "余额不足，没有扣款" in answer.content.decode()


def test_the_day_end_asks_when_something_is_due_and_shows_what_is_late(shop, shopper):
    _order, loan = a_loan(shopper)
    dayend.run_dayend(to=loan.installments[0].due_on + datetime.timedelta(days=6))
    mirrored = servicing.loan(borrower_id=shopper, loan_id=loan.id)
    assert mirrored.is_overdue
    assert mirrored.penalty_fen > 0


def test_settled_there_is_settled_here(shop, shopper, signed_in):
    _order, loan = a_loan(shopper)
    for _ in loan.installments:
        pay_next(signed_in, loan)
        assert services.refresh_mirror(borrower_id=shopper, loan_id=loan.id)
    mirrored = servicing.loan(borrower_id=shopper, loan_id=loan.id)
    assert (mirrored.is_closed, mirrored.outstanding_fen) == (True, 0)
    assert mirrored.settled_on == business_date.current()


def test_a_silent_lender_leaves_the_last_word_standing(shop, shopper, signed_in):
    order, _loan = a_loan(shopper)
    shop.fault("lender", "outage")
    page = signed_in.get(f"/orders/{order.number}/repay/").content.decode()
    assert "对方暂未响应" in page
