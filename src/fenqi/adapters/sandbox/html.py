"""Pages written in Python: every text is escaped unless it was built here."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

VOID = {"input", "link", "meta", "br"}
LINK = re.compile(
    r"https?://[^\s<>，。；）]+|(?<![\w/])/(?:pay|contact|orders|finance|help|me)/[^\s<>，。；）]*"
)


class Safe(str):
    """HTML that needs no escaping."""

    __slots__ = ()


def el(tag: str, *children: Any, **attributes: Any) -> Safe:
    """An element; `class_` and `for_` lose the underscore, other underscores become hyphens, None and False are left out."""
    parts = [tag]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        parts.append(name if value is True else f'{name}="{escape(str(value))}"')
    opening = f"<{' '.join(parts)}>"
    if tag in VOID:
        return Safe(opening)
    return Safe(f"{opening}{join(*children)}</{tag}>")


def join(*children: Any) -> Safe:
    """Children one after the other; None is nothing, lists are flattened."""
    out = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, (list, tuple)):
            out.append(join(*child))
        else:
            out.append(child if isinstance(child, Safe) else escape(str(child)))
    return Safe("".join(out))


def with_links(text: str) -> Safe:
    """A text whose addresses can be tapped."""
    out, end = [], 0
    for match in LINK.finditer(text):
        out += [escape(text[end : match.start()]), el("a", match[0], href=match[0])]
        end = match.end()
    return Safe("".join([*out, escape(text[end:])]))


def yuan(fen: int) -> str:
    """¥4,999.00"""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


@lru_cache(maxsize=1)
def _english() -> dict[str, str]:
    source = Path(__file__).parent.parent / "locale" / "en" / "LC_MESSAGES" / "django.po"
    with source.open("rb") as text:
        return {
            str(message.id): str(message.string) for message in read_po(text) if message.id and message.string
        }


class Words:
    """Texts in the reader's language: `words("收件箱")`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, text: str, **values: Any) -> str:
        if self.language == "en":
            text = _english().get(text, text)  # texts of others (banks, merchants) stay as they are
        return text.format(**values) if values else text


def shell(
    words: Words, *, title: str, content: Any, back: str | None = "/sandbox/", refresh: int | None = None
) -> str:
    """A whole page in the look of the house; its style sheets come from the site it is shown on."""
    head = [
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
        el("title", title, " · ", words("沙盒")),
        [
            el("link", rel="stylesheet", href=f"/static/fenqi/{name}.css")
            for name in ("tokens", "base", "components", "areas/sandbox")
        ],
        el("link", rel="icon", href="/static/fenqi/mark.svg", type="image/svg+xml"),
        el("meta", http_equiv="refresh", content=refresh) if refresh else None,
    ]
    header = el(
        "header",
        el(
            "div",
            el("a", "‹ ", words("返回"), class_="back", href=back) if back else None,
            el("span", words("沙盒：模拟的外部机构，没有真钱"), class_="tag warn"),
            class_="top-in",
        ),
        class_="focus-top",
    )
    body = el("body", header, el("main", content, id="main", class_="page narrow sandbox"), class_="focus")
    language = "en" if words.language == "en" else "zh-CN"
    return "<!doctype html>" + el("html", el("head", head), body, lang=language)


def field(
    words: Words,
    *,
    label: str,
    name: str,
    value: str = "",
    error: str = "",
    hint: str = "",
    **attributes: Any,
) -> Safe:
    """A labelled input with its hint and its error."""
    described = " ".join([f"{name}-hint"] * bool(hint) + [f"{name}-error"] * bool(error)) or None
    return el(
        "div",
        el("label", label, for_=name),
        el(
            "input",
            id=name,
            name=name,
            value=value,
            type=attributes.pop("type", "text"),
            aria_describedby=described,
            aria_invalid="true" if error else None,
            **attributes,
        ),
        el("p", hint, class_="hint", id=f"{name}-hint") if hint else None,
        el("p", error, class_="error", id=f"{name}-error") if error else None,
        class_="field has-error" if error else "field",
    )


def empty(heading: str, text: str, action: Safe | None = None) -> Safe:
    """What will be here, and the one thing to do."""
    doing = el("div", action, class_="actions") if action else None
    return el("div", el("h2", heading), el("p", text), doing, class_="empty")
