"""Filters of the console."""

from __future__ import annotations

from typing import Any

from django import template

from fenqi.ops import words

register = template.Library()


@register.filter
def is_fen(value: Any) -> bool:
    """In a section of evidence every int is money."""
    return isinstance(value, int) and not isinstance(value, bool)


@register.filter
def word(code: Any) -> Any:
    """The word people read for a code in a record."""
    return words.word(code)


@register.filter
def verdict_word(verdict: Any) -> Any:
    """What became of a proposal."""
    return words.VERDICTS.get(str(verdict), verdict)


@register.filter
def named(name: Any, names: dict[str, str]) -> str:
    """A colleague's shown name beside the name they sign in with."""
    shown = names.get(str(name))
    return f"{shown} ({name})" if shown else str(name)


@register.filter
def role(code: str) -> Any:
    """The word people read for a role."""
    return words.ROLES.get(code, code)


@register.filter
def thing(reference: Any) -> str:
    """Who or what a record is about, in words and a short form of its number."""
    return words.thing(str(reference))


@register.filter
def why_seen(reason: Any) -> str:
    """Why a value was read, in words where our own system wrote the reason."""
    return words.reason(str(reason))


@register.filter
def counted(counts: dict[str, int]) -> list[str]:
    """What a step of the day-end counted, in words."""
    return words.counted(counts)
