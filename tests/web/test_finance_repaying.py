"""Repaying from the order, the finance app and a link: previewed, paid once, booked as previewed."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from fenqi.care import services as care
from fenqi.care.seed import load as load_cohorts
from fenqi.payments.models import Payment
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services
from tests.servicing import books
from tests.support.sandbox import CARDS
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db(transaction=True)

CARD = CARDS[0]


@pytest.fixture
def shopper(settings, sandbox):
    case.open_shop(settings, with_sandbox=True)
    load_cohorts()
    borrower_id = case.a_person(card=CARD)
    sandbox.set_balance(CARD, 1_000_000)
    return borrower_id


@pytest.fixture
def loan(shopper):
    case.a_loan(shopper)
    return servicing.loans(shopper)[0]


def now(loan):
    return servicing.loan(borrower_id=loan.borrower_id, loan_id=loan.id)


def pay_in_app(loan, query: str, *, client: Client | None = None, method: str | None = None):
    """Choose, confirm, and come to the outcome page once everything announced was heard."""
    client = client or case.signed_in(loan.borrower_id)
    address = f"/finance/loans/{loan.number}/repay/"
    confirm = case.form_of(case.page(client.get(f"{address}?{query}")), "repay-confirm")
    if method:
        confirm["method"] = method
    response = client.post(address, confirm)
    case.settle_outbox()
    return client, response, confirm


def outcome(client, response):
    soup = case.page(client.get(response.url))
    return soup.select_one('[data-role="payment-state"]')


class TestPayingByCard:
    def test_the_next_bill(self, loan, sandbox):
        client, response, _sent = pay_in_app(loan, "choice=next")
        state = outcome(client, response)
        assert (state["data-state"], state["data-booked"]) == ("succeeded", "yes")
        assert sandbox.balance(CARD) == 1_000_000 - 44_979
        assert now(loan).installments[0].is_paid
        assert now(loan).outstanding_fen == 539_745 - 44_979

    def test_what_the_preview_said_is_what_happens(self, loan):
        client = case.signed_in(loan.borrower_id)
        preview = case.page(client.get(f"/finance/loans/{loan.number}/repay/?choice=amount&amount=1,000"))
        pay_in_app(loan, "choice=amount&amount=1,000", client=client)
        assert now(loan).outstanding_fen == case.fen(preview, "repay-left")

    def test_several_bills(self, loan):
        pay_in_app(loan, "choice=several&number=1&number=2&number=3")
        assert [one.is_paid for one in now(loan).installments[:4]] == [True, True, True, False]

    def test_pressed_twice_pays_once(self, loan, sandbox):
        books.move_to(loan.installments[0].due_on)
        client, first, sent = pay_in_app(loan, "choice=due")
        second = client.post(f"/finance/loans/{loan.number}/repay/", sent)
        case.settle_outbox()
        assert Payment.objects.count() == 1
        assert sandbox.balance(CARD) == 1_000_000 - 44_979
        assert second.url == first.url

    def test_too_little_on_the_card_changes_nothing(self, loan, sandbox):
        sandbox.set_balance(CARD, 100)
        client, response, _sent = pay_in_app(loan, "choice=next")
        assert outcome(client, response)["data-state"] == "failed"
        assert now(loan).outstanding_fen == 539_745

    def test_a_silent_channel_is_not_a_failure(self, loan, sandbox):
        sandbox.fault("channel", "lost_answer")
        client, response, _sent = pay_in_app(loan, "choice=next")
        assert outcome(client, response)["data-state"] == "waiting"
        sandbox.heal("channel", "lost_answer")
        outcome(client, response)
        case.settle_outbox()
        assert outcome(client, response)["data-state"] == "succeeded"
        assert sandbox.balance(CARD) == 1_000_000 - 44_979
        assert now(loan).installments[0].is_paid


class TestPayingAtTheCashier:
    def test_leads_there_and_back(self, loan, sandbox):
        client, response, _sent = pay_in_app(loan, "choice=next", method="cashier")
        assert response.url.startswith("/sandbox/cashier/")
        assert now(loan).outstanding_fen == 539_745
        back = sandbox.press(response.url, account=CARD, do="pay").headers["location"]
        client.get(back)
        case.settle_outbox()
        state = case.page(client.get(back)).select_one('[data-role="payment-state"]')
        assert (state["data-state"], state["data-booked"]) == ("succeeded", "yes")
        assert now(loan).installments[0].is_paid

    def test_coming_back_without_paying_waits_and_offers_to_go_on(self, loan):
        client, response, sent = pay_in_app(loan, "choice=next", method="cashier")
        soup = case.page(client.get(f"/finance/payments/{sent['reference']}/"))
        assert soup.select_one('[data-role="payment-state"]')["data-state"] == "waiting"
        assert soup.select_one(f'a[href="{response.url}"]')


class TestSettling:
    def test_costs_and_saves_what_was_shown(self, loan, sandbox):
        books.move_to(books.OPENED + case.days(20))
        client = case.signed_in(loan.borrower_id)
        address = f"/finance/loans/{loan.number}/settle/"
        soup = case.page(client.get(address))
        shown, saved = case.fen(soup, "settle-amount"), case.fen(soup, "settle-saved")
        assert shown + saved == now(loan).outstanding_fen
        response = client.post(address, case.form_of(soup, "settle-confirm"))
        case.settle_outbox()
        assert outcome(client, response)["data-state"] == "succeeded"
        assert sandbox.balance(CARD) == 1_000_000 - shown
        assert now(loan).is_closed and now(loan).overpaid_fen == 0

    def test_gives_a_certificate_as_page_and_pdf(self, loan):
        client = case.signed_in(loan.borrower_id)
        assert client.get(f"/finance/loans/{loan.number}/certificate/").status_code == 404
        address = f"/finance/loans/{loan.number}/settle/"
        client.post(address, case.form_of(case.page(client.get(address)), "settle-confirm"))
        case.settle_outbox()
        page = case.page(client.get(f"/finance/loans/{loan.number}/certificate/"))
        assert "王*" in page.text and loan.number in page.text
        pdf = client.get(f"/finance/loans/{loan.number}/certificate.pdf")
        assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF")

    def test_everything_means_settling(self, loan):
        client = case.signed_in(loan.borrower_id)
        response = client.get(f"/finance/loans/{loan.number}/repay/?choice=all")
        assert (response.status_code, response.url) == (302, f"/finance/loans/{loan.number}/settle/")


class TestBadInput:
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("choice=", "请选择要还什么"),
            ("choice=nonsense", "请选择要还什么"),
            ("choice=due", "目前没有到期的账单"),
            ("choice=several", "请至少选择一期"),
            ("choice=several&number=2", "请连续选择"),
            ("choice=several&number=99", "请从列表里选择期数"),
            ("choice=several&number=x", "请从列表里选择期数"),
            ("choice=amount&amount=", "请输入金额"),
            ("choice=amount&amount=abc", "请输入金额"),
            ("choice=amount&amount=-5", "请输入金额"),
            ("choice=amount&amount=1.234", "请输入金额"),
            ("choice=amount&amount=0", "0.01"),
            ("choice=amount&amount=99999999", "1,000,000.00"),
            ("choice=amount&amount=1e5", "请输入金额"),
        ],
    )
    def test_says_so_at_the_field_and_charges_nothing(self, query, words, loan):
        client = case.signed_in(loan.borrower_id)
        response = client.get(f"/finance/loans/{loan.number}/repay/?{query}")
        assert response.status_code == 422
        assert words in response.content.decode()
        typed = query.partition("amount=")[2]
        if typed:
            assert f'value="{typed}"' in response.content.decode()
        assert not Payment.objects.exists()

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"amount_fen": "1"}, 409),
            ({"amount_fen": ""}, 409),
            ({"method": ""}, 422),
            ({"method": str(uuid.uuid4())}, 422),
            ({"reference": ""}, 422),
            ({"reference": "x'; DROP TABLE"}, 422),
            ({"choice": "nonsense"}, 422),
        ],
    )
    def test_a_forged_confirmation_charges_nothing(self, change, status, loan):
        client = case.signed_in(loan.borrower_id)
        address = f"/finance/loans/{loan.number}/repay/"
        sent = case.form_of(case.page(client.get(f"{address}?choice=next")), "repay-confirm")
        assert client.post(address, sent | change).status_code == status
        assert not Payment.objects.exists()

    def test_another_shoppers_card_is_refused(self, loan):
        from fenqi.people import queries as people

        stranger = case.a_person("13900005678", card=CARDS[1])
        card_id = str(people.cards(stranger)[0].id)
        client = case.signed_in(loan.borrower_id)
        address = f"/finance/loans/{loan.number}/repay/"
        sent = case.form_of(case.page(client.get(f"{address}?choice=next")), "repay-confirm")
        assert client.post(address, sent | {"method": card_id}).status_code == 422
        assert case.signed_in(stranger).post(address, sent).status_code == 404
        assert not Payment.objects.exists()


class TestPayLink:
    @pytest.fixture
    def link(self, loan):
        return servicing_services.make_pay_link(borrower_id=loan.borrower_id, loan_id=loan.id)

    def test_shows_the_bill_and_a_masked_identity_only(self, link):
        response = Client().get(link)
        text = response.content.decode()
        assert case.fen(case.page(response), "bill-amount") == 44_979
        assert "138****1234" in text
        assert "王小明" not in text and "13800001234" not in text and CARD[-4:] not in text

    def test_pays_without_signing_in_at_the_cashier(self, link, loan, sandbox):
        guest = Client()
        sent = case.form_of(case.page(guest.get(link)), "pay-link-form")
        response = guest.post(link, sent)
        assert guest.post(link, sent).url == response.url
        assert Payment.objects.get().card_id is None
        back = sandbox.press(response.url, account=CARD, do="pay").headers["location"]
        guest.get(back)
        case.settle_outbox()
        text = guest.get(back).content.decode()
        assert 'data-state="succeeded"' in text and "王小明" not in text
        assert now(loan).installments[0].is_paid
        assert care.queries.mall_entry()[0].proven_repayments == 1

    def test_a_paid_bill_takes_no_money_again(self, link, loan):
        servicing_services.record_repayment(
            borrower_id=loan.borrower_id,
            loan_id=loan.id,
            amount_fen=44_979,
            received_on=books.OPENED,
            reference="by hand",
            source="manual",
        )
        assert (
            case.page(Client().get(link)).select_one('[data-role="pay-link-state"]')["data-state"] == "paid"
        )
        assert Client().post(link, {"amount_fen": "44979", "reference": str(uuid.uuid4())}).status_code == 200
        assert not Payment.objects.exists()

    def test_an_expired_link_says_where_to_go(self, link):
        books.move_to(books.OPENED + case.days(400))
        response = Client().get(link)
        assert response.status_code == 410
        assert "/finance/bills/" in response.content.decode()

    def test_a_tampered_link_is_not_found(self, link):
        assert Client().get(link[:-4] + "000/").status_code == 404
        assert Client().get("/pay/" + "a" * 300 + "/").status_code == 404

    def test_a_payment_of_another_is_not_shown(self, link, loan):
        assert Client().get(f"{link}{uuid.uuid4()}/").status_code == 404


class TestEntryMoved:
    def test_the_order_door_leads_to_the_app_with_the_same_choice(self, loan, monkeypatch):
        care.set_mall_entry(staff="运营", cohort="all", is_open=False, reason="迁移", unproven_ok=True)
        from fenqi.web import finance_views_repay

        # The order itself is the mall's; here only the door matters.
        monkeypatch.setattr(finance_views_repay, "loan_of_order", lambda borrower_id, number: now(loan))
        client = case.signed_in(loan.borrower_id)
        response = client.get("/orders/M1/repay/?choice=amount&amount=88")
        assert response.url == f"/finance/loans/{loan.number}/repay/?choice=amount&amount=88"
        posted = client.post("/orders/M1/repay/", {"choice": "next", "amount_fen": "44979"})
        assert posted.url.startswith(f"/finance/loans/{loan.number}/repay/?choice=next")
        assert not Payment.objects.exists()
