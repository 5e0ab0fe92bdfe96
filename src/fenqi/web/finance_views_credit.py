"""信用记录: the status of every month in words, what will be reported, and disputing it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.bureau import queries as bureau
from fenqi.bureau import services
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, shopper_required
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_GET
@shopper_required
def record(request: HttpRequest) -> HttpResponse:
    """The whole record."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    page = {
        "part": "credit",
        "records": bureau.record(borrower_id),
        "may_be_reported": bureau.may_be_reported(borrower_id),
    }
    return render(request, "web/finance/credit.html", page)


class DisputeForm(PlainForm):
    """What is wrong with a month."""

    reason = forms.CharField(
        label=_("哪里不对"),
        help_text=_("例如：7 月 3 日已用尾号 6217 的卡付清。20 天内书面答复。"),
        max_length=services.MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": services.MOST_CHARACTERS}),
        error_messages={
            "required": _("请写明哪里不对，以及您认为正确的情况。"),
            "max_length": _("最多 %(limit_value)d 个字。"),
        },
    )


@require_http_methods(["GET", "POST"])
@shopper_required
def dispute(request: HttpRequest, number: str, month: str) -> HttpResponse:
    """Dispute one month of one loan."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    found, when = _month(borrower_id, number, month)
    form = DisputeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.open_dispute(
                borrower_id=borrower_id,
                loan_id=found.loan_id,
                month=when.month,
                reason=form.cleaned_data["reason"],
                on=business_date.current(),
            )
        except Refusal as refusal:
            refusal_to_form(form, refusal)
        else:
            flash(request, _("异议已提交，该月会标注“异议处理中”，20 天内书面答复。"))
            return HttpResponseRedirect(reverse("finance-credit"))
    page = {"part": "credit", "form": form, "record": found, "month": when}
    return render(request, "web/finance/dispute.html", page, status=422 if form.errors else 200)


def _month(borrower_id: int, number: str, month: str) -> tuple[bureau.LoanRecord, bureau.Month]:
    """The month of this address. Raises: NotFound."""
    try:
        on = datetime.date.fromisoformat(f"{month}-01")
    except ValueError as e:
        raise NotFound(_("没有这个月的记录。")) from e
    for found in bureau.record(borrower_id):
        for when in found.months:
            if found.number == number and when.month == on:
                return found, when
    raise NotFound(_("没有这个月的记录。"))
