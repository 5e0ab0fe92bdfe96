"""The language of the pages, and of what we write to whoever is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.views.decorators.http import require_POST
from django.views.i18n import LANGUAGE_QUERY_PARAMETER, set_language

from fenqi.people import services
from fenqi.plumbing.pages import current_borrower_id

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """This browser's pages, and the account's messages where somebody is signed in."""
    borrower_id = current_borrower_id(request)
    if borrower_id:
        services.choose_language(
            borrower_id=borrower_id, language=request.POST.get(LANGUAGE_QUERY_PARAMETER, "")
        )
    return set_language(request)


def carry_over(request: HttpRequest, response: HttpResponse, borrower_id: int) -> None:
    """At sign-in: what this browser chose becomes the account's first choice; the account's choice speaks in a new browser."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    kept = services.language_at_sign_in(borrower_id=borrower_id, chosen=chosen)
    if kept and not chosen:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            kept,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
