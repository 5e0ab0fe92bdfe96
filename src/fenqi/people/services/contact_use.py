"""
Calls: to the borrower's own phone, and to a contact for one of two purposes, each by a gate whose answer is kept.

Every use of a contact is shown to the contact.

`verify`: a call to verify the applicant's identity. `reach`: asking the contact to have the borrower call back, only once the
borrower's own phone is of no use (rules-cn 4.3): number invalid; three dials in a row unanswered, then the next day; three
days in a row unreachable. The debt is never mentioned; a contact who said no is never called.
"""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, Contact, ContactCall, ContactStatus, ContactUse, Dial
from fenqi.people.services.consents import is_withdrawn
from fenqi.people.services.contacts import ANSWERS, lock_contact, take_answer
from fenqi.plumbing import audit, clock, gates, rule_data
from fenqi.plumbing.errors import NotAllowed
from fenqi.plumbing.gates import Answer, allow, deny
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

CONSENT_TEXT = "contact"  # the applicant's; the contact's own word stands on the contact
GATE = "people.contact_use"
KIND_OF_PURPOSE = {"verify": "call", "reach": "reach"}
OUTCOMES = ("answered", "no_answer", "invalid_number")
CALL_OUTCOMES = ("reached", "no_answer", "withdraw", "unknown_person")
DIAL_GATE = "people.dial"

_WHY = {
    "contact.said_no": _("联系人没有同意、已撤回或未通过审核，不能使用。"),
    "contact.consent": _("申请人已撤回使用联系人的同意，不能使用。"),
    "contact.quiet_hours": _("22:00 至次日 8:00 不打扰联系人。"),
    "contact.still_reachable": _(
        "本人电话仍可尝试：号码失效、连续三次无人接听（次日起）或连续三天联系不上后，才能请联系人转告。"
    ),
    "contact.purpose": _("联系人只能用于核实身份或请其转告本人回电。"),
    "contact.often_enough": _("今天已联系过这位联系人，为免打扰，请明天再试。"),
    "contact.is_borrower": _("这个号码现在是本人的号码，不能作为联系人使用。"),
    "dial.quiet_hours": _("22:00 至次日 8:00 不得拨打。"),
    "dial.answered_enough": _("今天与本人的有效通话已达上限。"),
    "dial.tried_enough": _("今天对这个号码的拨打次数已达上限。"),
}


class ContactProtected(NotAllowed):
    """The gate does not let this contact be used now; `rule_id` says by which rule."""

    code = "contact_protected"


@transaction.atomic
def record_dial(*, staff: str, borrower_id: int, outcome: str, at: datetime.datetime | None = None) -> Answer:
    """
    Note a call to the borrower's own phone: answered | no_answer | invalid_number; `at` is the moment of the call.

    What happened is always noted; whether it was allowed then is kept beside it and handed back.
    Raises: Unreadable, NotFound.
    """
    if outcome not in OUTCOMES:
        raise refusals.Unreadable(_("请选择通话结果。"), field="outcome")
    if not Account.objects.filter(borrower_id=borrower_id).exists():
        raise refusals.NotFound(_("账号不存在。"))
    moment = at or clock.now()
    known = around(borrower_id, on=clock.date_of(moment))
    answer = gates.keep(gate=DIAL_GATE, subject=f"account:{borrower_id}", answer=judge_dial(moment, known))
    Dial.objects.create(
        borrower_id=borrower_id, id=new_id(), outcome=outcome, staff=staff, dialled_at=clock.now()
    )
    return answer


def judge_dial(at: datetime.datetime, known: Around) -> Answer:
    """May the borrower's own phone be called at this moment? Nothing is kept. Source: rules-cn 4.2, 4.3 [W21, W23]."""
    day = clock.date_of(at)
    if _is_quiet(known.rules["quiet_hours"], at):
        return _deny("dial.quiet_hours")
    today = [outcome for moment, outcome in known.dials if clock.date_of(moment) == day]
    if today.count("answered") >= known.rules["dial_caps"]["answered"]:
        return _deny("dial.answered_enough")
    if len(today) >= known.rules["dial_caps"]["tried"]:
        return _deny("dial.tried_enough")
    return allow("dial.within_rules")


def _is_quiet(quiet: dict[str, str], at: datetime.datetime) -> bool:
    begins, ends = (datetime.time.fromisoformat(quiet[name]) for name in ("from", "to"))
    now = timezone.localtime(at).time()
    return now >= begins or now < ends


def unlocked_by(
    dials: Sequence[tuple[datetime.datetime, str]], *, on: datetime.date, unanswered: int = 3, days: int = 3
) -> str:
    """
    The rule that lets the contact be asked on a date, or an empty text. `dials`: (moment, outcome), any order.

    `unanswered` dials in a row open it from the next day on, `days` in a row out of reach at once.

    Only what happened since the borrower last answered counts. Source: rules-cn 4.3 [W23].
    """
    since_answer: list[tuple[datetime.date, str]] = []
    for at, outcome in sorted(dials):
        if outcome == "answered":
            since_answer = []
        else:
            since_answer.append((clock.date_of(at), outcome))
    if any(outcome == "invalid_number" for _on, outcome in since_answer):
        return "contact.number_invalid"
    tried_on = sorted({day for day, _outcome in since_answer})
    in_a_row = 1 if tried_on else 0
    for before, after in itertools.pairwise(tried_on):
        in_a_row = in_a_row + 1 if (after - before).days == 1 else 1
        if in_a_row >= days:
            return "contact.unreachable_days"
    if len(since_answer) >= unanswered and on > since_answer[unanswered - 1][0]:
        return "contact.unanswered_dials"
    return ""


def ask_contact_use(*, borrower_id: int, contact_id: UUID, purpose: str, at: datetime.datetime) -> Answer:
    """May this contact be used for this purpose at this moment? The answer is kept by its gate. Raises: NotFound."""
    contact = Contact.objects.filter(borrower_id=borrower_id, id=contact_id).first()
    if contact is None:
        raise refusals.NotFound(_("没有这位联系人。"))
    known = around(borrower_id, on=clock.date_of(at))
    answer = judge_contact_use(contact, purpose, at, known)
    return gates.keep(gate=GATE, subject=f"contact:{contact_id}", answer=answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What the gate looks at besides the contact: one reading serves several contacts and purposes."""

    rules: dict[str, Any]
    own_phone: str
    used_today: Counter[UUID]
    dials: list[tuple[datetime.datetime, str]]
    is_consent_withdrawn: bool


def around(borrower_id: int, *, on: datetime.date) -> Around:
    """By five statements."""
    midnight = clock.midnight(on)
    uses = ContactUse.objects.filter(
        borrower_id=borrower_id,
        kind__in=KIND_OF_PURPOSE.values(),
        used_at__gte=midnight,
        used_at__lt=midnight + datetime.timedelta(days=1),
    )
    return Around(
        rules=rule_data.values("quiet_hours", "contact_calls_per_day", "contact_unlock", "dial_caps", on=on),
        own_phone=Account.objects.filter(borrower_id=borrower_id).values_list("phone", flat=True).first()
        or "",
        used_today=Counter(uses.values_list("contact_id", flat=True)),
        dials=list(Dial.objects.filter(borrower_id=borrower_id).values_list("dialled_at", "outcome")),
        is_consent_withdrawn=is_withdrawn(borrower_id=borrower_id, text_code=CONSENT_TEXT),
    )


def judge_contact_use(contact: Contact, purpose: str, at: datetime.datetime, known: Around) -> Answer:
    """What the gate says of a contact; nothing is kept."""
    if purpose not in KIND_OF_PURPOSE:
        return _deny("contact.purpose")
    willing = {"verify": (ContactStatus.ACCEPTED, ContactStatus.APPROVED), "reach": (ContactStatus.APPROVED,)}
    if contact.status not in willing[purpose]:
        return _deny("contact.said_no")
    if known.is_consent_withdrawn:
        return _deny("contact.consent")
    if _is_quiet(known.rules["quiet_hours"], at):
        return _deny("contact.quiet_hours")
    if contact.phone == known.own_phone:
        return _deny("contact.is_borrower")
    if known.used_today[contact.id] >= known.rules["contact_calls_per_day"]:
        return _deny("contact.often_enough")
    if purpose == "verify":
        return allow("contact.verify_identity")
    rule_id = unlocked_by(known.dials, on=clock.date_of(at), **known.rules["contact_unlock"])
    return allow(rule_id) if rule_id else _deny("contact.still_reachable")


def _deny(rule_id: str) -> Answer:
    return deny(rule_id, str(_WHY[rule_id]))


def use_contact(
    *, staff: str, borrower_id: int, contact_id: UUID, purpose: str, at: datetime.datetime, note: str = ""
) -> str:
    """
    The contact's phone in clear, for one use that is logged and shown to the contact; `at` is the moment of the call.

    Raises: ContactProtected (the denial is kept too), NotFound.
    """
    answer = ask_contact_use(borrower_id=borrower_id, contact_id=contact_id, purpose=purpose, at=at)
    if not answer.allowed:
        audit.record(
            actor=staff,
            action="people.contact.denied",
            subject=f"account:{borrower_id}",
            reason=note.strip()[:300],
            contact_id=contact_id,
            purpose=purpose[:40],
            rule_id=answer.rule_id,
        )
        raise ContactProtected(_WHY[answer.rule_id], rule_id=answer.rule_id)
    return _log_use(staff, borrower_id, contact_id, purpose, note, answer.rule_id)


@transaction.atomic
def _log_use(staff: str, borrower_id: int, contact_id: UUID, purpose: str, note: str, rule_id: str) -> str:
    contact = Contact.objects.get(borrower_id=borrower_id, id=contact_id)
    ContactUse.objects.create(
        borrower_id=borrower_id,
        id=new_id(),
        contact_id=contact_id,
        kind=KIND_OF_PURPOSE[purpose],
        actor=staff,
        note="",  # what staff write down is not the contact's to read: it stays in the audit trail
        used_at=clock.now(),
    )
    audit.record(
        actor=staff,
        action="people.contact.used",
        subject=f"account:{borrower_id}",
        reason=note.strip()[:300],
        contact_id=contact_id,
        purpose=purpose,
        rule_id=rule_id,
    )
    phone: str = contact.phone
    return phone


@transaction.atomic
def record_contact_call(*, staff: str, borrower_id: int, contact_id: UUID, outcome: str) -> None:
    """
    Note how a call to a contact ended: reached | no_answer | withdraw | unknown_person.

    A contact who says on the phone that they want no more of it, or do not know the applicant, is believed at once, as by
    their own link. Raises: Unreadable, NotFound, NotWaiting when nobody had their number today.
    """
    if outcome not in CALL_OUTCOMES:
        raise refusals.Unreadable(_("请选择通话结果。"), field="outcome")
    contact = lock_contact(borrower_id, contact_id)
    used = ContactUse.objects.filter(
        borrower_id=borrower_id,
        contact_id=contact_id,
        kind__in=KIND_OF_PURPOSE.values(),
        used_at__gt=clock.now() - datetime.timedelta(days=1),
    )
    if not used.exists():
        raise refusals.NotWaiting(_("近一天没有人联系过这位联系人。"))
    ContactCall.objects.create(
        borrower_id=borrower_id,
        id=new_id(),
        contact_id=contact_id,
        outcome=outcome,
        staff=staff,
        called_at=clock.now(),
    )
    if outcome in ANSWERS and contact.status in ANSWERS[outcome][0]:
        take_answer(contact, outcome, evidence={"heard": "by phone", "by": staff}, actor=staff)
