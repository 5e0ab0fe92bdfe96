"""What people type, before anything reads it."""

from __future__ import annotations


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as plain ones: U+FF01 and on stand exactly 0xFEE0 above ASCII."""
    return "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)
