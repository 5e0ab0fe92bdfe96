"""Filters of the console."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def is_fen(value: Any) -> bool:
    """In a section of evidence every int is money."""
    return isinstance(value, int) and not isinstance(value, bool)
