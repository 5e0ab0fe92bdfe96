"""What people needs from outside parties. The adapters are named in `settings.FENQI_PORTS`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Protocol


class CheckResult(enum.StrEnum):
    """What an outside check can answer; anything else is treated as RETRY."""

    PASS = "PASS"  # noqa: S105 - an answer, no password  # nosec
    """The facts match the register."""
    FAIL = "FAIL"
    """The register says they do not belong together."""
    RETRY = "RETRY"
    """The party was busy or did not answer; asking again may help."""
    LIMIT = "LIMIT"
    """Asked too often today; asking again before tomorrow is useless."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityAnswer:
    """The answer to one identity check. `serial` is the party's own number for it."""

    result: CheckResult
    serial: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardAnswer:
    """The answer to one four-element card check; `bank` is the issuer's name as people read it."""

    result: CheckResult
    serial: str = ""
    bank: str = ""
    reason: str = ""


class IdentityPort(Protocol):
    """`ports.get("identity")`: does this name belong to this ID number, and to this face or card?"""

    def check_identity(
        self,
        *,
        reference: str,
        real_name: str,
        id_number: str,
        front: bytes | None,
        back: bytes | None,
        face: bool,
    ) -> IdentityAnswer:
        """Ask once; the same reference is answered the same. Never raises for an outage: RETRY."""
        ...


class CardPort(Protocol):
    """`ports.get("channel")`: are name, ID number, card number and phone one person's?"""

    def check_card(
        self, *, reference: str, holder_name: str, id_number: str, card_number: str, phone: str
    ) -> CardAnswer:
        """Ask once; the same reference is answered the same. Never raises for an outage: RETRY."""
        ...


class TextsPort(Protocol):
    """`ports.get("texts")`: hand a text to the floor that delivers messages (people stands below it)."""

    def send_to_phone(
        self, *, phone: str, template: str, context: dict[str, Any], reference: str, language: str = ""
    ) -> None:
        """Queue one text in the caller's transaction; the same reference is sent once. `language`: else the page's."""
        ...

    def send_to_email(self, *, email: str, template: str, context: dict[str, Any], reference: str) -> None:
        """Queue one mail to an address that is nobody's yet, in the caller's transaction; the same reference is sent once."""
        ...

    def tell(self, *, borrower_id: int, template: str, context: dict[str, Any], reference: str) -> None:
        """Queue a message to an account's owner over the template's channels, in their language; the same reference is said once."""
        ...
