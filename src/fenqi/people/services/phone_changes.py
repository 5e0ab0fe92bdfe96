"""
An account moves to another phone: by its owner who still has the old one, or, where that is lost, after a person looked.

Whoever asks without the old phone is answered the same whether an account, a name or a number fits; the old number is told
and has a day to stop it; the review needs two pairs of eyes.
"""

from __future__ import annotations

import datetime
import hmac
from typing import TYPE_CHECKING
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import (
    Account,
    CodePurpose,
    Identity,
    IdentityStatus,
    PhoneChange,
    PhoneChangeStatus,
    PhoneIndex,
    SignInCode,
)
from fenqi.people.services.accounts import end_other_sessions
from fenqi.people.services.codes import phone_index, use_code
from fenqi.people.services.languages import languages_of
from fenqi.people.services.passkeys import forget_passkeys_of_shopper
from fenqi.plumbing import audit, business_date, clock, four_eyes, masks, ports, rule_data
from fenqi.plumbing.errors import Conflict
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from fenqi.people.id_number import IdNumber

MOVE_KIND = "people.phone_move"
_STOP = "people.phone_move.stop"


class PhoneTaken(Conflict):
    """Another account signs in with this phone."""

    code = "phone_taken"


class TooEarly(Conflict):
    """The old number still has time to stop it."""

    code = "phone_move_too_early"


def change_phone(*, borrower_id: int, new_phone: str, code: str, id_number_tail: str) -> None:
    """
    Move the account to another phone: a code to the new one, and the end of the ID number where one is known.

    The door asks for a step-up first. Both numbers are told.
    Raises: Unreadable, CodeWrong, ProofWrong(id_number_tail), CodeClosed, PhoneTaken.
    """
    new_phone = refusals.phone(new_phone, field="new_phone")
    identity = Identity.objects.filter(borrower_id=borrower_id, status=IdentityStatus.PASSED).first()
    proven = identity is None or _same(identity.id_number[-6:], id_number_tail.strip().upper())
    try:
        use_code(phone=new_phone, code=code, purpose=CodePurpose.CHANGE_PHONE, proven=proven)
    except refusals.ProofWrong as e:
        e.field = "id_number_tail"
        raise
    with transaction.atomic():
        account = Account.objects.select_for_update().get(borrower_id=borrower_id)
        _move(account, new_phone, actor=f"shopper:{borrower_id}")


def ask_phone_move(*, old_phone: str, new_phone: str, code: str, real_name: str, id_number: str) -> None:
    """
    Somebody lost their phone and asks for their account on a new one. Nothing tells whether there is such an account.

    Must not run inside a caller's transaction. Raises: Unreadable, CodeWrong, CodeClosed, TooSoon.
    """
    old = refusals.phone(old_phone, field="old_phone")
    new = refusals.phone(new_phone, field="new_phone")
    name = refusals.real_name(real_name)
    citizen = refusals.citizen(id_number, on=business_date.current())
    if old == new:
        raise refusals.Unreadable(_("新手机号与原手机号相同。"), field="new_phone")
    _require_few(new)
    use_code(phone=new, code=code, purpose=CodePurpose.LOST_PHONE)
    hours = wait_hours()
    with transaction.atomic():
        ports.get("texts").send_to_phone(
            phone=new,
            template="people.phone_move_received",
            context={"hours": hours},
            reference=f"phone_move_received:{new_id()}",
        )
        account = _account_of(old, name, citizen)
        if account is not None and not PhoneIndex.objects.filter(phone_index=phone_index(new)).exists():
            _begin_review(account, new, hours)


def _require_few(new: str) -> None:
    limit = rule_data.value("phone_change_asks_per_day", on=business_date.current())
    since = clock.wall() - datetime.timedelta(days=1)
    used = SignInCode.objects.filter(
        phone_index=phone_index(new), purpose=CodePurpose.LOST_PHONE, used_at__gt=since
    )
    if used.count() >= limit:
        raise refusals.TooSoon(_("今天申请的次数过多，请明天再试，或联系客服。"), field="new_phone")


def _account_of(phone: str, name: str, citizen: IdNumber) -> Account | None:
    """The open account of this phone, if the identity behind it is exactly this person's."""
    kept = PhoneIndex.objects.filter(phone_index=phone_index(phone)).first()
    if kept is None:
        return None
    account = Account.objects.select_for_update().get(borrower_id=kept.borrower_id)
    identity = Identity.objects.filter(borrower_id=kept.borrower_id, status=IdentityStatus.PASSED).first()
    if account.closed_at is not None or identity is None:
        return None
    fits = _same(identity.real_name, name) and _same(identity.id_number, citizen.number)
    return account if fits else None


def _begin_review(account: Account, new: str, hours: int) -> None:
    limit = rule_data.value("phone_change_asks_per_day", on=business_date.current())
    mine = PhoneChange.objects.filter(borrower_id=account.borrower_id)
    today = mine.filter(asked_at__gt=clock.now() - datetime.timedelta(days=1))
    if mine.filter(status=PhoneChangeStatus.REVIEW).exists() or today.count() >= limit:
        return
    change = PhoneChange.objects.create(
        borrower_id=account.borrower_id,
        id=new_id(),
        old_phone=account.phone,
        new_phone=new,
        status=PhoneChangeStatus.REVIEW,
        asked_at=clock.now(),
    )
    audit.record(
        actor="system:people",
        action="people.phone_move.asked",
        subject=f"account:{account.borrower_id}",
        to=masks.phone(new),
    )
    stop = signing.Signer(salt=_STOP).sign(f"{account.borrower_id:x}.{change.id.hex}")
    ports.get("texts").send_to_phone(
        phone=account.phone,
        template="people.phone_move_asked",
        context={"hours": hours, "link": f"/stop-phone-move/{stop}/"},
        reference=f"phone_move_asked:{change.id}",
        language=_language(account.borrower_id),
    )


def move_behind(*, token: str) -> str:
    """The masked new number the link to stop speaks of. Raises: LinkUnknown."""
    return masks.phone(_stopped_by(token).new_phone)


@transaction.atomic
def stop_phone_move(*, token: str) -> None:
    """The old number says no, and that ends it. Safe to repeat. Raises: LinkUnknown, NotWaiting once it was decided."""
    change = _stopped_by(token, lock=True)
    if change.status == PhoneChangeStatus.STOPPED:
        return
    if change.status != PhoneChangeStatus.REVIEW:
        raise refusals.NotWaiting(_("这项申请已经处理完毕。如有疑问请马上联系客服。"))
    _close(change, PhoneChangeStatus.STOPPED, by=f"shopper:{change.borrower_id}", reason="")


@transaction.atomic
def refuse_phone_move(*, staff: str, borrower_id: int, change_id: UUID, reason: str) -> None:
    """A reviewer says no; the number that asked is told. Raises: NotWaiting, ReasonMissing."""
    if not reason.strip():
        raise refusals.ReasonMissing(_("请写明理由。"), field="reason")
    change = waiting_move(borrower_id, change_id, lock=True)
    _close(change, PhoneChangeStatus.REFUSED, by=staff, reason=reason.strip()[:300])
    ports.get("texts").send_to_phone(
        phone=change.new_phone,
        template="people.phone_move_refused",
        context={"when": _day(change.asked_at)},
        reference=f"phone_move_refused:{change.id}",
        language=_language(borrower_id),
    )


@transaction.atomic
def approve_phone_move(
    *, approval_id: UUID | None, staff: str, borrower_id: int, change_id: UUID, reason: str
) -> None:
    """
    Move the account, as two people agreed. Passkeys may sit in the lost phone: all go, and every browser is signed out.

    Raises: SecondPairMissing, NotWaiting, TooEarly, PhoneTaken.
    """
    four_eyes.spend(
        approval_id=approval_id,
        kind=MOVE_KIND,
        arguments={"borrower_id": borrower_id, "change_id": str(change_id)},
    )
    account = Account.objects.select_for_update().get(borrower_id=borrower_id)
    change = waiting_move(borrower_id, change_id, lock=True)
    require_waited(change)
    _close(change, PhoneChangeStatus.APPROVED, by=staff, reason=reason.strip()[:300])
    _move(account, change.new_phone, actor=staff)
    end_other_sessions(borrower_id=borrower_id, session_key="")
    forget_passkeys_of_shopper(borrower_id)


def require_waited(change: PhoneChange) -> None:
    """Raises: TooEarly while the old number may still stop it."""
    if clock.now() < free_from(change):
        raise TooEarly(_("原手机号还有时间叫停，满 %(n)d 小时后才能通过。") % {"n": wait_hours()})


def free_from(change: PhoneChange) -> datetime.datetime:
    """Until then the old number may stop it."""
    return change.asked_at + datetime.timedelta(hours=wait_hours())


def wait_hours() -> int:
    """How long the old number has to stop a move."""
    hours: int = rule_data.value("phone_change_wait_hours", on=business_date.current())
    return hours


def waiting_move(borrower_id: int, change_id: UUID, *, lock: bool = False) -> PhoneChange:
    """A move nobody has decided. Raises: NotWaiting."""
    rows = PhoneChange.objects.select_for_update() if lock else PhoneChange.objects
    change = rows.filter(borrower_id=borrower_id, id=change_id).first()
    if change is None or change.status != PhoneChangeStatus.REVIEW:
        raise refusals.NotWaiting(_("这项申请不在待审核状态，可能已被同事处理或被原手机号叫停。"))
    return change


def _close(change: PhoneChange, status: PhoneChangeStatus, *, by: str, reason: str) -> None:
    change.status, change.decided_by, change.reason, change.decided_at = status, by, reason, clock.now()
    change.save()
    audit.record(
        actor=by,
        action=f"people.phone_move.{status.value}",
        subject=f"account:{change.borrower_id}",
        reason=reason,
    )


def _move(account: Account, new_phone: str, *, actor: str) -> None:
    """The caller holds the account. Raises: PhoneTaken."""
    old_phone, borrower_id = account.phone, account.borrower_id
    kept, is_new = PhoneIndex.objects.get_or_create(
        phone_index=phone_index(new_phone), defaults={"borrower_id": borrower_id}
    )
    if not is_new and kept.borrower_id != borrower_id:
        raise PhoneTaken(_("这个手机号已有账号，不能更换到它。"), field="new_phone")
    if old_phone == new_phone:
        return
    PhoneIndex.objects.filter(phone_index=phone_index(old_phone), borrower_id=borrower_id).delete()
    account.phone = new_phone
    account.save(update_fields=["phone"])
    audit.record(actor=actor, action="people.phone_changed", subject=f"account:{borrower_id}")
    once = new_id()
    for phone, template in ((old_phone, "people.phone_moved"), (new_phone, "people.phone_moved_here")):
        ports.get("texts").send_to_phone(
            phone=phone,
            template=template,
            context={"when": _day(clock.now())},
            reference=f"{template}:{once}",
            language=_language(borrower_id),
        )


def _language(borrower_id: int) -> str:
    """Who pressed the button may be of the staff, or a stranger."""
    return languages_of([borrower_id])[borrower_id]


def _stopped_by(token: str, *, lock: bool = False) -> PhoneChange:
    rows = PhoneChange.objects.select_for_update() if lock else PhoneChange.objects
    try:
        borrower, change_id = signing.Signer(salt=_STOP).unsign(token).split(".")
        found = rows.filter(borrower_id=int(borrower, 16), id=UUID(change_id)).first()
    except (signing.BadSignature, ValueError):
        found = None
    if found is None:
        raise refusals.LinkUnknown(_("这个链接无效。请从短信中重新打开完整链接。"))
    return found


def _same(kept: str, typed: str) -> bool:
    return hmac.compare_digest(kept.encode(), typed.encode())


def _day(moment: datetime.datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d")
