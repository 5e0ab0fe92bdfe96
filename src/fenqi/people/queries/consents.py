"""Texts people agree to, and what one person agreed to."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

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
    return _text(text_of(code=code, version=version), language)


def _text(kept: ConsentText, language: str) -> Text:
    is_english = language.startswith("en")
    return Text(
        code=kept.code,
        version=kept.version,
        title=kept.title_en if is_english else kept.title_zh,
        body=kept.body_en if is_english else kept.body_zh,
        text_hash=kept.text_hash,
        published_on=kept.published_on,
    )


def newest_texts(*, codes: list[str], language: str) -> list[Text]:
    """The newest version of each of these texts, in the order asked for, by one statement."""
    newest = ConsentText.objects.filter(code__in=codes).order_by("code", "-version").distinct("code")
    by_code = {one.code: one for one in newest}
    return [_text(by_code[code], language) for code in codes if code in by_code]


def missing_consents(*, borrower_id: int, codes: Iterable[str]) -> list[str]:
    """Those of these texts no consent stands for, in the order asked for."""
    wanted = list(codes)
    standing = set(
        Consent.objects.filter(borrower_id=borrower_id, text_code__in=wanted, withdrawn_at=None).values_list(
            "text_code", flat=True
        )
    )
    return [code for code in wanted if code not in standing]


def given(*, borrower_id: int, language: str) -> list[Given]:
    """What a person agreed to, newest first."""
    titles = ConsentText.objects.filter(code=OuterRef("text_code"), version=OuterRef("text_version"))
    title = Subquery(titles.values("title_en" if language.startswith("en") else "title_zh")[:1])
    kept = Consent.objects.filter(borrower_id=borrower_id).annotate(title=title).order_by("-given_at")
    return [
        Given(
            text_code=one.text_code,
            title=one.title or one.text_code,
            version=one.text_version,
            given_at=one.given_at,
            withdrawn_at=one.withdrawn_at,
            channel=one.channel,
        )
        for one in kept
    ]
