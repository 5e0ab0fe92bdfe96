"""What messages needs from those who carry them. The adapters are named in `settings.FENQI_PORTS`: sms, email, push."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence


class CarrierSilent(Exception):
    """The carrier did not answer: the same references are handed over again later, and each is sent once."""


class CarrierRefused(Exception):
    """The carrier understood and took nothing of the batch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """One message as it is handed over; `recipient` is a phone number or an e-mail address."""

    reference: str
    recipient: str
    subject: str
    body: str
    written_at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Whether the carrier took one message, and if not, its reason."""

    taken: bool
    reason: str = ""


class CarrierPort(Protocol):
    """`ports.get("sms" | "email" | "push")`."""

    def send(self, *, texts: Sequence[Text]) -> Mapping[str, Receipt]:
        """
        Hand over a batch; one receipt per reference, and the same reference is sent once.

        Raises: CarrierSilent, CarrierRefused.
        """
        ...
