"""Reports of the book at a date: figures, charts and files."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fenqi.ops import charts, timebar, words
from fenqi.ops.shell import date_asked, page, span_asked
from fenqi.people import queries as people
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.pages import staff_required
from fenqi.plumbing.templatetags.fenqi import figures, percent
from fenqi.servicing import queries as servicing
from fenqi.servicing import reports, statements

if TYPE_CHECKING:
    from django.http import HttpRequest

VINTAGES_DRAWN = 6

Rows = Iterator[list[Any]]


def _bucket(bucket: int) -> str:
    return f"M{bucket}"


def _yuan(fen: int) -> str:
    return f"¥{figures(fen)}"


@require_GET
@staff_required("finance", "compliance")
def show(request: HttpRequest) -> HttpResponse:
    """Every report at the last closed date up to the one asked for."""
    on = date_asked(request, "on", timebar.open_date())
    as_of = reports.closed_date(on)
    content: dict[str, Any] = {"on": on, "as_of": as_of}
    if as_of:
        content |= _reports(as_of)
    return page(request, "ops/reports.html", "reports", content)


def _reports(as_of: datetime.date) -> dict[str, Any]:
    portfolio, arrears = reports.portfolio(as_of), reports.arrears(as_of)
    vintage, rolls = reports.vintage(as_of), reports.roll_rate(as_of)
    income, months = reports.income(as_of), reports.income_by_month(as_of)
    settlement = reports.lender_settlement(as_of)
    ages = max((len(line.late_shares) for line in vintage.lines), default=0)
    return {
        "portfolio": portfolio,
        "portfolio_lines": [(words.lender(line.lender_code), line) for line in portfolio.lines],
        "portfolio_chart": charts.columns(
            title=_("本金按账簿，详见下表"),
            series=[_("未逾期本金"), _("逾期本金")],
            rows=[
                (
                    words.lender(line.lender_code).split()[0][:10],
                    (line.principal_fen - line.overdue_principal_fen, line.overdue_principal_fen),
                )
                for line in portfolio.lines
            ],
            top=_yuan,
        ),
        "arrears_lines": [(_bucket(line.bucket), line) for line in arrears.lines],
        "arrears_chart": charts.columns(
            title=_("逾期本金按阶段，详见下表"),
            series=[_("逾期本金")],
            rows=[(_bucket(line.bucket), (line.principal_fen,)) for line in arrears.lines[1:]],
            top=_yuan,
        ),
        "vintage": vintage,
        "vintage_ages": range(ages),
        "vintage_lines": [(line, range(len(line.late_shares), ages)) for line in vintage.lines],
        "vintage_chart": _vintage_chart(vintage),
        "rolls": rolls,
        "roll_lines": [(_bucket(line.bucket), line) for line in rolls.lines if line.loans],
        "roll_chart": charts.columns(
            title=_("各阶段借据的去向，详见下表"),
            series=[_("好转或结清"), _("不变"), _("变差")],
            rows=[
                (_bucket(line.bucket), (line.better, line.same, line.worse))
                for line in rolls.lines[1:]
                if line.loans
            ],
            top=str,
        ),
        "income_lines": [(words.lender(line.lender_code), line) for line in income.lines],
        "income_months": months.lines,
        "income_chart": charts.columns(
            title=_("每月收入，详见下表"),
            series=[_("利息与手续费"), _("罚息、违约金与收回")],
            rows=[
                (
                    f"{line.month:%m}",
                    (line.interest_fen + line.fee_fen, line.charges_fen),
                )
                for line in months.lines
            ],
            top=_yuan,
        ),
        "settlement_lines": [
            (words.lender(line.lender_code), line) for line in reports.settlement_totals(settlement)
        ],
        "settlement_chart": _settlement_chart(settlement),
    }


def _vintage_chart(vintage: reports.Report[reports.VintageLine]) -> charts.Chart | None:
    newest = vintage.lines[-VINTAGES_DRAWN:]
    ages = max((len(line.late_shares) for line in newest), default=0)
    return charts.lines(
        title=_("各放款月份的变坏率，详见下表"),
        rows=[(f"{line.month:%Y-%m}", line.late_shares) for line in newest],
        ticks=[str(age) for age in range(ages)],
        top=percent,
    )


def _settlement_chart(settlement: reports.Report[reports.SettlementLine]) -> charts.Chart | None:
    days: dict[datetime.date, list[int]] = {}
    for line in settlement.lines:
        of_day = days.setdefault(line.business_date, [0, 0])
        of_day[0] += line.principal_fen
        of_day[1] += line.income_fen
    return charts.columns(
        title=_("每日应付出借机构，详见下表"),
        series=[_("本金"), _("收益")],
        rows=[(str(day.day), both) for day, both in days.items()],
        top=_yuan,
    )


# --- files --------------------------------------------------------------------------------------------------------


def _portfolio_rows(as_of: datetime.date) -> Rows:
    yield ["as_of", "lender", "product", *reports.PORTFOLIO_SUMS]
    for line in reports.portfolio(as_of).lines:
        figures_of = [getattr(line, name) for name in reports.PORTFOLIO_SUMS]
        yield [as_of, line.lender_code, line.product, *figures_of]


def _arrears_rows(as_of: datetime.date) -> Rows:
    yield ["as_of", "bucket", "loans", "principal_fen", "outstanding_fen", "share"]
    for line in reports.arrears(as_of).lines:
        yield [
            as_of,
            _bucket(line.bucket),
            line.loans,
            line.principal_fen,
            line.outstanding_fen,
            line.share,
        ]


def _vintage_rows(as_of: datetime.date) -> Rows:
    yield ["as_of", "month", "loans", "principal_fen", "months_on_book", "late_share"]
    for line in reports.vintage(as_of).lines:
        for age, share in enumerate(line.late_shares):
            yield [as_of, f"{line.month:%Y-%m}", line.loans, line.principal_fen, age, share]


def _roll_rows(as_of: datetime.date) -> Rows:
    report = reports.roll_rate(as_of)
    to = [f"to_m{bucket}" for bucket in range(reports.BUCKETS)]
    yield ["from_on", "as_of", "bucket", "loans", *to, "closed", "charged_off", "worse_share"]
    for line in report.lines:
        yield [
            report.from_on,
            as_of,
            _bucket(line.bucket),
            line.loans,
            *line.to_buckets,
            line.closed,
            line.charged_off,
            line.worse_share,
        ]


def _income_rows(as_of: datetime.date) -> Rows:
    report = reports.income(as_of)
    yield ["from_on", "as_of", "lender", "product", *reports.INCOME_SUMS]
    for line in report.lines:
        figures_of = [getattr(line, name) for name in reports.INCOME_SUMS]
        yield [report.from_on, as_of, line.lender_code, line.product, *figures_of]


def _month_rows(as_of: datetime.date) -> Rows:
    yield ["month", *reports.INCOME_SUMS]
    for line in reports.income_by_month(as_of).lines:
        yield [f"{line.month:%Y-%m}", *(getattr(line, name) for name in reports.INCOME_SUMS)]


def _settlement_rows(as_of: datetime.date) -> Rows:
    yield ["business_date", "lender", "product", "principal_fen", "income_fen", "payable_fen"]
    for line in reports.lender_settlement(as_of).lines:
        yield [
            line.business_date,
            line.lender_code,
            line.product,
            line.principal_fen,
            line.income_fen,
            line.payable_fen,
        ]


FILES: dict[str, Callable[[datetime.date], Rows]] = {
    "portfolio": _portfolio_rows,
    "arrears": _arrears_rows,
    "vintage": _vintage_rows,
    "roll-rate": _roll_rows,
    "income": _income_rows,
    "income-by-month": _month_rows,
    "lender-settlement": _settlement_rows,
}


def _as_file(name: str, rows: Rows) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    csv.writer(response).writerows(rows)
    return response


@require_GET
@staff_required("finance", "compliance")
def file(request: HttpRequest, name: str) -> HttpResponse:
    """One report as CSV, amounts in fen."""
    as_of = reports.closed_date(date_asked(request, "on", timebar.open_date()))
    if name not in FILES or as_of is None:
        raise Http404
    return _as_file(f"{name}-{as_of}", FILES[name](as_of))


# --- statements ---------------------------------------------------------------------------------------------------


def _span(request: HttpRequest, first: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The span asked for; without one from the first date on."""
    return span_asked(request, from_on=first, to_on=max(timebar.open_date(), first))


def _statement(
    request: HttpRequest, found: statements.BorrowerStatement, *, name: str, title: str, back_url: str
) -> HttpResponse:
    if request.GET.get("as") == "csv":
        return _as_file(f"statement-{name}-{found.from_on}-{found.to_on}", _statement_rows(found))
    content = {
        "statement": found,
        "loans": [(words.lender(loan.lender_code), loan) for loan in found.loans],
        "title": title,
        "back_url": back_url,
    }
    return page(request, "ops/statement.html", "look-up", content)


def _statement_rows(found: statements.BorrowerStatement) -> Rows:
    yield [
        "loan",
        "date",
        "sequence",
        "event",
        "amount_fen",
        "principal_fen",
        "interest_fen",
        "fee_fen",
        "penalty_fen",
        "late_fee_fen",
        "overpaid_fen",
        "reversed",
        "principal_after_fen",
    ]
    for loan in found.loans:
        for line in loan.lines:
            yield [
                loan.number,
                line.on,
                line.sequence,
                line.kind,
                line.amount_fen,
                *line.parts,
                line.overpaid_fen,
                "yes" if line.is_reversed else "no",
                line.principal_after_fen,
            ]


@require_GET
@staff_required()
def loan_statement(request: HttpRequest, number: str) -> HttpResponse:
    """A loan's statement over a span."""
    found = servicing.find_loan(number)
    if found is None or found.terms is None:
        raise Http404
    from_on, to_on = _span(request, found.opened_on)
    one = statements.loan_statement(
        borrower_id=found.borrower_id, loan_id=found.id, from_on=from_on, to_on=to_on
    )
    whole = statements.BorrowerStatement(
        borrower_id=found.borrower_id, from_on=from_on, to_on=to_on, loans=(one,), elsewhere=()
    )
    return _statement(
        request, whole, name=found.number, title=found.number, back_url=f"/ops/loans/{found.number}/"
    )


def _who(borrower_id: int) -> str:
    """How their file is headed; nothing where the account is gone and its loans are kept."""
    try:
        person = people.person(borrower_id)
    except NotFound:
        return ""
    return person.name_masked or person.phone_masked


@require_GET
@staff_required()
def borrower_statement(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """The statement of all loans of a borrower over a span."""
    opened = [loan.opened_on for loan in servicing.loans(borrower_id)]
    if not opened:
        raise Http404
    from_on, to_on = _span(request, min(opened))
    found = statements.borrower_statement(borrower_id=borrower_id, from_on=from_on, to_on=to_on)
    return _statement(
        request,
        found,
        name=str(borrower_id),
        title=_who(borrower_id),
        back_url=f"/ops/people/{borrower_id}/",
    )
