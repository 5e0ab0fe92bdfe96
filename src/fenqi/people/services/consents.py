"""Consents: to which version of which text, when, over which channel, with what evidence; and their withdrawal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import Consent, ConsentText, IdentityCheck
from fenqi.plumbing import audit, clock, outbox
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    import datetime
    from uuid import UUID


FACE = "face"


class TextChanged(refusals.Conflict):
    """A published version came back with other words."""

    code = "consent_text_changed"


@transaction.atomic
def publish_text(
    *,
    code: str,
    version: int,
    title_zh: str,
    title_en: str,
    body_zh: str,
    body_en: str,
    published_on: datetime.date,
) -> str:
    """
    Publish a version of a text, once; gives its hash (SHA-256 over both languages).

    Raises: TextChanged when this version stands with other words.
    """
    text_hash = hashlib.sha256(
        "\x00".join([code, str(version), title_zh, body_zh, body_en]).encode()
    ).hexdigest()
    kept, _is_new = ConsentText.objects.get_or_create(
        code=code,
        version=version,
        defaults={
            "title_zh": title_zh,
            "title_en": title_en,
            "body_zh": body_zh,
            "body_en": body_en,
            "text_hash": text_hash,
            "published_on": published_on,
        },
    )
    if kept.text_hash != text_hash:
        raise TextChanged(f"consent text {code} v{version} was published with other words")
    return text_hash


def text_of(*, code: str, version: int | None = None) -> ConsentText:
    """A version of a text, or the newest. Raises: ConsentUnknown."""
    texts = ConsentText.objects.filter(code=code).order_by("-version")
    found = texts.filter(version=version).first() if version else texts.first()
    if found is None:
        raise refusals.ConsentUnknown(_("没有这份文本。"), text_code=code, version=version)
    return found


def record_consent(
    *, borrower_id: int, text_code: str, channel: str, evidence: dict[str, Any], version: int | None = None
) -> UUID:
    """
    The person agrees to a version of a text (the newest where none is named); repeating it keeps the first one.

    Evidence says how (page, form, reading time), never personal data. Raises: ConsentUnknown.
    """
    text = text_of(code=text_code, version=version)
    standing = Consent.objects.filter(
        borrower_id=borrower_id, text_code=text_code, text_version=text.version, withdrawn_at=None
    )
    if kept := standing.first():
        return kept.id
    consent_id = new_id()
    try:
        with transaction.atomic():
            Consent.objects.create(
                borrower_id=borrower_id,
                id=consent_id,
                text_code=text_code,
                text_version=text.version,
                text_hash=text.text_hash,
                channel=channel,
                evidence=evidence,
                given_at=clock.now(),
            )
    except IntegrityError:
        # A second tab was faster; its consent is the one that stands.
        return standing.get().id
    return consent_id


@transaction.atomic
def record_consents(
    *, borrower_id: int, given: dict[str, int | None], channel: str, evidence: dict[str, Any]
) -> None:
    """Several texts agreed to on one page, all or none; `given` maps a text to its version. Raises: ConsentUnknown."""
    for text_code, version in given.items():
        record_consent(
            borrower_id=borrower_id, text_code=text_code, version=version, channel=channel, evidence=evidence
        )


def is_withdrawn(*, borrower_id: int, text_code: str) -> bool:
    """Was this consent given once, and does none stand now?"""
    words = Consent.objects.filter(borrower_id=borrower_id, text_code=text_code)
    stands = list(words.values_list("withdrawn_at", flat=True))
    return bool(stands) and None not in stands


@transaction.atomic
def withdraw_consent(*, borrower_id: int, text_code: str, channel: str) -> None:
    """
    Take a consent back; what depends on it asks for it at every use and stops. Safe to repeat.

    What was kept only under it goes at once: of a face check, its serial (an image is never kept).
    """
    withdrawn = Consent.objects.filter(
        borrower_id=borrower_id, text_code=text_code, withdrawn_at=None
    ).update(withdrawn_at=clock.now())
    if withdrawn:
        if text_code == FACE:
            IdentityCheck.objects.filter(borrower_id=borrower_id, method="face").update(serial="")
        audit.record(
            actor=f"shopper:{borrower_id}",
            action="people.consent.withdrawn",
            subject=f"account:{borrower_id}",
            text_code=text_code,
            channel=channel,
        )
        outbox.publish("people.consent.withdrawn", borrower_id=borrower_id, text_code=text_code)
