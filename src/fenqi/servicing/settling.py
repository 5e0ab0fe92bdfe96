"""Paying everything off before maturity: a quote that stays payable until its expiry, and its execution."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event, EventKind
from fenqi.domain.settlement import Settlement
from fenqi.domain.settlement import quote_settlement as price_settlement
from fenqi.plumbing import business_date, ids, rule_data
from fenqi.servicing import recording
from fenqi.servicing.errors import (
    LoanNotFound,
    NothingToSettle,
    OfferExpired,
    OfferOutdated,
)
from fenqi.servicing.loading import story_of
from fenqi.servicing.models import SettlementQuote
from fenqi.servicing.recording import RECEIVED_KIND, Recorded, record
from fenqi.servicing.store import Loaded


@dataclass(frozen=True, kw_only=True)
class SettlementOffer:
    """What settling costs on a day; payable as it stands up to and with `valid_until`. `breakdown` in fen by part."""

    id: UUID
    loan_id: UUID
    on: datetime.date
    amount_fen: int
    saved_fen: int
    valid_until: datetime.date
    breakdown: dict[str, Any]


@transaction.atomic
def quote_settlement(*, borrower_id: int, loan_id: UUID, on: datetime.date | None = None) -> SettlementOffer:
    """
    Price the settlement of a loan and keep the quote. Asked again on the same state and day, it is the same quote.

    Raises: LoanNotFound, ServicedByLender, NothingToSettle.
    """
    loan, terms, events = story_of(borrower_id=borrower_id, loan_id=loan_id)
    open_on = business_date.current()
    on = on or recording.today(open_on)
    kept = SettlementQuote.objects.filter(
        borrower_id=borrower_id, loan_id=loan_id, quoted_on=on, sequence=loan.sequence
    ).first()
    if kept is None:
        try:
            price = price_settlement(terms, events, on)
        except DomainError as e:
            raise NothingToSettle(_("这笔借据没有要还的款项。"), loan=loan.number) from e
        if price.amount_fen <= 0:
            raise NothingToSettle(_("这笔借据没有要还的款项。"), loan=loan.number)
        kept = SettlementQuote.objects.create(
            borrower_id=borrower_id,
            id=ids.new_id(),
            loan_id=loan_id,
            sequence=loan.sequence,
            quoted_on=on,
            valid_until=on + datetime.timedelta(days=int(rule_data.value("settlement_quote_days", on=on))),
            amount_fen=price.amount_fen,
            saved_fen=price.saved_fen,
            breakdown=breakdown_of(price),
        )
    return _offer(kept)


def breakdown_of(price: Settlement) -> dict[str, int]:
    """The parts of a settlement's price by name, fen."""
    return {
        "principal_fen": price.principal_fen,
        "interest_fen": price.interest_fen,
        "fee_fen": price.fee_fen,
        "penalty_fen": price.penalty_fen,
        "late_fee_fen": price.late_fee_fen,
        "settlement_fee_fen": price.settlement_fee_fen,
        "overpaid_used_fen": price.overpaid_used_fen,
    }


def settlement_offer(*, borrower_id: int, offer_id: UUID) -> SettlementOffer:
    """A quote that was made before. Raises: LoanNotFound."""
    kept = SettlementQuote.objects.filter(borrower_id=borrower_id, id=offer_id).first()
    if kept is None:
        raise LoanNotFound(_("没有这个结清报价。"), offer_id=str(offer_id))
    return _offer(kept)


def settle(
    *, borrower_id: int, loan_id: UUID, offer_id: UUID, reference: str, source: str = "settlement"
) -> Recorded:
    """
    The quoted amount was received: settle the loan as of the day of the quote.

    Because the quote's own day is booked, nothing that passed since changes its price.
    Raises: OfferExpired after its last day; OfferOutdated if something happened on the loan since; ReferenceReused;
        LoanNotFound.
    """
    kept = SettlementQuote.objects.filter(borrower_id=borrower_id, id=offer_id, loan_id=loan_id).first()
    if kept is None:
        raise LoanNotFound(_("没有这个结清报价。"), offer_id=str(offer_id))

    def make(loaded: Loaded) -> Event:
        now_on = recording.today(loaded.open_on)
        if now_on > kept.valid_until:
            raise OfferExpired(_("结清报价已过期，请重新试算。"), valid_until=str(kept.valid_until))
        if loaded.loan.sequence != kept.sequence:
            raise OfferOutdated(_("报价之后借据有变动，请重新试算。"))
        return Event(id="new", kind=EventKind.EARLY_SETTLEMENT, on=kept.quoted_on, amount_fen=kept.amount_fen)

    return record(
        borrower_id=borrower_id,
        loan_id=loan_id,
        reference=reference,
        source=source,
        make=make,
        kind=RECEIVED_KIND,
        amount_fen=kept.amount_fen,
    )


def _offer(kept: SettlementQuote) -> SettlementOffer:
    return SettlementOffer(
        id=kept.id,
        loan_id=kept.loan_id,
        on=kept.quoted_on,
        amount_fen=kept.amount_fen,
        saved_fen=kept.saved_fen,
        valid_until=kept.valid_until,
        breakdown=kept.breakdown,
    )
