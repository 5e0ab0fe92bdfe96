"""A shopper and staff talk in one place; what is said stays, sealed, and is nobody else's."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from fenqi.care import queries, services
from fenqi.care.errors import TextMissing, TextTooLong
from fenqi.care.models import Conversation
from fenqi.messages.models import Message
from fenqi.plumbing import audit
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.idempotency import ReferenceReused
from tests.web import finance_cases as case


@pytest.fixture
def shopper(settings, db):
    case.open_shop(settings)
    return case.a_person()


class TestWriting:
    def test_opens_one_conversation_and_goes_on_in_it(self, shopper):
        services.write(borrower_id=shopper, text="为什么多扣了？", about_order="M1", reference="1")
        services.write(borrower_id=shopper, text="是第二期", reference="2")
        found = queries.latest_conversation(shopper)
        assert [one.text for one in found.messages] == ["为什么多扣了？", "是第二期"]
        assert (found.about_order, found.is_waiting) == ("M1", True)

    def test_the_same_press_twice_is_one_message(self, shopper):
        for _ in range(2):
            services.write(borrower_id=shopper, text="在吗", reference="1")
        assert len(queries.latest_conversation(shopper).messages) == 1
        with pytest.raises(ReferenceReused):
            services.write(borrower_id=shopper, text="别的话", reference="1")

    @pytest.mark.parametrize(
        ("text", "refusal"),
        [("", TextMissing), (" \n ", TextMissing), ("\x00", TextMissing), ("长" * 2001, TextTooLong)],
    )
    def test_refuses_what_nobody_can_read(self, text, refusal, shopper):
        with pytest.raises(refusal):
            services.write(borrower_id=shopper, text=text, reference="1")
        assert queries.latest_conversation(shopper) is None

    def test_is_sealed_in_the_database(self, shopper):
        services.write(borrower_id=shopper, text="我的卡号是秘密", reference="1")
        with connection.cursor() as cursor:
            cursor.execute("SELECT text FROM care_conversationmessage")
            assert "秘密".encode() not in bytes(cursor.fetchone()[0])


class TestAnswering:
    @pytest.fixture
    def conversation_id(self, shopper):
        return services.write(borrower_id=shopper, text="怎么提前还款？", reference="1")

    def test_reaches_the_shopper_and_leaves_the_queue(self, shopper, conversation_id):
        assert [row.last_text for row in queries.waiting_conversations()] == ["怎么提前还款？"]
        services.answer(
            staff="小周", borrower_id=shopper, conversation_id=conversation_id, text="账单页点“提前结清”。"
        )
        row = queries.waiting_conversations()[0]
        assert (row.is_waiting, row.phone_masked) == (False, "138****1234")
        assert queries.unread_answers(shopper) == 1
        assert Message.objects.filter(template="care_answered").count() == 1
        assert audit.trail(subject=f"borrower:{shopper}")[0].actor == "staff:小周"

    def test_a_closed_conversation_gives_way_to_a_new_one(self, shopper, conversation_id):
        services.close(staff="小周", borrower_id=shopper, conversation_id=conversation_id)
        again = services.write(borrower_id=shopper, text="又有问题", reference="2")
        assert again != conversation_id
        assert queries.latest_conversation(shopper).conversation_id == again

    def test_nobody_elses_conversation(self, shopper, conversation_id):
        other = case.a_person("13900005678", card=None)
        assert queries.latest_conversation(other) is None
        with pytest.raises(NotFound):
            queries.conversation(borrower_id=other, conversation_id=conversation_id)
        with pytest.raises(NotFound):
            services.answer(staff="小周", borrower_id=other, conversation_id=conversation_id, text="?")


@pytest.mark.django_db(transaction=True)
def test_first_messages_at_once_share_one_conversation(settings):
    case.open_shop(settings)
    shopper = case.a_person()

    def write(number):
        try:
            services.write(borrower_id=shopper, text=f"第 {number} 条", reference=str(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Conversation.objects.count() == 1
    assert len(queries.latest_conversation(shopper).messages) == 6
