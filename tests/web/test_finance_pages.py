"""The finance app shows what is owed, to its owner only, in few queries and both languages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from fenqi.servicing import queries as servicing
from tests.servicing import books
from tests.web import finance_cases as case

pytestmark = pytest.mark.django_db

MOST_QUERIES = 7
MOST_FOR_A_QUOTE = 8  # pricing a settlement keeps the quote


@pytest.fixture
def shopper(settings):
    case.open_shop(settings)
    return case.a_person()


@pytest.fixture
def loan(shopper):
    case.a_loan(shopper)
    return servicing.loans(shopper)[0]


def _addresses(number: str) -> list[str]:
    return [
        "/finance/",
        "/finance/bills/",
        f"/finance/bills/jiangcheng/{books.OPENED.replace(month=2).isoformat()}/",
        f"/finance/loans/{number}/",
        f"/finance/loans/{number}/repay/",
        f"/finance/loans/{number}/repay/?choice=next",
        f"/finance/loans/{number}/settle/",
        f"/finance/loans/{number}/why/installment-1/",
        f"/finance/loans/{number}/why/settlement/",
        "/finance/standby/",
        "/finance/standby/agreement/",
        "/finance/credit/",
        "/finance/account/",
        "/finance/account/autopay/",
        "/finance/inbox/",
        "/help/",
        "/help/?q=提前还款",
        "/help/overdue/",
        "/help/chat/",
    ]


class TestEveryPage:
    @pytest.mark.parametrize("position", range(19))
    def test_answers_in_few_queries(self, position, shopper, loan):
        address = _addresses(loan.number)[position]
        client = case.signed_in(shopper)
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            response = client.get(address)
        assert response.status_code == 200, address
        statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
        assert len(statements) <= (MOST_FOR_A_QUOTE if "settle" in address else MOST_QUERIES), statements

    def test_asks_a_stranger_to_sign_in_and_come_back(self, shopper, loan):
        for address in _addresses(loan.number)[:10]:
            response = Client().get(address)
            assert response.status_code == 302, address
            assert response.url.startswith("/sign-in/?next=%2Ffinance%2F")

    def test_shows_nothing_of_another_shopper(self, shopper, loan):
        other = case.signed_in(case.a_person("13900005678", card=None))
        for address in _addresses(loan.number)[2:9]:
            assert other.get(address).status_code == 404, address

    def test_speaks_english(self, shopper, loan):
        client = case.signed_in(shopper)
        client.cookies["fenqi_language"] = "en"
        text = client.get("/finance/").content.decode()
        translation.activate("zh-hans")
        assert "Bills" in text and "Standby cash" in text


class TestBills:
    def test_lists_every_installment_with_its_parts(self, shopper, loan):
        soup = case.page(case.signed_in(shopper).get(f"/finance/loans/{loan.number}/"))
        rows = soup.select('[data-role="installment"]')
        assert [int(row["data-fen"]) for row in rows] == [44979] * 11 + [44976]
        assert rows[0]["data-due-on"] == "2026-02-08"
        assert "本金 389.80 · 利息 59.99" in rows[0].text
        assert case.fen(soup, "loan-outstanding") == 539_745

    def test_an_empty_list_says_what_will_be_here(self, settings):
        case.open_shop(settings)
        client = case.signed_in(case.a_person(card=None))
        assert case.page(client.get("/finance/bills/")).select_one('[data-role="empty"]')
        assert case.page(client.get("/finance/credit/")).select_one('[data-role="empty"]')
        assert case.page(client.get("/finance/inbox/")).select_one('[data-role="empty"]')

    def test_the_home_page_leads_with_this_month(self, shopper, loan):
        books.move_to(books.OPENED.replace(month=2, day=1))
        soup = case.page(case.signed_in(shopper).get("/finance/"))
        assert case.fen(soup, "month-due") == 44_979
        assert soup.select_one('[data-role="next-due"]')["data-on"] == "2026-02-08"

    def test_says_in_grace_that_nothing_is_lost_yet(self, shopper, loan):
        books.move_to(books.OPENED.replace(month=2, day=10))
        soup = case.page(case.signed_in(shopper).get(f"/finance/loans/{loan.number}/"))
        assert soup.select_one('[data-role="in-grace"]')
        assert not soup.select_one('[data-role="penalty"]')

    def test_says_how_late_and_what_it_costs(self, shopper, loan):
        books.move_to(books.OPENED.replace(month=2, day=20))
        soup = case.page(case.signed_in(shopper).get(f"/finance/loans/{loan.number}/"))
        assert soup.select_one('[data-role="days-past-due"]')["data-days"] == "12"
        penalty = case.fen(soup, "penalty")
        assert penalty > 0
        assert case.fen(soup, "due") == 44_979 + penalty


class TestWhyThisAmount:
    def test_gives_the_steps_and_they_end_in_the_figure(self, shopper, loan):
        client = case.signed_in(shopper)
        soup = case.page(client.get(f"/finance/loans/{loan.number}/why/installment-1/"))
        assert case.fen(soup, "why") == 44_979
        assert "14.4%" in soup.text

    @pytest.mark.parametrize("subject", ["nonsense", "installment-99", "penalty-x", "-1", "installment"])
    def test_an_unknown_figure_is_not_found(self, subject, shopper, loan):
        client = case.signed_in(shopper)
        assert client.get(f"/finance/loans/{loan.number}/why/{subject}/").status_code == 404


class TestCalendar:
    def test_can_be_subscribed_to_without_signing_in(self, shopper, loan):
        soup = case.page(case.signed_in(shopper).get(f"/finance/loans/{loan.number}/"))
        response = Client().get(soup.select_one('[data-role="calendar"]')["href"])
        text = response.content.decode()
        assert response["Content-Type"].startswith("text/calendar")
        assert text.count("BEGIN:VEVENT") == 12
        assert "DTSTART;VALUE=DATE:20260208" in text
        assert "449.79" in text

    def test_a_guessed_address_is_not_found(self, shopper, loan):
        assert Client().get(f"/calendar/{loan.number}/{'0' * 32}.ics").status_code == 404
        assert Client().get(f"/calendar/NOBODY/{'0' * 32}.ics").status_code == 404


class TestTheInstallableShell:
    def test_has_a_manifest_with_icons_and_a_worker_of_its_own(self, client):
        manifest = client.get("/finance/manifest.webmanifest").json()
        assert manifest["start_url"] == "/finance/"
        assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
        worker = client.get("/finance/sw.js")
        assert worker["Content-Type"].startswith("text/javascript")
        assert "/finance/offline/" in worker.content.decode()
        assert client.get("/finance/offline/").status_code == 200
