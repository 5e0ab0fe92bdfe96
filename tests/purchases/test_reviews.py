"""People over machines: referred applications, wishes for a human look, overrides by two, and what nobody may override."""

from __future__ import annotations

import datetime

import pytest

from fenqi.credit import queries as credit_queries
from fenqi.credit import rereading, reviews
from fenqi.credit import services as credit
from fenqi.credit.errors import (
    ApplicationMovedOn,
    DecisionNotOpen,
    ExposureExceeded,
    OverrideImpossible,
    ReasonMissing,
    ReviewNotOpen,
)
from fenqi.credit.models import Commitment, Decision, ReviewRequest
from fenqi.mall import queries as mall_queries
from fenqi.people.models import Identity
from fenqi.plumbing import audit, clock, four_eyes
from fenqi.purchases import services
from tests.purchases import shopping
from tests.purchases.deciding import limit, put_on_list, started, state_of
from tests.purchases.shopping import FREE_3, PHONE_FEN
from tests.support.second_pair import approval, approve, propose
from tests.web.finance_cases import settle_outbox


@pytest.fixture
def blocked(shopper):
    """On a list by mistake."""
    put_on_list("phone", "13800001234")
    return shopper


def declined(borrower_id, order=None):
    order = order or shopping.an_order(borrower_id, financed=[PHONE_FEN])
    application_id = shopping.an_application(borrower_id, order)
    shopping.settle()
    assert state_of(borrower_id, application_id) == "declined"
    return application_id


def override(borrower_id, application_id, *, code="data_wrong"):
    arguments = {
        "borrower_id": borrower_id,
        "application_id": str(application_id),
        "reason_code": code,
        "answer": "已核实，名单登记有误",
    }
    return propose("credit.override", borrower_id=borrower_id, arguments=arguments)


def own(borrower_id, application_id):
    return reviews.own_decision(
        application=credit_queries.application(borrower_id=borrower_id, application_id=application_id)
    )


class TestAsking:
    def test_once_for_a_decision_tracked_with_a_deadline_and_the_goods_are_kept(self, blocked):
        order = shopping.an_order(blocked, financed=[PHONE_FEN])
        application_id = declined(blocked, order)
        first = credit.request_review(borrower_id=blocked, application_id=application_id, words=" 请再看看 ")
        assert credit.request_review(borrower_id=blocked, application_id=application_id, words="x") == first
        settle_outbox()
        asked = ReviewRequest.objects.get()
        assert (asked.words, asked.answer_by - asked.asked_at) == ("请再看看", datetime.timedelta(hours=24))
        kept = mall_queries.order(borrower_id=blocked, order_id=order.id)
        assert kept.state == "in_review"
        assert kept.expires_at > clock.wall() + datetime.timedelta(hours=23)
        assert [(one.words, view.id) for one, view in reviews.open_requests()] == [
            ("请再看看", application_id)
        ]
        assert not own(blocked, application_id).can_ask

    def test_another_decline_may_be_asked_about_again(self, blocked):
        order = shopping.an_order(blocked, financed=[PHONE_FEN])
        first = declined(blocked, order)
        credit.request_review(borrower_id=blocked, application_id=first, words="")
        second = declined(blocked, order)
        assert own(blocked, second).can_ask
        credit.request_review(borrower_id=blocked, application_id=second, words="")
        assert ReviewRequest.objects.count() == 2

    def test_not_where_a_person_has_decided_or_nobody_declined(self, shop, shopper):
        approved = shopping.an_application(shopper, shopping.an_order(shopper, financed=[PHONE_FEN]))
        with pytest.raises(ReviewNotOpen):
            credit.request_review(borrower_id=shopper, application_id=approved, words="")
        referred = refer(shopper)
        services.review_application(
            staff="lin",
            borrower_id=shopper,
            application_id=referred,
            approve=False,
            reason_code="documents_incomplete",
            words="资料不全",
        )
        with pytest.raises(ReviewNotOpen):
            credit.request_review(borrower_id=shopper, application_id=referred, words="")
        assert not own(shopper, referred).is_automatic

    def test_the_lender_s_decline_is_answered_but_not_overridden(self, shop, shopper):
        shop.fault("lender", "decline")
        application_id = declined(shopper)
        told = own(shopper, application_id)
        assert (told.by_lender, told.reasons) == (True, ("贷款机构按其规则作出了决定。",))
        credit.request_review(borrower_id=shopper, application_id=application_id, words="")
        with pytest.raises(OverrideImpossible):
            override(shopper, application_id)
        uphold(shopper, application_id)
        assert own(shopper, application_id).request.answer == "资料已正确送达，贷款机构维持决定。"


def refer(borrower_id):
    Identity.objects.filter(borrower_id=borrower_id).update(is_student=True)
    application_id = started(borrower_id)
    services.advance_application(borrower_id=borrower_id, application_id=application_id)
    Identity.objects.filter(borrower_id=borrower_id).update(is_student=False)
    assert state_of(borrower_id, application_id) == "referred"
    return application_id


def uphold(borrower_id, application_id, words="资料已正确送达，贷款机构维持决定。"):
    credit.uphold(
        staff="lin",
        borrower_id=borrower_id,
        application_id=application_id,
        reason_code="decision_upheld",
        words=words,
    )
    settle_outbox()


class TestUpholding:
    def test_it_is_answered_in_words_kept_and_attributed(self, blocked):
        order = shopping.an_order(blocked, financed=[PHONE_FEN])
        application_id = declined(blocked, order)
        credit.request_review(borrower_id=blocked, application_id=application_id, words="")
        with pytest.raises(ReasonMissing):
            uphold(blocked, application_id, words=" ")
        uphold(blocked, application_id, words="三个月后可再申请")
        asked = own(blocked, application_id).request
        assert (asked.state, asked.answer) == ("upheld", "三个月后可再申请")
        word = Decision.objects.filter(by="staff").get()
        assert (word.result, word.reasons, word.decided_by) == ("DECLINED", ["decision_upheld"], "lin")
        assert mall_queries.order(borrower_id=blocked, order_id=order.id).state == "awaiting_payment"
        with pytest.raises(ReviewNotOpen):
            uphold(blocked, application_id)


class TestOverriding:
    def test_two_people_take_a_decline_back_and_the_lender_is_asked(self, blocked):
        application_id = declined(blocked)
        credit.request_review(borrower_id=blocked, application_id=application_id, words="")
        proposal = override(blocked, application_id)
        assert state_of(blocked, application_id) == "declined"
        approve(proposal)
        shopping.settle()
        assert state_of(blocked, application_id) == "approved"
        word = Decision.objects.get(by="staff")
        rules_word = Decision.objects.get(by="rules")
        assert (word.overrides, word.decided_by) == (rules_word.id, "maker + checker")
        assert own(blocked, application_id).request.state == "overturned"
        assert Commitment.objects.get(released_at=None).amount_fen == PHONE_FEN
        assert list(rereading.differences()) == []
        line = audit.trail(subject=f"application:{application_id}")[0]
        assert (line.action, line.actor, line.details["maker"]) == (
            "application.overridden",
            "staff:checker",
            "maker",
        )

    def test_never_by_one(self, blocked):
        application_id = declined(blocked)
        arguments = {
            "borrower_id": blocked,
            "application_id": str(application_id),
            "reason_code": "data_wrong",
            "answer": "x",
        }
        spent = four_eyes.Approval(
            id=approval("credit.override", **{**arguments, "borrower_id": 1}),
            kind="credit.override",
            subject="x",
            borrower_id=blocked,
            arguments=arguments,
            reason="x",
            maker="maker",
            checker="checker",
        )
        with pytest.raises(four_eyes.SecondPairMissing):
            services.override_declined(spent)
        assert state_of(blocked, application_id) == "declined"

    def test_never_against_the_law(self, shopper):
        Identity.objects.filter(borrower_id=shopper).update(is_student=True)
        held = shopping.an_order(shopper, financed=[PHONE_FEN])
        application_id = started(shopper, held, key="hulian.hulian-flat-3")
        services.advance_application(borrower_id=shopper, application_id=application_id)
        assert state_of(shopper, application_id) == "declined"
        with pytest.raises(OverrideImpossible):
            override(shopper, application_id)

    def test_never_past_a_limit_that_was_reached_meanwhile(self, blocked):
        application_id = declined(blocked)
        proposal = override(blocked, application_id)
        limit(PHONE_FEN - 1)
        with pytest.raises(ExposureExceeded):
            approve(proposal)
        assert state_of(blocked, application_id) == "declined"

    def test_not_when_the_applicant_went_another_way(self, blocked):
        order = shopping.an_order(blocked, financed=[PHONE_FEN])
        application_id = declined(blocked, order)
        started(blocked, order, key=FREE_3)
        with pytest.raises(ApplicationMovedOn):
            override(blocked, application_id)

    def test_not_what_is_not_declined(self, shopper):
        with pytest.raises(DecisionNotOpen):
            override(shopper, refer(shopper))
