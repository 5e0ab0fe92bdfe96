"""备用金: apply, the limit, draw to a card, what a draw costs by date, and repay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.people import queries as people
from fenqi.plumbing import business_date
from fenqi.plumbing.amounts import fen_typed
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.pages import PlainForm, refusal_to_form, shopper_required
from fenqi.plumbing.sessions import is_fresh
from fenqi.servicing import queries as servicing
from fenqi.standby import offer, queries, services
from fenqi.web.finance_views_common import (
    CASHIER,
    chosen_card,
    methods,
    reference_typed,
    told,
)
from fenqi.web.people_views.shared import to_confirm
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

LOOK_AGAIN_SECONDS = 2


class ApplyForm(PlainForm):
    """Agreeing to the standby agreement."""

    agrees = forms.BooleanField(
        label=gettext_lazy("我已阅读并同意《备用金服务协议》"),
        error_messages={"required": gettext_lazy("请先阅读并同意《备用金服务协议》。")},
    )


@require_http_methods(["GET", "POST"])
@shopper_required
def standby(request: HttpRequest) -> HttpResponse:
    """The line with its draws, or the way to get one."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    today = business_date.current()
    form = ApplyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.apply(
                borrower_id=borrower_id,
                agrees=form.cleaned_data["agrees"],
                on=today,
                evidence={"page": "finance/standby", "agent": request.headers.get("user-agent", "")[:120]},
            )
        except Refusal as refusal:
            refusal_to_form(form, refusal)
        else:
            flash(request, _("备用金已开通。"))
            return HttpResponseRedirect(reverse("finance-standby"))
    page = {
        "part": "standby",
        "line": queries.line(borrower_id),
        "offer": offer.current(today),
        "form": form,
        "today": today,
    }
    return render(request, "web/finance/standby.html", page, status=422 if form.errors else 200)


@require_GET
def agreement(request: HttpRequest) -> HttpResponse:
    """The text one agrees to."""
    text = people.text(code=services.CONSENT, language=get_language() or "zh")
    page = {"part": "standby", "text": text}
    return render(request, "web/finance/standby_agreement.html", page)


class DrawForm(PlainForm):
    """How much and over how many months."""

    amount = forms.CharField(
        label=gettext_lazy("支用金额（元）"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("请输入要支用的金额。")},
    )
    installments = forms.TypedChoiceField(
        label=gettext_lazy("期数"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("请选择期数。"),
            "invalid_choice": gettext_lazy("请选择页面上列出的期数。"),
        },
    )

    def __init__(self, *args: Any, choices: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["installments"].choices = [
            (n, ngettext("%(n)d 期", "%(n)d 期", n) % {"n": n}) for n in choices
        ]

    def clean_amount(self) -> int:
        """The amount in fen."""
        try:
            return fen_typed(self.cleaned_data["amount"])
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


@require_http_methods(["GET", "POST"])
@shopper_required
def draw(request: HttpRequest) -> HttpResponse:
    """Choose an amount, see what it costs by date, confirm with a card."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    line = queries.line(borrower_id)
    if line is None:
        return HttpResponseRedirect(reverse("finance-standby"))
    typed = request.POST if request.method == "POST" else request.GET
    choices = offer.current(business_date.current()).installment_choices
    form = DrawForm(
        typed if "amount" in typed else None, choices=choices, initial={"installments": choices[0]}
    )
    cards = people.cards(borrower_id)
    offered = [one for one in methods(cards) if one.value != CASHIER]
    page: dict[str, Any] = {
        "part": "standby",
        "line": line,
        "form": form,
        "methods": offered,
        "picked": typed.get("method") or (offered[0].value if offered else ""),
        "reference": request.POST.get("reference") or new_id(),
    }
    if form.is_bound and form.is_valid():
        if not is_fresh(request):
            chosen = {name: typed[name] for name in ("amount", "installments", "method") if name in typed}
            return to_confirm(request, f"{request.path}?{urlencode(chosen)}")
        amount_fen, installments = form.cleaned_data["amount"], form.cleaned_data["installments"]
        try:
            if request.method == "POST":
                draw_id = services.draw(
                    borrower_id=borrower_id,
                    amount_fen=amount_fen,
                    installments=installments,
                    card_id=chosen_card(request.POST, offered),  # type: ignore[arg-type]
                    on=business_date.current(),
                    reference=reference_typed(request.POST),
                )
                return HttpResponseRedirect(reverse("finance-draw-state", args=[draw_id]))
            services.require_amount(borrower_id=borrower_id, amount_fen=amount_fen)
        except Refusal as refusal:
            refusal_to_form(form, refusal)
            page["error"] = refusal
        if "amount" not in form.errors and "installments" not in form.errors:
            preview = queries.draw_preview(line=line, amount_fen=amount_fen, installments=installments)
            page |= {"preview": preview, "why": [told(row.why) for row in preview.by_date]}
    return render(request, "web/finance/draw.html", page, status=422 if form.errors else 200)


@require_GET
@shopper_required
def draw_state(request: HttpRequest, draw_id: Any) -> HttpResponse:
    """Where the money of a draw is; looks again by itself until the bank has answered."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    found = queries.draw(borrower_id=borrower_id, draw_id=draw_id)
    page = {
        "part": "standby",
        "draw": found,
        "card": people.card(borrower_id=borrower_id, card_id=found.card_id),
        "loan": servicing.loan(borrower_id=borrower_id, loan_id=found.loan_id) if found.loan_id else None,
        "look_again": LOOK_AGAIN_SECONDS if found.state == "intended" else 0,
    }
    return render(request, "web/finance/draw_state.html", page)
