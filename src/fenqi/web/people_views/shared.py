"""What these pages share: where a request comes from, texts to agree to, a fresh confirmation of the person."""

from __future__ import annotations

import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

from fenqi.people import queries
from fenqi.plumbing import business_date, clock, rule_data
from fenqi.plumbing.pages import safe_next, shopper_required

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms
    from django.http import HttpRequest, HttpResponse

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
STEP_UP_AT = "step_up_at"


def address_of(request: HttpRequest) -> str:
    """The network address of the browser."""
    return request.META.get("REMOTE_ADDR", "")


def language() -> str:
    """The page's language."""
    return get_language() or "zh-hans"


def paragraphs(body: str) -> SafeString:
    """A text of ours as HTML; HTML inside it is shown, not obeyed."""
    return mark_safe(_MARKDOWN.render(body))  # noqa: S308 - html is off  # nosec


def texts(codes: list[str]) -> dict[str, dict[str, Any]]:
    """Texts to read on a page: code → title, version, html."""
    found = {}
    for code in codes:
        text = queries.text(code=code, language=language())
        found[code] = {"title": text.title, "version": text.version, "html": paragraphs(text.body)}
    return found


def agreed(form: forms.Form, codes: dict[str, str]) -> dict[str, int | None]:
    """Text → version for the boxes ticked; `codes` maps a box to its text. A box carries the version shown."""
    given: dict[str, int | None] = {}
    for field, code in codes.items():
        value = str(form.data.get(field, ""))
        if value:
            given[code] = int(value) if value.isdigit() and len(value) < 5 else None
    return given


def is_fresh(request: HttpRequest) -> bool:
    """Did the person type a code in this session a short while ago?"""
    minutes = rule_data.value("step_up_minutes", on=business_date.current())
    since = clock.wall() - datetime.timedelta(minutes=minutes)
    moments = (request.session.get(STEP_UP_AT), request.session.get("signed_in_at"))
    return any(moment and datetime.datetime.fromisoformat(moment) > since for moment in moments)


def step_up_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for a signed-in shopper who typed a code a short while ago; others type one first and come back."""

    @shopper_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        back = (
            request.get_full_path() if request.method == "GET" else request.META.get("HTTP_REFERER", "/me/")
        )
        return HttpResponseRedirect("/me/confirm/?" + urlencode({"next": safe_next(request, back, "/me/")}))

    return guarded
