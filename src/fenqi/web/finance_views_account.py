"""账户管理: the account, 自动还款设置, and the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.messages import queries as messages
from fenqi.messages import services as messages_services
from fenqi.payments import queries as payments
from fenqi.payments import services
from fenqi.people import queries as people
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, shopper_required
from fenqi.plumbing.sessions import is_fresh
from fenqi.web.finance_views import due_this_month
from fenqi.web.people_views.shared import to_confirm
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse


@require_GET
@shopper_required
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in, cards, automatic repayment, and the ways to the rest."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    page = {
        "part": "account",
        "person": people.person(borrower_id),
        "autopay": payments.autopay(borrower_id),
    }
    return render(request, "web/finance/account.html", page)


class AutopayForm(PlainForm):
    """Automatic repayment: on or off, and the card it takes."""

    is_on = forms.BooleanField(label=_("打开自动还款"), required=False)
    card = forms.ChoiceField(
        label=_("扣款卡"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("请从列表里选择一张卡。")},
    )

    def __init__(self, *args: Any, cards: list[people.Card], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["card"].choices = [
            (str(card.id), _("%(bank)s（尾号 %(tail)s）") % {"bank": card.bank, "tail": card.tail})
            for card in cards
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("is_on") and not cleaned.get("card") and "card" not in self.errors:
            self.add_error("card", _("请选择一张用来自动还款的卡。"))
        return cleaned


@require_http_methods(["GET", "POST"])
@shopper_required
def autopay(request: HttpRequest) -> HttpResponse:
    """自动还款设置: on or off, which card, add a card."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    cards = people.cards(borrower_id)
    current = payments.autopay(borrower_id)
    if request.method == "POST":
        form = AutopayForm(request.POST, cards=cards)
        if form.is_valid() and form.cleaned_data["is_on"] and not is_fresh(request):
            # Turning it off takes no money; another card, or any card at all, does. What was chosen is there again afterwards.
            chosen = {"is_on": "on", "card": form.cleaned_data["card"]}
            return to_confirm(request, f"{request.path}?{urlencode(chosen)}")
        if form.is_valid() and _set(borrower_id, form):
            flash(
                request,
                _("自动还款已打开。")
                if form.cleaned_data["is_on"]
                else _("自动还款已关闭，请记得按时自己还款。"),
            )
            return HttpResponseRedirect(reverse("finance-autopay"))
    else:
        chosen = {
            "is_on": current.is_on or "is_on" in request.GET,
            "card": request.GET.get("card") or str(current.card_id or ""),
        }
        form = AutopayForm(initial=chosen, cards=cards)
    page = {
        "part": "account",
        "form": form,
        "cards": cards,
        "current": current,
        "is_unsaved": request.method == "GET" and "is_on" in request.GET,
        "due": due_this_month(borrower_id, business_date.current()),
    }
    return render(request, "web/finance/autopay.html", page, status=422 if form.errors else 200)


def _set(borrower_id: int, form: AutopayForm) -> bool:
    is_on, card = form.cleaned_data["is_on"], form.cleaned_data["card"]
    try:
        services.set_autopay(borrower_id=borrower_id, on=is_on, card_id=UUID(card) if card else None)
    except Refusal as refusal:
        refusal_to_form(form, refusal)
        return False
    return True


@require_GET
@shopper_required
def inbox(request: HttpRequest) -> HttpResponse:
    """Every message to this shopper, newest first; seeing them marks them read."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    found = messages.inbox(borrower_id)
    messages_services.mark_inbox_read(borrower_id=borrower_id)
    return render(request, "web/finance/inbox.html", {"part": "account", "messages": found})
