"""The ledger at the console: accounts, files, and the loans against the ledger, by figures worked out by hand."""

from __future__ import annotations

import csv
import datetime
import io

import pytest
from beancount import loader
from django.db import connection

from fenqi.servicing import services
from fenqi.servicing.models import Loan
from tests.servicing.books import FREE, OPENED, a_loan, start
from tests.servicing.collecting import collect_all, collect_none
from tests.support.owner import as_owner
from tests.support.pages import csv_rows, page_of

pytestmark = pytest.mark.django_db

DUE_1 = datetime.date(2026, 2, 8)
ONE_DAY = datetime.timedelta(days=1)
CASH, PRINCIPAL = 100201, 130301


@pytest.fixture
def book(settings):
    """¥3,000.00 in three, the first paid on its day; and ¥4,999.00 in twelve, begun the day after."""
    settings.DAYEND_STEPS = []
    start()
    a_loan(FREE, 300_000, borrower_id=31, lender_code="anxin")
    services.run_dayend(to=DUE_1 + ONE_DAY, collect=collect_all)
    a_loan(borrower_id=32, on=DUE_1 + ONE_DAY)
    services.run_dayend(to=DUE_1 + 3 * ONE_DAY, collect=collect_none)


def test_an_accounts_statement_runs_from_its_opening_balance(staff, book):
    browser = staff("qian")
    page = page_of(
        browser.get(f"/ops/books/accounts/{PRINCIPAL}/", {"from": "2026-02-01", "to": "2026-02-28"})
    )
    lines = page.select('[data-role="line"]')
    assert [int(line.select_one("[data-fen]")["data-fen"]) for line in lines] == [200_000, 699_900]
    assert page_of(browser.get("/ops/books/")).select_one(f'a[href^="/ops/books/accounts/{PRINCIPAL}/"]')


def test_as_a_file(staff, book):
    answer = staff("qian").get(
        f"/ops/books/accounts/{PRINCIPAL}/", {"from": "2026-01-01", "to": "2026-02-28", "as": "csv"}
    )
    assert [
        (row["business_date"], row["debit_fen"], row["credit_fen"], row["balance_fen"])
        for row in csv_rows(answer)
    ] == [
        ("2026-01-08", "300000", "0", "300000"),
        ("2026-02-08", "0", "100000", "200000"),
        ("2026-02-09", "499900", "0", "699900"),
    ]


def test_an_account_nobody_knows_is_not_found(staff, book):
    assert staff("qian").get("/ops/books/accounts/999/").status_code == 404


@pytest.mark.parametrize("from_on", ["2026-01-01", "2026-02-09"])
def test_the_beancount_file_is_accepted(staff, book, from_on):
    answer = staff("qian").get("/ops/books/export/", {"from": from_on, "to": "2026-02-10", "as": "beancount"})
    assert f"ledger-{from_on}-2026-02-10.beancount" in answer["Content-Disposition"]
    entries, errors, _options = loader.load_string(b"".join(answer.streaming_content).decode())
    assert errors == []
    assert entries


def test_the_csv_has_every_transfer_of_the_span(staff, book):
    answer = staff("qian").get("/ops/books/export/", {"from": "2026-02-09", "to": "2026-02-09"})
    found = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_transfer WHERE business_date = '2026-02-09'")
        assert len(found) == cursor.fetchone()[0]
    assert {row["business_date"] for row in found} == {"2026-02-09"}


class TestLoansAgainstLedger:
    def test_in_total_by_book(self, staff, book):
        page = page_of(staff("shen").get("/ops/books/ties/"))
        assert page.select_one('[data-role="ties"]')["data-differing"] == "0"
        figures = {
            tuple(cell["data-fen"] for cell in tie.select("[data-fen]"))
            for tie in page.select('[data-role="tie"]')
        }
        # Two days of the first period of 28 (9 February to 9 March): 5,999 x 1 / 28 at the close of the tenth.
        assert figures == {("200000", "200000"), ("499900", "499900"), ("214", "214")}

    def test_a_fen_in_an_account_shows(self, staff, book):
        with as_owner() as cursor:
            cursor.execute(
                "UPDATE ledger_daytotal SET debit_fen = debit_fen + 1 WHERE account = %s AND business_date = %s",
                [PRINCIPAL, OPENED],
            )
        page = page_of(staff("qian").get("/ops/books/ties/"))
        assert page.select_one('[data-role="ties"]')["data-differing"] == "1"
        assert "0.01" in page.select_one("strong.owed").get_text()

    def test_of_one_loan_with_its_entries(self, staff, book):
        number = Loan.objects.get(borrower_id=31).number
        browser = staff("qian")
        page = page_of(browser.get(f"/ops/loans/{number}/ledger/"))
        assert page.select_one('[data-role="ties"]')["data-differing"] == "0"
        assert len(page.select('[data-role="entry"]')) == 2
        assert {int(tie.select("[data-fen]")[0]["data-fen"]) for tie in page.select('[data-role="tie"]')} == {
            -300_000,
            200_000,
            100_000,
        }
        assert f"/ops/loans/{number}/ledger/" in browser.get(f"/ops/loans/{number}/").content.decode()
        assert (
            f"/ops/loans/{number}/ledger/" not in staff("zhou").get(f"/ops/loans/{number}/").content.decode()
        )

    def test_before_the_first_dayend(self, staff, settings):
        start()
        assert "还没有已完成的日终" in page_of(staff("qian").get("/ops/books/ties/")).get_text()


def test_for_finance_and_compliance(staff, book):
    number = Loan.objects.get(borrower_id=31).number
    for name in ("lin", "zhou", "cui"):
        for address in (f"/ops/books/accounts/{CASH}/", "/ops/books/ties/", f"/ops/loans/{number}/ledger/"):
            assert staff(name).get(address).status_code == 403
