"""Texts people agree to, and what one person agreed to."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from fenqi.people.models import Consent, ConsentText
from fenqi.people.services.consents import text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A version of a text in the reader's language."""

    code: str
    version: int
    title: str
    body: str
    text_hash: str
    published_on: datetime.date


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """One consent of a person."""

    text_code: str
    title: str
    version: int
    given_at: datetime.datetime
    withdrawn_at: datetime.datetime | None
    channel: str


def text(*, code: str, language: str, version: int | None = None) -> Text:
    """A text to read, the newest version unless one is named. Raises: ConsentUnknown."""
    kept = text_of(code=code, version=version)
    is_english = language.startswith("en")
    return Text(
        code=kept.code,
        version=kept.version,
        title=kept.title_en if is_english else kept.title_zh,
        body=kept.body_en if is_english else kept.body_zh,
        text_hash=kept.text_hash,
        published_on=kept.published_on,
    )


def given(*, borrower_id: int, language: str) -> list[Given]:
    """What a person agreed to, newest first."""
    titles = {
        (kept.code, kept.version): kept.title_en if language.startswith("en") else kept.title_zh
        for kept in ConsentText.objects.all()
    }
    return [
        Given(
            text_code=kept.text_code,
            title=titles.get((kept.text_code, kept.text_version), kept.text_code),
            version=kept.text_version,
            given_at=kept.given_at,
            withdrawn_at=kept.withdrawn_at,
            channel=kept.channel,
        )
        for kept in Consent.objects.filter(borrower_id=borrower_id).order_by("-given_at")
    ]
