"""What people needs before the first shopper comes: the texts to consent to, and in a demo the staff."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from django.conf import settings

from fenqi.people import demo_staff, services
from fenqi.people.models import StaffMember

TEXTS = Path(__file__).parent / "consent_texts"
TEXTS_PUBLISHED_ON = datetime.date(2026, 1, 1)


def load() -> None:
    """Publish the texts and, in a demo or test, add the staff. Safe to repeat."""
    load_texts()
    if settings.DEMO:
        load_demo_staff()


def load_texts() -> None:
    """Publish every version of every text in the folder."""
    for code, version in sorted(_versions()):
        title_zh, body_zh = _read(code, version, "zh")
        title_en, body_en = _read(code, version, "en")
        services.publish_text(
            code=code,
            version=version,
            title_zh=title_zh,
            title_en=title_en,
            body_zh=body_zh,
            body_en=body_en,
            published_on=TEXTS_PUBLISHED_ON,
        )


def load_demo_staff() -> None:
    """Add those who are not there yet. Their passwords and secrets stand in our source: never outside a demo."""
    if not settings.DEMO:
        raise RuntimeError("the demo's staff is known to everybody")
    known = set(StaffMember.objects.values_list("name", flat=True))
    for one in demo_staff.MEMBERS:
        if one.name not in known:
            services.add_staff(
                by="system:seed",
                name=one.name,
                shown_name=one.shown_name,
                password=one.password,
                totp_secret=one.totp_secret,
                roles=[one.role],
            )


def _versions() -> set[tuple[str, int]]:
    found = set()
    for file in TEXTS.glob("*.zh.md"):
        match = re.fullmatch(r"(\w+)\.v(\d+)\.zh\.md", file.name)
        if match:
            found.add((match[1], int(match[2])))
    return found


def _read(code: str, version: int, language: str) -> tuple[str, str]:
    first, _, body = (TEXTS / f"{code}.v{version}.{language}.md").read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("# ").strip(), body.strip()
