"""
Using a contact: for one of two purposes, by a gate whose answer is kept, and every time shown to the contact.

`verify`: a call to verify the applicant's identity. `reach`: asking the contact to have the borrower call back, only once the
borrower's own phone is of no use (rules-cn 4.3): number invalid; three dials in a row unanswered, then the next day; three
days in a row unreachable. The debt is never mentioned; a contact who said no is never called.
"""

from __future__ import annotations

import datetime
import itertools
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Account, Contact, ContactRetention, ContactStatus, ContactUse, Dial
from fenqi.people.services.contacts import forget_contact
from fenqi.plumbing import audit, business_date, clock, gates, rule_data
from fenqi.plumbing.errors import NotAllowed
from fenqi.plumbing.gates import Answer, allow, deny
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

GATE = "people.contact_use"
KIND_OF_PURPOSE = {"verify": "call", "reach": "reach"}
OUTCOMES = ("answered", "no_answer", "invalid_number")
UNANSWERED_IN_A_ROW = 3
UNREACHABLE_DAYS = 3

_WHY = {
    "contact.said_no": _("联系人没有同意、已撤回或未通过审核，不能使用。"),
    "contact.quiet_hours": _("22:00 至次日 8:00 不打扰联系人。"),
    "contact.still_reachable": _(
        "本人电话仍可尝试：号码失效、连续三次无人接听（次日起）或连续三天联系不上后，才能请联系人转告。"
    ),
    "contact.purpose": _("联系人只能用于核实身份或请其转告本人回电。"),
}


class ContactProtected(NotAllowed):
    """The gate does not let this contact be used now; `rule_id` says by which rule."""

    code = "contact_protected"


@transaction.atomic
def record_dial(*, staff: str, borrower_id: int, outcome: str) -> None:
    """Note a call to the borrower's own phone: answered | no_answer | invalid_number. Raises: Unreadable, NotFound."""
    if outcome not in OUTCOMES:
        raise refusals.Unreadable(_("请选择通话结果。"), field="outcome")
    if not Account.objects.filter(borrower_id=borrower_id).exists():
        raise refusals.NotFound(_("账号不存在。"))
    Dial.objects.create(
        borrower_id=borrower_id, id=new_id(), outcome=outcome, staff=staff, dialled_at=clock.now()
    )


def unlocked_by(dials: Sequence[tuple[datetime.datetime, str]], *, on: datetime.date) -> str:
    """
    The rule that lets the contact be asked on a date, or an empty text. `dials`: (moment, outcome), any order.

    Only what happened since the borrower last answered counts. Source: rules-cn 4.3 [W23].
    """
    since_answer: list[tuple[datetime.date, str]] = []
    for at, outcome in sorted(dials):
        if outcome == "answered":
            since_answer = []
        else:
            since_answer.append((timezone.localtime(at).date(), outcome))
    if any(outcome == "invalid_number" for _on, outcome in since_answer):
        return "contact.number_invalid"
    days = sorted({day for day, _outcome in since_answer})
    in_a_row = 1 if days else 0
    for before, after in itertools.pairwise(days):
        in_a_row = in_a_row + 1 if (after - before).days == 1 else 1
        if in_a_row >= UNREACHABLE_DAYS:
            return "contact.unreachable_days"
    if len(since_answer) >= UNANSWERED_IN_A_ROW and on > since_answer[UNANSWERED_IN_A_ROW - 1][0]:
        return "contact.unanswered_dials"
    return ""


def ask_contact_use(*, borrower_id: int, contact_id: UUID, purpose: str, at: datetime.datetime) -> Answer:
    """May this contact be used for this purpose at this moment? The answer is kept by its gate. Raises: NotFound."""
    contact = Contact.objects.filter(borrower_id=borrower_id, id=contact_id).first()
    if contact is None:
        raise refusals.NotFound(_("没有这位联系人。"))
    return gates.keep(gate=GATE, subject=f"contact:{contact_id}", answer=_judge(contact, purpose, at))


def _judge(contact: Contact, purpose: str, at: datetime.datetime) -> Answer:
    local = timezone.localtime(at)
    if purpose not in KIND_OF_PURPOSE:
        return _deny("contact.purpose")
    willing = {"verify": (ContactStatus.ACCEPTED, ContactStatus.APPROVED), "reach": (ContactStatus.APPROVED,)}
    if contact.status not in willing[purpose]:
        return _deny("contact.said_no")
    quiet = rule_data.value("quiet_hours", on=local.date())
    begins, ends = (datetime.time.fromisoformat(quiet[name]) for name in ("from", "to"))
    if local.time() >= begins or local.time() < ends:
        return _deny("contact.quiet_hours")
    if purpose == "verify":
        return allow("contact.verify_identity")
    dials = Dial.objects.filter(borrower_id=contact.borrower_id).values_list("dialled_at", "outcome")
    rule_id = unlocked_by(list(dials), on=local.date())
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
def plan_forgetting(*, borrower_id: int) -> datetime.date:
    """Everything is settled: the contacts are to be forgotten after the days the rule names."""
    on = business_date.current()
    days = rule_data.value("contact_rules", on=on)["delete_days_after_settlement"]
    forget_on = on + datetime.timedelta(days=days)
    ContactRetention.objects.update_or_create(borrower_id=borrower_id, defaults={"forget_on": forget_on})
    return forget_on


def due_to_forget(on: datetime.date) -> list[int]:
    """Borrowers whose contacts' time is over."""
    return list(ContactRetention.objects.filter(forget_on__lte=on).values_list("borrower_id", flat=True))


@transaction.atomic
def forget_contacts(*, borrower_id: int, is_settled: bool) -> int:
    """Delete the contacts' data if all is still settled, else keep them and drop the plan; tells how many were deleted."""
    ContactRetention.objects.filter(borrower_id=borrower_id).delete()
    if not is_settled:
        return 0
    kept = Contact.objects.filter(borrower_id=borrower_id).exclude(status=ContactStatus.DELETED)
    ids = list(kept.values_list("id", flat=True))
    for contact_id in ids:
        forget_contact(borrower_id=borrower_id, contact_id=contact_id, why="全部结清满期")
    return len(ids)
