"""Orders: the list, one order, giving up, giving back."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fenqi.credit import queries as credit
from fenqi.credit import reviews
from fenqi.mall import queries, services
from fenqi.mall.services.returns import CHANGED_MIND
from fenqi.plumbing import business_date, clock, rule_data
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import refusal_to_form, shopper_required
from fenqi.purchases import queries as purchases
from fenqi.purchases import services as purchases_services
from fenqi.web import mall_cart
from fenqi.web.finance_views import order_bills_context
from fenqi.web.mall_forms import CancelForm, ReturnForm
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

GROUPS = (
    ("", gettext_lazy("全部")),
    ("unpaid", gettext_lazy("待支付")),
    ("moving", gettext_lazy("待收货")),
    ("returns", gettext_lazy("退货")),
)

KINDS = (
    (CHANGED_MIND, gettext_lazy("不想要了")),
    ("defective", gettext_lazy("质量问题")),
    ("not_as_described", gettext_lazy("与描述不符")),
)


@require_safe
@shopper_required
def orders(request: HttpRequest) -> HttpResponse:
    """我的订单."""
    mall_cart.keep_badge(request)
    group = request.GET.get("group", "")
    text = request.GET.get("page", "1")
    page = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    rows = queries.orders(request.borrower_id, page=page, group=group)  # type: ignore[attr-defined]
    return render(
        request,
        "web/orders/orders.html",
        {"orders": rows, "group": group, "groups": GROUPS, "page": page, "has_more": len(rows) == 20},
    )


@require_safe
@shopper_required
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order: what to do next, its bills, its goods, what happened."""
    found = _own(request, number)
    timeline = [
        {"label": event.label, "at": event.at, "detail": event.detail}
        for event in reversed(found.events)
        if event.label
    ]
    bills = order_bills_context(request, found) if found.financed_amount_fen else None
    context = {
        "order": found,
        "timeline": timeline,
        "has_bills": bills is not None,
        "kept_for": _kept_for(found),
        "return_days": _return_days,  # read by the page only where it says so
        "declined": _declined(found),
        **(bills or {}),
    }
    return render(request, "web/orders/order.html", context)


@require_safe
@shopper_required
def go_on(request: HttpRequest, number: str) -> HttpResponse:
    """继续支付: to wherever an unpaid order waits."""
    found = _own(request, number)
    if not found.is_unpaid:
        return HttpResponseRedirect(reverse("order", args=[number]))
    here = urlencode({"order": number})
    if purchases.purchase_of_order(borrower_id=found.borrower_id, order_id=found.id):
        return HttpResponseRedirect(f"/checkout/waiting/?{here}")
    begun = credit.applications_of_order(borrower_id=found.borrower_id, order_id=found.id)
    for application in begun:
        if application.is_open:
            return HttpResponseRedirect(f"/checkout/next/?{urlencode({'application': application.id})}")
    page = "plans" if found.financed_amount_fen else "pay"
    return HttpResponseRedirect(f"/checkout/{page}/?{here}")


@require_POST
@shopper_required
def received(request: HttpRequest, number: str) -> HttpResponse:
    """确认收货."""
    found = _own(request, number)
    services.mark_received(borrower_id=found.borrower_id, order_id=found.id)
    flash(request, _("已确认收货"))
    return HttpResponseRedirect(reverse("order", args=[number]))


@require_http_methods(["GET", "POST"])
@shopper_required
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Give an order up; says beforehand what happens to money already paid."""
    found = _own(request, number)
    form = CancelForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            purchases_services.cancel_order(
                borrower_id=found.borrower_id, order_id=found.id, reason=form.cleaned_data["reason"]
            )
        except Refusal as refusal:
            refusal_to_form(form, refusal)
        else:
            flash(request, _("订单已取消"))
            return HttpResponseRedirect(reverse("order", args=[number]))
    status = 422 if form.errors else 200
    return render(request, "web/orders/cancel.html", {"order": found, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@shopper_required
def give_back(request: HttpRequest, number: str) -> HttpResponse:
    """申请退货: choose lines and a reason, see what it does to money and plan, then send."""
    found = _own(request, number)
    lines = [(str(line.id), line.name) for line in found.returnable_lines]
    kinds = _kinds(found)
    initial = {"kind": kinds[0][0], "line": [lines[0][0]] if len(lines) == 1 else []}
    form = ReturnForm(_posted(request), initial=initial, lines=lines, kinds=kinds)
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("go") == "submit":
                return _send_return(request, found, form)
            preview = purchases.return_preview(
                borrower_id=found.borrower_id, order_id=found.id, line_ids=_line_ids(form)
            )
        except Refusal as refusal:
            field = {"lines": "line"}.get(refusal.field or "", refusal.field)
            form.add_error(field if field in form.fields else None, str(refusal))
    context = {"order": found, "form": form, "preview": preview, "chosen": form["line"].value() or []}
    return render(request, "web/orders/return.html", context, status=422 if form.errors else 200)


@require_POST
@shopper_required
def withdraw_return(request: HttpRequest, number: str) -> HttpResponse:
    """Keep the goods after all."""
    found = _own(request, number)
    if found.open_return is not None:
        services.withdraw_return(borrower_id=found.borrower_id, return_id=found.open_return.id)
        flash(request, _("退货申请已撤销"))
    return HttpResponseRedirect(reverse("order", args=[number]))


def _send_return(request: HttpRequest, found: queries.Order, form: ReturnForm) -> HttpResponse:
    services.request_return(
        borrower_id=found.borrower_id,
        order_id=found.id,
        line_ids=_line_ids(form),
        kind=form.cleaned_data["kind"],
        reason=form.cleaned_data["reason"],
    )
    flash(request, _("退货申请已提交，处理期间扣款和提醒会暂停"))
    return HttpResponseRedirect(reverse("order", args=[found.number]))


def _line_ids(form: ReturnForm) -> list[UUID]:
    return [UUID(value) for value in form.cleaned_data["line"]]


def _kinds(found: queries.Order) -> list[tuple[str, Any]]:
    """Reasons that are open: without a reason only within the days the law gives."""
    is_over = found.received_at and clock.now() > found.received_at + datetime.timedelta(days=_return_days())
    return [kind for kind in KINDS if not (is_over and kind[0] == CHANGED_MIND)]


def _declined(found: queries.Order) -> dict[str, Any] | None:
    """The last application for an unpaid order, if it was declined: why, and whether a person looks at it."""
    if not (found.is_unpaid and found.financed_amount_fen):
        return None
    last = next(iter(credit.applications_of_order(borrower_id=found.borrower_id, order_id=found.id)), None)
    if last is None or last.state != "declined":
        return None
    return {"application": last, "told": reviews.own_decision(application=last)}


def _return_days() -> int:
    return int(rule_data.value("return_days", on=business_date.current()))


def _kept_for(found: queries.Order) -> str:
    """How long the goods of an unpaid order are still held, in words: the clock of shelves is the wall's."""
    minutes = max(0, int((found.expires_at - clock.wall()).total_seconds()) // 60)
    if minutes < 100:
        return ngettext("%(n)d 分钟", "%(n)d 分钟", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("%(n)d 小时", "%(n)d 小时", hours) % {"n": hours}


def _own(request: HttpRequest, number: str) -> queries.Order:
    return queries.order(borrower_id=request.borrower_id, number=number)  # type: ignore[attr-defined]


def _posted(request: HttpRequest) -> QueryDict | None:
    """An empty form that was sent is a form with everything missing, not one that was never sent."""
    return request.POST if request.method == "POST" else None
