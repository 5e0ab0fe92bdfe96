"""The channel's own page on which a shopper pays: from one of the accounts of the phone number, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.adapters.sandbox import bank, channel, notices
from fenqi.adapters.sandbox.html import Words, el, empty, shell, yuan
from fenqi.adapters.sandbox.http import Answer, Request, Routes, as_page, redirect

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.app import Call

routes = Routes()


@routes.add("GET", "/sandbox/cashier/<serial>/")
def show(call: Call, request: Request, serial: str) -> Answer:
    """What is to be paid, and from where."""
    return _show(call, request, serial)


def _show(call: Call, request: Request, serial: str, *, chosen: str = "", error: str = "") -> Answer:
    words = Words(request.language)
    with call.store.change() as db:
        payment = _payment(db, serial)
        if payment is None:
            home = el("a", words("回到商城"), class_="button", href="/")
            content = empty(words("没有这笔付款"), words("请回到商城重新付款，没有扣款。"), home)
            return as_page(shell(words, title=words("收银台"), content=content, back="/"), status=404)
        accounts = accounts_of(db, phone=payment["phone"], on=payment["business_on"])
    back = payment["return_url"] or "/"
    figure = el(
        "p", yuan(payment["amount_fen"]), class_="money", data_fen=payment["amount_fen"], data_role="to-pay"
    )
    if payment["state"] != "OPEN":
        paid = payment["state"] == "SUCCEEDED"
        content = [
            el("h1", words("已付款") if paid else words("付款已关闭，没有扣款")),
            figure,
            el("div", el("a", words("返回商家"), class_="button block", href=back), class_="actions"),
        ]
        return as_page(shell(words, title=words("收银台"), content=content, back=None))
    chosen = chosen or next(
        (account["number"] for account in accounts if account["balance_fen"] >= payment["amount_fen"]),
        accounts[0]["number"],
    )
    options = [account_option(words, account, account["number"] == chosen) for account in accounts]
    form = el(
        "form",
        el("fieldset", el("legend", el("strong", words("付款方式"))), options, class_="stack tight"),
        el("p", error, class_="error", id="pay-error", role="alert") if error else None,
        el(
            "div",
            el(
                "button",
                words("支付"),
                " ",
                yuan(payment["amount_fen"]),
                class_="button block",
                name="do",
                value="pay",
            ),
            el("button", words("取消付款"), class_="button text block", name="do", value="cancel"),
            class_="actions",
        ),
        method="post",
        action=f"/sandbox/cashier/{serial}/",
        id="cashier",
    )
    content = [
        el("h1", words("收银台")),
        el(
            "section",
            el("p", payment["subject"], class_="quiet-text"),
            figure,
            class_="card",
        ),
        el("section", form, class_="card"),
    ]
    return as_page(
        shell(words, title=words("收银台"), content=content, back=None), status=422 if error else 200
    )


def accounts_of(db: sqlite3.Connection, *, phone: str, on: str) -> list[sqlite3.Row]:
    """What the owner of a phone can pay from: the wallet every number has, and the cards that work."""
    bank.wallet(db, phone=phone, business_on=on)
    return db.execute(
        "SELECT * FROM account WHERE phone = ? AND kind = 'card' AND status = 'OPEN' ORDER BY number",
        (phone,),
    ).fetchall()


def account_option(words: Words, account: sqlite3.Row, is_chosen: bool) -> str:
    """One account to pay from."""
    is_wallet = account["number"].startswith("wallet-")
    name = (
        words(account["bank"])
        if is_wallet
        else words("{bank} 尾号 {tail}", bank=account["bank"], tail=account["number"][-4:])
    )
    return el(
        "label",
        el("input", type="radio", name="account", value=account["number"], checked=is_chosen),
        el(
            "span",
            el("strong", name),
            el("br"),
            el("small", words("余额 {amount}", amount=yuan(account["balance_fen"])), class_="quiet-text"),
            class_="grow",
        ),
        class_="option",
    )


@routes.add("POST", "/sandbox/cashier/<serial>/")
def press(call: Call, request: Request, serial: str) -> Answer:
    """支付 or 取消付款: pressed twice it is done once, and afterwards the browser goes back to the shop."""
    words = Words(request.language)
    form = request.form()
    with call.store.change() as db:
        payment = _payment(db, serial)
        is_open = payment is not None and payment["state"] == "OPEN"
        if is_open and form.get("do") == "cancel":
            db.execute(
                "UPDATE movement SET state = 'FAILED', failure = 'CANCELLED' WHERE reference = ?",
                (payment["reference"],),
            )
            notices.queue(
                db, url=payment["notice_url"], content=channel.answer_of(_payment(db, serial)), copies=1
            )
        elif is_open:
            account = db.execute(
                "SELECT * FROM account WHERE number = ? AND phone = ? AND status = 'OPEN'",
                (form.get("account", ""), payment["phone"]),
            ).fetchone()
            if account is None:
                error = words("请选择付款方式。")
            elif account["balance_fen"] < payment["amount_fen"]:
                error = words("余额不足，没有扣款。请换一种付款方式，或先存入。")
            else:
                db.execute(
                    "UPDATE movement SET account = ?, state = 'PENDING' WHERE reference = ?",
                    (account["number"], payment["reference"]),
                )
                duplicated = db.execute(
                    "SELECT 1 FROM fault WHERE peer = 'channel' AND kind = 'duplicate_notice'"
                ).fetchone()
                channel.complete(db, _payment(db, serial), copies=3 if duplicated else 1)
                error = ""
            is_open = bool(error)
    if payment is None or (is_open and form.get("do") != "cancel"):
        return _show(call, request, serial, chosen=form.get("account", ""), error=error if payment else "")
    return redirect(payment["return_url"] or f"/sandbox/cashier/{serial}/")


def _payment(db: sqlite3.Connection, serial: str) -> sqlite3.Row:
    return db.execute("SELECT * FROM movement WHERE serial = ? AND kind = 'payment'", (serial,)).fetchone()
