"""The account: who I am here, my cards, my devices, what I agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.people import queries, services
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import refusal_to_form, safe_next, shopper_required
from fenqi.plumbing.passkey_pages import passkey_words
from fenqi.web.people_views.forms import EmailForm, NewPhoneCodeForm, NewPhoneForm, StepUpForm
from fenqi.web.people_views.shared import address_of, confirmed, language, paragraphs, step_up_required
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_GET
@shopper_required
def home(request: HttpRequest) -> HttpResponse:
    """我的: everything about me and where it is."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    page = {
        "person": queries.person(borrower_id),
        "cards": queries.cards(borrower_id),
        "passkeys": queries.passkeys(borrower_id),
    }
    return render(request, "web/people/me.html", page)


@require_GET
@shopper_required
def cards(request: HttpRequest) -> HttpResponse:
    """Bound cards."""
    page = {"cards": queries.cards(request.borrower_id)}  # type: ignore[attr-defined]
    return render(request, "web/people/cards.html", page)


@require_POST
@step_up_required
def card_unbind(request: HttpRequest, card_id: UUID) -> HttpResponse:
    """Let a card go."""
    services.unbind_card(borrower_id=request.borrower_id, card_id=card_id)  # type: ignore[attr-defined]
    flash(request, _("银行卡已解绑，用它的自动还款也已停止"))
    return HttpResponseRedirect("/me/cards/")


@require_GET
@shopper_required
def devices(request: HttpRequest) -> HttpResponse:
    """Browsers signed in to this account."""
    page = {
        "sessions": queries.sessions(
            borrower_id=request.borrower_id,  # type: ignore[attr-defined]
            session_key=request.session.session_key or "",
        )
    }
    return render(request, "web/people/devices.html", page)


@require_POST
@shopper_required
def device_end(request: HttpRequest) -> HttpResponse:
    """Sign one browser out, or all others."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    if request.POST.get("which") == "others":
        ended = services.end_other_sessions(
            borrower_id=borrower_id, session_key=request.session.session_key or ""
        )
        flash(request, _("已让其他 %(n)d 台设备退出登录") % {"n": ended})
        return HttpResponseRedirect("/me/devices/")
    try:
        session_id = UUID(request.POST.get("which", ""))
    except ValueError:
        return HttpResponseRedirect("/me/devices/")
    services.end_session(borrower_id=borrower_id, session_id=session_id)
    flash(request, _("该设备已退出登录"))
    return HttpResponseRedirect("/me/devices/")


@require_http_methods(["GET", "POST"])
@shopper_required
def confirm(request: HttpRequest) -> HttpResponse:
    """A code to the account's own phone, or a passkey, before something that matters."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    form = StepUpForm(request.POST if request.POST.get("code") is not None else None)
    is_sent = form.is_bound
    status = 200
    try:
        if request.method == "POST" and not form.is_bound:
            services.send_step_up_code(borrower_id=borrower_id, ip=address_of(request))
            is_sent = True
        elif form.is_bound and form.is_valid():
            services.verify_step_up(borrower_id=borrower_id, code=form.cleaned_data["code"])
            return confirmed(request)
    except Refusal as e:
        status = e.status
        if form.is_bound:
            refusal_to_form(form, e)
        else:
            flash(request, e, kind="warn")
            is_sent = bool(e.details.get("is_open"))
    return confirm_page(request, form if form.is_bound else None, is_sent=is_sent, status=status)


def confirm_page(
    request: HttpRequest,
    form: StepUpForm | None = None,
    *,
    is_sent: bool = False,
    problem: object = "",
    status: int = 200,
) -> HttpResponse:
    """The page that asks for the confirmation."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    back = safe_next(request, request.POST.get("next") or request.GET.get("next"), "/me/")
    page = {
        "form": form or StepUpForm(),
        "is_sent": is_sent,
        "next": back,
        "phone_masked": queries.person(borrower_id).phone_masked,
        "passkeys": passkey_words() if queries.passkeys(borrower_id) else {},
        "passkey_problem": problem,
        "back_url": back,
    }
    return render(request, "web/people/confirm.html", page, status=status)


@require_http_methods(["GET", "POST"])
@step_up_required
def email(request: HttpRequest) -> HttpResponse:
    """Where reminders may also go: kept once the link sent there was opened; empty takes it away."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["email"].strip()
        try:
            if typed:
                services.ask_for_email(borrower_id=borrower_id, email=typed)
                flash(request, _("确认邮件已发出，请打开信里的链接，之后提醒才会发到这个邮箱"), kind="info")
            else:
                services.remove_email(borrower_id=borrower_id)
                flash(request, _("不再发送邮件"))
            return HttpResponseRedirect("/me/")
        except Refusal as e:
            refusal_to_form(form, e)
    page = {"form": form, "back_url": "/me/"}
    return render(request, "web/people/email.html", page, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def email_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link sent to an address; opening shows a button, so that a mail scanner confirms nothing."""
    shown, is_confirmed = services.email_behind(token=token), request.method == "POST"
    if is_confirmed:
        services.confirm_email(token=token)
    page = {"email": shown, "is_confirmed": is_confirmed, "back_url": "/"}
    return render(request, "web/people/email_confirm.html", page)


@require_http_methods(["GET", "POST"])
@step_up_required
def phone(request: HttpRequest) -> HttpResponse:
    """The new phone; a readable one leads to its code."""
    form = NewPhoneForm(request.POST or None)
    page = {"form": form, "back_url": "/me/"}
    if request.method == "GET" or not form.is_valid():
        return render(request, "web/people/phone.html", page, status=422 if form.errors else 200)
    typed = form.cleaned_data["new_phone"]
    try:
        services.send_code(phone=typed, purpose="change_phone", ip=address_of(request))
    except Refusal as e:
        if not e.details.get("is_open"):
            e.field = "new_phone"
            refusal_to_form(form, e)
            return render(request, "web/people/phone.html", page, status=e.status)
    page["form"] = NewPhoneCodeForm(initial={"new_phone": typed})
    return render(request, "web/people/phone_code.html", page)


@require_POST
@step_up_required
def phone_code(request: HttpRequest) -> HttpResponse:
    """Move the account to the new phone."""
    form = NewPhoneCodeForm(request.POST)
    page = {"form": form, "back_url": "/me/phone/"}
    if form.is_valid():
        facts = form.cleaned_data
        try:
            services.change_phone(borrower_id=request.borrower_id, **facts)  # type: ignore[attr-defined]
        except Refusal as e:
            refusal_to_form(form, e)
        else:
            services.end_other_sessions(
                borrower_id=request.borrower_id,  # type: ignore[attr-defined]
                session_key=request.session.session_key or "",
            )
            flash(request, _("手机号已更换，其他设备已退出登录"))
            return HttpResponseRedirect("/me/")
    return render(request, "web/people/phone_code.html", page, status=422)


@require_GET
def text(request: HttpRequest, code: str) -> HttpResponse:
    """A text people agree to, to read and keep."""
    version = request.GET.get("v", "")
    found = queries.text(
        code=code,
        language=language(),
        version=int(version) if version.isdigit() and len(version) < 5 else None,
    )
    page = {"text": found, "html": paragraphs(found.body), "back_url": "/me/privacy/"}
    return render(request, "web/people/text.html", page)
