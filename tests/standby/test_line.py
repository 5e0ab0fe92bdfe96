"""The standby line: a limit by rule, draws that never exceed it, money that leaves once, interest by the day."""

from __future__ import annotations

import json
import threading

import pytest
from django.db import connection

from fenqi.credit.errors import ExposureExceeded
from fenqi.credit.models import Commitment
from fenqi.payments.models import PayOut
from fenqi.people import queries as people
from fenqi.people.models import Identity
from fenqi.people.services import record_consent
from fenqi.plumbing import rule_data
from fenqi.plumbing.idempotency import ReferenceReused
from fenqi.plumbing.models import RuleDatum
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services
from fenqi.standby import checks, offer, queries, services
from fenqi.standby.errors import (
    AmountOutOfRange,
    ConsentMissing,
    LineFrozen,
    NoLine,
    NotEligible,
    TermUnknown,
)
from fenqi.standby.models import StandbyDraw
from tests.servicing import books
from tests.support.sandbox import CARDS
from tests.support.second_pair import second_pair
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db(transaction=True)

ON = books.OPENED


@pytest.fixture
def shopper(settings, sandbox):
    case.open_shop(settings, with_sandbox=True)
    borrower_id = case.a_person(card=CARDS[0])
    sandbox.set_balance(CARDS[0], 0)
    return borrower_id


@pytest.fixture
def line(shopper):
    services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={})
    return shopper


def draw(borrower_id, fen=100_000, *, reference="draw-1", installments=1):
    card_id = people.cards(borrower_id)[0].id
    return services.draw(
        borrower_id=borrower_id,
        amount_fen=fen,
        installments=installments,
        card_id=card_id,
        on=ON,
        reference=reference,
    )


class TestApplying:
    def test_gives_a_limit_with_its_reasons(self, shopper):
        assert services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={}) == 800_000
        line = queries.line(shopper)
        assert (line.available_fen, line.reasons) == (800_000, (("base", 800_000), ("paid_in_time", 0)))
        assert people.has_consent(borrower_id=shopper, text_code="standby")

    def test_installments_paid_in_time_raise_it(self, shopper):
        loan_id = case.a_loan(shopper)
        servicing_services.record_repayment(
            borrower_id=shopper,
            loan_id=loan_id,
            amount_fen=44_979 * 2,
            received_on=ON,
            reference="r",
            source="manual",
        )
        assert services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={}) == 900_000

    def test_again_tells_the_same_limit(self, line):
        assert services.apply(borrower_id=line, agrees=True, on=ON, evidence={}) == 800_000

    def test_needs_consent(self, shopper):
        with pytest.raises(ConsentMissing):
            services.apply(borrower_id=shopper, agrees=False, on=ON, evidence={})
        assert queries.line(shopper) is None

    def test_says_which_rule_refuses(self, settings, sandbox):
        case.open_shop(settings, with_sandbox=True)
        without_card = case.a_person("13700001111", card=None)
        with pytest.raises(NotEligible) as refusal:
            services.apply(borrower_id=without_card, agrees=True, on=ON, evidence={})
        assert refusal.value.details["rules"] == ["card"]

    def test_an_overdue_bill_refuses(self, shopper):
        case.a_loan(shopper)
        books.move_to(ON + case.days(60))
        with pytest.raises(NotEligible) as refusal:
            services.apply(borrower_id=shopper, agrees=True, on=ON + case.days(60), evidence={})
        assert refusal.value.details["rules"] == ["overdue"]


class TestDrawing:
    def test_pays_out_to_the_card_and_opens_a_loan(self, line, sandbox):
        draw_id = draw(line)
        assert queries.line(line).pending_fen == 100_000
        assert queries.line(line).available_fen == 700_000
        case.settle_outbox()
        found = queries.draw(borrower_id=line, draw_id=draw_id)
        assert found.state == "paid_out"
        assert sandbox.balance(CARDS[0]) == 100_000
        loan = servicing.loan(borrower_id=line, loan_id=found.loan_id)
        assert (loan.product, loan.principal_fen, loan.lender_code) == ("standby", 100_000, "hulian")
        assert queries.line(line).available_fen == 700_000

    def test_twenty_days_cost_twenty_days(self, line):
        preview = queries.draw_preview(line=queries.line(line), amount_fen=100_000, installments=1)
        assert preview.first_day_fen == 50
        assert {row.days: row.interest_fen for row in preview.by_date}[20] == 1_000
        draw(line)
        case.settle_outbox()
        books.move_to(ON + case.days(20))
        loan = queries.line(line).loans[0]
        quote = servicing_services.quote_settlement(borrower_id=line, loan_id=loan.id, on=ON + case.days(20))
        assert quote.amount_fen == 101_000
        servicing_services.settle(borrower_id=line, loan_id=loan.id, offer_id=quote.id, reference="back")
        assert queries.line(line).available_fen == 800_000

    def test_pressed_twice_leaves_once(self, line, sandbox):
        assert draw(line) == draw(line)
        case.settle_outbox()
        assert sandbox.balance(CARDS[0]) == 100_000
        with pytest.raises(ReferenceReused):
            draw(line, 200_000)

    @pytest.mark.parametrize("fen", [0, -100_000, 9_900, 10_050, 800_100, 810_000])
    def test_refuses_amounts_out_of_range(self, fen, line):
        with pytest.raises(AmountOutOfRange) as refusal:
            draw(line, fen)
        assert refusal.value.field == "amount"
        assert not StandbyDraw.objects.exists()

    def test_refuses_a_term_nobody_offered(self, line):
        with pytest.raises(TermUnknown):
            draw(line, installments=7)

    def test_refuses_without_a_line(self, shopper):
        with pytest.raises(NoLine):
            draw(shopper)

    def test_refuses_while_a_bill_is_overdue(self, line):
        draw(line)
        case.settle_outbox()
        books.move_to(ON + case.days(90))
        with pytest.raises(LineFrozen):
            draw(line, reference="draw-2")

    def test_a_pay_out_that_fails_owes_nothing(self, line, sandbox):
        sandbox.fault("channel", "decline")
        draw_id = draw(line)
        case.settle_outbox()
        sandbox.heal("channel", "decline")
        assert queries.draw(borrower_id=line, draw_id=draw_id).state == "failed"
        assert queries.line(line).available_fen == 800_000
        assert servicing.loans(line) == []

    def test_an_unknown_outcome_holds_the_limit(self, line, sandbox):
        sandbox.fault("channel", "lost_answer")
        draw(line)
        case.settle_outbox()
        assert queries.line(line).available_fen == 700_000
        assert servicing.loans(line) == []

    def test_the_loan_is_opened_once_however_often_it_is_told(self, line):
        draw_id = draw(line)
        case.settle_outbox()
        payout_id = PayOut.objects.get().id
        for _ in range(3):
            services.payout_succeeded(borrower_id=line, draw_id=draw_id, payout_id=payout_id, on=ON)
        assert len(servicing.loans(line)) == 1

    def test_draws_at_once_never_exceed_the_limit(self, line):
        outcomes = []

        def one(number):
            try:
                draw(line, 300_000, reference=f"race-{number}")
                outcomes.append("drawn")
            except AmountOutOfRange:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["drawn"] * 2 + ["refused"] * 4


class TestTheOffer:
    def test_never_costs_more_than_its_cap(self, db):
        terms = offer.current(ON)
        assert terms.annual_rate <= terms.cap_annual_rate

    def test_consents_name_the_text_that_stands(self, shopper):
        record_consent(borrower_id=shopper, text_code="standby", channel="web", evidence={})
        assert "按日" in people.text(code="standby", language="zh").body


class TestOnePerson:
    """The line and everything else one person may owe stand under the same limits."""

    def limit(self, fen):
        rules = json.loads(json.dumps(rule_data.value("credit.rules", on=ON)))
        for rule in rules["rules"]:
            if rule["id"] == "person-limit":
                rule["above"] = fen
        RuleDatum.objects.create(name="credit.rules", valid_from=ON, value=rules)

    def test_a_line_holds_its_limit_and_draws_are_not_counted_twice(self, line):
        held = Commitment.objects.get(borrower_id=line, kind="line")
        assert held.amount_fen == queries.line(line).limit_fen == 800_000
        draw(line, 500_000)
        case.settle_outbox()
        person = people.one_person(line)
        owed = servicing.standing_of(person.account_ids, frozenset({line})).owed_by_lender
        assert sum(owed.values()) == 0
        assert sum(servicing.standing_of(person.account_ids, frozenset()).owed_by_lender.values()) == 500_000

    def test_it_is_opened_as_far_as_there_is_room(self, shopper):
        self.limit(1_000_000)
        books.a_loan(borrower_id=shopper, principal_fen=700_000)
        assert services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={}) == 300_000
        assert queries.line(shopper).reasons[-1] == ("room_left", -500_000)
        assert list(checks.differences()) == []

    def test_without_room_there_is_no_line(self, shopper):
        self.limit(1_000_000)
        books.a_loan(borrower_id=shopper, principal_fen=995_000)
        with pytest.raises(ExposureExceeded):
            services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={})
        assert queries.line(shopper) is None

    def test_who_stands_on_a_list_gets_none_and_is_told_nothing_of_it(self, shopper):
        told = {"do": "add", "list_code": "fraud", "kind": "phone", "value": "13800001234"}
        second_pair(kind="credit.list_entry", arguments=told)
        with pytest.raises(NotEligible) as refusal:
            services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={})
        assert refusal.value.details["rules"] == ["neutral"]

    def test_a_student_gets_none_from_a_microloan_company(self, shopper):
        Identity.objects.filter(borrower_id=shopper).update(is_student=True)
        with pytest.raises(NotEligible) as refusal:
            services.apply(borrower_id=shopper, agrees=True, on=ON, evidence={})
        assert refusal.value.details["rules"] == ["student_refused"]
