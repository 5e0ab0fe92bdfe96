"""The staff's own door, the first page behind it, and one's own second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.bureau import queries as bureau
from fenqi.care import queries as care
from fenqi.credit import queries as credit
from fenqi.mall import queries as mall
from fenqi.ops.shell import DESKS, flash, may_open, page
from fenqi.people import queries as people
from fenqi.people import services, totp
from fenqi.plumbing import clock, proposals
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import (
    PlainForm,
    refusal_to_form,
    safe_next,
    sign_in_staff_session,
    sign_out_session,
    staff_required,
)

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

# One working day: roles and leavers take effect by then at the latest.
SESSION_SECONDS = 8 * 60 * 60
_NEW_SECRET = "new_totp_secret"  # noqa: S105 - the name of a session entry  # nosec


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
        help_text=gettext_lazy("开启了两步验证的账号填写"),
        required=False,
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class TotpForm(PlainForm):
    """The first code of a new second factor."""

    code = forms.CharField(
        label=gettext_lazy("动态码"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"required": gettext_lazy("请输入应用里显示的 6 位动态码。")},
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
            sign_in_staff_session(request, member.name, member.roles)
            request.session.set_expiry(SESSION_SECONDS)
            return HttpResponseRedirect(target if target.startswith("/ops/") else "/ops/")
    return render(request, "ops/sign_in.html", {"form": form, "next": target}, status=status)


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
    sizes["applications"] = credit.review_queue_size()
    sizes["chat"] = care.waiting_size()
    sizes["disputes"] = bureau.open_disputes_size()
    sizes["proposals"] = proposals.waiting_size(
        request.staff_roles,  # type: ignore[attr-defined]
        name=request.staff,  # type: ignore[attr-defined]
    )
    desks = [(desk, sizes.get(desk.code)) for desk in DESKS if may_open(request, desk)]
    return page(request, "ops/home.html", "home", {"desks": desks})


@require_http_methods(["GET", "POST"])
@staff_required()
def second_factor(request: HttpRequest) -> HttpResponse:
    """Turn on time-based codes for oneself."""
    secret = request.session.setdefault(_NEW_SECRET, totp.new_secret())
    form = TotpForm(request.POST or None)
    name: str = request.staff  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            services.set_totp(name=name, secret=secret, code=form.cleaned_data["code"])
        except Refusal as e:
            refusal_to_form(form, e)
        else:
            del request.session[_NEW_SECRET]
            flash(request, _("两步验证已开启，下次登录需要动态码"))
            return HttpResponseRedirect("/ops/")
    grouped = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    content = {
        "form": form,
        "secret": grouped,
        "uri": totp.uri(secret=secret, name=name),
        "now": clock.wall(),
    }
    return page(request, "ops/second_factor.html", "home", content, status=422 if form.errors else 200)
