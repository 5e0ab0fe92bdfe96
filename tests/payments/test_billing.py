"""The channel's bill of a date against what we know: what it has and we do not is kept, what we have and it does not is told."""

from __future__ import annotations

import datetime
import logging

import pytest

from fenqi.ledger import seed
from fenqi.payments import checks, queries, services, unplaced
from fenqi.payments.models import ChannelBill, Payment
from fenqi.payments.services import RETURN_KIND
from fenqi.plumbing.models import AuditRecord
from tests.payments.test_paying import pay
from tests.support import second_pair as eyes
from tests.support.at_once import at_once
from tests.support.sandbox import TODAY

pytestmark = pytest.mark.django_db(transaction=True)

ONE_DAY = datetime.timedelta(days=1)


@pytest.fixture
def who(cardholder):
    """A card with ¥1,000.00 on it."""
    seed.load()
    return cardholder(100_000)


def figures(on=TODAY):
    bill = ChannelBill.objects.get(on=on)
    return bill.lines, bill.unplaced, bill.unknown, bill.missing


def noted(action):
    return [one.subject for one in AuditRecord.objects.filter(action=action)]


def test_a_bill_of_what_we_know_changes_nothing(who):
    start = pay(who)
    services.refund_payment(
        borrower_id=who.borrower_id, payment_id=start.payment_id, amount_fen=500, reference="r"
    )
    assert services.take_bills(to=TODAY) == 1
    assert figures() == (2, 0, 0, 0)
    assert services.take_bills(to=TODAY) == 0


def test_money_nobody_asked_for_waits_from_the_day_it_came_and_goes_back_where_it_came_from(who, sandbox):
    told = sandbox.stray(who.number, 4_200, on=TODAY - ONE_DAY)
    services.take_bills(to=TODAY - ONE_DAY)
    assert figures(TODAY - ONE_DAY) == (1, 1, 0, 0)
    [waiting] = unplaced.waiting()
    assert (waiting.open_fen, waiting.received_on, waiting.channel_reference) == (
        4_200,
        TODAY - ONE_DAY,
        told["reference"],
    )
    assert list(checks.differences()) == []
    sent = {"money_id": str(waiting.id), "amount_fen": 4_200, "outgoing": ""}
    eyes.second_pair(RETURN_KIND, arguments=sent)
    assert sandbox.balance(who.number) == 100_000
    services.take_bills(to=TODAY)
    assert figures() == (1, 0, 0, 0)  # the return itself, which we know


def test_24_at_once_keep_it_once(who, sandbox):
    sandbox.stray(who.number, 4_200, on=TODAY)
    at_once(*[lambda: services.take_bills(to=TODAY)] * 24)
    assert unplaced.waiting_size() == 1
    assert ChannelBill.objects.count() == 1
    assert list(checks.differences()) == []


def test_an_outcome_we_waited_for_ends(who, sandbox):
    sandbox.fault("channel", "lost_answer", times=1)
    start = pay(who)
    assert start.state == "UNKNOWN"
    services.take_bills(to=TODAY)
    assert queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id).state == "SUCCEEDED"
    assert figures() == (1, 0, 0, 0)


def test_money_that_left_and_is_not_ours_is_told(who, sandbox, caplog):
    start = pay(who)
    services.refund_payment(
        borrower_id=who.borrower_id, payment_id=start.payment_id, amount_fen=500, reference="r"
    )
    from fenqi.payments.models import ChannelSerial, Refund

    refund = Refund.objects.get()
    ChannelSerial.objects.filter(movement_id=refund.id).delete()
    Refund.objects.all().delete()
    caplog.set_level(logging.CRITICAL)
    services.take_bills(to=TODAY)
    assert figures() == (2, 0, 1, 0)
    assert noted("payments.bill.unknown") == [f"R-{who.borrower_id}-{refund.id}"]
    assert unplaced.waiting() == []


def test_what_we_have_as_done_and_the_bill_has_not_is_told(who, sandbox):
    start = pay(who)
    Payment.objects.update(channel_serial="CH-never")
    services.take_bills(to=TODAY)
    assert figures() == (1, 0, 0, 1)
    assert noted("payments.bill.missing") == [f"P-{who.borrower_id}-{start.payment_id}"]


def test_a_channel_that_does_not_answer_is_asked_for_every_date_later(who, sandbox):
    services.take_bills(to=TODAY - 3 * ONE_DAY)
    sandbox.fault("channel", "outage")
    assert services.take_bills(to=TODAY - ONE_DAY) == 0
    sandbox.heal("channel", "outage")
    assert services.take_bills(to=TODAY) == 3
    assert ChannelBill.objects.count() == 4
