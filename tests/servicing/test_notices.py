"""What a borrower is told around a due date: the debit beforehand, grace as grace, and only then that it is overdue."""

from __future__ import annotations

import datetime

import pytest

from fenqi.messages.models import Message
from fenqi.payments.models import Autopay, Mandate
from fenqi.people.models import BankCard
from fenqi.plumbing import clock
from fenqi.plumbing.ids import new_id
from fenqi.servicing import services
from tests.servicing.books import a_loan, start
from tests.servicing.collecting import collect_none

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
