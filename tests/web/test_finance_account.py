"""Automatic repayment, disputes and standby cash over HTTP: bad input is told at the field and changes nothing."""

from __future__ import annotations

import datetime
import uuid

import pytest

from fenqi.bureau.models import CreditRow, Dispute
from fenqi.payments import queries as payments
from fenqi.people import queries as people
from fenqi.servicing import queries as servicing
from fenqi.standby import queries as standby
from fenqi.standby.models import StandbyDraw
from tests.support.pages import make_stale
from tests.support.sandbox import CARDS
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper(settings, sandbox):
    case.open_shop(settings, with_sandbox=True)
    borrower_id = case.a_person(card=CARDS[0])
    sandbox.set_balance(CARDS[0], 0)
    return borrower_id


@pytest.fixture
def client(shopper):
    return case.signed_in(shopper)


class TestAutopay:
    ADDRESS = "/finance/account/autopay/"

    def test_is_switched_on_with_a_card_and_off_again(self, client, shopper):
        card_id = str(people.cards(shopper)[0].id)
        assert client.post(self.ADDRESS, {"is_on": "on", "card": card_id}).status_code == 302
        assert payments.autopay(shopper).is_on
        assert "尾号 0011" in client.get("/finance/account/").content.decode()
        client.post(self.ADDRESS, {"card": card_id})
        assert not payments.autopay(shopper).is_on

    @pytest.mark.parametrize("card", ["", "nonsense", "0198f6c2-0000-7000-8000-000000000001"])
    def test_needs_a_card_of_ones_own(self, card, client, shopper):
        response = client.post(self.ADDRESS, {"is_on": "on", "card": card})
        assert response.status_code == 422
        assert "请选择一张" in response.content.decode() or "请从列表里" in response.content.decode()
        assert not payments.autopay(shopper).is_on

    def test_a_silent_channel_is_said_and_nothing_changes(self, client, shopper, sandbox):
        sandbox.fault("channel", "outage")
        card_id = str(people.cards(shopper)[0].id)
        assert client.post(self.ADDRESS, {"is_on": "on", "card": card_id}).status_code == 422
        sandbox.heal("channel", "outage")
        assert not payments.autopay(shopper).is_on


class TestDispute:
    @pytest.fixture
    def address(self, shopper):
        loan_id = case.a_loan(shopper)
        CreditRow.objects.create(
            borrower_id=shopper,
            loan_id=loan_id,
            month=datetime.date(2026, 2, 1),
            status="1",
            days_past_due=9,
            as_of=datetime.date(2026, 2, 17),
        )
        return f"/finance/credit/{servicing.loans(shopper)[0].number}/2026-02/dispute/"

    def test_marks_the_month_and_says_when_the_answer_comes(self, client, address):
        assert client.post(address, {"reason": "2 月 8 日已付清"}).status_code == 302
        text = client.get("/finance/credit/").content.decode()
        assert "异议处理中" in text and "1月28日" in text

    @pytest.mark.parametrize(("reason", "words"), [("", "请写明哪里不对"), ("长" * 501, "最多 500 个字")])
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, reason, words, client, address):
        response = client.post(address, {"reason": reason})
        assert response.status_code == 422
        assert words in response.content.decode() and reason in response.content.decode()
        assert not Dispute.objects.exists()

    @pytest.mark.parametrize("month", ["2020-01", "2026-13", "nonsense"])
    def test_a_month_without_a_record_is_not_found(self, month, client, address):
        assert client.get(address.replace("2026-02", month)).status_code == 404

    def test_is_nobody_elses(self, address):
        other = case.signed_in(case.a_person("13900005678", card=None))
        assert other.post(address, {"reason": "x"}).status_code == 404


class TestStandby:
    def apply(self, client):
        return client.post("/finance/standby/", {"agrees": "on"})

    def test_applies_draws_and_pays_back(self, client, shopper, sandbox):
        assert self.apply(client).status_code == 302
        preview = case.page(client.get("/finance/standby/draw/?amount=1000&installments=1"))
        costs = {row["data-days"]: row["data-fen"] for row in preview.select('[data-role="cost-by-date"]')}
        assert (costs["1"], costs["20"]) == ("50", "1000")
        sent = case.form_of(preview, "standby-draw-confirm")
        first = client.post("/finance/standby/draw/", sent)
        assert client.post("/finance/standby/draw/", sent).url == first.url
        case.settle_outbox()
        assert (
            case.page(client.get(first.url)).select_one('[data-role="draw-state"]')["data-state"]
            == "paid_out"
        )
        assert sandbox.balance(CARDS[0]) == 100_000
        assert case.fen(case.page(client.get("/finance/standby/")), "standby-available") == 700_000

    def test_needs_the_agreement(self, client, shopper):
        response = client.post("/finance/standby/", {})
        assert response.status_code == 422
        assert "请先阅读并同意" in response.content.decode()
        assert standby.line(shopper) is None

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"amount": "", "installments": "1"}, "请输入要支用的金额"),
            ({"amount": "abc", "installments": "1"}, "请输入金额"),
            ({"amount": "50", "installments": "1"}, "最低 ¥100"),
            ({"amount": "150", "installments": "1"}, "整数倍"),
            ({"amount": "9000", "installments": "1"}, "超过可用额度"),
            ({"amount": "1000", "installments": "7"}, "请选择页面上列出的期数"),
            ({"amount": "1000"}, "请选择期数"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, typed, words, client):
        self.apply(client)
        response = client.get("/finance/standby/draw/", typed)
        assert response.status_code == 422
        assert words in response.content.decode()
        assert f'value="{typed["amount"]}"' in response.content.decode() or not typed["amount"]

    @pytest.mark.parametrize(
        "change", [{"method": ""}, {"method": "0198f6c2-0000-7000-8000-000000000001"}, {"reference": "x"}]
    )
    def test_a_forged_confirmation_draws_nothing(self, change, client):
        self.apply(client)
        page = case.page(client.get("/finance/standby/draw/?amount=1000&installments=1"))
        response = client.post("/finance/standby/draw/", case.form_of(page, "standby-draw-confirm") | change)
        assert response.status_code == 422
        assert not StandbyDraw.objects.exists()

    def test_another_shoppers_draw_is_not_found(self, client):
        assert client.get(f"/finance/standby/draws/{uuid.uuid4()}/").status_code == 404


class TestAFreshProof:
    """Money leaves, and a card is put under automatic repayment, only a short while after a proof."""

    def test_a_draw_asks_first_and_keeps_what_was_typed(self, client, shopper):
        client.post("/finance/standby/", {"agrees": "on"})
        sent = case.form_of(
            case.page(client.get("/finance/standby/draw/?amount=1000&installments=1")), "standby-draw-confirm"
        )
        make_stale(client)
        card = people.cards(shopper)[0].id
        back = f"%2Ffinance%2Fstandby%2Fdraw%2F%3Famount%3D1000%26installments%3D1%26method%3D{card}"
        assert client.post("/finance/standby/draw/", sent)["Location"] == f"/me/confirm/?next={back}"
        assert StandbyDraw.objects.count() == 0

    def test_automatic_repayment_asks_first_unless_it_is_turned_off(self, client, shopper):
        card = str(people.cards(shopper)[0].id)
        make_stale(client)
        asked = client.post("/finance/account/autopay/", {"is_on": "on", "card": card})
        assert asked["Location"].startswith("/me/confirm/")
        assert not payments.autopay(shopper).is_on
        assert client.post("/finance/account/autopay/", {})["Location"] == "/finance/account/autopay/"
