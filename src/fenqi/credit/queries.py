"""What may be read of credit: frozen values. A shopper's things are always asked for with their borrower_id."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fenqi.credit import orders, quotes
from fenqi.credit.errors import AgreementUnknown, ApplicationUnknown
from fenqi.credit.models import (
    CLOSED_STATES,
    Agreement,
    Application,
    ApplicationState,
    Decision,
    Lender,
)
from fenqi.credit.services.quoting import Held, find_quote, own_quotes
from fenqi.plumbing import business_date

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Held", "find_quote"]


@dataclass(frozen=True, kw_only=True)
class ApplicationView:
    """An application as doors see it."""

    borrower_id: int
    id: UUID
    order_id: UUID
    order: orders.OrderSummary
    quote_id: UUID
    lender_code: str
    lender_name: str
    amount_fen: int
    state: str
    state_label: str
    reasons: tuple[str, ...]
    started_at: datetime.datetime
    closed_at: datetime.datetime | None

    @property
    def is_open(self) -> bool:
        """Still on its way."""
        return self.state not in CLOSED_STATES


@dataclass(frozen=True, kw_only=True)
class AgreementView:
    """A signed agreement."""

    borrower_id: int
    id: UUID
    number: str
    application_id: UUID
    order_id: UUID
    lender_code: str
    amount_fen: int
    card_id: UUID
    digest: str
    quote: quotes.QuotedPlan
    signed_on: datetime.date
    signed_at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class LenderView:
    """A lender's names and kind."""

    code: str
    name: str
    name_en: str
    kind: str
    services_own_loans: bool

    @property
    def shown_name(self) -> str:
        """The name in the language of the page."""
        return self.name_en if (get_language() or "").startswith("en") else self.name

    @property
    def names(self) -> dict[str, str]:
        """The name by language, for what is read later by somebody whose language is not known yet."""
        return {"zh": self.name, "en": self.name_en}


_LENDERS_KEEP_SECONDS = 10
_lenders_read: tuple[float, dict[str, LenderView]] = (0.0, {})


def lenders() -> dict[str, LenderView]:
    """Every lender by code, read at most every ten seconds: names change rarely and stand on every page."""
    global _lenders_read
    read_at, known = _lenders_read
    if not known or time.monotonic() - read_at > _LENDERS_KEEP_SECONDS:
        known = _read_lenders()
        _lenders_read = (time.monotonic(), known)
    return known


def _read_lenders() -> dict[str, LenderView]:
    return {
        row.code: LenderView(
            code=row.code,
            name=row.name,
            name_en=row.name_en,
            kind=row.kind,
            services_own_loans=row.services_own_loans,
        )
        for row in Lender.objects.all()
    }


def cheapest_per_period(*, amount_fen: int) -> quotes.QuotedPlan | None:
    """
    The offer with the smallest installment, or None where nothing is offered on this amount: for a product page.

    Of lenders serviced here, and of what the board would show; an outside lender is not asked.
    """
    offers = own_quotes(amount_fen=amount_fen, on=business_date.current())
    return min(offers, key=lambda quote: (quote.per_period_fen, quote.total_cost_fen), default=None)


def application(*, borrower_id: int, application_id: UUID) -> ApplicationView:
    """One application of this person. Raises: ApplicationUnknown."""
    row = Application.objects.filter(borrower_id=borrower_id, id=application_id).first()
    if row is None:
        raise ApplicationUnknown(_("没有这个分期申请。"))
    return views_of([row])[0]


def applications_of_order(*, borrower_id: int, order_id: UUID) -> list[ApplicationView]:
    """Every application for an order, the newest first."""
    rows = Application.objects.filter(borrower_id=borrower_id, order_id=order_id).order_by(
        "-started_at", "-id"
    )
    return views_of(rows)


def open_applications(*, borrower_id: int) -> list[ApplicationView]:
    """Applications that are still on their way."""
    return views_of(Application.objects.filter(borrower_id=borrower_id).exclude(state__in=CLOSED_STATES))


def decision_serial(*, borrower_id: int, application_id: UUID) -> str:
    """The lender's own number for its decision, or nothing."""
    return (
        Decision.objects.filter(borrower_id=borrower_id, application_id=application_id, by="lender")
        .order_by("-at")
        .values_list("serial", flat=True)
        .first()
        or ""
    )


def agreement(
    *, borrower_id: int, agreement_id: UUID | None = None, application_id: UUID | None = None
) -> AgreementView:
    """A signed agreement by its id or its application. Raises: AgreementUnknown."""
    rows = Agreement.objects.filter(borrower_id=borrower_id)
    row = (
        rows.filter(id=agreement_id).first()
        if agreement_id
        else rows.filter(application_id=application_id).first()
    )
    if row is None:
        raise AgreementUnknown(_("没有这份协议。"))
    return AgreementView(
        borrower_id=borrower_id,
        id=row.id,
        number=row.number,
        application_id=row.application_id,
        order_id=row.order_id,
        lender_code=row.lender_code,
        amount_fen=row.amount_fen,
        card_id=row.card_id,
        digest=bytes(row.digest).hex(),
        quote=quotes.from_json(row.content["quote"]),
        signed_on=row.signed_on,
        signed_at=row.signed_at,
    )


def views_of(rows: Iterable[Application]) -> list[ApplicationView]:
    """Applications as doors see them."""
    names = {code: lender.shown_name for code, lender in lenders().items()}
    return [
        ApplicationView(
            borrower_id=row.borrower_id,
            id=row.id,
            order_id=row.order_id,
            order=orders.from_json(row.order),
            quote_id=row.quote_id,
            lender_code=row.lender_code,
            lender_name=names.get(row.lender_code, row.lender_code),
            amount_fen=row.amount_fen,
            state=row.state,
            state_label=ApplicationState(row.state).label,
            reasons=tuple(row.reasons),
            started_at=row.started_at,
            closed_at=row.closed_at,
        )
        for row in rows
    ]
