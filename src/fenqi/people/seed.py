"""What people needs before the first shopper comes: the texts to consent to, and in a demo the staff."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from django.conf import settings

from fenqi.people import services
from fenqi.people.models import StaffMember
from fenqi.people.services import Role

TEXTS = Path(__file__).parent / "consent_texts"
TEXTS_PUBLISHED_ON = datetime.date(2026, 1, 1)

# Printed by the demo, and made nowhere else.
DEMO_STAFF = [
    ("lin", "林审核", "review-the-demo", [Role.REVIEWER]),
    ("zhou", "周客服", "serve-the-demo", [Role.SERVICE]),
    ("qian", "钱财务", "count-the-demo", [Role.FINANCE]),
    ("shen", "沈合规", "check-the-demo", [Role.COMPLIANCE]),
    ("cui", "崔贷后", "follow-the-demo", [Role.COLLECTIONS]),
    ("admin", "管理员", "fenqi-demo", [Role.ADMIN]),
]


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
    """Add those who are not there yet."""
    known = set(StaffMember.objects.values_list("name", flat=True))
    for name, shown_name, password, roles in DEMO_STAFF:
        if name not in known:
            services.add_staff(
                by="system:seed", name=name, shown_name=shown_name, password=password, roles=list(roles)
            )


def demo_staff() -> list[tuple[str, str, str]]:
    """(name, password, roles in words) to print; empty outside a demo."""
    if not settings.DEMO:
        return []
    return [(name, password, ", ".join(roles)) for name, _shown, password, roles in DEMO_STAFF]


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
