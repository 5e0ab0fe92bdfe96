"""Where a context finds the outside party it speaks to: a dotted path in settings.FENQI_PORTS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from uuid import UUID


@lru_cache(maxsize=32)
def _make(path: str) -> Any:
    return import_string(path)()


def get(name: str) -> Any:
    """The adapter for a port; its shape is the Protocol in the context's ports.py."""
    return _make(settings.FENQI_PORTS[name])


@dataclass(frozen=True, kw_only=True, slots=True)
class AtDesk:
    """A staff member as of this request."""

    roles: frozenset[str]
    has_second_factor: bool


class SessionsPort(Protocol):
    """`ports.get("sessions")`: what a session is asked at every request of those who own the accounts, a floor above us."""

    def at_desk(self, *, name: str, session_round: int) -> AtDesk | None:
        """The member as they stand now; None once they left, were locked, or their sessions were ended."""
        ...

    def seen(self, *, borrower_id: int, session_id: UUID | str) -> None:
        """A shopper's browser was here just now."""
        ...
