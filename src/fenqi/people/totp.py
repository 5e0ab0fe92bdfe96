"""Time-based one-time passwords (RFC 6238: SHA-1, 30 seconds, 6 digits), as authenticator apps make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP_SECONDS = 30


def new_secret() -> str:
    """160 random bits in Base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The six digits of one step."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def matching_step(secret: str, code: str, *, at: float, after: int) -> int | None:
    """
    The step whose code was given, one step of clock drift allowed either way; steps up to `after` are spent.

    `at` is a Unix time in seconds.
    """
    now = int(at) // STEP_SECONDS
    for step in (now - 1, now, now + 1):
        if step > after and hmac.compare_digest(code_at(secret, step), code):
            return step
    return None


def uri(*, secret: str, name: str, issuer: str = "Fenqi") -> str:
    """What an authenticator app reads from a QR code."""
    query = urlencode({"secret": secret, "issuer": issuer})
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{query}"
