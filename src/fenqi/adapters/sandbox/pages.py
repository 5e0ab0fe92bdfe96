"""Pages of the outside world: a phone's inbox, a mailbox, and the switches that make parties misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox import bank_app, cashier, control, faults, lender_app
from fenqi.adapters.sandbox.html import Words, el, empty, field, shell, with_links
from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_page, redirect
from fenqi.adapters.sandbox.phone import PHONE, missing, phone_tabs

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.app import Call
    from fenqi.adapters.sandbox.html import Safe

routes = Routes()
routes.extend(cashier.routes)
routes.extend(bank_app.routes)
routes.extend(lender_app.routes)
MOST_SHOWN = 200
# Numbers that pass the check digit, for people who try things out.
TRIAL_CARDS = ("6217000010000000011", "6214830010000000014", "6225880010000000019")


@routes.add("GET", "/sandbox/")
def index(call: Call, request: Request) -> Answer:
    """Doors to everything, and the phones that were written to."""
    return _index(call, request)


def _index(call: Call, request: Request, *, typed: str = "", error: str = "") -> Answer:
    words = Words(request.language)
    phones = call.store.rows(
        """
        SELECT recipient AS phone, count(*) AS texts, max(id) AS latest FROM text
        WHERE kind <> 'email' GROUP BY recipient ORDER BY latest DESC LIMIT 30
        """
    )
    mail = call.store.rows(
        "SELECT recipient, count(*) AS texts FROM text WHERE kind = 'email' GROUP BY recipient LIMIT 30"
    )
    form = el(
        "form",
        field(
            words,
            label=words("手机号"),
            name="phone",
            value=typed,
            error=error,
            inputmode="numeric",
            type="tel",
        ),
        el("div", el("button", words("打开手机"), class_="button", type="submit"), class_="actions"),
        method="get",
        action="/sandbox/phones/",
        id="phone-form",
    )
    rows = [
        _door(
            phone["phone"],
            words("{count} 条消息", count=phone["texts"]),
            f"/sandbox/phones/{phone['phone']}/",
        )
        for phone in phones
    ] + [
        _door(
            row["recipient"],
            words("{count} 封邮件", count=row["texts"]),
            f"/sandbox/mail/{row['recipient']}/",
        )
        for row in mail
    ]
    content = [
        el("h1", words("沙盒")),
        el(
            "p",
            words("这里扮演商城之外的各方：手机短信、银行、支付渠道、贷款机构、实名核验和征信。"),
            class_="quiet-text",
        ),
        el("section", form, class_="card"),
        el(
            "section",
            el("h2", words("收到过消息的手机")),
            el("ul", rows, class_="list")
            if rows
            else el("p", words("还没有消息。登录商城时，验证码会出现在这里。"), class_="quiet-text"),
            class_="card",
        ),
        _switches(words),
        _trial_people(words),
    ]
    return as_page(shell(words, title=words("沙盒"), content=el("div", content, class_="stack"), back="/"))


def _switches(words: Words) -> Safe:
    doors = (("员工的验证器", "/sandbox/authenticator/"), ("故障开关", "/sandbox/faults/"))
    rows = [
        el("li", el("a", el("span", words(label), class_="grow"), class_="go", href=url))
        for label, url in doors
    ]
    return el("section", el("ul", rows, class_="list"), class_="card")


def _door(label: str, beside: str, url: str) -> Safe:
    inside = [el("span", label, class_="grow"), el("span", beside, class_="quiet-text")]
    return el("li", el("a", inside, class_="go", href=url))


def _trial_people(words: Words) -> Safe:
    rows = [
        (words("银行卡"), "、".join(TRIAL_CARDS)),
        (words("已挂失、已过期的卡"), "6217000010000010028、6217000010000010036"),
        (words("实名不通过、请重试、超次数"), "查无此人、姓名不符、请重试、超次数"),
        (words("贷款机构拒绝、转人工"), words("身份证号第 15 至 17 位为 404、406")),
    ]
    people = el("dl", [el("div", el("dt", label), el("dd", value)) for label, value in rows], class_="facts")
    return el(
        "section", el("details", el("summary", words("试用的人和卡")), people, class_="fold"), class_="card"
    )


@routes.add("GET", "/sandbox/phones/")
def find_phone(call: Call, request: Request) -> Answer:
    """From a typed number to its phone."""
    typed = request.query.get("phone", "").replace(" ", "").replace("-", "")
    if not PHONE.match(typed):
        words = Words(request.language)
        return _index(call, request, typed=typed, error=words("请输入 11 位手机号，例如 13800000001。"))
    return redirect(f"/sandbox/phones/{typed}/")


@routes.add("GET", "/sandbox/phones/<phone>/")
def inbox(call: Call, request: Request, phone: str) -> Answer:
    """What a phone received, newest first."""
    words = Words(request.language)
    if not PHONE.match(phone):
        return missing(request)
    texts = call.store.rows(
        "SELECT * FROM text WHERE recipient = ? AND kind <> 'email' ORDER BY id DESC LIMIT ?",
        phone,
        MOST_SHOWN,
    )
    tabs = phone_tabs(words, phone, "inbox")
    shown = (
        el("ol", [_bubble(words, text) for text in texts], class_="bubbles", id="inbox")
        if texts
        else empty(words("还没有消息"), words("发往 {phone} 的短信和推送会出现在这里。", phone=phone))
    )
    content = [el("h1", words("手机 {phone}", phone=phone)), tabs, shown]
    return as_page(shell(words, title=words("消息"), content=content, refresh=15))


@routes.add("GET", "/sandbox/mail/<address>/")
def mail(call: Call, request: Request, address: str) -> Answer:
    """What an address received, newest first."""
    words = Words(request.language)
    texts = call.store.rows(
        "SELECT * FROM text WHERE recipient = ? AND kind = 'email' ORDER BY id DESC LIMIT ?",
        address,
        MOST_SHOWN,
    )
    shown = (
        el("ol", [_bubble(words, text) for text in texts], class_="bubbles", id="inbox")
        if texts
        else empty(words("还没有邮件"), words("发往 {address} 的邮件会出现在这里。", address=address))
    )
    content = [el("h1", words("邮箱 {address}", address=address)), shown]
    return as_page(shell(words, title=words("邮件"), content=content, refresh=15))


def _bubble(words: Words, text: sqlite3.Row) -> Safe:
    kinds = {"sms": words("短信"), "push": words("推送"), "email": words("邮件")}
    return el(
        "li",
        el(
            "p",
            el("span", kinds[text["kind"]], class_="tag"),
            " ",
            el("time", text["shown_at"]),
            class_="quiet-text",
        ),
        el("h2", text["subject"]) if text["subject"] else None,
        el("p", with_links(text["body"]), class_="bubble"),
        data_kind=text["kind"],
    )


@routes.add("GET", "/sandbox/faults/")
def fault_switches(call: Call, request: Request) -> Answer:
    """Which party fails how."""
    words = Words(request.language)
    active = {(fault["peer"], fault["kind"]): fault for fault in faults.listed(call.store)}
    peers = {
        "channel": words("支付渠道"),
        "lender": words("贷款机构"),
        "sms": words("短信网关"),
        "email": words("邮件"),
        "push": words("推送"),
        "identity": words("实名核验"),
        "bureau": words("征信机构"),
    }
    kinds = {
        "outage": words("停机"),
        "timeout": words("超时不答"),
        "lost_answer": words("办了但回答丢失"),
        "delay": words("迟缓"),
        "decline": words("一律拒绝"),
        "pending": words("受理后搁置"),
        "duplicate_notice": words("重复通知"),
    }
    sections = [
        el(
            "section",
            el(
                "details",
                el("summary", name),
                el(
                    "form",
                    [
                        _switch(words, peer, kind, label, active)
                        for kind, label in kinds.items()
                        if _makes_sense(peer, kind)
                    ],
                    method="post",
                    action="/sandbox/faults/",
                    id=f"faults-{peer}",
                ),
                class_="fold",
                open=peer == "channel" or any(at == peer for at, _kind in active),
            ),
            class_="card",
        )
        for peer, name in peers.items()
    ]
    settle = el(
        "form",
        el("input", type="hidden", name="settle", value="1"),
        el("button", words("办完所有搁置的业务"), class_="button quiet block"),
        method="post",
        action="/sandbox/faults/",
        id="settle",
    )
    content = [
        el("h1", words("故障开关")),
        el("p", words("打开后，对应的机构会这样出错，直到关上。"), class_="quiet-text"),
        sections,
        settle,
    ]
    return as_page(shell(words, title=words("故障开关"), content=el("div", content, class_="stack")))


def _makes_sense(peer: str, kind: str) -> bool:
    return (
        kind not in ("pending", "duplicate_notice")
        or peer == "channel"
        or (peer, kind) == ("lender", "pending")
    )


def _switch(words: Words, peer: str, kind: str, label: str, active: dict[tuple[Any, Any], Any]) -> Safe:
    is_on = (peer, kind) in active
    return el(
        "div",
        el("span", label, " ", el("span", words("出错中"), class_="tag late") if is_on else None),
        el(
            "button",
            words("关上") if is_on else words("打开"),
            el("span", f" {peer} {kind}", class_="sr"),
            class_="button small soft" if is_on else "button small quiet",
            name="switch",
            value=f"{peer} {kind} {'off' if is_on else 'on'}",
        ),
        class_="split middle fault",
    )


@routes.add("POST", "/sandbox/faults/")
def press_switch(call: Call, request: Request) -> Answer:
    """One switch pressed."""
    form = request.form()
    if form.get("settle"):
        control.settle(call, request)
        return redirect("/sandbox/faults/")
    parts = form.get("switch", "").split(" ")
    if len(parts) != 3:
        raise Refused("missing", field="switch", status=400)
    faults.switch(call.store, peer=parts[0], kind=parts[1], on=parts[2] == "on", times=None, seconds=None)
    return redirect("/sandbox/faults/")
