"""Lists of ID numbers and phones nobody is lent to. Only keyed hashes are kept; putting on and taking off needs two people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.credit.errors import ListEntryUnknown, ListUnreadable
from fenqi.credit.models import ListEntry
from fenqi.people import queries as people
from fenqi.plumbing import audit, clock, four_eyes, masks
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from fenqi.people.queries import OnePerson

KIND = "credit.list_entry"
CODES = ("fraud", "court", "deceased", "own_wish")
_MASKS = {"id_number": masks.id_number, "phone": masks.phone}


def hits(person: OnePerson) -> int:
    """On how many lists this person stands, by ID number or phone, and how many of their accounts are barred; two statements."""
    entries = ListEntry.objects.filter(value_index__in=person.list_indexes, removed_at=None)
    return entries.values("list_code").distinct().count() + len(people.blocked(person.account_ids))


def readable(list_code: str, kind: str, value: str) -> str:
    """The value masked, if it can stand on this list. Raises: ListUnreadable."""
    patterns = {"id_number": r"\d{17}[\dX]", "phone": r"1\d{10}"}
    if list_code not in CODES or kind not in patterns or not re.fullmatch(patterns[kind], value):
        raise ListUnreadable(_("请选择名单，并填写 18 位身份证号或 11 位手机号。"), field="value")
    return _MASKS[kind](value)


def entry(entry_id: UUID) -> ListEntry:
    """An entry that stands. Raises: ListEntryUnknown."""
    row = ListEntry.objects.filter(id=entry_id, removed_at=None).first()
    if row is None:
        raise ListEntryUnknown(_("名单里没有这一项，或已移除。"))
    return row


@transaction.atomic
def add_to_list(*, approval_id: UUID, staff: str, list_code: str, kind: str, value: str, reason: str) -> UUID:
    """
    Put an ID number or a phone on a list, by an approval of two people; the same again changes nothing.

    Raises: SecondPairMissing.
    """
    four_eyes.spend(
        approval_id=approval_id,
        kind=KIND,
        arguments={"do": "add", "list_code": list_code, "kind": kind, "value": value},
    )
    index = people.list_index(kind, value)
    standing = ListEntry.objects.filter(value_index=index, list_code=list_code, removed_at=None).first()
    if standing is not None:
        return standing.id
    row = ListEntry.objects.create(
        id=new_id(),
        list_code=list_code,
        kind=kind,
        value_index=index,
        shown=readable(list_code, kind, value),
        reason=reason.strip()[:300],
        added_by=staff,
        added_at=clock.now(),
    )
    audit.record(
        actor=f"staff:{staff}",
        action="credit.list.added",
        subject=f"list:{list_code}",
        reason=row.reason,
        shown=row.shown,
    )
    return row.id


@transaction.atomic
def remove_from_list(*, approval_id: UUID, staff: str, entry_id: UUID, reason: str) -> None:
    """Take an entry off, by an approval of two people. Raises: SecondPairMissing, ListEntryUnknown."""
    four_eyes.spend(approval_id=approval_id, kind=KIND, arguments={"do": "remove", "entry_id": str(entry_id)})
    row = entry(entry_id)
    row.removed_by, row.removed_at = staff, clock.now()
    row.save(update_fields=["removed_by", "removed_at"])
    audit.record(
        actor=f"staff:{staff}",
        action="credit.list.removed",
        subject=f"list:{row.list_code}",
        reason=reason.strip()[:300],
        shown=row.shown,
    )
