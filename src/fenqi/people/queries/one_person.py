"""What is known of the person behind an account, over all their accounts: for decisions on what they may owe."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import connection

from fenqi.people.models import Account, Identity, PersonAccount
from fenqi.people.services.one_person import person_index
from fenqi.plumbing import clock, sealed


@dataclass(frozen=True, kw_only=True, slots=True)
class OnePerson:
    """
    A person over all their accounts. `account_ids` has the asking account first.

    `list_indexes` are the keyed hashes under which the person may stand on a list; `contact_named_by` counts other applicants
    who named the same contact, None without a contact.
    """

    person_index: bytes
    account_ids: tuple[int, ...]
    opened_on: datetime.date
    list_indexes: tuple[bytes, ...]
    contact_named_by: int | None


def list_index(kind: str, value: str) -> bytes:
    """The keyed hash under which an ID number or a phone stands on a list; `kind`: id_number | phone."""
    return sealed.blind_index(value, purpose=f"list.{kind}")


def one_person(borrower_id: int) -> OnePerson | None:
    """The person behind an account, by four statements; None before the real-name check has passed once."""
    account = Account.objects.filter(borrower_id=borrower_id).first()
    identity = Identity.objects.filter(borrower_id=borrower_id).only("id_number").first()
    if account is None or identity is None:
        return None
    index = person_index(identity.id_number)
    bound = set(PersonAccount.objects.filter(person_index=index).values_list("borrower_id", flat=True))
    if borrower_id not in bound:
        return None
    return OnePerson(
        person_index=index,
        account_ids=(borrower_id, *sorted(bound - {borrower_id})),
        opened_on=clock.date_of(account.opened_at),
        list_indexes=(list_index("id_number", identity.id_number), list_index("phone", account.phone)),
        contact_named_by=_named_by_others(borrower_id),
    )


def _named_by_others(borrower_id: int) -> int | None:
    """How many other applicants named the contact of this one that most of them named."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT max(others) FROM (
                SELECT count(other.borrower_id) AS others
                FROM people_contactnaming own
                LEFT JOIN people_contactnaming other
                  ON other.phone_index = own.phone_index AND other.borrower_id <> own.borrower_id
                WHERE own.borrower_id = %s
                GROUP BY own.phone_index
            ) named
            """,
            [borrower_id],
        )
        found: int | None = cursor.fetchone()[0]
    return found
