"""From a template and its context to a text in the reader's language."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from fenqi.messages.templates import SIGNATURE, TEMPLATES, Template

LINKS = ("link", "path")
LONGEST_SMS = 500


class UnknownTemplate(KeyError):
    """No template of this name."""


class ContextIncomplete(ValueError):
    """The context lacks a part the template speaks of."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A text as it leaves: `subject` is empty on a phone."""

    subject: str
    body: str
    link: str


def template_of(code: str) -> Template:
    """Raises: UnknownTemplate."""
    if code not in TEMPLATES:
        raise UnknownTemplate(code)
    return TEMPLATES[code]


def check(code: str, context: dict[str, Any]) -> None:
    """Refuse when a message is queued, not when it should leave. Raises: UnknownTemplate, ContextIncomplete."""
    template = template_of(code)
    parts = _parts(context)
    missing = [name for name in template.needs if parts.get(name) in (None, "")]
    if missing:
        raise ContextIncomplete(f"{code} needs {', '.join(missing)}")
    if template.variants is not None and context["result"] not in template.variants:
        raise ContextIncomplete(f"{code} has no text for result {context['result']!r}")


def render(code: str, context: dict[str, Any], *, channel: str, language: str) -> Rendered:
    """The text of a message. Raises: UnknownTemplate."""
    template = template_of(code)
    with translation.override(language):
        sms, title, body = (template.sms, template.title, template.body)
        if template.variants is not None:
            sms, title, body = template.variants[context["result"]]
        parts = _parts(context)
        if channel == "sms":
            text = (str(SIGNATURE) + str(sms).format_map(parts))[:LONGEST_SMS]
            return Rendered(subject="", body=text, link=parts["link"])
        subject = str(title).format_map(parts)
        text = str(body or sms).format_map(parts)
    if channel == "inbox":
        path = _path(context)
        # On the page the address is a button, not a line of letters.
        return Rendered(
            subject=subject, body=text.replace(parts["link"], "").rstrip("：: ") if path else text, link=path
        )
    return Rendered(subject=subject, body=text, link=parts["link"])


def _path(context: dict[str, Any]) -> str:
    return next((str(context[name]) for name in LINKS if context.get(name)), "")


class _Parts(dict[str, str]):
    """A part that only some callers give is nothing where it is missing."""

    def __missing__(self, key: str) -> str:
        return ""


def _parts(context: dict[str, Any]) -> _Parts:
    """The context as texts: fen as yuan, dates as people say them, paths as addresses."""
    parts = _Parts()
    for name, value in context.items():
        if value is None:
            continue
        if name.endswith("_fen"):
            parts[name.removesuffix("_fen")] = _yuan(int(value))
        elif name.endswith("_on"):
            parts[name] = _day(datetime.date.fromisoformat(str(value)))
        elif name == "month":
            parts[name] = _month(str(value))
        elif isinstance(value, dict):  # a name in both languages
            parts[name] = value["en" if (translation.get_language() or "").startswith("en") else "zh"]
        elif name == "reason":
            parts[name] = _("（{reason}）").format(reason=value) if value else ""
        else:
            parts[name] = str(value)
    path = _path(context)
    parts["link"] = path if "://" in path else settings.PUBLIC_URL.rstrip("/") + path if path else ""
    return parts


def _yuan(fen: int) -> str:
    return f"¥{fen // 100:,}.{fen % 100:02d}"


def _day(on: datetime.date) -> str:
    if (translation.get_language() or "").startswith("en"):
        return f"{on:%b} {on.day}"
    return f"{on.month}月{on.day}日"


def _month(value: str) -> str:
    year, _dash, month = value.partition("-")
    if (translation.get_language() or "").startswith("en"):
        return f"{datetime.date(int(year), int(month), 1):%b %Y}"
    return f"{int(year)}年{int(month)}月"
