"""还款 on one loan: choose, see what the money will meet, pay. The same pages behind the order and the finance app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from fenqi.care import queries as care
from fenqi.mall import queries as mall
from fenqi.people import queries as people
from fenqi.plumbing import business_date
from fenqi.plumbing.amounts import fen_typed
from fenqi.plumbing.errors import Conflict, NotFound, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.pages import PlainForm, refusal_to_form, shopper_required
from fenqi.servicing import queries as servicing
from fenqi.web.finance_views import to_finance
from fenqi.web.finance_views_common import (
    begun_already,
    chosen_card,
    loan_of,
    methods,
    pay,
    reference_typed,
)
from fenqi.web.finance_views_external import at_the_lender

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from fenqi.domain.state import Share

CHOICES = ("due", "next", "several", "amount", "all")


class ChoiceForm(PlainForm):
    """What to pay. `number` are the installments of choice "several", `amount` is yuan as typed."""

    choice = forms.ChoiceField(
        choices=[(choice, choice) for choice in CHOICES],
        error_messages={
            "required": gettext_lazy("请选择要还什么。"),
            "invalid_choice": gettext_lazy("请选择要还什么。"),
        },
    )
    number = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        error_messages={"invalid_choice": gettext_lazy("请从列表里选择期数。")},
    )
    amount = forms.CharField(label=gettext_lazy("金额（元）"), required=False, max_length=20)

    def __init__(self, *args: Any, loan: servicing.LoanView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loan = loan
        self.open = [one for one in loan.installments if one.outstanding_fen > 0]
        self.fields["number"].choices = [(one.number, one.number) for one in self.open]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "choice" in cleaned and not self.errors:
            try:
                cleaned["amount_fen"] = self._amount_fen(cleaned)
            except Refusal as refusal:
                refusal_to_form(self, refusal)
        return cleaned

    def _amount_fen(self, cleaned: dict[str, Any]) -> int:
        if not self.open:
            raise Conflict(_("这笔借款已经还清，不用再付。"))
        match cleaned["choice"]:
            case "due":
                if not self.loan.due_fen:
                    raise Conflict(_("目前没有到期的账单，可以选“还最近一期”。"), field="choice")
                return self.loan.due_fen
            case "next":
                return self.open[0].outstanding_fen
            case "several":
                return self._several_fen(cleaned["number"])
            case "amount":
                return fen_typed(cleaned.get("amount", ""))
            case _all:
                return self.loan.outstanding_fen

    def _several_fen(self, chosen: list[int]) -> int:
        if not chosen:
            raise Refusal(_("请至少选择一期。"), field="number")
        first = [one.number for one in self.open[: len(chosen)]]
        if sorted(chosen) != first:
            raise Refusal(_("还款从最早的一期开始抵扣，请连续选择，中间不要跳期。"), field="number")
        return sum(one.outstanding_fen for one in self.open[: len(chosen)])


@require_http_methods(["GET", "POST"])
@shopper_required
def repay_order(request: HttpRequest, number: str) -> HttpResponse:
    """From the order page; where the entry has moved, the finance app goes on with the same choice."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    loan = loan_of_order(borrower_id, number)
    if care.repayment_entry(borrower_id) == "finance":
        return to_finance(loan.number, "repay", (request.POST or request.GET).urlencode())
    return _repay(request, loan, door="mall", back=f"/orders/{number}/#bills")


@require_http_methods(["GET", "POST"])
@shopper_required
def repay_loan(request: HttpRequest, number: str) -> HttpResponse:
    """From the finance app."""
    return _repay(request, loan_of(request, number), door="finance", back=f"/finance/loans/{number}/")


def loan_of_order(borrower_id: int, order_number: str) -> servicing.LoanView:
    """The loan that financed an order of this shopper. Raises: NotFound."""
    order = mall.order(borrower_id=borrower_id, number=order_number)
    found = servicing.loan_by_order(borrower_id=borrower_id, order_id=order.id)
    if found is None:
        raise NotFound(_("这个订单没有分期借款。"))
    return found


def _repay(request: HttpRequest, loan: servicing.LoanView, *, door: str, back: str) -> HttpResponse:
    if loan.pay_url:  # the lender services this loan itself: it is repaid there
        return at_the_lender(request, loan, back)
    if request.method == "POST":
        begun = begun_already(borrower_id=loan.borrower_id, posted=request.POST)
        if begun is not None:
            return begun
    typed = request.POST if request.method == "POST" else request.GET
    if "choice" not in typed:
        form = ChoiceForm(loan=loan, initial=_first_choice(loan))
        return _choose(request, form, loan, back)
    form = ChoiceForm(typed, loan=loan)
    if not form.is_valid():
        return _choose(request, form, loan, back)
    if form.cleaned_data["choice"] == "all" and loan.due_fen < loan.outstanding_fen:
        # Paying everything before it is due is an early settlement, which costs less than the bills together.
        return HttpResponseRedirect(request.path.replace("/repay/", "/settle/"))
    return _confirm(request, form, loan, door=door, back=back)


def _first_choice(loan: servicing.LoanView) -> dict[str, Any]:
    return {"choice": "due" if loan.due_fen else "next"}


def _choose(request: HttpRequest, form: ChoiceForm, loan: servicing.LoanView, back: str) -> HttpResponse:
    page = {
        "part": "bills",
        "form": form,
        "loan": loan,
        "open": form.open,
        "back": back,
        "picked": form["choice"].value(),
        "picked_numbers": [str(one) for one in form["number"].value() or []],
    }
    return render(request, "web/finance/repay.html", page, status=422 if form.errors else 200)


def _why_amount(form: ChoiceForm) -> str:
    """The figure that the chosen amount is, "" where the shopper made it up of several or typed it."""
    match form.cleaned_data["choice"]:
        case "due":
            return "bill"
        case "next":
            return f"outstanding-{form.open[0].number}"
        case _typed_or_several:
            return ""


def _why_share(loan: servicing.LoanView, share: Share) -> str:
    """The figure that a share is when it meets a component whole, "" for a part of one."""
    for row in loan.installments:
        if row.number == share.installment_number and getattr(row, f"{share.component}_fen") == share.fen:
            return f"{share.component}-{row.number}"
    return ""


def _confirm(
    request: HttpRequest, form: ChoiceForm, loan: servicing.LoanView, *, door: str, back: str
) -> HttpResponse:
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    amount_fen = form.cleaned_data["amount_fen"]
    offered = methods(people.cards(borrower_id))
    error: Refusal | None = None
    if request.method == "POST":
        try:
            reference = reference_typed(request.POST)
            if request.POST.get("amount_fen") != str(amount_fen):
                raise Conflict(_("账单刚刚有变化，请核对新的金额后再付；没有扣款。"))
            return pay(
                borrower_id=borrower_id,
                amount_fen=amount_fen,
                subject={"kind": "loan", "loan_ids": [str(loan.id)], "entry": door},
                card_id=chosen_card(request.POST, offered),
                reference=reference,
            )
        except Refusal as refusal:
            error = refusal
    preview = servicing.preview_repayment(
        borrower_id=borrower_id, loan_id=loan.id, amount_fen=amount_fen, on=business_date.current()
    )
    page = {
        "part": "bills",
        "loan": loan,
        "amount_fen": amount_fen,
        "amount_why": _why_amount(form),
        "form": form,
        "choices": form.cleaned_data,
        "preview": preview,
        "shares": [(share, _why_share(loan, share)) for share in preview.shares],
        "methods": offered,
        "picked": request.POST.get("method") or offered[0].value,
        "reference": request.POST.get("reference") or new_id(),
        "error": error,
        "back": back,
    }
    return render(request, "web/finance/repay_confirm.html", page, status=error.status if error else 200)
