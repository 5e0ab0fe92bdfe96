"""What a borrower is told around a due date: the debit beforehand, grace as grace, and only then that it is overdue."""

from __future__ import annotations

import datetime

import pytest

from fenqi.domain.events import Event, EventKind
from fenqi.messages.models import Message
from fenqi.payments.models import Autopay, Mandate
from fenqi.people.models import BankCard
from fenqi.plumbing import clock
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import Announcement
from fenqi.servicing import queries, services
from fenqi.servicing.models import Notice
from tests.servicing.books import FREE, OPENED, a_loan, move_to, start
from tests.servicing.collecting import collect_all, collect_none

pytestmark = pytest.mark.django_db
DUE_1 = datetime.date(2026, 2, 8)
ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def open_books(db: None, settings) -> None:
    settings.DAYEND_STEPS = []
    start()


def let_debits_run(borrower_id: int) -> None:
    card_id, mandate_id, now = new_id(), new_id(), clock.now()
    BankCard.objects.create(
        borrower_id=borrower_id,
        id=card_id,
        number_index=bytes(32),
        phone="13800000001",
        tail="0011",
        bank="江城银行",
        status="active",
        serial="CT1",
        asked_at=now,
        bound_at=now,
    )
    mandate = {"borrower_id": borrower_id, "id": mandate_id, "card_id": card_id, "payee": "青屿商城"}
    Mandate.objects.create(**mandate, max_fen=5_000_000, number="MD1", state="ACTIVE", signed_at=now)
    Autopay.objects.create(borrower_id=borrower_id, is_on=True, mandate_id=mandate_id, changed_at=now)


def told(on: datetime.date) -> list[str]:
    """The templates queued until the day-end before a date, as texts."""
    services.run_dayend(to=on, collect=collect_none)
    return list(
        Message.objects.filter(channel="sms").order_by("made_at", "id").values_list("template", flat=True)
    )


def test_the_debit_is_announced_two_days_before_to_those_who_let_it_run() -> None:
    borrower_id, _loan_id = a_loan()
    assert "debit_scheduled" not in told(DUE_1 - 2 * ONE_DAY)
    let_debits_run(borrower_id)
    assert told(DUE_1 + 26 * ONE_DAY).count("debit_scheduled") == 1
    message = Message.objects.get(template="debit_scheduled", channel="inbox")
    assert '"tail": "0011"' in message.context


def test_within_grace_nobody_is_told_that_it_is_overdue() -> None:
    a_loan()
    texts = told(DUE_1 + 5 * ONE_DAY)
    assert texts == ["due_soon", "due_soon", "due_today", "in_grace", "overdue"]
    assert '"grace_until_on": "2026-02-11"' in Message.objects.get(template="in_grace", channel="sms").context


def test_a_late_reminder_does_not_lead_to_a_link_that_has_run_out() -> None:
    borrower_id, loan_id = a_loan()
    bill = {"borrower_id": borrower_id, "loan_id": loan_id, "due_on": DUE_1}
    link = services.make_pay_link(**bill)
    token = link.split("/")[2]
    move_to(DUE_1 + 61 * ONE_DAY)
    assert queries.pay_link(token).state == "expired"
    assert services.make_pay_link(**bill) == link
    assert queries.pay_link(token).state == "open"


def test_a_notice_nothing_can_be_said_of_keeps_no_other_waiting() -> None:
    of_no_loan = {"borrower_id": 1, "loan_id": new_id(), "lender_code": "jiangcheng", "on_date": OPENED}
    Notice.objects.create(
        **of_no_loan, template="paid", key="x:2", amount_fen=1, made_at=clock.midnight(OPENED)
    )
    borrower_id, loan_id = a_loan()
    services.record_repayment(borrower_id=borrower_id, loan_id=loan_id, amount_fen=100, reference="r")

    assert services.hand_over_notices() == 2

    assert set(Message.objects.values_list("borrower_id", "template")) == {(borrower_id, "paid")}
    assert services.hand_over_notices() == 0


def settled_announced() -> int:
    """Settlements announced, once letters are on their way too."""
    services.hand_over_notices()
    return Announcement.objects.filter(topic="servicing.loan.settled").count()


class TestALoanPaidOffIsAnnouncedOnce:
    def test_by_the_last_debit_of_the_plan(self) -> None:
        a_loan(FREE, 60_000)
        services.run_dayend(to=datetime.date(2026, 4, 9), collect=collect_all)
        assert settled_announced() == 1

    def test_by_a_debit_the_engine_books(self) -> None:
        borrower_id, loan_id = a_loan(FREE, 60_000)
        services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=5_000, reference="a part"
        )
        services.run_dayend(to=datetime.date(2026, 4, 9), collect=collect_all)
        assert settled_announced() == 1

    def test_by_more_than_is_owed_and_not_again_when_that_goes_back(self) -> None:
        borrower_id, loan_id = a_loan(FREE, 60_000)
        services.record_repayment(
            borrower_id=borrower_id, loan_id=loan_id, amount_fen=60_777, reference="too much"
        )
        assert settled_announced() == 1
        back = Event(id="new", kind=EventKind.OVERPAYMENT_REFUND, on=OPENED, amount_fen=777)
        services.record_event(borrower_id=borrower_id, loan_id=loan_id, event=back, reference="sent back")
        assert settled_announced() == 1

    def test_by_goods_given_back_of_which_nobody_is_told(self) -> None:
        borrower_id, loan_id = a_loan(FREE, 60_000)
        goods = Event(id="new", kind=EventKind.MERCHANT_REFUND, on=OPENED, amount_fen=60_000)
        services.record_event(borrower_id=borrower_id, loan_id=loan_id, event=goods, reference="goods")
        assert settled_announced() == 1
        assert not Notice.objects.exists()
