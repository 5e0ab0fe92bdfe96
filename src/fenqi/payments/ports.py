"""
What payments needs from a payment channel. The adapter is named in `settings.FENQI_PORTS["channel"]`.

Every call carries our own reference: the channel does it once and answers the same for the same reference. `on` is the
business date the money is dated by.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence


class ChannelSilent(Exception):
    """The channel did not answer: what became of the call is unknown until it is asked again (`query`)."""


class ChannelUnreachable(ChannelSilent):
    """The call did not leave us: nothing was done, the same reference may be sent again."""


class ChannelRefused(Exception):
    """The channel understood and will not do it; nothing was done."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class BadNotice(Exception):
    """A notice that is not the channel's, was changed on the way, is old or cannot be read."""


class ChannelState(enum.StrEnum):
    """How far the channel is with something we asked for."""

    SUCCEEDED = "SUCCEEDED"
    """The money moved; the answer will not change."""
    FAILED = "FAILED"
    """The money did not and will not move; the answer will not change."""
    PENDING = "PENDING"
    """Taken, not finished: a notice follows, or ask again."""
    NOT_FOUND = "NOT_FOUND"
    """The channel never got it: it may be sent again under the same reference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelAnswer:
    """What became of one movement of money. `failure` is a FailureCode value or the channel's own word."""

    reference: str
    state: ChannelState
    serial: str = ""
    amount_fen: int = 0
    failure: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cashier:
    """A page of the channel on which the shopper pays; `url` is where the browser goes."""

    url: str
    serial: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DebitOrder:
    """One debit under a mandate, as handed to the channel."""

    reference: str
    mandate_number: str
    amount_fen: int
    subject: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelNotice:
    """What the channel tells us by itself. `notice_id` stays the same when it is sent again."""

    notice_id: str
    answer: ChannelAnswer


@dataclass(frozen=True, kw_only=True, slots=True)
class BillLine:
    """One movement of money on the channel's bill of a date, whoever asked for it."""

    reference: str
    serial: str
    amount_fen: int


class ChannelPort(Protocol):
    """`ports.get("channel")`. Raises for each call: ChannelSilent, ChannelUnreachable, ChannelRefused."""

    def open_cashier(
        self,
        *,
        reference: str,
        amount_fen: int,
        subject: str,
        return_url: str,
        phone: str,
        on: datetime.date,
    ) -> Cashier:
        """A page for the shopper to pay on; the outcome comes by notice or `query`."""
        ...

    def close_cashier(self, *, reference: str) -> ChannelAnswer:
        """Close a page nobody pays on any more; SUCCEEDED if the shopper was faster."""
        ...

    def charge(
        self, *, reference: str, card_token: str, amount_fen: int, subject: str, on: datetime.date
    ) -> ChannelAnswer:
        """Charge a bound card now; the shopper has just confirmed it with us."""
        ...

    def sign_mandate(
        self, *, reference: str, card_token: str, payee: str, max_fen: int, on: datetime.date
    ) -> str:
        """The channel's mandate number: permission to debit this card without asking each time."""
        ...

    def revoke_mandate(self, *, mandate_number: str) -> None:
        """No debit under this mandate from now on; safe to repeat."""
        ...

    def debit(self, *, orders: Sequence[DebitOrder], on: datetime.date) -> Mapping[str, ChannelAnswer]:
        """Debit under mandates, a batch at once; one answer per reference."""
        ...

    def refund(
        self, *, reference: str, original: str, amount_fen: int, subject: str, on: datetime.date
    ) -> ChannelAnswer:
        """Give back money of the payment whose reference is `original`, to where it came from."""
        ...

    def pay_out(
        self, *, reference: str, card_token: str, amount_fen: int, subject: str, on: datetime.date
    ) -> ChannelAnswer:
        """Pay money to a bound card."""
        ...

    def query(self, *, references: Sequence[str]) -> Mapping[str, ChannelAnswer]:
        """What became of these calls: the answer to every unknown outcome."""
        ...

    def bill(self, *, on: datetime.date) -> Sequence[BillLine]:
        """Every movement of a date that succeeded: what the channel has settled, or will, with us."""
        ...

    def read_notice(self, *, body: bytes, headers: Mapping[str, str]) -> ChannelNotice:
        """Check the signature and read it. Raises: BadNotice."""
        ...
