"""Filters and tags every page uses: money, dates, masks, icons, fields. Loaded as a builtin."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms, template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from fenqi.plumbing import clock, masks

if TYPE_CHECKING:
    from django.forms import BoundField

register = template.Library()

WEEKDAYS_ZH = "一二三四五六日"


def figures(fen: int) -> str:
    """4,999.00: thousands separated, two decimals."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan:,}.{rest:02d}"


@register.filter
def yuan(fen: int | None) -> str:
    """¥4,999.00"""
    if fen is None or fen == "":
        return ""
    text = figures(int(fen))
    return f"-¥{text[1:]}" if text.startswith("-") else f"¥{text}"


@register.filter
def yuan_plain(fen: int | None) -> str:
    """4,999.00"""
    return "" if fen is None or fen == "" else figures(int(fen))


@register.filter
def percent(rate: Decimal | str | None, digits: int = 2) -> str:
    """0.1303 → 13.03%"""
    if rate is None or rate == "":
        return ""
    return f"{Decimal(rate) * 100:.{int(digits)}f}%"


@register.filter
def day(value: datetime.date | None) -> str:
    """12月8日 周二; the year only where it differs from the business date's."""
    if not value:
        return ""
    if isinstance(value, datetime.datetime):
        value = clock.date_of(value)
    other_year = value.year != _year_of_the_books()
    if (get_language() or "zh").startswith("zh"):
        text = f"{value.month}月{value.day}日 周{WEEKDAYS_ZH[value.weekday()]}"
        return f"{value.year}年{text}" if other_year else text
    # strftime, not a format: the business date of a page is read when it is first touched, and such a value formats as itself.
    return f"{value.strftime('%a')} {value.day} {value.strftime('%b')}" + (
        f" {value.year}" if other_year else ""
    )


_year_read: tuple[float, int] = (0.0, 0)


def _year_of_the_books() -> int:
    """The business date's year, read at most once a second: a page shows dozens of dates and needs one statement."""
    global _year_read
    from fenqi.plumbing import business_date

    read_at, year = _year_read
    if not year or time.monotonic() - read_at > 1:
        year = business_date.current().year
        _year_read = (time.monotonic(), year)
    return year


@register.filter
def in_days(value: datetime.date, today: datetime.date) -> str:
    """3 天后 / 今天 / 已过 2 天"""
    distance = (value - datetime.date(today.year, today.month, today.day)).days
    if distance == 0:
        return _("今天")
    if distance > 0:
        return ngettext("%(n)d 天后", "%(n)d 天后", distance) % {"n": distance}
    return ngettext("已过 %(n)d 天", "已过 %(n)d 天", -distance) % {"n": -distance}


@register.filter
def mask_phone(value: str | None) -> str:
    """138****1234"""
    return masks.phone(value)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An outline icon; decoration unless it is given a label."""
    from fenqi.plumbing.icons import ICONS

    aria = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        aria,
        mark_safe(ICONS[name]),  # noqa: S308 - our own drawing, not input
    )


@register.inclusion_tag("plumbing/field.html")
def field(bound: BoundField, **attributes: Any) -> dict[str, Any]:
    """Label, control, hint and error of a form field, tied together for screen readers."""
    for name, value in attributes.items():
        bound.field.widget.attrs[name.replace("_", "-")] = value
    kind = getattr(bound.field.widget, "input_type", "text")
    is_group = isinstance(bound.field.widget, forms.RadioSelect)  # several boxes are one, too
    return {"field": bound, "is_check": kind == "checkbox" and not is_group, "is_group": is_group}


@register.filter
def get(mapping: dict[Any, Any], key: Any) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(key)
