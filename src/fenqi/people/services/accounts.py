"""Accounts: signing in by phone and code, sessions a person can see and end, confirming it is still them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, AccountSession, CodePurpose, PhoneIndex
from fenqi.people.services.codes import phone_index, send_code, use_code
from fenqi.plumbing import audit, clock, masks
from fenqi.plumbing.ids import new_borrower_id, new_id

if TYPE_CHECKING:
    from uuid import UUID


class AccountUnknown(refusals.NotFound):
    """No such account."""

    code = "account_unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """Who signed in; `is_new` when the account was opened by it."""

    borrower_id: int
    is_new: bool


def sign_in(*, phone: str, code: str, ip: str = "") -> SignedIn:
    """
    Sign in with the code sent to `phone`; the first time opens an account.

    Raises: Unreadable, CodeWrong, CodeClosed.
    """
    phone = refusals.phone(phone)
    use_code(phone=phone, code=code, purpose=CodePurpose.SIGN_IN)
    return _account_of(phone)


@transaction.atomic
def _account_of(phone: str) -> SignedIn:
    kept, is_new = PhoneIndex.objects.get_or_create(
        phone_index=phone_index(phone), defaults={"borrower_id": new_borrower_id()}
    )
    if is_new:
        Account.objects.create(borrower_id=kept.borrower_id, phone=phone, opened_at=clock.now())
    return SignedIn(borrower_id=kept.borrower_id, is_new=is_new)


@transaction.atomic
def open_session(
    *, borrower_id: int, session_key: str, user_agent: str, ip: str, opened_with: str = "code"
) -> UUID:
    """Note a signed-in browser (`opened_with`: code | passkey), so that it shows in the account's list and can be ended there."""
    session_id, now = new_id(), clock.wall()
    AccountSession.objects.create(
        borrower_id=borrower_id,
        id=session_id,
        session_key=session_key,
        device=describe_device(user_agent),
        address=masks.address(ip),
        opened_with=opened_with,
        started_at=now,
        seen_at=now,
    )
    return session_id


@transaction.atomic
def end_session(*, borrower_id: int, session_id: UUID) -> None:
    """Sign one browser out, at once and wherever it is. Safe to repeat. Raises: NotFound."""
    kept = AccountSession.objects.filter(borrower_id=borrower_id, id=session_id).first()
    if kept is None:
        raise refusals.NotFound(_("没有这个登录设备。"))
    SessionStore(session_key=kept.session_key).delete()
    AccountSession.objects.filter(borrower_id=borrower_id, id=session_id, ended_at=None).update(
        ended_at=clock.wall()
    )


@transaction.atomic
def renew_session(*, borrower_id: int, session_id: UUID | str, session_key: str) -> None:
    """The browser goes on under another key: ending it from the list must find that one."""
    kept = AccountSession.objects.filter(borrower_id=borrower_id, id=session_id, ended_at=None).first()
    if kept is not None:
        kept.session_key, kept.seen_at = session_key, clock.wall()
        kept.save(update_fields=["session_key", "seen_at"])


@transaction.atomic
def end_other_sessions(*, borrower_id: int, session_key: str) -> int:
    """Sign out every browser but this one; tells how many."""
    ended = 0
    for kept in AccountSession.objects.filter(borrower_id=borrower_id, ended_at=None):
        if kept.session_key != session_key:
            end_session(borrower_id=borrower_id, session_id=kept.id)
            ended += 1
    return ended


def send_step_up_code(*, borrower_id: int, ip: str = "") -> None:
    """Send a code to the account's own phone, to confirm that the person in the session is still its owner."""
    send_code(phone=_account(borrower_id).phone, purpose=CodePurpose.STEP_UP, ip=ip)


def verify_step_up(*, borrower_id: int, code: str) -> None:
    """
    Confirm with the code of `send_step_up_code`; the door remembers the moment in its session.

    Raises: Unreadable, CodeWrong, CodeClosed.
    """
    use_code(phone=_account(borrower_id).phone, code=code, purpose=CodePurpose.STEP_UP)
    audit.record(actor=f"shopper:{borrower_id}", action="people.step_up", subject=f"account:{borrower_id}")


def _account(borrower_id: int) -> Account:
    account = Account.objects.filter(borrower_id=borrower_id).first()
    if account is None:
        raise AccountUnknown(_("账号不存在。"))
    return account


def describe_device(user_agent: str) -> str:
    """A few words a person recognises a browser by, without keeping the whole string."""
    systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]
    browsers = [
        ("MicroMessenger", "WeChat"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]
    system = next((shown for mark, shown in systems if mark in user_agent), "")
    browser = next((shown for mark, shown in browsers if mark in user_agent), "")
    return " · ".join(part for part in (system, browser) if part)
