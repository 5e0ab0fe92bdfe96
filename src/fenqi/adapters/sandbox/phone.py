"""What the pages about one phone share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fenqi.adapters.sandbox.html import Words, el, empty, shell
from fenqi.adapters.sandbox.http import Answer, Request, as_page

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.html import Safe

PHONE = re.compile(r"1[3-9]\d{9}\Z")


def missing(request: Request) -> Answer:
    """No such page."""
    words = Words(request.language)
    content = empty(words("没有这个页面"), words("请从沙盒首页进入。"))
    return as_page(shell(words, title=words("没有这个页面"), content=content), status=404)


def phone_tabs(words: Words, phone: str, current: str) -> Safe:
    """Messages and bank."""
    tabs = (
        ("inbox", words("消息"), f"/sandbox/phones/{phone}/"),
        ("bank", words("银行"), f"/sandbox/bank/{phone}/"),
    )
    return el(
        "nav",
        [
            el("a", label, href=url, aria_current="page" if name == current else None)
            for name, label, url in tabs
        ],
        class_="tabs",
        aria_label=words("手机"),
    )
