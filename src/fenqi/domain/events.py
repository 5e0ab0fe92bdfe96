"""What happened: dated events of a loan. Nothing else changes what a loan owes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fenqi.domain import codec
from fenqi.domain.errors import EventError
from fenqi.domain.rules import Component, RefundOrder
from fenqi.domain.terms import Unit


class EventKind(StrEnum):
    """Everything that can happen to a loan."""

    PAYOUT = "payout"
    """The lender pays out principal."""
    REPAYMENT = "repayment"
    """Money received, allocated by the rules."""
    EARLY_SETTLEMENT = "early_settlement"
    """Everything is paid off before maturity."""
    PREPAYMENT = "prepayment"
    """Part of the principal is paid before it is due; `keep` says what shrinks."""
    MERCHANT_REFUND = "merchant_refund"
    """Goods came back: the merchant pays their price back to the loan."""
    PAYOUT_REFUND = "payout_refund"
    """Part of a payout came back (an order cancelled in part, a payout that failed)."""
    GOODWILL_CREDIT = "goodwill_credit"
    """The lender or platform gives money as a courtesy."""
    OVERPAYMENT_REFUND = "overpayment_refund"
    """What was paid too much goes back to the borrower."""
    CHARGEBACK = "chargeback"
    """The payer's bank took back part or all of a repayment (`of`)."""
    CHARGE = "charge"
    """A fee, penalty or late fee, flat or in percent."""
    WAIVER = "waiver"
    """An amount of one component is forgiven, of a charge (`of`) or oldest first."""
    RATE_CHANGE = "rate_change"
    """Another yearly rate from that day on."""
    DUE_DAY_CHANGE = "due_day_change"
    """Future due dates move to another day of the month."""
    RE_AGE = "re_age"
    """The principal still owed is laid over new installments."""
    RE_AMORTISE = "re_amortise"
    """What is overdue is laid over the installments to come."""
    RESCHEDULE = "reschedule"
    """Due dates from one on move to later ones."""
    DELINQUENCY_PAUSE = "delinquency_pause"
    """Days that do not count as past due; dues stay due."""
    RETURN_PAUSE = "return_pause"
    """A return is open: nothing counts as past due, no penalty runs."""
    ACCELERATION = "acceleration"
    """Everything falls due at once; undone by a reversal."""
    CHARGE_OFF = "charge_off"
    """The lender books the loan as a loss; it stays owed, nothing more accrues."""
    WRITE_OFF = "write_off"
    """What is owed is given up."""
    RECOVERY = "recovery"
    """Money received after a charge-off or write-off."""
    REVERSAL = "reversal"
    """The event named by `reverses` is as if it had never happened (a bounced debit too)."""


class Keep(StrEnum):
    """What a prepayment leaves as it was."""

    SHORTER_TERM = "shorter_term"
    """The installment stays, the term shrinks."""
    SMALLER_INSTALLMENTS = "smaller_installments"
    """The term stays, the installments shrink."""


class Phase(StrEnum):
    """The two ends of something that lasts."""

    BEGIN = "begin"
    END = "end"


class ChargeBase(StrEnum):
    """What a charge in percent is a percentage of."""

    FLAT = "flat"
    PRINCIPAL = "principal"
    """The amount paid out."""
    INTEREST = "interest"
    """The interest of the whole schedule."""
    PRINCIPAL_AND_INTEREST = "principal_and_interest"
    PAST_DUE = "past_due"
    """What is past due on the day of the charge."""
    INSTALLMENT = "installment"
    """Principal and interest of the installment it is charged to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One dated event. `amount_fen` is what moved; which other fields a kind needs is checked here.

    Events of one day are taken by `sequence`, then in the order given; across days the order given does not
    matter.
    Raises: EventError naming the field.
    """

    id: str
    kind: EventKind
    on: date
    amount_fen: int = 0
    sequence: int = 0
    reverses: str | None = None
    of: str | None = None
    """The event this one is about: the repayment charged back, the charge waived or paid."""
    component: Component | None = None
    installment_number: int | None = None
    due_on: date | None = None
    """When a charge falls due; the first due date of a re-age, reschedule or due-day change."""
    from_due_on: date | None = None
    """The due date a reschedule starts from."""
    due_day: int | None = None
    annual_rate: Decimal | None = None
    charge_rate: Decimal | None = None
    charge_base: ChargeBase = ChargeBase.FLAT
    installments: int | None = None
    every: int = 1
    unit: Unit = Unit.MONTH
    keep: Keep = Keep.SHORTER_TERM
    refund_order: RefundOrder | None = None
    """How this refund lowers the plan, where it differs from the terms."""
    phase: Phase = Phase.BEGIN
    ends_on: date | None = None
    """The last day of a pause, where it is known from the start."""
    currency: str | None = None

    def __post_init__(self) -> None:
        _check(self)


def event_to_json(event: Event) -> dict[str, Any]:
    """The JSON form of an event: decimals and dates as text, fen as integers, defaults left out."""
    form: dict[str, Any] = codec.to_json(event)
    return form


def event_from_json(data: object) -> Event:
    """
    Read an event from its JSON form.

    Raises: EventError for unknown or missing keys, floats, wrong types and malformed events.
    """
    return codec.from_json(Event, data, refusal=EventError)


AMOUNT_NEEDED = frozenset(
    {
        EventKind.PAYOUT,
        EventKind.REPAYMENT,
        EventKind.EARLY_SETTLEMENT,
        EventKind.PREPAYMENT,
        EventKind.MERCHANT_REFUND,
        EventKind.PAYOUT_REFUND,
        EventKind.GOODWILL_CREDIT,
        EventKind.OVERPAYMENT_REFUND,
        EventKind.CHARGEBACK,
        EventKind.WAIVER,
        EventKind.RECOVERY,
    }
)
"""Kinds that move money; the others have no amount, except a charge, which is flat or in percent."""

FIELDS_NEEDED: dict[EventKind, tuple[str, ...]] = {
    EventKind.REVERSAL: ("reverses",),
    EventKind.CHARGE: ("component",),
    EventKind.WAIVER: ("component",),
    EventKind.RATE_CHANGE: ("annual_rate",),
    EventKind.DUE_DAY_CHANGE: ("due_day",),
    EventKind.RE_AGE: ("due_on", "installments"),
    EventKind.RESCHEDULE: ("from_due_on", "due_on"),
}
"""Fields a kind cannot do without."""


def _check(event: Event) -> None:
    kind = event.kind
    if not event.id:
        raise EventError("id", event.id, "a text that names the event")
    if kind in AMOUNT_NEEDED:
        if event.amount_fen <= 0:
            raise EventError("amount_fen", event.amount_fen, f"more than 0 for {kind.value}")
    elif kind is EventKind.CHARGE:
        _check_charge(event)
    elif event.amount_fen:
        raise EventError("amount_fen", event.amount_fen, f"0: {kind.value} moves no money")
    needed = FIELDS_NEEDED.get(kind)
    if needed:
        for name in needed:
            if getattr(event, name) is None:
                raise EventError(name, None, f"a value: {kind.value} needs it")
        _check_details(event)
    if event.reverses is not None and kind is not EventKind.REVERSAL:
        raise EventError("reverses", event.reverses, "none unless the event is a reversal")
    if event.ends_on is not None and event.ends_on < event.on:
        raise EventError("ends_on", event.ends_on, f"not before {event.on}")


def _check_charge(event: Event) -> None:
    if event.component is Component.PRINCIPAL or event.component is Component.INTEREST:
        raise EventError("component", event.component.value, "fee, penalty or late_fee for a charge")
    if event.charge_base is ChargeBase.FLAT:
        if event.amount_fen <= 0:
            raise EventError("amount_fen", event.amount_fen, "more than 0 for a flat charge")
        if event.charge_rate is not None:
            raise EventError("charge_rate", event.charge_rate, "none for a flat charge")
    elif event.charge_rate is None or event.charge_rate <= 0 or event.amount_fen:
        raise EventError(
            "charge_rate", event.charge_rate, "more than 0, and no amount_fen, for a charge in percent"
        )


def _check_details(event: Event) -> None:
    if event.annual_rate is not None and (
        event.annual_rate < 0 or event.annual_rate != round(event.annual_rate, 12)
    ):
        raise EventError("annual_rate", event.annual_rate, "at least 0, at most 12 decimals")
    if event.due_day is not None and not 1 <= event.due_day <= 28:
        raise EventError("due_day", event.due_day, "1 to 28, a day every month has")
    if event.installments is not None and event.installments < 1:
        raise EventError("installments", event.installments, "at least 1")
    if event.every < 1:
        raise EventError("every", event.every, "at least 1")
