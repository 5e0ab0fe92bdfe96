"""Reports and statements at the console: figures, charts with tables, files; for those whose work it is."""

import datetime

import pytest

from fenqi.servicing import services
from fenqi.servicing.models import Loan
from tests.servicing.books import FREE, OPENED, a_loan, balances, start
from tests.servicing.collecting import collect_all, collect_none
from tests.support.pages import csv_rows, page_of

pytestmark = pytest.mark.django_db

ONE_DAY = datetime.timedelta(days=1)
LATE = datetime.date(2026, 4, 20)
FILES = (
    "portfolio",
    "arrears",
    "vintage",
    "roll-rate",
    "income",
    "income-by-month",
    "lender-settlement",
)


@pytest.fixture
def empty_books(settings):
    settings.DAYEND_STEPS = []
    start()


@pytest.fixture
def book(empty_books):
    """Two loans; one pays its first installment, nobody pays afterwards, so the last month settles nothing."""
    a_loan(FREE, 300_000, borrower_id=31, lender_code="anxin")
    services.run_dayend(to=datetime.date(2026, 2, 9), collect=collect_all)
    a_loan(borrower_id=32, on=datetime.date(2026, 2, 9))
    services.run_dayend(to=LATE + ONE_DAY, collect=collect_none)
    return LATE


def test_before_the_first_dayend_the_page_says_so(staff, empty_books):
    page = page_of(staff("qian").get("/ops/reports/"))
    assert "还没有已完成的日终" in page.get_text()
    assert page.select("section.report") == []
    assert staff("qian").get("/ops/reports/portfolio/").status_code == 404


def test_the_page_tells_what_the_ledger_has(staff, book):
    page = page_of(staff("qian").get("/ops/reports/"))
    assert page.select_one('[data-role="as-of"]')["data-on"] == str(book)
    principal = int(page.select_one('[data-role="principal"]')["data-fen"])
    assert principal == balances(book)["LOAN_PRINCIPAL"]
    assert len(page.select('[data-role="portfolio-line"]')) == 2
    assert len(page.select('[data-role="arrears-line"]')) == 8
    assert len(page.select('[data-role="vintage-line"]')) == 2


def test_every_chart_names_itself_and_stands_above_its_table(staff, book):
    page = page_of(staff("shen").get("/ops/reports/"))
    charts = page.select("svg.chart")
    assert len(charts) == 5
    for chart in charts:
        assert chart["role"] == "img"
        assert chart["aria-label"].endswith("详见下表")
        assert chart.find_parent("section").select_one("table thead th[scope=col]")
        for shape in chart.select("rect"):
            assert int(shape["y"]) >= 0 and int(shape["height"]) > 0
            assert int(shape["x"]) + int(shape["width"]) <= 340


def test_an_earlier_date_and_one_before_everything(staff, book):
    browser = staff("qian")
    page = page_of(browser.get("/ops/reports/", {"on": "2026-02-01"}))
    assert page.select_one('[data-role="as-of"]')["data-on"] == "2026-02-01"
    assert int(page.select_one('[data-role="principal"]')["data-fen"]) == 300_000
    assert "还没有已完成的日终" in page_of(browser.get("/ops/reports/", {"on": "2020-01-01"})).get_text()
    assert browser.get("/ops/reports/", {"on": "yesterday"}).status_code == 200


def test_each_report_is_a_file(staff, book):
    browser = staff("shen")
    for name in FILES:
        response = browser.get(f"/ops/reports/{name}/", {"on": "2026-02-28"})
        assert csv_rows(response), name
        assert f"{name}-2026-02-28.csv" in response["Content-Disposition"]


def test_files_add_up_to_the_page(staff, book):
    browser = staff("qian")
    of_books = csv_rows(browser.get("/ops/reports/portfolio/"))
    of_buckets = csv_rows(browser.get("/ops/reports/arrears/"))
    total = sum(int(row["principal_fen"]) for row in of_books)
    assert total == sum(int(row["principal_fen"]) for row in of_buckets) == balances(book)["LOAN_PRINCIPAL"]


def test_an_unknown_report_is_not_found(staff, book):
    assert staff("qian").get("/ops/reports/secrets/").status_code == 404


def test_reports_are_for_finance_and_compliance(staff, book):
    for name in ("lin", "zhou", "cui"):
        assert staff(name).get("/ops/reports/portfolio/").status_code == 403


class TestStatements:
    def test_of_a_loan(self, staff, book):
        loan = Loan.objects.get(borrower_id=31)
        browser = staff("zhou")
        assert (
            f"/ops/loans/{loan.number}/statement/"
            in browser.get(f"/ops/loans/{loan.number}/").content.decode()
        )
        page = page_of(browser.get(f"/ops/loans/{loan.number}/statement/"))
        assert len(page.select('[data-role="line"]')) == 2
        assert page.select_one('[data-role="opening"]')["data-fen"] == "0"
        assert int(page.select_one('[data-role="closing"]')["data-fen"]) == loan.principal_outstanding_fen

    def test_a_span_turned_round_is_put_right(self, staff, book):
        number = Loan.objects.get(borrower_id=31).number
        page = page_of(
            staff("zhou").get(
                f"/ops/loans/{number}/statement/", {"from": "2026-03-01", "to": str(OPENED + ONE_DAY)}
            )
        )
        assert [line.select("td")[1].get_text() for line in page.select('[data-role="line"]')] == ["还款"]
        assert page.select_one('[data-role="opening"]')["data-fen"] == "300000"

    def test_as_a_file(self, staff, book):
        number = Loan.objects.get(borrower_id=31).number
        lines = csv_rows(staff("qian").get(f"/ops/loans/{number}/statement/", {"as": "csv"}))
        assert [(line["event"], line["principal_after_fen"]) for line in lines] == [
            ("payout", "300000"),
            ("repayment", "200000"),
        ]

    def test_of_a_borrower(self, staff, book):
        a_loan(FREE, 30_000, borrower_id=31, on=LATE + ONE_DAY)
        page = page_of(staff("qian").get("/ops/people/31/statement/"))
        assert len(page.select('[data-role="statement"]')) == 2

    def test_of_nobody(self, staff, book):
        browser = staff("qian")
        assert browser.get("/ops/loans/XX/statement/").status_code == 404
        assert browser.get("/ops/people/999/statement/").status_code == 404
