"""Translations are kept as text (.po) and compiled when a process starts and finds them newer: no system gettext needed."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent


def catalogues() -> list[Path]:
    """Every .po file of the product."""
    return sorted(ROOT.glob("*/locale/*/LC_MESSAGES/django.po"))


def compile_stale() -> int:
    """Compile each catalogue that is newer than its compiled form; tells how many."""
    compiled = 0
    for source in catalogues():
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text:
            catalogue = read_po(text)
        draft = target.with_suffix(".draft")
        with draft.open("wb") as binary:
            write_mo(binary, catalogue)
        draft.replace(target)
        compiled += 1
    return compiled
