"""
Refusals: what a service answers when it will not do something.

A refusal has a code for machines, a sentence for people (translated when shown) and, where there is one, the field
it belongs to. Doors turn it into a message at the field, a page or a problem document; services know nothing of HTTP.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """The request was understood and will not be done; nothing was written."""

    code = "refused"
    status = 422
    is_passing = False
    """Whether the very same request may be granted a moment later, with nothing changed by whoever asks."""

    def __init__(
        self, message: Any = "", *, code: str | None = None, field: str | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.details = details

    def __str__(self) -> str:
        return str(self.message) or self.code


class NotFound(Refusal):
    """No such thing, or it belongs to somebody else: the two are never told apart."""

    code = "not_found"
    status = 404


class NotAllowed(Refusal):
    """This person may not do this."""

    code = "not_allowed"
    status = 403


class Conflict(Refusal):
    """Things have moved on since the page was shown."""

    code = "conflict"
    status = 409


class TooMany(Refusal):
    """A limit of tries or of speed."""

    code = "too_many"
    status = 429


class PeerUnavailable(Refusal):
    """An outside party did not answer; what was begun waits."""

    code = "peer_unavailable"
    status = 503
    is_passing = True
