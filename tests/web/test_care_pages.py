"""Help and conversation over HTTP."""

from __future__ import annotations

import pytest
from django.test import Client

from fenqi.care import queries
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db


@pytest.fixture
def client_of_shopper(settings):
    case.open_shop(settings)
    borrower_id = case.a_person()
    client = case.signed_in(borrower_id)
    client.borrower_id = borrower_id
    return client


def form(client):
    return case.form_of(case.page(client.get("/help/chat/")), "chat-form")


class TestHelp:
    def test_is_open_to_everybody(self, client_of_shopper):
        for address in ("/help/", "/help/?q=逾期", "/help/overdue/"):
            assert Client().get(address).status_code == 200

    def test_leads_on_to_related_articles(self, client_of_shopper):
        soup = case.page(Client().get("/help/overdue/"))
        links = [link["href"] for link in soup.select('[data-role="related"] a')]
        assert links == ["/help/credit-record/", "/help/autopay/", "/help/repay-early/"]

    def test_shows_what_was_typed_safely_and_a_way_on(self, client_of_shopper):
        response = Client().get("/help/", {"q": "<script>alert(1)</script>"})
        text = response.content.decode()
        assert "<script>alert" not in text and "&lt;script&gt;" in text
        assert "/help/chat/" in text

    def test_an_unknown_article_is_not_found(self, client_of_shopper):
        assert Client().get("/help/nothing/").status_code == 404


class TestChat:
    def test_asks_to_sign_in(self, client_of_shopper):
        assert Client().get("/help/chat/").status_code == 302

    def test_a_message_stands_in_the_conversation(self, client_of_shopper):
        response = client_of_shopper.post(
            "/help/chat/", form(client_of_shopper) | {"text": "第 3 期为什么多了 2 元？"}
        )
        assert response.status_code == 302
        soup = case.page(client_of_shopper.get("/help/chat/"))
        assert "第 3 期为什么多了 2 元？" in soup.select_one('[data-role="messages"]').text
        assert soup.select_one('[data-role="waiting"]')

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"text": ""}, "请先写下您的问题"),
            ({"text": "   "}, "请先写下您的问题"),
            ({"text": "长" * 2001}, "最多 2000 个字"),
            ({"text": "我的问题", "about_order": "NOT-MINE"}, "没有找到这个订单"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, typed, words, client_of_shopper):
        response = client_of_shopper.post("/help/chat/", form(client_of_shopper) | typed)
        assert response.status_code == 422
        assert words in response.content.decode()
        assert typed["text"].strip() in response.content.decode()
        assert queries.latest_conversation(client_of_shopper.borrower_id) is None

    def test_cannot_speak_markup(self, client_of_shopper):
        client_of_shopper.post(
            "/help/chat/", form(client_of_shopper) | {"text": "<img src=x onerror=alert(1)>"}
        )
        assert "<img src=x" not in client_of_shopper.get("/help/chat/").content.decode()

    def test_the_open_page_asks_for_news(self, client_of_shopper):
        client_of_shopper.post("/help/chat/", form(client_of_shopper) | {"text": "在吗"})
        assert "在吗" in client_of_shopper.get("/help/chat/messages/").content.decode()
