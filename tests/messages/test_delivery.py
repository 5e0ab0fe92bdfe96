"""A message is said once, when it may be said, to the right person; a silent carrier loses nothing."""

import datetime
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation

from fenqi.messages import queries, services
from fenqi.messages.models import Message, PhoneText, State
from fenqi.messages.ports import CarrierRefused
from fenqi.messages.rendering import ContextIncomplete, UnknownTemplate
from fenqi.messages.services import WrongAudience
from fenqi.people import seed
from fenqi.people import services as people
from fenqi.people.models import Account
from fenqi.plumbing import business_date, clock
from fenqi.plumbing.ids import new_borrower_id
from fenqi.plumbing.models import GateAnswer
from tests.support.sandbox import TODAY

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "13800000001"
DUE = {"amount_fen": 44_979, "due_on": "2026-12-08", "link": "/pay/abc/"}
OVERDUE = {**DUE, "days": 4}


@pytest.fixture
def borrower(sandbox):
    business_date.start(TODAY)
    borrower_id = new_borrower_id()
    Account.objects.create(borrower_id=borrower_id, phone=PHONE, email="w@example.com", opened_at=clock.now())
    return borrower_id


def say(borrower_id, template="due_soon", context=DUE, reference="r-1", **others):
    services.send(borrower_id=borrower_id, template=template, context=context, reference=reference, **others)


def at(hour, minute=0, *, on=TODAY):
    return timezone.make_aware(datetime.datetime.combine(on, datetime.time(hour, minute)))


class Refusing:
    """A carrier that takes nothing."""

    def send(self, *, texts):
        raise CarrierRefused("REFUSED")


OFFER = {"text": "手环 8 折", "link": "/p/band-8/", "stop_link": "/me/privacy/"}


class TestOffers:
    def agree(self, borrower_id):
        seed.load_texts()
        people.record_consent(borrower_id=borrower_id, text_code="marketing", channel="web", evidence={})

    def test_go_to_who_agreed_with_the_way_to_stop_them(self, borrower, sandbox):
        self.agree(borrower)
        say(borrower, "offer", OFFER)
        services.deliver_due(as_of=at(10))
        (text,) = sandbox.texts(to=PHONE)
        assert "手环 8 折" in text and "/me/privacy/" in text

    def test_never_agreed(self, borrower, sandbox):
        say(borrower, "offer", OFFER, channels=["sms", "inbox"])
        services.deliver_due(as_of=at(10))
        assert sandbox.texts(to=PHONE) == []
        assert {row.state for row in Message.objects.all()} == {State.WITHHELD}
        assert {answer.rule_id for answer in GateAnswer.objects.all()} == {"conduct.marketing_consent"}
        assert queries.inbox(borrower) == []

    def test_a_withdrawal_stops_what_is_already_queued(self, borrower, sandbox):
        self.agree(borrower)
        say(borrower, "offer", OFFER)
        people.withdraw_consent(borrower_id=borrower, text_code="marketing", channel="web")
        services.deliver_due(as_of=at(10))
        assert sandbox.texts(to=PHONE) == []

    def test_not_at_night(self, borrower, sandbox):
        self.agree(borrower)
        say(borrower, "offer", OFFER)
        services.deliver_due(as_of=at(23))
        assert sandbox.texts(to=PHONE) == []


class TestSaying:
    def test_goes_to_phone_mail_and_inbox_in_plain_words(self, borrower, sandbox, settings):
        settings.PUBLIC_URL = "https://shop.example"
        say(borrower)
        assert services.deliver_due() == 2
        assert sandbox.texts(to=PHONE) == [
            "【青屿商城】您有一笔 ¥449.79 的账单 12月8日 到期，查看与付款：https://shop.example/pay/abc/"
        ]
        assert len(sandbox.texts(kind="email", to="w@example.com")) == 1
        [message] = queries.inbox(borrower)
        assert (message.title, message.link, message.is_read) == ("账单快到期了", "/pay/abc/", False)

    def test_the_inbox_is_read_in_the_language_of_the_page(self, borrower):
        say(borrower)
        with translation.override("en"):
            [message] = queries.inbox(borrower)
        assert message.title == "A bill is due soon"
        assert "Dec 8" in message.body

    def test_is_marked_read_once_looked_at(self, borrower):
        say(borrower)
        assert queries.unread_count(borrower) == 1
        services.mark_inbox_read(borrower_id=borrower)
        assert queries.unread_count(borrower) == 0

    def test_the_same_reference_is_said_once(self, borrower, sandbox):
        for _ in range(3):
            say(borrower)
            services.deliver_due()
        assert len(sandbox.texts(to=PHONE)) == 1
        assert queries.unread_count(borrower) == 1

    def test_leaves_with_the_transaction_or_not_at_all(self, borrower, sandbox):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            say(borrower)
            raise ZeroDivisionError
        assert services.deliver_due() == 0

    def test_without_an_address_mail_fails_and_the_others_go(self, borrower, sandbox):
        Account.objects.update(email="")
        say(borrower)
        services.deliver_due()
        assert {row.channel: row.state for row in queries.log(borrower)} == {
            "sms": "SENT",
            "email": "FAILED",
            "inbox": "SENT",
        }

    def test_nothing_personal_is_kept_in_clear(self, borrower):
        say(borrower)
        with connection.cursor() as cursor:
            cursor.execute("SELECT context FROM messages_message LIMIT 1")
            assert b"2026-12-08" not in bytes(cursor.fetchone()[0])

    @pytest.mark.parametrize(
        ("template", "context", "error"),
        [
            ("no_such", {}, UnknownTemplate),
            ("due_soon", {"amount_fen": 1}, ContextIncomplete),
            ("due_soon", {**DUE, "link": None}, ContextIncomplete),
            (
                "application_decided",
                {"result": "maybe", "lender": "江城银行", "path": "/x"},
                ContextIncomplete,
            ),
            ("people.code", {"code": "1", "minutes": 5}, WrongAudience),
        ],
    )
    def test_a_mistake_is_found_when_it_is_queued(self, borrower, template, context, error):
        with pytest.raises(error):
            say(borrower, template, context)
        assert not Message.objects.exists()

    def test_24_workers_say_it_once(self, borrower, sandbox):
        for number in range(30):
            say(borrower, "paid", {"amount_fen": 1, "link": "/"}, reference=f"r-{number}", channels=["sms"])

        def work(_):
            try:
                return services.deliver_due()
            finally:
                connection.close()

        with ThreadPoolExecutor(24) as pool:
            assert sum(pool.map(work, range(24))) == 30
        assert len(sandbox.texts(to=PHONE)) == 30


class TestConduct:
    @pytest.mark.parametrize(
        ("hour", "minute", "goes"), [(7, 59, False), (8, 0, True), (21, 59, True), (22, 0, False)]
    )
    def test_nobody_is_reminded_in_quiet_hours(self, borrower, sandbox, hour, minute, goes):
        say(borrower, channels=["sms"], at=at(0))
        services.deliver_due(as_of=at(hour, minute))
        assert len(sandbox.texts(to=PHONE)) == goes

    def test_waits_for_the_morning_and_the_answer_is_kept(self, borrower, sandbox):
        say(borrower, channels=["sms"], at=at(22, 30))
        services.deliver_due(as_of=at(22, 30))
        message = Message.objects.get()
        assert (message.state, message.due_at) == (State.QUEUED, at(8, on=TODAY + datetime.timedelta(days=1)))
        answer = GateAnswer.objects.get(subject=f"message:{message.id}")
        assert (answer.allowed, answer.rule_id) == (False, "conduct.quiet_hours")
        services.deliver_due(as_of=message.due_at)
        assert len(sandbox.texts(to=PHONE)) == 1

    def test_what_the_person_just_did_is_said_at_any_hour(self, borrower, sandbox):
        say(borrower, "paid", {"amount_fen": 1, "link": "/"}, channels=["sms"], at=at(23))
        services.deliver_due(as_of=at(23))
        assert len(sandbox.texts(to=PHONE)) == 1

    def test_overdue_is_said_once_a_day_over_a_channel(self, borrower, sandbox):
        for number in range(3):
            say(borrower, "overdue", OVERDUE, reference=f"o-{number}", channels=["sms"])
        services.deliver_due()
        assert len(sandbox.texts(to=PHONE)) == 1
        assert Message.objects.filter(state=State.WITHHELD, rule_id="conduct.collection_cap").count() == 2
        business_date.close(TODAY)
        say(borrower, "overdue", OVERDUE, reference="o-next-day", channels=["sms"])
        services.deliver_due()
        assert len(sandbox.texts(to=PHONE)) == 2

    def test_a_text_about_overdue_bills_uses_neutral_words(self, borrower, sandbox):
        say(borrower, "overdue", OVERDUE, channels=["sms"])
        services.deliver_due()
        [text] = sandbox.texts(to=PHONE)
        assert not any(word in text for word in ("逾期", "欠", "催", "贷款", "罚息"))

    def test_every_message_has_an_answer_of_the_gate(self, borrower):
        say(borrower)
        services.deliver_due()
        assert GateAnswer.objects.filter(gate="conduct", allowed=True).count() == 2


class TestToAPhone:
    def link(self, reference="c-1", applicant="王*"):
        services.send_to_phone(
            phone="13900000002",
            template="people.contact_link",
            context={"applicant": applicant, "path": "/contact/abc/"},
            reference=reference,
        )

    @pytest.mark.parametrize(("carrier", "state"), [(None, State.SENT), ("REFUSED", State.FAILED)])
    def test_a_code_is_not_kept_once_it_has_left(self, borrower, sandbox, settings, carrier, state):
        if carrier:
            settings.FENQI_PORTS = {**settings.FENQI_PORTS, "sms": f"{__name__}.Refusing"}
        services.send_to_phone(
            phone="13900000009",
            template="people.code",
            context={"code": "482913", "minutes": 5},
            reference="c-9",
        )
        assert "482913" in PhoneText.objects.get().context
        services.deliver_due()
        kept = PhoneText.objects.get()
        assert (kept.state, kept.context) == (state, "{}")

    def test_texts_to_strangers_are_forgotten_after_their_days(self, borrower, sandbox):
        for number, reference in ((PHONE, "old"), ("13900000008", "new"), ("13900000007", "waiting")):
            services.send_to_phone(
                phone=number,
                template="people.code",
                context={"code": "482913", "minutes": 5},
                reference=reference,
            )
        services.deliver_due()
        long_ago = clock.now() - datetime.timedelta(days=40)
        PhoneText.objects.filter(reference="old").update(made_at=long_ago)
        PhoneText.objects.filter(reference="waiting").update(made_at=long_ago, state=State.QUEUED)
        assert services.forget_phone_texts(on=TODAY) == 1
        assert set(PhoneText.objects.values_list("reference", flat=True)) == {"new", "waiting"}

    def test_a_code_arrives_at_any_hour(self, borrower, sandbox):
        services.send_to_phone(
            phone=PHONE, template="people.code", context={"code": "123456", "minutes": 5}, reference="code-1"
        )
        services.deliver_due(as_of=at(23, 59))
        assert "123456" in sandbox.texts(to=PHONE)[0]

    def test_a_contact_gets_the_link_and_not_a_word_about_money(self, borrower, sandbox):
        self.link()
        services.deliver_due()
        [text] = sandbox.texts(to="13900000002")
        assert "/contact/abc/" in text
        assert not any(word in text for word in ("¥", "还款", "账单", "分期", "贷款"))

    def test_money_in_a_contacts_text_is_withheld(self, borrower, sandbox):
        self.link(applicant="王* 逾期 ¥500")
        services.deliver_due()
        assert sandbox.texts(to="13900000002") == []
        assert PhoneText.objects.get().rule_id == "conduct.contact_not_the_debt"

    def test_a_bill_cannot_be_sent_to_somebody_elses_phone(self, borrower):
        with pytest.raises(WrongAudience):
            services.send_to_phone(phone="13900000002", template="overdue", context=OVERDUE, reference="x")


class TestSilentCarriers:
    def test_are_tried_again_and_the_text_arrives_once(self, borrower, sandbox):
        sandbox.fault("sms", "lost_answer", times=1)
        say(borrower, channels=["sms"])
        services.deliver_due()
        message = Message.objects.get()
        assert (message.state, message.tries) == (State.QUEUED, 1)
        services.deliver_due(as_of=message.due_at)
        assert len(sandbox.texts(to=PHONE)) == 1
        assert Message.objects.get().state == State.SENT

    def test_give_up_after_the_last_pause(self, borrower, sandbox):
        sandbox.fault("sms", "outage")
        say(borrower, channels=["sms"])
        for _ in range(7):
            services.deliver_due(as_of=Message.objects.get().due_at)
        assert (Message.objects.get().state, Message.objects.get().failure) == (State.FAILED, "NO_ANSWER")

    def test_what_a_dead_worker_left_is_taken_again(self, borrower, sandbox):
        say(borrower, channels=["sms"])
        Message.objects.update(state=State.SENDING, taken_at=clock.wall() - datetime.timedelta(minutes=2))
        services.deliver_due()
        assert Message.objects.get().state == State.SENT

    def test_a_refusal_is_a_failure_with_its_reason(self, borrower, sandbox):
        sandbox.fault("sms", "decline")
        say(borrower, channels=["sms"])
        services.deliver_due()
        assert Message.objects.get().failure == "DECLINED"


def test_contexts_come_back_as_they_were_given(borrower):
    say(borrower)
    assert {row.context for row in Message.objects.all()} == {json.dumps(DUE, ensure_ascii=False)}
