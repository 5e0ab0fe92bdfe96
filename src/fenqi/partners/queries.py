"""Reads of the partners' keys; their secrets are in none of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from fenqi.partners.models import PartnerKey


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key as it is listed."""

    id: str
    partner: str
    scopes: tuple[str, ...]
    note: str
    made_at: datetime.datetime
    ends_on: datetime.date | None
    revoked_at: datetime.datetime | None
    used_on: datetime.date | None


def issued() -> list[Key]:
    """Every key ever issued, newest first."""
    return [
        Key(
            id=row.id,
            partner=f"{row.kind}:{row.code}",
            scopes=tuple(row.scopes),
            note=row.note,
            made_at=row.made_at,
            ends_on=row.ends_on,
            revoked_at=row.revoked_at,
            used_on=row.used_on,
        )
        for row in PartnerKey.objects.order_by("-made_at", "id")
    ]
