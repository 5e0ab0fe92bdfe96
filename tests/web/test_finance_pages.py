"""The finance app shows what is owed, to its owner only, in few queries and both languages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from fenqi.servicing import queries as servicing
from fenqi.servicing import services
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
    def test_names_lenders_in_the_language_of_the_page(self, shopper, loan):
        client = case.signed_in(shopper)
        for address in [*_addresses(loan.number)[1:7], "/finance/credit/"]:
            page = client.get(address, headers={"Accept-Language": "en"}).content.decode()
            assert "江城银行" not in page.replace("江城银行 (ending in", ""), address  # a card's bank is data
        assert "Jiangcheng Bank" in page
        assert "江城银行" in client.get("/finance/credit/").content.decode()

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

    def test_figures_where_one_pays_lead_to_the_very_same_figure(self, shopper, loan):
        books.move_to(books.OPENED.replace(month=2, day=20))  # late, so that there is a penalty as well
        client, shown = case.signed_in(shopper), {}
        for address in _addresses(loan.number)[1:7]:
            page = case.page(client.get(address.replace("choice=next", "choice=due")))
            shown |= {link["href"]: link.contents[0] for link in page.select("a.why-link")}
        figures = {address.rstrip("/").rsplit("/", 1)[1] for address in shown}
        assert figures >= {"bill", "penalty-1", "outstanding", "settlement", "settlement_fee", "saved"}
        for address, amount in shown.items():
            assert case.page(client.get(address)).select_one(".why-body .money").text == amount, address

    def test_a_bill_is_the_sum_of_lines_that_each_explain_themselves(self, shopper, loan):
        case.a_loan(shopper)
        client = case.signed_in(shopper)
        [bill, *_later] = case.page(client.get("/finance/bills/")).select('[data-role="why-bill"]')
        lines = [link["href"] for link in bill.select("a.why-link")]
        assert len(set(lines)) == 2
        parts = [case.fen(case.page(client.get(line)), "why") for line in lines]
        assert sum(parts) == int(bill.select_one("[data-fen]")["data-fen"])

    def test_home_adds_up_what_several_lenders_want_on_one_day(self, shopper, loan):
        case.a_loan(shopper, lender_code="hulian")
        soup = case.page(case.signed_in(shopper).get("/finance/"))
        assert case.fen(soup, "next-due-amount") == 2 * 44_979
        assert soup.select_one(".due-head .button")["href"] == "/finance/bills/"
        debit = case.page(case.signed_in(shopper).get("/finance/account/autopay/"))
        assert "¥899.58" in debit.text

    def test_settling_adds_up_when_interest_was_paid_ahead(self, shopper, loan):
        services.record_repayment(
            borrower_id=shopper,
            loan_id=loan.id,
            amount_fen=10_000,
            received_on=books.OPENED,
            reference="ahead",
            source="manual",
        )
        page = case.page(case.signed_in(shopper).get(f"/finance/loans/{loan.number}/settle/"))
        facts = [row.dd.get_text(strip=True) for row in page.select(".facts > div")]
        parts = facts[
            : next(n for n, row in enumerate(page.select(".facts > div")) if "sum" in row.get("class", []))
        ]
        fen = sum(
            int("".join(filter(str.isdigit, part))) * (-1 if part.startswith("−") else 1) for part in parts
        )
        assert fen == case.fen(page, "settle-amount")

    def test_what_a_draw_costs_is_derived_for_every_date(self, shopper):
        client = case.signed_in(shopper)
        client.post("/finance/standby/", {"agrees": "on"})
        page = case.page(client.get("/finance/standby/draw/?amount=1000&installments=3"))
        rows = page.select('[data-role="cost-by-date"]')
        told = [part.li.text for part in page.select('[data-role="why"] .steps-of-why')]
        assert len(told) == len(rows) > 3
        for row, words in zip(rows, told, strict=True):
            assert row.select("td")[3].text in words

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
