"""Signing in by phone and code, and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from fenqi.people import refusals, services
from fenqi.plumbing import masks
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import (
    current_borrower_id,
    refusal_to_form,
    safe_next,
    sign_in_session,
    sign_out_session,
)
from fenqi.plumbing.passkey_pages import passkey_words
from fenqi.plumbing.sessions import account_session, note_account_session
from fenqi.web.people_views.forms import CodeForm, PhoneForm
from fenqi.web.people_views.language import carry_over
from fenqi.web.people_views.shared import address_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def _next(request: HttpRequest) -> str:
    target = safe_next(request, request.POST.get("next") or request.GET.get("next"), "/me/")
    return "/me/" if target.startswith(("/sign-in/", "/sign-out/")) else target


@require_http_methods(["GET", "POST"])
def phone(request: HttpRequest) -> HttpResponse:
    """Ask for the phone; a good one leads to the code."""
    if request.method == "GET":
        if current_borrower_id(request):
            return HttpResponseRedirect(_next(request))
        return phone_page(request, PhoneForm())
    form = PhoneForm(request.POST)
    if not form.is_valid():
        return phone_page(request, form, status=422)
    typed = form.cleaned_data["phone"]
    try:
        services.send_code(phone=typed, ip=address_of(request))
    except refusals.TooSoon as e:
        if not e.details.get("is_open"):
            refusal_to_form(form, e)
            return phone_page(request, form, status=429)
        # The code sent a moment ago still works: go on with that one.
        return _code_page(request, CodeForm(initial={"phone": typed}), wait_seconds=e.details["wait_seconds"])
    except Refusal as e:
        refusal_to_form(form, e)
        return phone_page(request, form, status=422)
    return _code_page(request, CodeForm(initial={"phone": typed}))


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Check the code and begin the session."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, form, status=422)
    facts = form.cleaned_data
    try:
        signed_in = services.sign_in(phone=facts["phone"], code=facts["code"], ip=address_of(request))
    except Refusal as e:
        if e.field == "phone":
            back = PhoneForm(request.POST)
            back.is_valid()
            refusal_to_form(back, e)
            return phone_page(request, back, status=422)
        refusal_to_form(form, e)
        return _code_page(request, form, status=422)
    return begin(request, signed_in.borrower_id)


def begin(request: HttpRequest, borrower_id: int, *, opened_with: str = "code") -> HttpResponse:
    """The session of somebody who proved who they are, and on to where they wanted to go."""
    sign_in_session(request, borrower_id)
    session_id = services.open_session(
        borrower_id=borrower_id,
        session_key=request.session.session_key or "",
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
        ip=address_of(request),
        opened_with=opened_with,
    )
    note_account_session(request, session_id)
    response = HttpResponseRedirect(_next(request))
    carry_over(request, response, borrower_id)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session here and in the list of devices."""
    borrower_id, session_id = current_borrower_id(request), account_session(request)
    if borrower_id and session_id:
        services.end_session(borrower_id=borrower_id, session_id=session_id)
    sign_out_session(request)
    return HttpResponseRedirect("/")


def phone_page(
    request: HttpRequest, form: PhoneForm | None = None, *, problem: object = "", status: int = 200
) -> HttpResponse:
    """The door: a phone for the code, or a passkey."""
    page = {
        "form": form or PhoneForm(),
        "next": _next(request),
        "passkeys": passkey_words(),
        "passkey_problem": problem,
    }
    return render(request, "web/people/sign_in.html", page, status=status)


def _code_page(
    request: HttpRequest, form: CodeForm, *, status: int = 200, wait_seconds: int | None = None
) -> HttpResponse:
    typed = form["phone"].value() or ""
    page = {
        "form": form,
        "next": _next(request),
        "phone_masked": masks.phone(refusals.phone(typed)),
        "wait_seconds": wait_seconds,
        "back_url": "/sign-in/",
    }
    return render(request, "web/people/sign_in_code.html", page, status=status)
