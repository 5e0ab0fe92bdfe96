"""Every refused access and every refused sign-in leaves one line on `fenqi.security`: the route and its ids, never what was typed."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING
from uuid import UUID

from fenqi.plumbing import masks
from fenqi.plumbing.sessions import current_borrower_id, current_staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

SECURITY = logging.getLogger("fenqi.security")
REFUSED, TOO_OFTEN, NOT_FOUND = {401, 403}, 429, 404
_ENTRANCES = ("sign-in/", "ops/sign-in/")


class RefusalsLogged:
    """One line for each request that was turned away: who, by which door, how."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        who = _who(request)  # before: a sign-out forgets them
        response = self.get_response(request)
        event = _event(request, response.status_code, who)
        if event:
            SECURITY.warning("%s", _line(request, event, response.status_code, who))
        return response


def _event(request: HttpRequest, status: int, who: str) -> str:
    route = request.resolver_match.route if request.resolver_match else ""
    if route.startswith(_ENTRANCES) and request.method == "POST" and 400 <= status < 500:
        return "sign_in_refused"
    if status in REFUSED:
        return "access_refused"
    if status == TOO_OFTEN:
        return "too_often"
    # A thing that is not there, or somebody else's: of interest where a known person asks by an id.
    if status == NOT_FOUND and who != "guest" and request.resolver_match and request.resolver_match.kwargs:
        return "not_theirs_or_unknown"
    return ""


def _who(request: HttpRequest) -> str:
    if not hasattr(request, "session"):
        return "guest"
    if current_staff(request):
        return f"staff:{current_staff(request)}"
    borrower_id = current_borrower_id(request)
    return f"shopper:{borrower_id}" if borrower_id else "guest"


def _line(request: HttpRequest, event: str, status: int, who: str) -> str:
    match = request.resolver_match
    facts: dict[str, object] = {
        "event": event,
        "status": status,
        "method": request.method,
        "route": match.route if match else "none",
        "who": who,
        "from": masks.address(request.META.get("REMOTE_ADDR", "")),
    }
    ids = {
        name: value
        for name, value in (match.kwargs if match else {}).items()
        if isinstance(value, (int, UUID))
    }
    # JSON text has no line breaks of its own: nobody writes a line of the log by naming themselves cleverly.
    return " ".join(
        f"{name}={json.dumps(str(value), ensure_ascii=True)}" for name, value in (facts | ids).items()
    )
