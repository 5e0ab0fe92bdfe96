"""What may be read of payments: frozen values."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import gettext as _

from fenqi.payments import models
from fenqi.payments.movements import KINDS
from fenqi.payments.refusals import PaymentUnknown, failure_text
from fenqi.people import queries as people

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One payment. `state`: INTENDED | SENT | UNKNOWN | SUCCEEDED | FAILED; `failure` is in words (lazy)."""

    borrower_id: int
    id: UUID
    amount_fen: int
    refunded_fen: int
    purpose: str
    subject: dict[str, Any]
    state: str
    failure_code: str
    failure: Any
    redirect_url: str | None
    card_id: UUID | None
    business_on: datetime.date
    made_at: datetime.datetime
    ended_at: datetime.datetime | None

    @property
    def is_open(self) -> bool:
        """We do not know yet."""
        return self.state in models.OPEN_STATES


@dataclass(frozen=True, kw_only=True)
class Debit:
    """One attempt to debit a card for a loan's due date."""

    id: UUID
    borrower_id: int
    loan_id: UUID
    due_on: datetime.date
    amount_fen: int
    state: str
    failure_code: str
    failure: Any
    tries: int
    business_on: datetime.date
    ended_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True)
class Autopay:
    """自动还款: whether it is on, and from which card."""

    is_on: bool
    card_id: UUID | None
    bank: str
    tail: str


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A movement out of the house that has not ended: for the desk that watches money."""

    kind: str
    borrower_id: int
    id: UUID
    amount_fen: int
    state: str
    made_at: datetime.datetime


def _payment(row: models.Payment) -> Payment:
    return Payment(
        borrower_id=row.borrower_id,
        id=row.id,
        amount_fen=row.amount_fen,
        refunded_fen=row.refunded_fen,
        purpose=row.purpose,
        subject=row.subject,
        state=row.state,
        failure_code=row.failure,
        failure=failure_text(row.failure),
        redirect_url=row.redirect_url or None,
        card_id=row.card_id,
        business_on=row.business_on,
        made_at=row.made_at,
        ended_at=row.ended_at,
    )


def payment(*, borrower_id: int, payment_id: UUID) -> Payment:
    """One payment of the borrower. Raises: PaymentUnknown."""
    row = models.Payment.objects.filter(borrower_id=borrower_id, id=payment_id).first()
    if row is None:
        raise PaymentUnknown(_("没有这笔付款。"))
    return _payment(row)


def payment_by_reference(*, borrower_id: int, reference: str) -> Payment | None:
    """The payment begun under a form's reference."""
    row = models.Payment.objects.filter(borrower_id=borrower_id, reference=reference).first()
    return _payment(row) if row else None


def payments(borrower_id: int, *, purpose: str | None = None, limit: int = 50) -> list[Payment]:
    """The borrower's payments, newest first."""
    rows = models.Payment.objects.filter(borrower_id=borrower_id)
    if purpose:
        rows = rows.filter(purpose=purpose)
    return [_payment(row) for row in rows.order_by("-id")[:limit]]


def _debit(row: models.Debit) -> Debit:
    return Debit(
        id=row.id,
        borrower_id=row.borrower_id,
        loan_id=row.loan_id,
        due_on=row.due_on,
        amount_fen=row.amount_fen,
        state=row.state,
        failure_code=row.failure,
        failure=failure_text(row.failure),
        tries=row.tries,
        business_on=row.business_on,
        ended_at=row.ended_at,
    )


def debits(borrower_id: int, loan_id: UUID) -> list[Debit]:
    """The debits of a loan, newest first."""
    rows = models.Debit.objects.filter(borrower_id=borrower_id, loan_id=loan_id)
    return [_debit(row) for row in rows.order_by("-business_on", "-due_on")]


def debit_outcomes(on: datetime.date) -> list[Debit]:
    """All debits of a business date, for the day-end to take over."""
    return [_debit(row) for row in models.Debit.objects.filter(business_on=on).order_by("borrower_id", "id")]


def autopay(borrower_id: int) -> Autopay:
    """Whether debits run, and from which card; off for those who never signed."""
    kept = models.Autopay.objects.filter(borrower_id=borrower_id).first()
    mandate = (
        models.Mandate.objects.filter(borrower_id=borrower_id, id=kept.mandate_id).first()
        if kept and kept.mandate_id
        else None
    )
    if kept is None or mandate is None:
        return Autopay(is_on=False, card_id=None, bank="", tail="")
    card = people.card(borrower_id=borrower_id, card_id=mandate.card_id)
    is_on = kept.is_on and mandate.state == models.MandateState.ACTIVE
    return Autopay(is_on=is_on, card_id=mandate.card_id, bank=card.bank, tail=card.tail)


def refunds_waiting(limit: int = 50) -> list[Waiting]:
    """Refunds and pay-outs that have not ended, oldest first."""
    found: list[Waiting] = []
    for kind, model in (("refund", models.Refund), ("payout", models.PayOut)):
        rows = model.objects.filter(state__in=models.OPEN_STATES).order_by("made_at")[:limit]
        found += [
            Waiting(
                kind=kind,
                borrower_id=row.borrower_id,
                id=row.id,
                amount_fen=row.amount_fen,
                state=row.state,
                made_at=row.made_at,
            )
            for row in rows
        ]
    return sorted(found, key=lambda waiting: waiting.made_at)[:limit]


def open_counts() -> dict[str, int]:
    """Movements without an outcome, by labels `kind="…",state="…"`."""
    counts: dict[str, int] = {}
    for model, word in KINDS.values():
        rows = model.objects.filter(state__in=models.OPEN_STATES).values("state").annotate(count=Count("id"))
        counts |= {f'kind="{word}",state="{row["state"]}"': row["count"] for row in rows}
    return counts
