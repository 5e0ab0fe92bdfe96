"""The demo staff's authenticator app: what stands on the phones of those who work there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fenqi.adapters.sandbox.html import Words, el, shell
from fenqi.adapters.sandbox.http import Answer, Request, Routes, as_page
from fenqi.people import demo_staff, totp

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.app import Call

routes = Routes()


@routes.add("GET", "/sandbox/authenticator/")
def codes(_call: Call, request: Request) -> Answer:
    """The present code of each, and how long it stands; an app would be fed the same secret."""
    words = Words(request.language)
    step, gone = divmod(int(time.time()), totp.STEP_SECONDS)
    rows = [
        el(
            "div",
            el("dt", f"{one.name} · {one.shown_name} · {one.password}"),
            el("dd", el("code", totp.code_at(one.totp_secret, step), id=f"code-{one.name}")),
        )
        for one in demo_staff.MEMBERS
    ]
    content = [
        el("h1", words("员工的验证器")),
        el(
            "p",
            words(
                "演示员工的账号、密码和现在的动态码；{seconds} 秒后换下一个，用过的码不能再用。",
                seconds=totp.STEP_SECONDS - gone,
            ),
            class_="quiet-text",
        ),
        el("section", el("dl", rows, class_="facts"), class_="card"),
        el("p", el("a", words("刷新"), class_="button quiet", href="/sandbox/authenticator/")),
        el("p", el("a", words("去员工登录"), href="/ops/sign-in/")),
    ]
    page = shell(
        words, title=words("员工的验证器"), content=el("div", content, class_="stack"), back="/sandbox/"
    )
    return as_page(page)
