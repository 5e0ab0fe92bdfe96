"""What these pages share: where a request comes from, texts to agree to, a fresh confirmation of the person."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

from fenqi.people import queries, services
from fenqi.plumbing.pages import safe_next, shopper_required
from fenqi.plumbing.sessions import account_session, confirm_session, is_fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms
    from django.http import HttpRequest, HttpResponse

_MARKDOWN = MarkdownIt("commonmark", {"html": False})


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


def confirmed(request: HttpRequest) -> HttpResponse:
    """The person proved to be themselves: the session goes on under a new key, and they go back to where they were."""
    confirm_session(request)
    session_id = account_session(request)
    if session_id:
        services.renew_session(
            borrower_id=request.borrower_id,  # type: ignore[attr-defined]
            session_id=session_id,
            session_key=request.session.session_key or "",
        )
    return HttpResponseRedirect(safe_next(request, request.POST.get("next"), "/me/"))


def to_confirm(request: HttpRequest, back: str) -> HttpResponse:
    """To the page that asks for a code or a passkey, and then back."""
    return HttpResponseRedirect("/me/confirm/?" + urlencode({"next": safe_next(request, back, "/me/")}))


def step_up_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for a signed-in shopper who confirmed a short while ago; others do so first and come back."""

    @shopper_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        if request.method == "GET":
            return to_confirm(request, request.get_full_path())
        return to_confirm(request, request.META.get("HTTP_REFERER", "/me/"))

    return guarded
