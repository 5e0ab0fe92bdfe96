"""Decisions on applications: kept whole and read again, scores, means, lists, and what the applicant is told."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from fenqi.credit import decision_rules, rereading, reviews
from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.credit.models import ScoreInquiry
from fenqi.credit.services import asking
from fenqi.domain.decision import NOT_NEEDED
from fenqi.people import services as people
from fenqi.people.models import Identity
from fenqi.people.services.one_person import bind_person
from fenqi.plumbing import business_date, clock
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import GateAnswer
from fenqi.purchases import services
from tests.people.browsing import id_number
from tests.purchases import shopping
from tests.purchases.deciding import (
    TELEVISION_FEN,
    judged,
    put_on_list,
    started,
    state_of,
    unhindered,
    with_rules,
)
from tests.purchases.shopping import PHONE_FEN
from tests.servicing import books
from tests.support.owner import as_owner


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

    def test_the_application_cannot_change_it_and_the_owner_is_found_out(self, shopper):
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

        unhindered(*[advance] * 4)
        assert ScoreInquiry.objects.count() == 1
        assert state_of(shopper, application_id) == "approved"

    def test_without_the_consent_nobody_is_asked(self, shopper):
        application_id = self.large(shopper)
        people.withdraw_consent(borrower_id=shopper, text_code="bureau_query", channel="web")
        services.advance_application(borrower_id=shopper, application_id=application_id)
        assert state_of(shopper, application_id) == "started"
        asking.ask_score(borrower_id=shopper, application_id=application_id)
        assert ScoreInquiry.objects.get().state == "DENIED"
        assert not GateAnswer.objects.get(subject=f"score:{application_id}").allowed


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
        put_on_list("id_number", number)
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
    for rule in decision_rules.in_force(on=on).rules:
        told = decision_rules.reason_for_applicant(rule.reason, on=on)
        if rule.kind == "signal" or rule.reason in ("blocked", "contact_named"):
            assert told["is_neutral"], rule.id
        assert told["words"]
        assert told["next"]
    assert clock.now()
