"""Reads of the partners' keys and hooks; their secrets are in none of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Count

from fenqi.partners.models import Hook, HookNotice, PartnerKey


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


@dataclass(frozen=True, kw_only=True)
class HookRow:
    """One hook as it is listed, with how many notices of it stand in each state."""

    id: str
    partner: str
    url: str
    events: tuple[str, ...]
    ended_at: datetime.datetime | None
    notices: dict[str, int]
    last_answer: str


def hooks() -> list[HookRow]:
    """Every hook ever made, newest first."""
    counts: dict[str, dict[str, int]] = {}
    for row in HookNotice.objects.values("hook_id", "state").annotate(count=Count("id")).order_by("state"):
        counts.setdefault(row["hook_id"], {})[row["state"]] = row["count"]
    last = HookNotice.objects.exclude(answer="").order_by("hook_id", "-id").distinct("hook_id")
    answers = dict(last.values_list("hook_id", "answer"))
    return [
        HookRow(
            id=row.id,
            partner=f"{row.kind}:{row.code}",
            url=row.url,
            events=tuple(row.events),
            ended_at=row.ended_at,
            notices=counts.get(row.id, {}),
            last_answer=answers.get(row.id, ""),
        )
        for row in Hook.objects.defer("secret").order_by("-made_at", "id")
    ]
