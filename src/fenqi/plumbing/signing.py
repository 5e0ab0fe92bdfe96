"""How we and our peers know each other's requests: HMAC-SHA256 over time and body, in two headers."""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE_HEADER = "X-Fenqi-Signature"
TIME_HEADER = "X-Fenqi-Time"
TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """The request was not signed with our secret, was changed on the way, or is old."""


def sign(body: bytes, *, secret: str, at: int) -> dict[str, str]:
    """Headers for a request; `at` is Unix seconds."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {SIGNATURE_HEADER: digest, TIME_HEADER: str(at)}


def verify(body: bytes, *, signature: str | None, time: str | None, secret: str, at: int) -> None:
    """Raises: BadSignature."""
    if not signature or not time or not time.isdigit():
        raise BadSignature("unsigned")
    if abs(at - int(time)) > TOLERANCE_SECONDS:
        raise BadSignature("too old")
    expected = sign(body, secret=secret, at=int(time))[SIGNATURE_HEADER]
    if not hmac.compare_digest(expected, signature):
        raise BadSignature("does not match")
