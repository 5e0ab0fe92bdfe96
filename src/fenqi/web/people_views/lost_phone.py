"""For those whose phone is lost: ask for the account on another number; and, for the old number, the way to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from fenqi.people import services
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import refusal_to_form
from fenqi.web.people_views.forms import LostPhoneCodeForm, LostPhoneForm
from fenqi.web.people_views.shared import address_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The old and the new number; a readable new one leads to its code."""
    form = LostPhoneForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, status=422 if form.errors else 200)
    facts, wait = form.cleaned_data, None
    try:
        services.send_code(phone=facts["new_phone"], purpose="lost_phone", ip=address_of(request))
    except Refusal as e:
        if not e.details.get("is_open"):
            e.field = "new_phone"
            refusal_to_form(form, e)
            return _page(request, form, status=e.status)
        wait = e.details["wait_seconds"]
    return _code_page(request, LostPhoneCodeForm(initial=facts), wait=wait)


@require_POST
def prove(request: HttpRequest) -> HttpResponse:
    """Name, number and code; the answer is the same whatever we know."""
    form = LostPhoneCodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, form, status=422)
    try:
        services.ask_phone_move(**form.cleaned_data)
    except Refusal as e:
        refusal_to_form(form, e)
        return _code_page(request, form, status=e.status)
    return render(request, "web/people/lost_phone_asked.html", {"back_url": "/sign-in/"})


@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The old number says no."""
    new_phone = services.move_behind(token=token)
    is_stopped = request.method == "POST"
    if is_stopped:
        services.stop_phone_move(token=token)
    page = {"new_phone": new_phone, "is_stopped": is_stopped, "back_url": "/"}
    return render(request, "web/people/stop_phone_move.html", page)


def _page(request: HttpRequest, form: LostPhoneForm, *, status: int = 200) -> HttpResponse:
    page = {"form": form, "back_url": "/sign-in/"}
    return render(request, "web/people/lost_phone.html", page, status=status)


def _code_page(
    request: HttpRequest, form: LostPhoneCodeForm, *, wait: int | None = None, status: int = 200
) -> HttpResponse:
    page = {"form": form, "wait_seconds": wait, "back_url": "/sign-in/lost-phone/"}
    return render(request, "web/people/lost_phone_code.html", page, status=status)
