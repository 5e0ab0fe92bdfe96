"""
What one person owes and may come to owe, over all their accounts, with one lender and with all; nobody gets past the limits.

Loans are counted by servicing, lines and applications on their way are held here. Whoever adds to it first takes the person's lock
(`lock`), then counts, then holds: the second of two applications counts the first one's hold. Locks are taken in one order: the
application's row, then the person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from fenqi.credit.errors import ExposureExceeded
from fenqi.credit.models import Commitment, PersonExposure
from fenqi.credit.models.risk import CommitmentKind
from fenqi.plumbing import clock, index_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fenqi.domain.decision import RuleSet

ALL_LENDERS = ""
APPLICATION, LINE = CommitmentKind.APPLICATION, CommitmentKind.LINE


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The most a person may owe and come to owe, in fen."""

    per_lender_fen: int
    per_person_fen: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Open commitments of a person by lender, in fen; `line_borrowers` have a line, whose draws its limit covers."""

    by_lender: Mapping[str, int]
    line_borrowers: frozenset[int]


def limits_of(rules: RuleSet) -> Limits:
    """The limits, read from the very rules that decline."""
    return Limits(
        per_lender_fen=rules.most("lender_exposure_fen"), per_person_fen=rules.most("person_exposure_fen")
    )


def lock(person_index: bytes, limits: Limits) -> None:
    """Let nobody else add to what this person owes until the transaction ends."""
    person_index = index_keys.standing(person_index)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO credit_personexposure (person_index, lender_code, owed_fen, held_fen, limit_fen)"
            " VALUES (%s, %s, 0, 0, %s) ON CONFLICT DO NOTHING",
            [person_index, ALL_LENDERS, limits.per_person_fen],
        )
    PersonExposure.objects.select_for_update().get(person_index=person_index, lender_code=ALL_LENDERS)


def held(person_index: bytes, *, but: UUID | None = None) -> Held:
    """What is held of a person's limits, without the commitment `but`; one statement."""
    by_lender: dict[str, int] = {}
    lines = set()
    standing = Commitment.objects.filter(person_index=person_index, released_at=None)
    for one in standing.exclude(subject_id=but) if but else standing:
        by_lender[one.lender_code] = by_lender.get(one.lender_code, 0) + one.amount_fen
        if one.kind == LINE:
            lines.add(one.borrower_id)
    return Held(by_lender=by_lender, line_borrowers=frozenset(lines))


@transaction.atomic
def hold(
    *,
    person_index: bytes,
    subject_id: UUID,
    borrower_id: int,
    kind: CommitmentKind,
    lender_code: str,
    amount_fen: int,
    owed_by_lender: Mapping[str, int],
    limits: Limits,
) -> None:
    """
    Hold a part of the limits under the person's lock. `owed_by_lender`: loans as counted since the lock was taken.

    Safe to repeat by `subject_id`. Raises: ExposureExceeded, said by the database itself.
    """
    person_index = index_keys.standing(person_index)
    standing = Commitment.objects.filter(person_index=person_index, subject_id=subject_id).first()
    if standing is not None and standing.released_at is None:
        return
    if standing is not None:
        standing.released_at, standing.taken_at = None, clock.now()
        standing.save(update_fields=["released_at", "taken_at"])
    else:
        Commitment.objects.create(
            person_index=person_index,
            subject_id=subject_id,
            borrower_id=borrower_id,
            kind=kind,
            lender_code=lender_code,
            amount_fen=amount_fen,
            taken_at=clock.now(),
        )
    by_lender = held(person_index).by_lender
    rows = (
        (
            lender_code,
            owed_by_lender.get(lender_code, 0),
            by_lender.get(lender_code, 0),
            limits.per_lender_fen,
        ),
        (ALL_LENDERS, sum(owed_by_lender.values()), sum(by_lender.values()), limits.per_person_fen),
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for code, owed_fen, held_fen, limit_fen in rows:
                cursor.execute(
                    """
                    INSERT INTO credit_personexposure (person_index, lender_code, owed_fen, held_fen, limit_fen)
                    VALUES (%s, %s, %s, %s, %s)
                    ON CONFLICT (person_index, lender_code) DO UPDATE
                    SET owed_fen = EXCLUDED.owed_fen, held_fen = EXCLUDED.held_fen, limit_fen = EXCLUDED.limit_fen
                    """,
                    [person_index, code, owed_fen, held_fen, limit_fen],
                )
    except IntegrityError as e:
        raise ExposureExceeded(_("借款和额度合计会超过上限，不能通过。")) from e


def release(*, person_index: bytes | None, subject_id: UUID) -> None:
    """It became a loan, or nothing: the part held is free. Repeatable."""
    if person_index is None:
        return
    person_index = index_keys.standing(bytes(person_index))
    # The person's row first, as everybody who adds to it does.
    PersonExposure.objects.select_for_update().filter(
        person_index=person_index, lender_code=ALL_LENDERS
    ).first()
    standing = Commitment.objects.filter(
        person_index=person_index, subject_id=subject_id, released_at=None
    ).first()
    if standing is None:
        return
    standing.released_at = clock.now()
    standing.save(update_fields=["released_at"])
    PersonExposure.objects.filter(
        person_index=person_index, lender_code__in=[ALL_LENDERS, standing.lender_code]
    ).update(held_fen=F("held_fen") - standing.amount_fen)
