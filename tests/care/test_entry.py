"""The mall's repayment entry closes only when the new way is proven, and those who owe are told where to go."""

from __future__ import annotations

import json
import uuid

import pytest

from fenqi.care import handlers, queries, seed, services
from fenqi.care.errors import EntryNotProven, ReasonMissing
from fenqi.care.models import EntryCohort
from fenqi.messages.models import Message
from fenqi.plumbing import audit
from fenqi.plumbing.errors import NotFound
from fenqi.servicing import queries as servicing
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db

MOVE = {"staff": "运营小陈", "cohort": "all", "is_open": False, "reason": "还款统一到金融页"}


@pytest.fixture
def shopper(settings):
    case.open_shop(settings)
    seed.load()
    return case.a_person()


def repaid_by(entry: str, borrower_id: int, payment_id: uuid.UUID | None = None) -> None:
    handlers.payment_succeeded(
        {
            "purpose": "repayment",
            "borrower_id": borrower_id,
            "payment_id": str(payment_id or uuid.uuid4()),
            "subject": {"entry": entry},
        }
    )


class TestClosing:
    def test_stays_open_until_the_new_way_is_proven(self, shopper):
        repaid_by("mall", shopper)
        with pytest.raises(EntryNotProven) as refusal:
            services.set_mall_entry(**MOVE)
        assert refusal.value.field == "unproven_ok"
        assert queries.repayment_entry(shopper) == "mall"

    @pytest.mark.parametrize("entry", ["finance", "link"])
    def test_closes_once_it_has_taken_a_repayment(self, entry, shopper):
        repaid_by(entry, shopper)
        services.set_mall_entry(**MOVE)
        assert queries.repayment_entry(shopper) == "finance"

    def test_a_repayment_told_twice_proves_once(self, shopper):
        payment_id = uuid.uuid4()
        for _ in range(2):
            repaid_by("link", shopper, payment_id)
        assert queries.mall_entry()[0].proven_repayments == 1

    def test_closes_unproven_only_on_somebodys_word_which_is_kept(self, shopper):
        services.set_mall_entry(**MOVE, unproven_ok=True)
        line = audit.trail(subject="cohort:all")[0]
        assert (line.actor, line.details["unproven_ok"], line.reason) == (
            "staff:运营小陈",
            True,
            "还款统一到金融页",
        )

    def test_opens_again_at_once(self, shopper):
        services.set_mall_entry(**MOVE, unproven_ok=True)
        services.set_mall_entry(**MOVE | {"is_open": True, "reason": "回退"})
        assert queries.repayment_entry(shopper) == "mall"

    def test_needs_a_reason_and_a_known_cohort(self, shopper):
        with pytest.raises(ReasonMissing):
            services.set_mall_entry(**MOVE | {"reason": "  "}, unproven_ok=True)
        with pytest.raises(NotFound):
            services.set_mall_entry(**MOVE | {"cohort": "nobody"}, unproven_ok=True)

    def test_only_the_cohort_moves(self, shopper):
        own = queries.bucket(shopper)
        EntryCohort.objects.all().delete()
        EntryCohort.objects.create(code="pilot", from_bucket=own, to_bucket=own)
        services.set_mall_entry(**MOVE | {"cohort": "pilot"}, unproven_ok=True)
        assert queries.repayment_entry(shopper) == "finance"
        assert queries.repayment_entry(shopper + 1) == "mall"


class TestTelling:
    def test_those_who_owe_get_a_link_that_pays_their_next_bill(self, shopper):
        case.a_loan(shopper)
        case.a_person("13900005678", card=None)
        services.set_mall_entry(**MOVE, unproven_ok=True)
        case.settle_outbox()
        told = Message.objects.filter(template="entry_moved", channel="sms")
        assert [row.borrower_id for row in told] == [shopper]

    def test_once_a_move_however_often_it_is_announced(self, shopper):
        case.a_loan(shopper)
        services.set_mall_entry(**MOVE, unproven_ok=True)
        for _ in range(2):
            handlers.entry_moved({"cohort": "all", "is_mall_open": False})
        assert Message.objects.filter(template="entry_moved", channel="sms").count() == 1

    def test_in_as_many_statements_however_many_they_are(self, shopper, django_assert_max_num_queries):
        case.a_loan(shopper)
        for number in range(3):
            case.a_loan(case.a_person(f"1390000567{number}", card=None))
        services.set_mall_entry(**MOVE, unproven_ok=True)
        # One by one it were more than forty.
        with django_assert_max_num_queries(15):
            assert services.tell_entry_moved(cohort="all") == 4
        told = Message.objects.filter(template="entry_moved", channel="sms")
        assert all(
            servicing.pay_link(json.loads(row.context)["link"].split("/")[2]).amount_fen for row in told
        )
