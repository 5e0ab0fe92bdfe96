"""A phone's bank app: balances, statements, topping up and spending."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fenqi.adapters.sandbox import bank
from fenqi.adapters.sandbox.html import Words, el, empty, field, shell, yuan
from fenqi.adapters.sandbox.http import Answer, Request, Routes, as_page, redirect
from fenqi.adapters.sandbox.phone import PHONE, missing, phone_tabs

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.app import Call
    from fenqi.adapters.sandbox.html import Safe

routes = Routes()


@routes.add("GET", "/sandbox/bank/<phone>/")
def bank_app(call: Call, request: Request, phone: str) -> Answer:
    """Balances and statements of the accounts of a phone number."""
    return _bank_app(call, request, phone)


def _bank_app(
    call: Call, request: Request, phone: str, *, at: str = "", typed: str = "", error: str = ""
) -> Answer:
    words = Words(request.language)
    if not PHONE.match(phone):
        return missing(request)
    accounts = call.store.rows(
        "SELECT * FROM account WHERE phone = ? AND kind = 'card' ORDER BY number", phone
    )
    cards = [
        _account(
            call,
            words,
            account,
            typed=typed if at == account["number"] else "",
            error=error if at == account["number"] else "",
        )
        for account in accounts
    ]
    if not cards:
        cards = [empty(words("还没有账户"), words("在商城绑定银行卡或付款后，账户会出现在这里。"))]
    content = [el("h1", words("手机 {phone}", phone=phone)), phone_tabs(words, phone, "bank"), cards]
    return as_page(shell(words, title=words("银行"), content=content), status=422 if error else 200)


def _account(call: Call, words: Words, account: sqlite3.Row, *, typed: str, error: str) -> Safe:
    number, tail = account["number"], account["number"][-4:]
    postings = call.store.rows("SELECT * FROM posting WHERE account = ? ORDER BY id DESC LIMIT 50", number)
    states = {"LOST": words("已挂失"), "EXPIRED": words("已过期")}
    form = el(
        "form",
        field(
            words,
            label=words("金额（元）"),
            name=f"amount-{number}",
            value=typed,
            error=error,
            inputmode="decimal",
            autocomplete="off",
        ),
        el(
            "div",
            el("button", words("存入"), class_="button quiet", name="direction", value="in"),
            el("button", words("消费"), class_="button quiet", name="direction", value="out"),
            class_="actions inline",
        ),
        method="post",
        action=f"/sandbox/bank/{account['phone']}/{number}/",
        id=f"move-{tail}",
    )
    title = (
        words(account["bank"])
        if number.startswith("wallet-")
        else words("{bank} 尾号 {tail}", bank=account["bank"], tail=tail)
    )
    return el(
        "section",
        el(
            "div",
            el("h2", title),
            el("span", states[account["status"]], class_="tag late") if account["status"] in states else None,
            class_="split",
        ),
        el(
            "p",
            yuan(account["balance_fen"]),
            class_="money",
            data_fen=account["balance_fen"],
            data_role=f"balance-{tail}",
        ),
        form,
        el(
            "details",
            el("summary", words("明细")),
            el("ul", [_posting(words, posting) for posting in postings], class_="list"),
            class_="fold",
            open=True,
        ),
        class_="card",
        data_account=number,
    )


def _posting(words: Words, posting: sqlite3.Row) -> Safe:
    amount_fen = posting["amount_fen"]
    inward = amount_fen > 0
    return el(
        "li",
        el(
            "div",
            el("span", words(posting["text"]) or words("转账")),
            el(
                "span",
                "+" * inward + yuan(amount_fen),
                class_="amount saving" if inward else "amount",
                data_fen=amount_fen,
            ),
            class_="split",
        ),
        el(
            "div",
            el("time", posting["business_on"], class_="quiet-text"),
            el("small", words("余额 {amount}", amount=yuan(posting["balance_fen"])), class_="quiet-text"),
            class_="split",
        ),
    )


@routes.add("POST", "/sandbox/bank/<phone>/<number>/")
def move_money(call: Call, request: Request, phone: str, number: str) -> Answer:
    """Top up or spend, as the owner of the account."""
    words = Words(request.language)
    form = request.form()
    typed = form.get(f"amount-{number}", "").strip()
    if not call.store.row("SELECT 1 FROM account WHERE number = ? AND phone = ?", number, phone):
        return missing(request)
    match = re.fullmatch(r"(\d{1,8})(?:\.(\d{1,2}))?", typed.replace(",", "").removeprefix("¥"))
    fen = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else 0
    if fen <= 0:
        error = words("请输入大于 0 的金额，最多两位小数，例如 500 或 12.50。")
        return _bank_app(call, request, phone, at=number, typed=typed, error=error)
    inward = form.get("direction") != "out"
    try:
        with call.store.change() as db:
            bank.move(
                db,
                source=bank.CASH if inward else number,
                target=number if inward else bank.CASH,
                amount_fen=fen,
                text="存入" if inward else "消费",
                reference="",
                on=call.on,
            )
    except bank.NoBalance:
        error = words("余额不够，没有扣款。")
        return _bank_app(call, request, phone, at=number, typed=typed, error=error)
    return redirect(f"/sandbox/bank/{phone}/")
