"""My data: what is held by theme, class and purpose; all of it to take away; what is asked to be put right."""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from psycopg import sql

from fenqi.plumbing import audit, business_date, clock, masks, rule_data, sealed
from fenqi.plumbing.models import SealedFile
from fenqi.privacy import inventory
from fenqi.privacy.models import Correction, CorrectionState, CorrectionSubject, Erasure

if TYPE_CHECKING:
    from django.db.models import Model

    from fenqi.privacy.inventory import Table

CLASS_ORDER = ("C2", "C1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """What is held under one heading. `laws`: (years, law in words) of each keeping rule beyond "at once"."""

    code: str
    title: str
    why: str
    rows: int
    classes: tuple[str, ...]
    laws: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionRow:
    """A correction as its owner and the desk see it."""

    borrower_id: int
    id: UUID
    subject: str
    subject_label: str
    wish: str
    why: str
    state: str
    state_label: str
    asked_at: datetime.datetime
    answer_by: datetime.date
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An account that ended: what the law still has kept, until when, why."""

    asked_on: datetime.date
    held: tuple[tuple[datetime.date, str], ...]
    is_finished: bool


def held(*, borrower_id: int, language: str) -> list[Theme]:
    """Everything held about a person that is not empty, by one statement."""
    tables = inventory.tables()
    counts = _counts(tables, borrower_id)
    rules = retention(business_date.current())
    word = 1 if language.startswith("en") else 0
    found = []
    for code, texts in inventory.themes().items():
        kept = [table for table in tables if table.theme == code and counts[table.name]]
        if not kept:
            continue
        keeps = sorted({table.keep for table in kept}, key=lambda keep: rules[keep]["years"] or 0)
        classes = {cls for table in kept for cls in table.classes.values()}
        found.append(
            Theme(
                code=code,
                title=texts["title"][word],
                why=texts["why"][word],
                rows=sum(counts[table.name] for table in kept),
                classes=tuple(cls for cls in CLASS_ORDER if cls in classes),
                laws=tuple(
                    (rules[keep]["years"], rules[keep]["law"][word]) for keep in keeps if rules[keep]["years"]
                ),
            )
        )
    return found


def retention(on: datetime.date) -> dict[str, dict[str, Any]]:
    """The keeping rules valid on a date: years, when they apply, by which law."""
    rules: dict[str, dict[str, Any]] = rule_data.value("retention", on=on)
    return rules


def _counts(tables: tuple[Table, ...], borrower_id: int) -> dict[str, int]:
    each = [
        sql.SQL("SELECT {name}, count(*) FROM {table} WHERE borrower_id = {owner}").format(
            name=sql.Literal(table.name), table=sql.Identifier(table.name), owner=sql.Literal(borrower_id)
        )
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(each))
        return dict(cursor.fetchall())


def export_json(*, borrower_id: int, language: str) -> str:
    """Everything held about the person, in clear, as JSON to take away, photos and documents included; the export is logged."""
    word = 1 if language.startswith("en") else 0
    themes = inventory.themes()
    parts: dict[str, Any] = {}
    for table in inventory.tables():
        rows = table.withheld or [_row(table, row) for row in _rows(table, borrower_id)]
        if rows:
            parts.setdefault(table.theme, {})[str(table.model._meta.label)] = rows
    document = {
        "made_at": clock.now(),
        "borrower_id": borrower_id,
        "held": [
            {
                "theme": code,
                "title": themes[code]["title"][word],
                "why": themes[code]["why"][word],
                "tables": parts[code],
            }
            for code in themes
            if code in parts
        ],
    }
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="people.exported",
        subject=f"account:{borrower_id}",
        reason="本人导出",
    )
    return json.dumps(document, ensure_ascii=False, indent=1, default=str)


def _rows(table: Table, borrower_id: int) -> list[Model]:
    rows = table.model._default_manager.filter(**{inventory.OWNER: borrower_id})
    return list(rows.order_by(*(one.name for one in table.model._meta.pk_fields)))


def _row(table: Table, row: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for one in inventory.columns(table.model):
        cls = table.classes.get(one.name)
        if one.name == inventory.OWNER or cls == "keyed" or one.name in table.hidden:
            continue
        value = getattr(row, one.attname)
        if cls == "staff":
            value = "工作人员" if str(value).startswith("staff:") else str(value).partition(":")[0]
        elif one.name in table.masked:
            value = getattr(masks, table.masked[one.name])(value)
        shown[one.name] = value
    if isinstance(row, SealedFile):
        content, _media_type = sealed.open_file(file_id=row.id, borrower_id=row.borrower_id)
        shown["sealed"] = base64.b64encode(content).decode()
    return shown


def correction_subjects() -> list[tuple[str, str]]:
    """What may be put right by asking: (code, words)."""
    return [(one.value, str(one.label)) for one in CorrectionSubject]


def corrections(*, borrower_id: int) -> list[CorrectionRow]:
    """What a person asked to be put right, newest first."""
    return [
        _correction(one)
        for one in Correction.objects.filter(borrower_id=borrower_id).order_by("-asked_at")[:20]
    ]


def corrections_waiting(limit: int = 100) -> list[CorrectionRow]:
    """For the desk: corrections to answer, the longest waiting first."""
    waiting = Correction.objects.filter(state=CorrectionState.WAITING).order_by("asked_at")[:limit]
    return [_correction(one) for one in waiting]


def _correction(row: Correction) -> CorrectionRow:
    return CorrectionRow(
        borrower_id=row.borrower_id,
        id=row.id,
        subject=row.subject,
        subject_label=str(row.get_subject_display()),
        wish=row.wish,
        why=row.why,
        state=row.state,
        state_label=str(row.get_state_display()),
        asked_at=row.asked_at,
        answer_by=row.answer_by,
        answer=row.answer,
    )


def ended(*, borrower_id: int, language: str) -> Ended | None:
    """What became of an account that was ended, or None while it stands."""
    row = Erasure.objects.filter(borrower_id=borrower_id).first()
    if row is None:
        return None
    held_until = {keep: datetime.date.fromisoformat(until) for keep, until in row.held.items()}
    return Ended(
        asked_on=row.asked_on,
        held=tuple(with_laws(held_until, on=row.asked_on, language=language)),
        is_finished=row.finished_at is not None,
    )


def with_laws(
    held_until: dict[str, datetime.date], *, on: datetime.date, language: str
) -> list[tuple[datetime.date, str]]:
    """Keeping rules with their last days, as a person reads them: (day, law), the nearest first."""
    rules, word = retention(on), 1 if language.startswith("en") else 0
    return sorted((until, rules[keep]["law"][word]) for keep, until in held_until.items())
