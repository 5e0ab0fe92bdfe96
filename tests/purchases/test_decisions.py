"""Decisions on applications: kept whole and read again, one person over several accounts, signals, scores, means."""

from __future__ import annotations

import datetime
import json
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from fenqi.credit import queries as credit_queries
from fenqi.credit import rereading, reviews, signals
from fenqi.credit import services as credit
from fenqi.credit.models import (
    AddressUse,
    Application,
    Commitment,
    Decision,
    PersonExposure,
    ScoreInquiry,
)
from fenqi.credit.services import deciding
from fenqi.domain.decision import NOT_NEEDED
from fenqi.mall.models import Stock
from fenqi.people import services as people
from fenqi.people.models import Identity
from fenqi.people.services.one_person import bind_person
from fenqi.plumbing import business_date, clock, rule_data
from fenqi.plumbing.models import GateAnswer, RuleDatum
from fenqi.purchases import services
from fenqi.servicing.queries import standing_of
from tests.people.conftest import id_number
from tests.purchases import shopping
from tests.purchases.shopping import BANK_12, PHONE_FEN
from tests.servicing import books
from tests.support.second_pair import second_pair

TELEVISION_FEN = 129_900


def state_of(borrower_id, application_id):
    return credit_queries.application(borrower_id=borrower_id, application_id=application_id).state


def started(borrower_id, order=None, *, key=BANK_12):
    """An application that nobody has judged yet."""
    order = order or shopping.an_order(borrower_id, financed=[PHONE_FEN])
    held = credit.hold_quote(key=key, amount_fen=order.financed_amount_fen, on=business_date.current())
    return credit.start_application(
        borrower_id=borrower_id,
        order_id=order.id,
        order=shopping.summary_of(order),
        quote_id=held.id,
        reference=str(order.id),
    )


def judged(borrower_id, application_id):
    services.advance_application(borrower_id=borrower_id, application_id=application_id)
    return Decision.objects.get(borrower_id=borrower_id, application_id=application_id, by="rules")


def gathered(borrower_id, application_id):
    row = Application.objects.get(borrower_id=borrower_id, id=application_id)
    return deciding.gather(row, standing_of, with_lock=False).inputs


def with_rules(change):
    """The rules in force, changed from today on."""
    rules = json.loads(json.dumps(rule_data.value("credit.rules", on=business_date.current())))
    for rule in rules["rules"]:
        change(rule)
    RuleDatum.objects.update_or_create(
        name="credit.rules", valid_from=business_date.current(), defaults={"value": rules}
    )


def limit(fen, *, per_lender=None):
    def change(rule):
        if rule["id"] == "person-limit":
            rule["above"] = fen
        if rule["id"] == "lender-limit":
            rule["above"] = per_lender or fen

    with_rules(change)


def only_limits():
    """Signals, scores and means do not stand in the way of many applications at once."""

    def change(rule):
        if rule["kind"] == "signal":
            rule["above"] = 10**9
        if rule["kind"] in ("affordability", "score"):
            rule["when"][0]["above"] = 10**12

    with_rules(change)


def a_second_account(borrower_id, phone):
    """Another account of the same person, let through as well."""
    second = shopping.a_shopper(phone, card=None)
    number = Identity.objects.get(borrower_id=borrower_id).id_number
    kept = Identity.objects.get(borrower_id=second)
    kept.id_number = number
    kept.save()
    bind_person(borrower_id=second, id_number=number)
    return second


class TestKept:
    def test_a_decision_keeps_rules_snapshot_and_hash_and_comes_out_again(self, shopper):
        kept = judged(shopper, started(shopper))
        again = rereading.read_again(kept)
        assert again.decision.outcome.value == "approve"
        assert (again.inputs.age, again.inputs.amount_fen, again.inputs.score) == (35, PHONE_FEN, NOT_NEEDED)
        assert list(rereading.differences()) == []

    def test_it_comes_out_again_after_the_rules_have_changed(self, shopper):
        kept = judged(shopper, started(shopper))
        with_rules(lambda rule: rule.update(below=60) if rule["id"] == "age-below-usual" else None)
        assert rereading.read_again(kept).decision.outcome.value == "approve"
        later = judged(shopper, started(shopper, shopping.an_order(shopper, financed=[TELEVISION_FEN])))
        assert (later.result, later.reasons) == ("REFERRED", ["age_outside_usual"])
        assert bytes(later.rules_digest) != bytes(kept.rules_digest)
        assert list(rereading.differences()) == []

    def test_what_the_rules_saw_stands_nowhere_in_clear(self, shopper):
        judged(shopper, started(shopper))
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(d)::text FROM credit_decision d WHERE by = 'rules'")
            assert "lender_exposure" not in cursor.fetchone()[0]

    def test_the_application_cannot_change_it_and_the_owner_is_found_out(
        self, shopper, django_db_blocker, settings
    ):
        kept = judged(shopper, started(shopper))
        for statement in (
            "UPDATE credit_decision SET result = 'DECLINED'",
            "UPDATE credit_rulesetused SET first_used_at = now()",
            "DELETE FROM credit_rulesetused",
        ):
            with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with as_owner() as cursor:
            cursor.execute("UPDATE credit_decision SET result = 'DECLINED' WHERE id = %s", [kept.id])
        assert [text.split(": ")[1] for text in rereading.differences()] == [
            "kept as DECLINED, its rules say APPROVED"
        ]
        with as_owner() as cursor:
            cursor.execute(
                "UPDATE credit_decision SET result = 'APPROVED', digest = sha256('x') WHERE id = %s",
                [kept.id],
            )
        assert "does not fit its hash" in next(iter(rereading.differences()))


class as_owner:
    """A cursor that may do what the application may not."""

    def __enter__(self):
        self.cursor = connection.cursor()
        self.cursor.execute("SET ROLE NONE")
        return self.cursor

    def __exit__(self, *_):
        from django.conf import settings

        self.cursor.execute(f"SET ROLE {settings.DATABASE_ROLE}")
        self.cursor.close()


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
        at_once(
            [
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

        at_once(
            [lambda one=one: cancel(one) for one in first]
            + [
                lambda one=one: services.advance_application(borrower_id=shopper, application_id=one)
                for one in more
            ]
        )
        standing = Commitment.objects.filter(released_at=None).values_list("amount_fen", flat=True)
        assert sum(standing) <= 3 * PHONE_FEN
        assert PersonExposure.objects.get(lender_code="").held_fen == sum(standing)


def at_once(calls):
    barrier, errors = threading.Barrier(len(calls)), []

    def run(call):
        barrier.wait()
        try:
            call()
        except Exception as e:
            errors.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []


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


class TestScore:
    def large(self, borrower_id, fen=1_099_900):
        books.a_loan(borrower_id=borrower_id, principal_fen=600_000)
        return started(borrower_id)

    def test_it_is_not_asked_for_where_no_rule_needs_it(self, shopper):
        assert judged(shopper, started(shopper)).result == "APPROVED"
        assert not ScoreInquiry.objects.exists()

    def test_it_is_asked_once_under_consent_and_sealed(self, shopper):
        application_id = self.large(shopper)
        assert judged(shopper, application_id).result == "APPROVED"
        asked = ScoreInquiry.objects.get()
        assert (asked.state, asked.score) == ("ANSWERED", "700")
        gate = GateAnswer.objects.get(subject=f"score:{application_id}")
        assert (gate.allowed, gate.rule_id) == (True, "consent.bureau_query")
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(s)::text FROM credit_scoreinquiry s")
            assert '"700"' not in cursor.fetchone()[0]

    @pytest.mark.parametrize(
        ("fault", "state"), [("timeout", "UNKNOWN"), ("no_score", "NO_SCORE"), ("outage", "UNKNOWN")]
    )
    def test_a_score_that_does_not_come_goes_to_a_person(self, shop, shopper, fault, state):
        shop.fault("score", fault, seconds=4 if fault == "timeout" else None)
        kept = judged(shopper, self.large(shopper))
        assert (kept.result, kept.reasons) == ("REFERRED", ["missing_score"])
        assert ScoreInquiry.objects.get().state == state

    @pytest.mark.parametrize(
        ("story", "result", "reasons"),
        [("403", "DECLINED", ["score_low"]), ("405", "REFERRED", ["score_middling"])],
    )
    def test_what_it_says_counts(self, shopper, story, result, reasons):
        kept = Identity.objects.get(borrower_id=shopper)
        kept.id_number = id_number(f"11010519900307{story}")
        kept.save()
        bind_person(borrower_id=shopper, id_number=kept.id_number)
        kept = judged(shopper, self.large(shopper))
        assert (kept.result, kept.reasons) == (result, reasons)

    def test_two_who_decide_at_once_wait_for_the_one_answer(self, shop, shopper):
        shop.fault("score", "delay", seconds=1)
        application_id = self.large(shopper)

        def advance():
            services.advance_application(borrower_id=shopper, application_id=application_id)

        at_once([advance] * 4)
        assert ScoreInquiry.objects.count() == 1
        assert state_of(shopper, application_id) == "approved"

    def test_without_the_consent_nobody_is_asked(self, shopper):
        application_id = self.large(shopper)
        people.withdraw_consent(borrower_id=shopper, text_code="bureau_query", channel="web")
        services.advance_application(borrower_id=shopper, application_id=application_id)
        assert state_of(shopper, application_id) == "started"
        credit_asking(shopper, application_id)
        assert ScoreInquiry.objects.get().state == "DENIED"
        assert not GateAnswer.objects.get(subject=f"score:{application_id}").allowed


def credit_asking(borrower_id, application_id):
    from fenqi.credit.services import asking

    asking.ask_score(borrower_id=borrower_id, application_id=application_id)


class TestMeans:
    def applied(self, borrower_id):
        books.a_loan(borrower_id=borrower_id, principal_fen=1_600_000)
        return started(borrower_id)

    def test_they_are_asked_only_above_the_amount_and_the_decision_waits(self, shopper):
        assert not services.wants_means(borrower_id=shopper, application_id=started(shopper))
        application_id = self.applied(shopper)
        assert services.wants_means(borrower_id=shopper, application_id=application_id)
        services.advance_application(borrower_id=shopper, application_id=application_id)
        assert state_of(shopper, application_id) == "started"

    @pytest.mark.parametrize(
        ("income_fen", "other_fen", "result", "reasons"),
        [
            (1_000_000, 0, "APPROVED", ["nothing_against"]),
            (300_000, 0, "REFERRED", ["debt_service"]),
            (200_000, 50_000, "DECLINED", ["debt_service"]),
            (0, 0, "DECLINED", ["debt_service"]),
        ],
    )
    def test_dues_of_a_month_over_income_decide(self, shopper, income_fen, other_fen, result, reasons):
        application_id = self.applied(shopper)
        credit.declare_means(
            borrower_id=shopper, income_fen=income_fen, other_dues_fen=other_fen, agrees=True, evidence={}
        )
        kept = judged(shopper, application_id)
        assert (kept.result, kept.reasons) == (result, reasons)

    def test_saying_nothing_goes_to_a_person_and_is_no_decline(self, shopper):
        application_id = self.applied(shopper)
        credit.withhold_means(borrower_id=shopper)
        kept = judged(shopper, application_id)
        assert (kept.result, kept.reasons) == ("REFERRED", ["missing_debt_service_bp"])

    def test_a_consent_taken_back_takes_the_figures_with_it(self, shopper):
        application_id = self.applied(shopper)
        credit.declare_means(
            borrower_id=shopper, income_fen=1_000_000, other_dues_fen=0, agrees=True, evidence={}
        )
        people.withdraw_consent(borrower_id=shopper, text_code="means", channel="web")
        assert services.wants_means(borrower_id=shopper, application_id=application_id)
        assert credit.forget_means(business_date.current()) == {"forgotten": 1}
        assert credit.forget_means(business_date.current()) == {}


class TestLists:
    def test_who_stands_on_a_list_is_declined_and_told_nothing_of_it(self, shopper):
        number = Identity.objects.get(borrower_id=shopper).id_number
        told = {"do": "add", "list_code": "fraud", "kind": "id_number", "value": number}
        second_pair(kind="credit.list_entry", arguments=told)
        application_id = started(shopper)
        assert judged(shopper, application_id).reasons == ["blocked"]
        application = credit_queries.application(borrower_id=shopper, application_id=application_id)
        own = reviews.own_decision(application=application)
        assert own.reasons == ("综合评估后，这次没有通过。",)
        assert own.can_ask
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(e)::text FROM credit_listentry e")
            assert number not in cursor.fetchone()[0]

    def test_nobody_is_put_on_a_list_by_one_person_alone(self, shopper):
        from fenqi.plumbing.four_eyes import SecondPairMissing
        from fenqi.plumbing.ids import new_id

        with pytest.raises(SecondPairMissing):
            credit.add_to_list(
                approval_id=new_id(),
                staff="lin",
                list_code="fraud",
                kind="phone",
                value="13800001234",
                reason="x",
            )


def test_a_signal_never_reaches_the_applicant(shopper):
    """Whatever fires, the applicant reads only what cannot help to get round it and names nobody else."""
    on = business_date.current()
    from fenqi.credit import decision_rules

    for rule in decision_rules.in_force(on=on).rules:
        told = decision_rules.reason_for_applicant(rule.reason, on=on)
        if rule.kind == "signal" or rule.reason in ("blocked", "contact_named"):
            assert told["is_neutral"], rule.id
        assert told["words"]
        assert told["next"]
    assert clock.now()
