"""The finance app: home, one loan with its bills, and why an amount is what it is."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fenqi.care import queries as care
from fenqi.domain.explain import Subject, SubjectUnknown, explain
from fenqi.domain.explain_formulas import Figure
from fenqi.messages import queries as messages
from fenqi.payments import queries as payments
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.pages import current_borrower_id, shopper_required
from fenqi.servicing import queries as servicing
from fenqi.standby import queries as standby
from fenqi.web import finance_chart
from fenqi.web.finance_views_common import calendar_path, loan_of, told

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from fenqi.mall.queries import Order


@require_GET
@shopper_required
def home(request: HttpRequest) -> HttpResponse:
    """This month's due, when the debit runs, and the ways on."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    today = business_date.current()
    page = {
        "part": "home",
        "due": due_this_month(borrower_id, today),
        "autopay": payments.autopay(borrower_id),
        "line": standby.line(borrower_id),
        "unread": messages.unread_count(borrower_id),
    }
    return render(request, "web/finance/home.html", page)


@dataclass(frozen=True, kw_only=True)
class DueThisMonth:
    """What the home page leads with. `next_bills` are those of the oldest date with something to pay, whatever its month."""

    month: int
    bills: tuple[servicing.Bill, ...]
    overdue_fen: int
    next_bills: tuple[servicing.Bill, ...]

    @property
    def amount_fen(self) -> int:
        """All of them together."""
        return sum(bill.amount_fen for bill in self.bills)

    @property
    def next_bill(self) -> servicing.Bill | None:
        """One of those due next, for its date and, where it is alone, for its page."""
        return next(iter(self.next_bills), None)

    @property
    def next_fen(self) -> int:
        """What is due next, over all lenders."""
        return sum(bill.amount_fen for bill in self.next_bills)


def due_this_month(borrower_id: int, today: datetime.date) -> DueThisMonth:
    """What is still to pay by the end of this month, what was left over from before included."""
    waiting = [bill for bill in servicing.bills(borrower_id, today) if bill.amount_fen]
    next_on = min((bill.due_on for bill in waiting), default=None)
    following_month = (today.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
    return DueThisMonth(
        month=today.month,
        bills=tuple(bill for bill in waiting if bill.due_on < following_month),
        overdue_fen=sum(bill.amount_fen for bill in waiting if bill.due_on < today),
        next_bills=tuple(bill for bill in waiting if bill.due_on == next_on),
    )


@require_GET
@shopper_required
def loan(request: HttpRequest, number: str) -> HttpResponse:
    """One loan: progress, every installment, ways to repay, papers."""
    found = loan_of(request, number)
    return render(request, "web/finance/loan.html", {"part": "bills", **loan_context(found, door="finance")})


def order_bills_context(request: HttpRequest, order: Order) -> dict[str, Any] | None:
    """For the order page: its loan's bills, or None where nothing was financed. Points to the app where the entry moved."""
    borrower_id = current_borrower_id(request)
    if borrower_id is None:
        return None
    found = servicing.loan_by_order(borrower_id=borrower_id, order_id=order.id)
    if found is None:
        return None
    door = care.repayment_entry(borrower_id)
    return loan_context(found, door="order" if door == "mall" else "moved", order_number=order.number)


def loan_context(found: servicing.LoanView, *, door: str, order_number: str = "") -> dict[str, Any]:
    """What `_order_bills.html` draws. `door`: order, finance, or moved (the order page without a repayment entry)."""
    return {
        "loan": found,
        "loan_door": door,
        "loan_order_number": order_number,
        "loan_is_in_grace": not found.is_overdue
        and bool(found.next_due_on and found.next_due_on < found.as_of),
        "loan_agreement_path": reverse("agreement-pdf", args=[found.agreement_id])
        if found.agreement_id
        else "",
        "loan_calendar_path": calendar_path(found.number),
        "chart": finance_chart.bars(found.installments),
    }


@require_GET
@shopper_required
def why(request: HttpRequest, number: str, subject: str) -> HttpResponse:
    """为什么是这个数: the derivation of one figure, whole as a page or as a fragment to unfold."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    found = loan_of(request, number)
    asked = _subject(subject)
    terms, events = servicing.loan_story(borrower_id=borrower_id, loan_id=found.id)
    try:
        derivation = explain(terms, events, found.as_of, asked)
    except SubjectUnknown as e:
        raise NotFound(_("没有这个数字。")) from e
    page = {
        "part": "bills",
        "loan": found,
        "derivation": derivation,
        "lines": told(derivation, events),
    }
    return render(request, "web/finance/_why.html" if request.htmx else "web/finance/why.html", page)


def _subject(typed: str) -> Subject:
    """`penalty-3` is the penalty of installment 3, `settlement` a figure of the whole loan. Raises: NotFound."""
    figure, _dash, number = typed.partition("-")
    try:
        return Subject(figure=Figure(figure), installment_number=int(number) if number else None)
    except ValueError as e:
        raise NotFound(_("没有这个数字。")) from e


def to_finance(loan_number: str, task: str, query: str) -> HttpResponse:
    """Where a repayment begun at the mall goes on when its entry has moved: the same task, the same choice."""
    return HttpResponseRedirect(f"/finance/loans/{loan_number}/{task}/" + (f"?{query}" if query else ""))
