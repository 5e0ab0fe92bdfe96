"""Named errors of the domain: each says the field, the value given and what is allowed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar


class DomainError(Exception):
    """
    Base of every refusal of the engine.

    `code` is stable and documented, `field` names the input at fault (dotted path), `value` is what was given
    and `allowed` says in words what would be accepted.
    """

    code: ClassVar[str] = "domain_error"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field = field
        self.value = value
        self.allowed = allowed
        shown = str(value) if isinstance(value, (Decimal, date, StrEnum)) else repr(value)
        super().__init__(f"{field}: {shown} is not possible; allowed: {allowed}")

    def __reduce__(self) -> tuple[type[DomainError], tuple[str, object, str]]:
        # Exception would pickle the message as the only argument and fail on the way back.
        return type(self), (self.field, self.value, self.allowed)


class TermsError(DomainError):
    """Loan terms that no contract can have, or a JSON form that is not one of terms."""

    code = "terms_impossible"


class EventError(DomainError):
    """An event that is malformed in itself."""

    code = "event_malformed"


class EventRefused(DomainError):
    """An event that is well formed but cannot happen to this loan at that point."""

    code = "event_refused"


class BeforePayout(EventRefused):
    """An event dated before the first payout."""

    code = "before_payout"


class RefundTooLarge(EventRefused):
    """More principal given back than was ever paid out."""

    code = "refund_above_payout"


class UnknownEvent(EventRefused):
    """A reference to an event that is not among those given."""

    code = "unknown_event"


class ReversalOfReversal(EventRefused):
    """A reversal cannot be reversed: record the event anew instead."""

    code = "reversal_of_reversal"


class CurrencyMismatch(EventRefused):
    """An event in another currency than the loan's."""

    code = "currency_mismatch"


class NothingOwed(EventRefused):
    """A settlement or prepayment asked for where nothing is owed."""

    code = "nothing_owed"
