"""Passkeys of the shopper: the list, adding and removing, signing in, confirming."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fenqi.people import queries, services
from fenqi.people.services import Holder
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import shopper_required
from fenqi.plumbing.passkey_pages import passkey_words, question
from fenqi.plumbing.sessions import browser_word
from fenqi.web.people_views import me, sign_in
from fenqi.web.people_views.shared import confirmed, step_up_required
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest


def _holder(request: HttpRequest) -> Holder:
    return Holder(borrower_id=request.borrower_id)  # type: ignore[attr-defined]


@require_GET
@shopper_required
def page(request: HttpRequest) -> HttpResponse:
    """The passkeys of the account."""
    return _page(request)


def _page(request: HttpRequest, problem: object = "", status: int = 200) -> HttpResponse:
    content = {
        "known": queries.passkeys(_holder(request).borrower_id or 0),
        "passkeys": passkey_words(),
        "problem": problem,
    }
    return render(request, "web/people/passkeys.html", content, status=status)


@require_POST
@step_up_required
def ask_to_add(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device to make a passkey."""
    return question(lambda: services.question_to_add(holder=_holder(request), browser=browser_word(request)))


@require_POST
@step_up_required
def add(request: HttpRequest) -> HttpResponse:
    """Keep the passkey the device made."""
    try:
        services.add_passkey(
            holder=_holder(request),
            browser=browser_word(request),
            answer=request.POST.get("answer", ""),
            name=request.POST.get("name", "").replace("\x00", ""),
        )
    except Refusal as e:
        return _page(request, e, e.status)
    flash(request, _("通行密钥已添加，下次可以用它登录"))
    return HttpResponseRedirect("/me/passkeys/")


@require_POST
@step_up_required
def remove(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Let a passkey go."""
    services.remove_passkey(holder=_holder(request), passkey_id=passkey_id)
    flash(request, _("通行密钥已移除"))
    return HttpResponseRedirect("/me/passkeys/")


@require_POST
def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device at the door."""
    return question(lambda: services.question_to_sign_in(kind="shopper", browser=browser_word(request)))


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Sign in with the device's answer."""
    try:
        holder = services.sign_in_by_passkey(
            kind="shopper", browser=browser_word(request), answer=request.POST.get("answer", "")
        )
    except Refusal as e:
        return sign_in.phone_page(request, problem=e, status=e.status)
    return sign_in.begin(request, holder.borrower_id or 0, opened_with="passkey")


@require_POST
@shopper_required
def ask_to_confirm(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device in place of a code."""
    return question(
        lambda: services.question_to_confirm(holder=_holder(request), browser=browser_word(request))
    )


@require_POST
@shopper_required
def confirm(request: HttpRequest) -> HttpResponse:
    """The device's answer in place of a code."""
    try:
        services.confirm_by_passkey(
            holder=_holder(request), browser=browser_word(request), answer=request.POST.get("answer", "")
        )
    except Refusal as e:
        return me.confirm_page(request, problem=e, status=e.status)
    return confirmed(request)
