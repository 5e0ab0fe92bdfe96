"""What is held about a person, for that person: who looked at it, and all of it to take away."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import Any

from fenqi.people.models import Account, BankCard, Consent, Contact, Identity, IdentityCheck
from fenqi.people.queries.persons import person, sessions
from fenqi.plumbing import audit, masks

# Their own messages and documents are sent all day; they are counted, not listed.
_OWN_BUSINESS = "message"


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Somebody saw a value in clear: when, what, why, and whether it was a person or our own system."""

    at: datetime.datetime
    field: str
    reason: str
    by_staff: bool


def who_saw(*, borrower_id: int, limit: int = 50) -> list[Look]:
    """Reveals of this account's data, newest first, deliveries of the person's own messages left out."""
    return [
        Look(
            at=line.at,
            field=line.details.get("field", ""),
            reason=line.reason,
            by_staff=line.actor.startswith("staff:"),
        )
        for line in audit.trail(subject=f"account:{borrower_id}", limit=limit)
        if line.action == "people.revealed" and line.reason != _OWN_BUSINESS
    ]


def export_json(*, borrower_id: int) -> str:
    """Everything people holds about the person, in clear, as JSON to take away; the export is logged."""
    account = Account.objects.get(borrower_id=borrower_id)
    identity = Identity.objects.filter(borrower_id=borrower_id).first()
    held: dict[str, Any] = {
        "account": {
            "borrower_id": borrower_id,
            "phone": account.phone,
            "email": account.email,
            "opened_at": account.opened_at,
        },
        "identity": identity
        and {
            "real_name": identity.real_name,
            "id_number": identity.id_number,
            "valid_until": identity.valid_until,
            "is_student": identity.is_student,
            "status": identity.status,
            "photos_kept": bool(identity.front_id),
            "checks": list(
                IdentityCheck.objects.filter(borrower_id=borrower_id).values(
                    "asked_at", "method", "result", "serial"
                )
            ),
        },
        # A contact's phone is the contact's own data; the applicant typed it and sees it masked.
        "contacts": [
            {
                "name": masks.name(one.name),
                "phone": masks.phone(one.phone),
                "relationship": one.relationship,
                "named_at": one.named_at,
            }
            for one in Contact.objects.filter(borrower_id=borrower_id)
        ],
        "cards": list(
            BankCard.objects.filter(borrower_id=borrower_id).values("bank", "tail", "status", "bound_at")
        ),
        "consents": list(
            Consent.objects.filter(borrower_id=borrower_id).values(
                "text_code", "text_version", "text_hash", "given_at", "withdrawn_at", "channel"
            )
        ),
        "devices": [
            {"device": one.device, "address": one.address, "started_at": one.started_at}
            for one in sessions(borrower_id=borrower_id)
        ],
        "age_known_to_lenders": person(borrower_id).age,
    }
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="people.exported",
        subject=f"account:{borrower_id}",
        reason="本人导出",
    )
    return json.dumps(held, ensure_ascii=False, indent=1, default=str)
