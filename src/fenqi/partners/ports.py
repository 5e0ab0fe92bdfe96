"""A partner's own address, as we speak to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class HookSilent(Exception):
    """Nobody answered there; the message is why."""


class HookPort(Protocol):
    """`ports.get("hooks")`: notices of events."""

    def post(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """
        Hand one notice over; tells the HTTP status of the answer. No redirect is followed.

        Raises: HookSilent.
        """
        ...
