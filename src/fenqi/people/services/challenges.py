"""The questions a passkey signs: random, for one browser, one purpose and one holder, answered once within two minutes."""

from __future__ import annotations

import datetime
import json
import secrets
from typing import Any

from django.db import connection, transaction
from webauthn.helpers import base64url_to_bytes

from fenqi.people.models import PasskeyChallenge
from fenqi.plumbing import business_date, clock, index_keys, rule_data, sealed

SIZE = 32


@transaction.atomic
def new_challenge(*, purpose: str, holder: str, browser: str) -> bytes:
    """Put a question; the one this browser was asked before for the same purpose no longer counts."""
    browser_hash = _hash(browser)
    PasskeyChallenge.objects.filter(browser_hash=browser_hash, purpose=purpose).delete()
    challenge = secrets.token_bytes(SIZE)
    seconds = rule_data.value("passkey_rules", on=business_date.current())["challenge_seconds"]
    PasskeyChallenge.objects.create(
        challenge=challenge,
        purpose=purpose,
        holder=holder,
        browser_hash=browser_hash,
        expires_at=clock.wall() + datetime.timedelta(seconds=seconds),
    )
    return challenge


def take_challenge(answer: dict[str, Any], *, purpose: str, holder: str, browser: str) -> bytes | None:
    """
    The question this answer answers, if it was put to this browser for this purpose and holder; it is gone afterwards.

    Deleted and read by one statement of its own transaction: of two equal answers one finds it, and a refused one spends it too.
    """
    challenge = _challenge_of(answer)
    if challenge is None:
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM people_passkeychallenge WHERE challenge = %s"
            " RETURNING purpose, holder, browser_hash, expires_at",
            [challenge],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    kept_purpose, kept_holder, browser_hash, expires_at = row
    fits = (
        kept_purpose == purpose
        and kept_holder == holder
        and index_keys.is_same(browser_hash, _hash(browser))
        and expires_at > clock.wall()
    )
    return challenge if fits else None


def forget_challenges() -> int:
    """Delete the questions nobody answered in time; tells how many."""
    return PasskeyChallenge.objects.filter(expires_at__lt=clock.wall()).delete()[0]


def _challenge_of(answer: dict[str, Any]) -> bytes | None:
    try:
        signed = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
        challenge = base64url_to_bytes(signed["challenge"])
        # A page inside another site's frame has no business here, whatever it signs.
        if signed.get("crossOrigin") or signed.get("topOrigin"):
            return None
    except (KeyError, TypeError, ValueError):
        return None
    return challenge if len(challenge) == SIZE else None


def _hash(browser: str) -> bytes:
    return sealed.blind_index(browser, purpose="browser")
