"""The ledger at the console: an account's statement, the general ledger as files, sub-ledger and ledger side by side."""

from __future__ import annotations

import csv
import datetime
import io
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fenqi.ledger import queries as ledger
from fenqi.ops import timebar, words
from fenqi.ops.shell import date_asked, page, span_asked
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.pages import staff_required
from fenqi.servicing import queries as servicing
from fenqi.servicing import reports, tie_out
from fenqi.servicing.errors import ServicedByLender

if TYPE_CHECKING:
    from django.http import HttpRequest

MOST_LINES = 500


def _span(request: HttpRequest) -> tuple[datetime.date, datetime.date]:
    """From and to as asked for, else this month up to today."""
    today = timebar.open_date()
    return span_asked(request, from_on=today.replace(day=1), to_on=today)


@require_GET
@staff_required("finance", "compliance")
def account(request: HttpRequest, code: int) -> HttpResponse:
    """The transfers of one account over a span with its running balance; `as=csv` for all of them."""
    first, last = _span(request)
    as_file = request.GET.get("as") == "csv"
    try:
        lines = ledger.statement(
            code, from_on=first, to_on=last, limit=1_000_000 if as_file else MOST_LINES + 1
        )
    except NotFound as e:
        raise Http404 from e
    if as_file:
        return _statement_file(code, first, last, lines)
    chart = {one["code"]: one["name"] for one in ledger.accounts()}
    content = {
        "code": code,
        "name": chart[code],
        "from_on": first,
        "to_on": last,
        "lines": [(line, chart.get(line.other_account, "")) for line in lines[:MOST_LINES]],
        "is_cut": len(lines) > MOST_LINES,
    }
    return page(request, "ops/account.html", "books", content)


def _statement_file(
    code: int, first: datetime.date, last: datetime.date, lines: list[ledger.StatementLine]
) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            "business_date",
            "source",
            "other_account",
            "debit_fen",
            "credit_fen",
            "balance_fen",
            "borrower",
            "loan",
        ]
    )
    for line in lines:
        writer.writerow(
            [
                line.business_date,
                line.source,
                line.other_account,
                line.debit_fen,
                line.credit_fen,
                line.balance_fen,
                line.borrower_id,
                line.loan_id or "",
            ]
        )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="account-{code}-{first}-{last}.csv"'
    return response


@require_GET
@staff_required("finance")
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The transfers of a span of dates: CSV, or with `as=beancount` a file that bean-check accepts."""
    first, last = _span(request)
    if request.GET.get("as") == "beancount":
        lines, kind, name = (
            ledger.export_beancount(first, last),
            "text/plain",
            f"ledger-{first}-{last}.beancount",
        )
    else:
        lines, kind, name = ledger.export_csv(first, last), "text/csv", f"ledger-{first}-{last}.csv"
    response = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
@staff_required("finance", "compliance")
def ties(request: HttpRequest) -> HttpResponse:
    """Sub-ledger and ledger of every book at the last closed date up to the one asked for."""
    on = date_asked(request, "on", timebar.open_date())
    as_of = reports.closed_date(on)
    found = tie_out.in_total(as_of) if as_of else ()
    return page(request, "ops/ties.html", "books", _tied(found) | {"on": on, "as_of": as_of})


@require_GET
@staff_required("finance", "compliance")
def loan(request: HttpRequest, number: str) -> HttpResponse:
    """One loan: what its events say, what the accounts hold, and every transfer of it."""
    view = servicing.find_loan(number)
    if view is None:
        raise Http404
    try:
        found = tie_out.of_loan(borrower_id=view.borrower_id, loan_id=view.id)
    except ServicedByLender as e:
        raise Http404(_("这笔借据由资金方自己管理，没有我们的分录。")) from e
    chart = {one["code"]: one["name"] for one in ledger.accounts()}
    entries = [
        (on, source, chart.get(debit, debit), chart.get(credit, credit), fen)
        for on, source, debit, credit, fen in ledger.entries_of(borrower_id=view.borrower_id, loan_id=view.id)
    ]
    content = _tied(found) | {"number": view.number, "as_of": timebar.open_date(), "entries": entries}
    return page(request, "ops/ties.html", "books", content)


def _tied(found: tuple[tie_out.Tie, ...]) -> dict[str, Any]:
    chart = {one["code"]: one["name"] for one in ledger.accounts()}
    return {
        "ties": [(words.lender(tie.lender_code), chart.get(int(tie.account), ""), tie) for tie in found],
        "differing": sum(1 for tie in found if tie.difference_fen),
    }
