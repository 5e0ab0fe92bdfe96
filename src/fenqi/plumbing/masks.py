"""How personal data is shown: never more than is needed to recognise one's own."""

from __future__ import annotations


def phone(value: str | None) -> str:
    """138****1234"""
    return f"{value[:3]}****{value[-4:]}" if value else ""


def name(value: str | None) -> str:
    """王*"""
    return value[:1] + "*" * max(1, min(len(value) - 1, 2)) if value else ""


def id_number(value: str | None) -> str:
    """1***************2X"""
    return value[:1] + "*" * (len(value) - 3) + value[-2:] if value else ""


def card(value: str | None) -> str:
    """尾号 6217: the last four digits."""
    return value[-4:] if value else ""


def email(value: str | None) -> str:
    """w***@example.com; of a name of one letter not even that, since it is the whole of it."""
    if not value:
        return ""
    local, _, domain = value.partition("@")
    return f"{local[:1] if len(local) > 1 else ''}***@{domain}"


def address(value: str) -> str:
    """203.0.113.* or the first half of an IPv6 address."""
    if ":" in value:
        return ":".join(value.split(":")[:4])[:40] + ":*"
    return ".".join([*value.split(".")[:3], "*"]) if value.count(".") == 3 else ""
