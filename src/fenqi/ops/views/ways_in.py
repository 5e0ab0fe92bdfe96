"""One's own ways in: time-based codes, passkeys, recovery codes, the password; each change after a fresh proof."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import segno
from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.ops.shell import flash, page
from fenqi.people import queries, services, totp
from fenqi.people.services import Holder
from fenqi.plumbing import sealed
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import SET_UP_SECOND_FACTOR, PlainForm, refusal_to_form, safe_next, staff_required
from fenqi.plumbing.passkey_pages import passkey_words, question
from fenqi.plumbing.sessions import browser_word, confirm_session, is_fresh, renew_staff_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_NEW_SECRET = "new_totp_secret"  # noqa: S105 - the name of a session entry  # nosec
_SEALED_FOR = "session.new_totp_secret"


def _password(label: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        error_messages={"required": gettext_lazy("请输入密码。")},
    )


def _code(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


class TotpForm(PlainForm):
    """The first code of a new secret."""

    code = _code(gettext_lazy("动态码"), gettext_lazy("应用里显示的 6 位数字"))


class ProofForm(PlainForm):
    """Both factors once more."""

    password = _password(gettext_lazy("密码"), "current-password")
    totp = _code(gettext_lazy("动态码"), gettext_lazy("6 位数字，或一个恢复码"))


class PasswordForm(ProofForm):
    """Another password, with the proof that it is oneself."""

    field_order = ("password", "totp", "new_password")
    password = _password(gettext_lazy("原密码"), "current-password")
    new_password = _password(gettext_lazy("新密码"), "new-password")


def fresh_proof(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only a short while after signing in or proving oneself; others prove themselves first and come back."""

    @staff_required(without_second_factor=True)
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request, rule="staff_step_up_minutes"):
            return view(request, *args, **kwargs)
        return HttpResponseRedirect("/ops/confirm/?" + urlencode({"next": SET_UP_SECOND_FACTOR}))

    return guarded


@require_GET
@fresh_proof
def overview(request: HttpRequest) -> HttpResponse:
    """What one has, and a way to set up what one has not."""
    return _overview(request, TotpForm())


def _overview(request: HttpRequest, form: TotpForm, *, problem: Any = "", status: int = 200) -> HttpResponse:
    name: str = request.staff  # type: ignore[attr-defined]
    secret = _new_secret(request)
    content = {
        "form": form,
        "ways": queries.ways_in(name),
        "secret": " ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        "picture": _picture(totp.uri(secret=secret, name=name)),
        "passkeys": passkey_words(),
        "problem": problem,
    }
    return page(request, "ops/second_factor.html", "home", content, status=status)


def _new_secret(request: HttpRequest) -> str:
    """The secret on offer; it waits sealed in the session until its first code is typed."""
    kept = request.session.get(_NEW_SECRET)
    if kept:
        return sealed.unseal(b64decode(kept), context=_SEALED_FOR)
    secret = totp.new_secret()
    request.session[_NEW_SECRET] = b64encode(sealed.seal(secret, context=_SEALED_FOR)).decode()
    return secret


def _picture(uri: str) -> SafeString:
    drawn = segno.make(uri, error="m", micro=False).svg_inline(
        scale=5, border=4, light="#fff", dark="#000", omitsize=True
    )
    return mark_safe(drawn)  # noqa: S308 - drawn here  # nosec


@require_POST
@fresh_proof
def totp_on(request: HttpRequest) -> HttpResponse:
    """Turn time-based codes on, or over to another device."""
    form = TotpForm(request.POST)
    if form.is_valid():
        try:
            services.set_totp(
                name=request.staff,  # type: ignore[attr-defined]
                secret=_new_secret(request),
                code=form.cleaned_data["code"],
            )
        except Refusal as e:
            refusal_to_form(form, e)
        else:
            del request.session[_NEW_SECRET]
            return _changed(request, _("动态码已开启，登录时需要它"))
    return _overview(request, form, status=422)


@require_POST
@fresh_proof
def totp_off(request: HttpRequest) -> HttpResponse:
    """Turn time-based codes off, where a passkey stays."""
    return _try(request, lambda name: services.remove_totp(name=name), _("动态码已关闭"))


@require_POST
@fresh_proof
def passkey_question(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device to make a passkey."""
    holder = Holder(staff=request.staff)  # type: ignore[attr-defined]
    return question(lambda: services.question_to_add(holder=holder, browser=browser_word(request)))


@require_POST
@fresh_proof
def passkey_add(request: HttpRequest) -> HttpResponse:
    """Keep the passkey the device made."""
    word, answer, name = browser_word(request), request.POST.get("answer", ""), request.POST.get("name", "")
    return _try(
        request,
        lambda staff: services.add_passkey(
            holder=Holder(staff=staff), browser=word, answer=answer, name=name.replace("\x00", "")
        ),
        _("通行密钥已添加"),
    )


@require_POST
@fresh_proof
def passkey_remove(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Let a passkey go."""
    return _try(
        request,
        lambda name: services.remove_passkey(holder=Holder(staff=name), passkey_id=passkey_id),
        _("通行密钥已移除"),
    )


def _try(request: HttpRequest, change: Callable[[str], Any], said: str) -> HttpResponse:
    try:
        change(request.staff)  # type: ignore[attr-defined]
    except Refusal as e:
        return _overview(request, TotpForm(), problem=e, status=e.status)
    return _changed(request, said)


def _changed(request: HttpRequest, said: str) -> HttpResponse:
    """Go on under a new key; whoever has a factor but no recovery codes gets them now, once."""
    name: str = request.staff  # type: ignore[attr-defined]
    ways = queries.ways_in(name)
    renew_staff_session(request, ways.session_round)
    flash(request, said)
    if ways.has_second_factor and not ways.recovery_codes_left:
        return _codes_page(request, name)
    return HttpResponseRedirect(SET_UP_SECOND_FACTOR)


@require_POST
@fresh_proof
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes; the ones before stop."""
    name: str = request.staff  # type: ignore[attr-defined]
    if not queries.ways_in(name).has_second_factor:
        return HttpResponseRedirect(SET_UP_SECOND_FACTOR)
    return _codes_page(request, name)


def _codes_page(request: HttpRequest, name: str) -> HttpResponse:
    content = {"codes": services.make_recovery_codes(name=name)}
    return page(request, "ops/recovery_codes.html", "home", content)


@require_http_methods(["GET", "POST"])
@staff_required()
def password(request: HttpRequest) -> HttpResponse:
    """Choose another password."""
    form = PasswordForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            session_round = services.change_password(
                name=request.staff,  # type: ignore[attr-defined]
                old=facts["password"],
                totp_code=facts["totp"],
                password=facts["new_password"],
            )
        except Refusal as e:
            e.field = "new_password" if e.field == "password" else e.field
            refusal_to_form(form, e)
            status = e.status
        else:
            renew_staff_session(request, session_round)
            flash(request, _("密码已更换，其他浏览器已退出登录"))
            return HttpResponseRedirect("/ops/")
    status = status if status != 200 or not form.errors else 422
    return page(request, "ops/password.html", "home", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@staff_required(without_second_factor=True)
def confirm(request: HttpRequest) -> HttpResponse:
    """Prove once more who one is, by password and code."""
    form = ProofForm(request.POST or None)
    status = 200 if request.method == "GET" else 422
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            services.staff_confirm(
                name=request.staff,  # type: ignore[attr-defined]
                password=facts["password"],
                totp_code=facts["totp"],
            )
        except Refusal as e:
            refusal_to_form(form, e)
            status = e.status
        else:
            return _confirmed(request)
    return _confirm_page(request, form, status=status)


@require_POST
@staff_required(without_second_factor=True)
def confirm_question(request: HttpRequest) -> HttpResponse:
    """What the browser asks the device, to prove who one is."""
    holder = Holder(staff=request.staff)  # type: ignore[attr-defined]
    return question(lambda: services.question_to_confirm(holder=holder, browser=browser_word(request)))


@require_POST
@staff_required(without_second_factor=True)
def confirm_by_passkey(request: HttpRequest) -> HttpResponse:
    """Prove who one is by passkey."""
    try:
        services.confirm_by_passkey(
            holder=Holder(staff=request.staff),  # type: ignore[attr-defined]
            browser=browser_word(request),
            answer=request.POST.get("answer", ""),
        )
    except Refusal as e:
        return _confirm_page(request, ProofForm(), problem=e, status=e.status)
    return _confirmed(request)


def _confirmed(request: HttpRequest) -> HttpResponse:
    confirm_session(request)
    back = safe_next(request, request.POST.get("next"), "/ops/")
    return HttpResponseRedirect(back if back.startswith("/ops/") else "/ops/")


def _confirm_page(
    request: HttpRequest, form: ProofForm, *, problem: Any = "", status: int = 200
) -> HttpResponse:
    typed = request.POST.get("next") or request.GET.get("next")
    name: str = request.staff  # type: ignore[attr-defined]
    content = {
        "form": form,
        "next": safe_next(request, typed, "/ops/"),
        "passkeys": passkey_words() if queries.ways_in(name).passkeys else {},
        "passkey_problem": problem,
    }
    return page(request, "ops/confirm.html", "home", content, status=status)
