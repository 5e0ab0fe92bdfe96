"""Sessions: how they begin and end, how long they live, and what they remember of a confirmation."""

from __future__ import annotations

import datetime
import secrets
from typing import TYPE_CHECKING

from django.conf import settings

from fenqi.plumbing import business_date, clock, ports, rule_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from fenqi.plumbing.ports import AtDesk

_BORROWER, _STAFF, _SESSION_ID = "borrower_id", "staff", "account_session_id"
_ROUND, _BROWSER = "staff_round", "browser"
_SIGNED_IN_AT, _CONFIRMED_AT = "signed_in_at", "step_up_at"
_ENDS_AT, _SEEN_AT, _IDLE_SECONDS = "ends_at", "seen_at", "idle_seconds"
# How often "seen just now" is written down: a twentieth of the idle time, ten minutes at most.
_NOTES_A_LIFE, _NOTE_AT_MOST_SECONDS = 20, 600


def current_borrower_id(request: HttpRequest) -> int | None:
    """The signed-in shopper, or None."""
    return request.session.get(_BORROWER)


def current_staff(request: HttpRequest) -> str | None:
    """The name a staff session was opened for, or None; `staff_required` asks whether it still stands."""
    return request.session.get(_STAFF)


def sign_in_session(request: HttpRequest, borrower_id: int) -> None:
    """Begin a session of this shopper under a new key, so that a planted session gains nothing; the guest's cart stays."""
    if current_borrower_id(request) not in (None, borrower_id) or current_staff(request):
        request.session.flush()
    request.session.cycle_key()
    request.session[_BORROWER] = borrower_id
    _begin(request, "shopper")


def note_account_session(request: HttpRequest, session_id: UUID) -> None:
    """Remember the line of the account's list of devices this session stands in."""
    request.session[_SESSION_ID] = str(session_id)


def sign_in_staff_session(request: HttpRequest, name: str, session_round: int) -> None:
    """Begin a staff session; whatever session the browser had ends."""
    request.session.flush()
    request.session[_STAFF], request.session[_ROUND] = name, session_round
    _begin(request, "staff")


def account_session(request: HttpRequest) -> str | None:
    """The line this session stands in."""
    return request.session.get(_SESSION_ID)


def sign_out_session(request: HttpRequest) -> None:
    """Forget the session whole."""
    request.session.flush()


def renew_staff_session(request: HttpRequest, session_round: int) -> None:
    """Go on in this browser, under a new key, after all sessions of the member were ended."""
    request.session.cycle_key()
    request.session[_ROUND] = session_round


def _begin(request: HttpRequest, kind: str) -> None:
    now = clock.wall()
    request.session[_SIGNED_IN_AT] = now.isoformat()
    request.session.pop(_CONFIRMED_AT, None)
    _limit(request, kind, now)


def _limit(request: HttpRequest, kind: str, now: datetime.datetime) -> None:
    limits = rule_data.value("session_limits", on=business_date.current())[kind]
    request.session[_SEEN_AT] = now.isoformat()
    request.session[_ENDS_AT] = (now + datetime.timedelta(hours=limits["hours"])).isoformat()
    request.session[_IDLE_SECONDS] = limits["idle_minutes"] * 60
    # The cookie and the row in the table live as long as the session may.
    request.session.set_expiry(limits["hours"] * 3600)


class SessionLifetimes:
    """Ends what is over (idle too long, open too long) before anybody looks at it, and notes who was seen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _look_after(request)
        return self.get_response(request)


def _look_after(request: HttpRequest) -> None:
    is_staff = bool(current_staff(request))
    if not is_staff and not current_borrower_id(request):
        return
    now = clock.wall()
    if _ENDS_AT not in request.session:
        # Opened before there were limits: its life begins now.
        _limit(request, "staff" if is_staff else "shopper", now)
    elif _is_over(request, now):
        request.session.flush()
    else:
        _note(request, now)


def _is_over(request: HttpRequest, now: datetime.datetime) -> bool:
    idle = datetime.timedelta(seconds=request.session[_IDLE_SECONDS])
    return now >= min(_moment(request.session[_ENDS_AT]), _moment(request.session[_SEEN_AT]) + idle)


def _note(request: HttpRequest, now: datetime.datetime) -> None:
    often = min(request.session[_IDLE_SECONDS] / _NOTES_A_LIFE, _NOTE_AT_MOST_SECONDS)
    if (now - _moment(request.session[_SEEN_AT])).total_seconds() < often:
        return
    request.session[_SEEN_AT] = now.isoformat()
    borrower_id, session_id = current_borrower_id(request), request.session.get(_SESSION_ID)
    if borrower_id and session_id:
        ports.get("sessions").seen(borrower_id=borrower_id, session_id=session_id)


def at_desk(request: HttpRequest) -> AtDesk | None:
    """The staff member of this session as they stand now; a session that no longer stands is forgotten."""
    name = current_staff(request)
    if name is None:
        return None
    found: AtDesk | None = ports.get("sessions").at_desk(
        name=name, session_round=request.session.get(_ROUND, -1)
    )
    if found is None:
        request.session.flush()
    return found


def confirm_session(request: HttpRequest) -> None:
    """The person proved once more who they are; the session goes on under a new key."""
    request.session.cycle_key()
    request.session[_CONFIRMED_AT] = clock.wall().isoformat()


def is_fresh(request: HttpRequest, *, rule: str = "step_up_minutes") -> bool:
    """Did the person sign in or confirm in this session a short while ago?"""
    minutes = rule_data.value(rule, on=business_date.current())
    since = clock.wall() - datetime.timedelta(minutes=minutes)
    moments = (request.session.get(_CONFIRMED_AT), request.session.get(_SIGNED_IN_AT))
    return any(moment and _moment(moment) > since for moment in moments)


def browser_word(request: HttpRequest) -> str:
    """A random word that stands for this browser, kept in its session: what a passkey's question is bound to."""
    word: str = request.session.setdefault(_BROWSER, secrets.token_urlsafe(24))
    return word


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
