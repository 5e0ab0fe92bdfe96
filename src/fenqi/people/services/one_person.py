"""One person may have had several accounts: what they owe and apply for is counted together, by a keyed hash of the ID number."""

from __future__ import annotations

from fenqi.people.models import PersonAccount
from fenqi.plumbing import clock, sealed


def person_index(id_number: str) -> bytes:
    """The 32 bytes that stand for a person wherever accounts are counted together."""
    return sealed.blind_index(id_number, purpose="person")


def bind_person(*, borrower_id: int, id_number: str) -> None:
    """The account's real-name check passed: it is one of this person's. Safe to repeat."""
    PersonAccount.objects.get_or_create(
        person_index=person_index(id_number), borrower_id=borrower_id, defaults={"bound_at": clock.now()}
    )


def accounts_of_person(borrower_id: int) -> set[int]:
    """All accounts that ever passed the real-name check with the ID number of this one."""
    indexes = PersonAccount.objects.filter(borrower_id=borrower_id).values("person_index")
    return set(PersonAccount.objects.filter(person_index__in=indexes).values_list("borrower_id", flat=True))


def forget_person(*, borrower_id: int, id_number: str) -> None:
    """The identity is deleted, and nothing was concluded with it: nothing ties the account to the person any more."""
    PersonAccount.objects.filter(person_index=person_index(id_number), borrower_id=borrower_id).delete()
