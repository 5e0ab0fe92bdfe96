"""What every page shares: who is signed in, refusals at the field, error pages, health."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from fenqi.plumbing import business_date
from fenqi.plumbing.sessions import (
    at_desk,
    current_borrower_id,
    current_staff,
    sign_in_session,
    sign_in_staff_session,
    sign_out_session,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from fenqi.plumbing.errors import Refusal

__all__ = [
    "current_borrower_id",
    "current_staff",
    "sign_in_session",
    "sign_in_staff_session",
    "sign_out_session",
]


def shopper_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for a signed-in shopper: `request.borrower_id` is set; others sign in first and come back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        borrower_id = current_borrower_id(request)
        if borrower_id is None:
            back = (
                request.get_full_path() if request.method == "GET" else request.META.get("HTTP_REFERER", "/")
            )
            return HttpResponseRedirect("/sign-in/?" + urlencode({"next": safe_next(request, back)}))
        request.borrower_id = borrower_id  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return guarded


SET_UP_SECOND_FACTOR = "/ops/second-factor/"


def staff_required(
    *roles: str, without_second_factor: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """
    Only for staff with one of `roles` (any role when none is named; admin may all), as they stand at this request.

    Sets `request.staff` (the name) and `request.staff_roles`. Who has no second factor yet sets one up first.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            name, found = current_staff(request), at_desk(request)
            if name is None or found is None:
                query = urlencode({"next": safe_next(request, request.get_full_path())})
                return HttpResponseRedirect("/ops/sign-in/?" + query)
            if not found.has_second_factor and not without_second_factor:
                return HttpResponseRedirect(SET_UP_SECOND_FACTOR)
            if roles and not found.roles & {*roles, "admin"}:
                return forbidden(request)
            request.staff, request.staff_roles = name, found.roles  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def safe_next(request: HttpRequest, target: str | None, default: str = "/") -> str:
    """A place on this site to go on to; anything else becomes `default`."""
    if target and url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    ):
        return "/" + target.split("//", 1)[1].partition("/")[2] if "//" in target[:8] else target
    return default


class PlainForm(forms.Form):
    """A form whose fields carry what keyboards, phones and screen readers need, and which shows refusals at the field."""

    use_required_attribute = False  # our own sentences, in the page's language, and nothing typed is lost

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = field.widget
            widget.attrs.setdefault("id", f"id_{name}")
            if field.help_text:
                widget.attrs.setdefault("aria-describedby", f"id_{name}_hint")

    def full_clean(self) -> None:
        """Read what was typed (when first asked for, so that a form may still set choices), and mark what is wrong."""
        super().full_clean()
        for name in self._errors or ():
            if name in self.fields:
                mark_wrong(self, name)


def mark_wrong(form: forms.Form, name: str) -> None:
    """Tie a field to its sentence for screen readers."""
    attrs = form.fields[name].widget.attrs
    attrs["aria-invalid"] = "true"
    described = attrs.get("aria-describedby", "").replace(f"id_{name}_error", "")
    attrs["aria-describedby"] = f"id_{name}_error {described}".strip()


def refusal_to_form(form: forms.Form, refusal: Refusal) -> None:
    """Put a service's refusal at its field, or above the form when it has none here."""
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, str(refusal))
    if field:
        mark_wrong(form, field)


def context(request: HttpRequest) -> dict[str, Any]:
    """For every template; nothing is looked up before a template asks."""
    return {
        "borrower_id": current_borrower_id(request) if hasattr(request, "session") else None,
        "staff_name": current_staff(request) if hasattr(request, "session") else None,
        "business_date": SimpleLazyObject(business_date.current),
        "is_demo": settings.DEMO,
        "has_sandbox": settings.FENQI_SANDBOX,
    }


def _error_page(request: HttpRequest, status: int, title: str, text: str, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {
            "type": f"/problems/{code}",
            "title": title,
            "status": status,
            "code": code,
            "detail": text,
        }
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    page = {"title": title, "text": text, "code": code, "status": status}
    if request.path.startswith("/ops/"):  # staff are led back to their desk, not into the shop
        page |= {"layout": "web/base_focus.html", "back_url": "/ops/", "is_console": True}
    return render(request, "plumbing/error.html", page, status=status)


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal nobody caught nearer to the field."""
    titles = {
        404: _("没有找到"),
        403: _("不能这样做"),
        409: _("情况有变"),
        429: _("请稍后再试"),
        503: _("对方暂未响应"),
    }
    return _error_page(
        request, refusal.status, titles.get(refusal.status, _("没有办成")), str(refusal), refusal.code
    )


def session_lost(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's secret does not fit the session: it ended, or the form was open in another tab."""
    return _error_page(
        request,
        403,
        _("页面已过期"),
        _("为了安全，这个页面已失效，刚才的操作没有执行，也没有扣款。请返回后刷新再试。"),
        "session_lost",
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error_page(request, 400, _("请求有误"), _("这个请求无法理解，没有做任何改动。"), "bad_request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error_page(request, 403, _("没有权限"), _("您的账号不能打开这个页面。"), "forbidden")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error_page(request, 404, _("没有找到"), _("这个页面不存在，或不属于您。"), "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    return _error_page(
        request,
        500,
        _("我们出错了"),
        _("错误已记录。没有完成的付款不会扣款；请稍后再试或联系客服。"),
        "server_error",
    )


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok", "business_date": business_date.current().isoformat()})
