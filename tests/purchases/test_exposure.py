"""What the rules see of a person: the exposure of all accounts together, and the signals over days, addresses and models."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, transaction

from fenqi.credit import rereading, signals
from fenqi.credit import services as credit
from fenqi.credit.models import AddressUse, Application, Commitment, Decision, PersonExposure
from fenqi.credit.services import deciding
from fenqi.mall.models import Stock
from fenqi.plumbing import business_date, rule_data
from fenqi.purchases import services
from fenqi.servicing.queries import standing_of
from tests.purchases import shopping
from tests.purchases.deciding import (
    TELEVISION_FEN,
    a_second_account,
    gathered,
    judged,
    limit,
    only_limits,
    started,
    state_of,
    unhindered,
)
from tests.purchases.shopping import BANK_12, PHONE_FEN
from tests.servicing import books


class TestExposure:
    def test_loans_lines_and_applications_of_all_accounts_add_up(self, shopper):
        second = a_second_account(shopper, "13800004321")
        books.a_loan(borrower_id=second, principal_fen=300_000)
        judged(second, started(second))
        seen = gathered(shopper, started(shopper))
        assert seen.accounts == 2
        assert seen.person_exposure_fen == 300_000 + PHONE_FEN + PHONE_FEN

    def test_the_limit_of_a_person_declines_whichever_account_asks(self, shopper):
        second = a_second_account(shopper, "13800004321")
        limit(2 * PHONE_FEN - 1)
        assert judged(shopper, started(shopper)).result == "APPROVED"
        refused = judged(second, started(second))
        assert (refused.result, refused.reasons) == ("DECLINED", ["lender_limit", "person_limit"])

    def test_the_limit_of_one_lender_leaves_room_with_another(self, shopper):
        limit(10 * PHONE_FEN, per_lender=PHONE_FEN)
        assert judged(shopper, started(shopper)).result == "APPROVED"
        assert judged(shopper, started(shopper)).reasons == ["lender_limit"]
        other = judged(shopper, started(shopper, key=shopping.FREE_3))
        assert other.result == "APPROVED"

    def test_what_ends_gives_its_part_back_and_a_loan_takes_its_place(self, shop, shopper):
        def held():
            return sum(Commitment.objects.filter(released_at=None).values_list("amount_fen", flat=True))

        order = shopping.an_order(shopper, financed=[PHONE_FEN])
        application_id = started(shopper, order)
        judged(shopper, application_id)
        assert held() == PHONE_FEN
        credit.cancel_application(
            borrower_id=shopper, application_id=application_id, reason="order_cancelled"
        )
        assert held() == 0
        shopping.a_purchase(shopper, shopping.an_order(shopper, financed=[PHONE_FEN]))
        assert held() == 0
        assert gathered(shopper, started(shopper)).person_exposure_fen == 2 * PHONE_FEN
        assert set(PersonExposure.objects.values_list("held_fen", flat=True)) == {0}

    def test_an_order_whose_plan_changes_counts_once(self, shopper):
        limit(PHONE_FEN)
        order = shopping.an_order(shopper, financed=[PHONE_FEN])
        assert state_of(shopper, shopping.an_application(shopper, order)) == "approved"
        assert state_of(shopper, shopping.an_application(shopper, order, key=shopping.FREE_3)) == "approved"

    def test_the_database_refuses_what_the_code_would_let_through(self, shopper):
        judged(shopper, started(shopper))
        for row in PersonExposure.objects.all():
            with pytest.raises(IntegrityError), transaction.atomic():
                PersonExposure.objects.filter(
                    person_index=row.person_index, lender_code=row.lender_code
                ).update(held_fen=row.limit_fen + 1)

    def test_twenty_four_at_once_by_two_accounts_stay_within_the_limit(self, shop, shopper):
        second = a_second_account(shopper, "13800004321")
        Stock.objects.update(available=100)
        only_limits()
        limit(5 * PHONE_FEN)
        waiting = [(who, started(who)) for _ in range(12) for who in (shopper, second)]
        unhindered(
            *[
                lambda who=who, one=one: services.advance_application(borrower_id=who, application_id=one)
                for who, one in waiting
            ]
        )
        results = list(Decision.objects.filter(by="rules").values_list("result", flat=True))
        assert sorted(results) == ["APPROVED"] * 5 + ["DECLINED"] * 19
        assert (
            sum(Commitment.objects.filter(released_at=None).values_list("amount_fen", flat=True))
            == 5 * PHONE_FEN
        )
        everyone = PersonExposure.objects.get(lender_code="")
        assert everyone.held_fen == 5 * PHONE_FEN
        assert list(rereading.differences()) == []

    def test_purchases_and_cancellations_in_between_lose_nothing(self, shop, shopper):
        only_limits()
        limit(3 * PHONE_FEN)
        first = [started(shopper) for _ in range(3)]
        for one in first:
            judged(shopper, one)
        more = [started(shopper) for _ in range(6)]

        def cancel(one):
            credit.cancel_application(borrower_id=shopper, application_id=one, reason="order_cancelled")

        unhindered(
            *[lambda one=one: cancel(one) for one in first],
            *[
                lambda one=one: services.advance_application(borrower_id=shopper, application_id=one)
                for one in more
            ],
        )
        standing = Commitment.objects.filter(released_at=None).values_list("amount_fen", flat=True)
        assert sum(standing) <= 3 * PHONE_FEN
        assert PersonExposure.objects.get(lender_code="").held_fen == sum(standing)


class TestSignals:
    def test_units_of_one_model_are_counted_over_orders_not_over_changes_of_plan(self, shopper):
        order = shopping.an_order(shopper, financed=[PHONE_FEN])
        started(shopper, order)
        credit.start_application(
            borrower_id=shopper,
            order_id=order.id,
            order=shopping.summary_of(order),
            quote_id=credit.hold_quote(
                key=shopping.FREE_3, amount_fen=PHONE_FEN, on=business_date.current()
            ).id,
            reference="changed",
        )
        seen = gathered(shopper, started(shopper))
        assert (seen.same_model_units, seen.resale_units, seen.applications_day) == (2, 2, 2)
        other = gathered(shopper, started(shopper, shopping.an_order(shopper, financed=[TELEVISION_FEN])))
        assert (other.same_model_units, other.resale_units) == (1, 2)

    def test_what_was_given_up_is_no_purchase_but_still_an_application(self, shopper):
        first = started(shopper)
        credit.cancel_application(borrower_id=shopper, application_id=first, reason="order_cancelled")
        seen = gathered(shopper, started(shopper))
        assert (seen.same_model_units, seen.applications_day) == (1, 2)

    def test_figures_look_back_as_far_as_the_windows_say(self, shopper):
        started(shopper)
        books.move_to(business_date.current() + datetime.timedelta(days=29))
        assert gathered(shopper, started(shopper)).applications_month == 2
        books.move_to(business_date.current() + datetime.timedelta(days=31))
        seen = gathered(shopper, started(shopper))
        assert (seen.applications_month, seen.applications_day, seen.resale_units) == (1, 1, 1)
        assert seen.same_model_units == 3

    def test_many_at_one_address_are_counted_by_its_hash_however_it_is_written(self, shop, shopper):
        for number in range(3):
            other = shopping.a_shopper(f"1380000500{number}", card=None)
            started(other)
        assert gathered(shopper, started(shopper)).address_applicants == 4
        assert signals.address_index("北京市朝阳区 建国路1号") == signals.address_index(
            "北京市朝阳区建国路 1 号。"
        )
        assert signals.address_index(" ，") is None
        assert AddressUse.objects.count() == 4
        assert judged(
            shopper, Application.objects.filter(borrower_id=shopper).latest("started_at").id
        ).reasons == ["address_cluster"]

    def test_an_order_without_goods_or_address_goes_to_a_person(self, shopper):
        order = shopping.an_order(shopper, financed=[PHONE_FEN])
        bare = credit.OrderSummary(
            number=order.number,
            financed=(credit.GoodsLine(name="?", quantity=1, amount_fen=PHONE_FEN),),
            full_amount_fen=0,
        )
        held = credit.hold_quote(key=BANK_12, amount_fen=PHONE_FEN, on=business_date.current())
        application_id = credit.start_application(
            borrower_id=shopper, order_id=order.id, order=bare, quote_id=held.id, reference="bare"
        )
        assert judged(shopper, application_id).reasons == [
            "missing_same_model_units",
            "missing_resale_units",
            "missing_address_applicants",
        ]

    def test_all_signals_take_one_statement_and_everything_a_few(
        self, shopper, django_assert_max_num_queries
    ):
        for _ in range(4):
            application_id = started(shopper)
        books.a_loan(borrower_id=shopper, principal_fen=300_000)
        row = Application.objects.get(borrower_id=shopper, id=application_id)
        windows = rule_data.value("credit.rules", on=business_date.current())["windows"]
        with django_assert_max_num_queries(
            2
        ):  # one of them the clock's, which follows the business date here
            signals.read(application=row, accounts=[shopper], windows=windows)
        gathered(shopper, application_id)
        with business_date.held(), django_assert_max_num_queries(16):
            deciding.gather(row, standing_of, with_lock=False)
