"""Personal data goes when its time is over; here people and servicing meet to know when that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fenqi.payments import services as payments
from fenqi.people import services as people
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    import datetime


def loan_settled(payload: dict[str, Any]) -> None:
    """A loan was settled: if it was the last, the contacts' days are numbered."""
    if _is_settled(payload["borrower_id"]):
        people.plan_forgetting(borrower_id=payload["borrower_id"])


def forget_contacts(on: datetime.date) -> dict[str, int]:
    """Day-end step: delete the data of contacts whose time is over. Repeatable."""
    forgotten = 0
    for borrower_id in people.due_to_forget(on):
        forgotten += people.forget_contacts(borrower_id=borrower_id, is_settled=_is_settled(borrower_id))
    for borrower_id, contact_id in people.ended_contacts(on):
        people.forget_contact(borrower_id=borrower_id, contact_id=contact_id, why="不再使用，保存期满")
        forgotten += 1
    for borrower_id in people.unused_contacts(on):
        if not servicing.loans(borrower_id):
            forgotten += people.forget_all_contacts(borrower_id=borrower_id, why="未签约，保存期满")
    return {"contacts": forgotten}


def forget_unused(on: datetime.date) -> dict[str, int]:
    """Day-end step: delete spent codes, identities that led to no loan within the days promised, and old payers. Repeatable."""
    identities = 0
    for borrower_id in people.unused_identities(on):
        if servicing.loans(borrower_id):
            people.keep_identity(borrower_id=borrower_id)
        else:
            people.forget_identity(borrower_id=borrower_id, why="未签约，保存期满")
            identities += 1
    return {
        "identities": identities,
        "codes": people.forget_codes(),
        "payers": payments.forget_payers(on),
    }


def _is_settled(borrower_id: int) -> bool:
    return all(loan.is_closed for loan in servicing.loans(borrower_id))
