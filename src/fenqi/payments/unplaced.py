"""What may be read of money in suspense: frozen values."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, Sum

from fenqi.payments import suspense
from fenqi.payments.models import ChannelBill, UnplacedMoney, UnplacedMove, UnplacedMoveKind
from fenqi.plumbing import business_date, masks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

INWARD = ("P-", "D-")


@dataclass(frozen=True, kw_only=True)
class Move:
    """One step out of suspense or back into it; `is_undone` by a later one."""

    number: int
    kind: str
    amount_fen: int
    subject: str
    undoes: int | None
    is_undone: bool
    approval_id: UUID | None
    moved_on: datetime.date
    moved_at: datetime.datetime

    @property
    def may_be_taken_back(self) -> bool:
        """What people did stands and may be undone by people; the channel says itself what became of its own."""
        is_by_hand = self.kind != UnplacedMoveKind.TAKEN_BACK and not suspense.is_of_the_channel(self.subject)
        return is_by_hand and not self.is_undone


@dataclass(frozen=True, kw_only=True)
class Unplaced:
    """One sum that nobody could place. Payer and note are shown masked; `borrower_id` is whose payment it came by, if it did."""

    id: UUID
    reference: str
    source: str
    amount_fen: int
    open_fen: int
    received_on: datetime.date
    age_days: int
    payer_masked: str
    has_words: bool
    channel_reference: str
    borrower_id: int | None
    taken_by: str
    taken_at: datetime.datetime
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The channel's bill of a date beside what we know, in lines; see payments.services.billing."""

    on: datetime.date
    lines: int
    unplaced: int
    unknown: int
    missing: int

    @property
    def differing(self) -> int:
        """Lines that only one side has."""
        return self.unplaced + self.unknown + self.missing


def bills(limit: int = 7) -> list[Bill]:
    """The bills taken last, newest first, without dates on which nothing moved."""
    rows = ChannelBill.objects.exclude(lines=0, missing=0).order_by("-on")[:limit]
    return [
        Bill(on=row.on, lines=row.lines, unplaced=row.unplaced, unknown=row.unknown, missing=row.missing)
        for row in rows
    ]


def waiting(limit: int = 200) -> list[Unplaced]:
    """What still waits, the oldest first."""
    rows = UnplacedMoney.objects.filter(open_fen__gt=0).order_by("received_on", "id")[:limit]
    return _views(rows)


def done(limit: int = 20) -> list[Unplaced]:
    """What was placed or returned last."""
    return _views(UnplacedMoney.objects.filter(open_fen=0).order_by("-id")[:limit])


def waiting_size() -> int:
    """How many sums wait."""
    return UnplacedMoney.objects.filter(open_fen__gt=0).count()


def file(money_id: UUID) -> Unplaced:
    """One sum with all that became of it. Raises: UnplacedUnknown."""
    return _views([suspense.found(money_id)])[0]


def open_fen(on: datetime.date) -> int:
    """What waited at the end of a business date, fen: what came up to then less what left."""
    came = UnplacedMoney.objects.filter(booked_on__lte=on).aggregate(fen=Sum("amount_fen"))["fen"] or 0
    is_back = Q(kind=UnplacedMoveKind.TAKEN_BACK)
    moved = UnplacedMove.objects.filter(moved_on__lte=on).aggregate(
        left=Sum("amount_fen", filter=~is_back), back=Sum("amount_fen", filter=is_back)
    )
    return int(came - (moved["left"] or 0) + (moved["back"] or 0))


def _views(rows: Iterable[UnplacedMoney]) -> list[Unplaced]:
    rows = list(rows)
    today = business_date.current()
    moves: dict[UUID, list[UnplacedMove]] = defaultdict(list)
    for move in UnplacedMove.objects.filter(money_id__in=[row.id for row in rows]).order_by("number"):
        moves[move.money_id].append(move)
    return [_view(row, moves[row.id], today) for row in rows]


def _view(row: UnplacedMoney, moves: list[UnplacedMove], today: datetime.date) -> Unplaced:
    undone = {move.undoes for move in moves}
    return Unplaced(
        id=row.id,
        reference=row.reference,
        source=row.source,
        amount_fen=row.amount_fen,
        open_fen=row.open_fen,
        received_on=row.received_on,
        age_days=max(0, (today - row.received_on).days),
        payer_masked=masks.name(row.payer),
        has_words=bool(row.payer or row.note),
        channel_reference=row.channel_reference,
        borrower_id=_borrower_of(row.channel_reference),
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        moves=tuple(
            Move(
                number=move.number,
                kind=move.kind,
                amount_fen=move.amount_fen,
                subject=move.subject,
                undoes=move.undoes,
                is_undone=move.number in undone,
                approval_id=move.approval_id,
                moved_on=move.moved_on,
                moved_at=move.moved_at,
            )
            for move in moves
        ),
    )


def _borrower_of(channel_reference: str) -> int | None:
    """Whose payment or debit a reference of ours names; another's names nobody we know."""
    if not channel_reference.startswith(INWARD):
        return None
    borrower_id = channel_reference.split("-")[1]
    return int(borrower_id) if borrower_id.isdecimal() and borrower_id.isascii() else None
