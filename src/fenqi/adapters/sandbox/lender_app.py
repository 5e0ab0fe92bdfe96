"""The page of a lender that services its own loans: its borrower sees the installments and pays the next one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox import bank, own_books
from fenqi.adapters.sandbox.cashier import account_option, accounts_of
from fenqi.adapters.sandbox.html import Words, el, empty, shell, yuan
from fenqi.adapters.sandbox.http import Answer, Request, Routes, as_page, redirect

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.app import Call
    from fenqi.adapters.sandbox.html import Safe

routes = Routes()


@routes.add("GET", "/sandbox/lenders/<number>/")
def show(call: Call, request: Request, number: str) -> Answer:
    """Every installment, and a way to pay the next one."""
    return _show(call, request, number)


def _show(call: Call, request: Request, number: str, *, error: str = "") -> Answer:
    words = Words(request.language)
    loan = _loan(call, number)
    if loan is None:
        content = empty(words("没有这笔借款"), words("请从商城的订单或账单进入。"))
        return as_page(shell(words, title=words("贷款机构"), content=content, back="/"), status=404)
    rows = own_books.standing(loan, call.on)["rows"]
    following = next((row for row in rows if not row["paid_on"]), None)
    items = [
        el(
            "li",
            el(
                "div",
                el("span", words("第 {number} 期 · {due_on}", number=row["number"], due_on=row["due_on"])),
                el("span", yuan(_total(row)), class_="amount", data_fen=_total(row)),
                class_="split",
            ),
            el("p", _state(words, row, call.on), class_="quiet-text"),
            data_number=row["number"],
            data_state="paid" if row["paid_on"] else "open",
        )
        for row in rows
    ]
    content = [
        el("h1", words("借款 {number}", number=loan["loan_number"])),
        _payment_form(call, words, loan, following, error)
        if following
        else el("p", words("已全部还清，谢谢。"), class_="card"),
        el("section", el("h2", words("还款计划")), el("ul", items, class_="list"), class_="card"),
    ]
    page = shell(words, title=words("还款"), content=el("div", content, class_="stack"), back="/orders/")
    return as_page(page, status=422 if error else 200)


def _total(row: dict[str, Any]) -> int:
    return row["principal_fen"] + row["interest_fen"] + row["fee_fen"] + row["penalty_fen"]


def _state(words: Words, row: dict[str, Any], on: str) -> str:
    if row["paid_on"]:
        return words("已于 {on} 还清", on=row["paid_on"])
    if row["due_on"] < on:
        return words("已过到期日，其中罚息 {amount}", amount=yuan(row["penalty_fen"]))
    return words("未到期")


def _payment_form(call: Call, words: Words, loan: sqlite3.Row, following: dict[str, Any], error: str) -> Safe:
    with call.store.change() as db:
        accounts = accounts_of(db, phone=loan["phone"], on=call.on)
    amount = yuan(_total(following))
    return el(
        "form",
        el("p", words("第 {number} 期应还", number=following["number"]), class_="quiet-text"),
        el("p", amount, class_="money", data_fen=_total(following), data_role="to-pay"),
        el("input", type="hidden", name="number", value=following["number"]),
        el(
            "fieldset",
            el("legend", el("strong", words("付款方式"))),
            [account_option(words, account, index == 0) for index, account in enumerate(accounts)],
            class_="stack tight",
        ),
        el("p", error, class_="error", role="alert") if error else None,
        el("div", el("button", words("还款"), " ", amount, class_="button block"), class_="actions"),
        method="post",
        action=f"/sandbox/lenders/{loan['loan_number']}/",
        class_="card",
        id="lender-repay",
    )


@routes.add("POST", "/sandbox/lenders/<number>/")
def pay(call: Call, request: Request, number: str) -> Answer:
    """Pay one installment: pressed twice it is paid once."""
    words = Words(request.language)
    form = request.form()
    loan = _loan(call, number)
    if loan is None:
        return _show(call, request, number)
    error = ""
    with call.store.change() as db:
        rows = json.loads(
            db.execute("SELECT rows FROM lender_loan WHERE loan_number = ?", (number,)).fetchone()["rows"]
        )
        following = next((row for row in rows if not row.get("paid_on")), None)
        chosen = next(
            (
                row
                for row in accounts_of(db, phone=loan["phone"], on=call.on)
                if row["number"] == form.get("account")
            ),
            None,
        )
        if following is None or str(following["number"]) != form.get("number"):
            pass  # paid already, by the first of two clicks
        elif chosen is None:
            error = words("请选择付款方式。")
        else:
            try:
                bank.move(
                    db,
                    source=chosen["number"],
                    target=f"lender:{loan['lender']}",
                    amount_fen=own_books.owed(following, call.on)[1],
                    text=f"还款 {number}",
                    reference=f"{number}:{following['number']}",
                    on=call.on,
                )
                db.execute(
                    "UPDATE lender_loan SET rows = ? WHERE loan_number = ?",
                    (json.dumps(own_books.mark_paid(rows, following["number"], call.on)), number),
                )
            except bank.NoBalance:
                error = words("余额不足，没有扣款。请换一种付款方式，或先存入。")
    if error:
        return _show(call, request, number, error=error)
    return redirect(f"/sandbox/lenders/{number}/")


def _loan(call: Call, number: str) -> sqlite3.Row | None:
    return call.store.row("SELECT * FROM lender_loan WHERE loan_number = ? AND is_own", number)
