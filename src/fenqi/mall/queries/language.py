"""Which of the two languages of a row the reader gets."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language


def suffix() -> str:
    """'en' for English readers, 'zh' for everybody else."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def worded(row: Any, name: str) -> str:
    """row.name_zh or row.name_en; also for rows that are dicts."""
    key = f"{name}_{suffix()}"
    return row[key] if isinstance(row, dict) else getattr(row, key)


def picture_url(picture: str) -> str:
    """Where a drawing of goods is served."""
    return f"/pictures/{picture}.svg"
