"""The staff's own door, and the first page behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.bureau import queries as bureau
from fenqi.care import queries as care
from fenqi.credit import reviews
from fenqi.mall import queries as mall
from fenqi.ops.shell import DESKS, may_open, page
from fenqi.payments import unplaced
from fenqi.people import queries as people
from fenqi.people import services
from fenqi.plumbing import proposals
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import (
    SET_UP_SECOND_FACTOR,
    PlainForm,
    refusal_to_form,
    safe_next,
    sign_in_staff_session,
    sign_out_session,
    staff_required,
)
from fenqi.plumbing.passkey_pages import passkey_words, question
from fenqi.plumbing.sessions import browser_word

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class StaffForm(PlainForm):
    """Name, password, and the second factor of those who have one."""

    name = forms.CharField(
        label=gettext_lazy("账号"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "spellcheck": "false", "autocapitalize": "off"}
        ),
        error_messages={"required": gettext_lazy("请输入账号。")},
    )
    password = forms.CharField(
        label=gettext_lazy("密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": gettext_lazy("请输入密码。")},
    )
    totp = forms.CharField(
        label=gettext_lazy("动态码"),
        help_text=gettext_lazy("验证器应用里的 6 位数字；设备不在身边时填一个恢复码；首次登录留空"),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Password and second factor; locked after five failed tries."""
    form = StaffForm(request.POST or None)
    target = safe_next(request, request.POST.get("next") or request.GET.get("next"), "/ops/")
    status = 200 if request.method == "GET" else 422
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            member = services.staff_sign_in(
                name=facts["name"], password=facts["password"], totp_code=facts["totp"]
            )
        except Refusal as e:
            refusal_to_form(form, e)
            status = e.status
        else:
            return _enter(request, member, target)
    content = {"form": form, "next": target, "passkeys": passkey_words()}
    return render(request, "ops/sign_in.html", content, status=status)


def _enter(request: HttpRequest, member: services.StaffSignedIn, target: str) -> HttpResponse:
    sign_in_staff_session(request, member.name, member.session_round)
    if not member.has_second_factor:
        return HttpResponseRedirect(SET_UP_SECOND_FACTOR)
    return HttpResponseRedirect(target if target.startswith("/ops/") else "/ops/")


@require_POST
def passkey_question(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device at this door."""
    return question(lambda: services.question_to_sign_in(kind="staff", browser=browser_word(request)))


@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """A passkey is both factors at once: the device, and the finger or PIN that unlocks it."""
    target = safe_next(request, request.POST.get("next"), "/ops/")
    try:
        holder = services.sign_in_by_passkey(
            kind="staff", browser=browser_word(request), answer=request.POST.get("answer", "")
        )
        member = services.staff_entered(name=holder.staff or "")
    except Refusal as e:
        content = {"form": StaffForm(), "next": target, "passkeys": passkey_words(), "passkey_problem": e}
        return render(request, "ops/sign_in.html", content, status=e.status)
    return _enter(request, member, target)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave the console."""
    sign_out_session(request)
    return HttpResponseRedirect("/ops/sign-in/")


@require_GET
@staff_required()
def home(request: HttpRequest) -> HttpResponse:
    """What waits where, for the roles one holds."""
    sizes = people.queue_sizes() | mall.desk_sizes()
    sizes |= reviews.desk_sizes()
    sizes["chat"] = care.waiting_size()
    sizes["unplaced"] = unplaced.waiting_size()
    sizes["disputes"] = bureau.open_disputes_size()
    sizes["proposals"] = proposals.waiting_size(
        request.staff_roles,  # type: ignore[attr-defined]
        name=request.staff,  # type: ignore[attr-defined]
    )
    desks = [(desk, sizes.get(desk.code)) for desk in DESKS if may_open(request, desk)]
    return page(request, "ops/home.html", "home", {"desks": desks})
