"""The payment channel: card checks, cashier, charges, debits under mandates, refunds, pay-outs, questions."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox import bank, notices
from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.app import Call

routes = Routes()
MISSES_A_CARD = 4
CASHIER_SECONDS = 1800


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str) or not value.strip():
        raise Refused("missing", field=name, status=400)
    return value.strip()


def _amount(content: dict[str, Any]) -> int:
    value = content.get("amount_fen")
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise Refused("amount_not_positive", field="amount_fen", status=400)
    return value


@routes.add("POST", "/channel/cards/check")
def check_card(call: Call, request: Request) -> Answer:
    """Four elements: a card seen for the first time is opened for whoever names it first; afterwards it is theirs."""
    content = request.json()
    reference, number = _text(content, "reference"), _text(content, "card_number")
    kept = json.dumps({key: content[key] for key in sorted(content) if key != "on"}, ensure_ascii=False)
    with call.store.change() as db:
        earlier = db.execute("SELECT * FROM card_check WHERE reference = ?", (reference,)).fetchone()
        if earlier:
            if earlier["content"] != kept:
                raise Refused("reference_reused", status=409)
            return as_json(json.loads(earlier["answer"]))
        answer = _card_answer(db, number=number, content=content, on=call.on)
        if answer["result"] != "RETRY":
            db.execute("INSERT INTO card_check VALUES (?, ?, ?)", (reference, kept, json.dumps(answer)))
    return as_json(answer)


def _card_answer(db: sqlite3.Connection, *, number: str, content: dict[str, Any], on: str) -> dict[str, str]:
    if not bank.is_card_number(number):
        return {"result": "FAIL", "reason": "INVALID_NUMBER"}
    holder = {name: _text(content, name) for name in ("holder_name", "id_number", "phone")}
    account = db.execute("SELECT * FROM account WHERE number = ?", (number,)).fetchone()
    if account is None:
        bank.open_card(
            db,
            number=number,
            holder=holder["holder_name"],
            id_number=holder["id_number"],
            phone=holder["phone"],
            business_on=on,
        )
        account = db.execute("SELECT * FROM account WHERE number = ?", (number,)).fetchone()
    if account["misses"] >= MISSES_A_CARD:
        return {"result": "LIMIT", "reason": "DAILY_LIMIT"}
    if account["status"] != "OPEN":
        return {"result": "FAIL", "reason": account["status"]}
    if (account["holder"], account["id_number"], account["phone"]) != tuple(holder.values()):
        db.execute("UPDATE account SET misses = misses + 1 WHERE number = ?", (number,))
        return {"result": "FAIL", "reason": "HOLDER_DIFFERS"}
    token = bank.new_serial("CT")
    db.execute("INSERT INTO card_token VALUES (?, ?)", (token, number))
    return {"result": "PASS", "serial": token, "bank": account["bank"]}


@routes.add("POST", "/channel/mandates")
def sign_mandate(call: Call, request: Request) -> Answer:
    """Permission to debit a card."""
    content = request.json()
    reference = _text(content, "reference")
    with call.store.change() as db:
        account = _account_of(db, _text(content, "card_token"))
        earlier = db.execute("SELECT * FROM mandate WHERE reference = ?", (reference,)).fetchone()
        if earlier and earlier["account"] != account["number"]:
            raise Refused("reference_reused", status=409)
        number = earlier["number"] if earlier else bank.new_serial("MD")
        if not earlier:
            if account["status"] != "OPEN":
                raise Refused(account["status"])
            db.execute(
                "INSERT INTO mandate (number, reference, account, payee, max_fen) VALUES (?, ?, ?, ?, ?)",
                (
                    number,
                    reference,
                    account["number"],
                    _text(content, "payee"),
                    int(content.get("max_fen") or 0),
                ),
            )
    return as_json({"mandate_number": number})


@routes.add("POST", "/channel/mandates/revoke")
def revoke_mandate(call: Call, request: Request) -> Answer:
    """The end of a permission."""
    number = _text(request.json(), "mandate_number")
    with call.store.change() as db:
        if not db.execute("UPDATE mandate SET revoked = 1 WHERE number = ?", (number,)).rowcount:
            raise Refused("no_such_mandate", status=404)
    return as_json({"revoked": True})


@routes.add("POST", "/channel/cashier")
def open_cashier(call: Call, request: Request) -> Answer:
    """A page on which the shopper pays."""
    content = request.json()
    with call.store.change() as db:
        movement = _begin(db, call, content, kind="payment", state="OPEN")
    return as_json({"serial": movement["serial"], "url": f"/sandbox/cashier/{movement['serial']}/"})


@routes.add("POST", "/channel/cashier/close")
def close_cashier(call: Call, request: Request) -> Answer:
    """Nobody pays on this page any more."""
    reference = _text(request.json(), "reference")
    with call.store.change() as db:
        db.execute(
            "UPDATE movement SET state = 'FAILED', failure = 'CLOSED' WHERE reference = ? AND state = 'OPEN'",
            (reference,),
        )
        movement = db.execute("SELECT * FROM movement WHERE reference = ?", (reference,)).fetchone()
    if movement is None:
        raise Refused("no_such_payment", status=404)
    return as_json(answer_of(movement))


@routes.add("POST", "/channel/charge")
def charge(call: Call, request: Request) -> Answer:
    """Money from a bound card, now."""
    content = request.json()
    with call.store.change() as db:
        account = _account_of(db, _text(content, "card_token"))
        movement = _begin(db, call, content, kind="charge", account=account["number"])
        return as_json(answer_of(_finish(db, call, movement)))


@routes.add("POST", "/channel/debits")
def debit(call: Call, request: Request) -> Answer:
    """A batch of debits under mandates, each with its own answer."""
    orders = request.json().get("orders")
    if not isinstance(orders, list):
        raise Refused("missing", field="orders", status=400)
    answers = []
    with call.store.change() as db:
        for order in orders:
            mandate = db.execute(
                "SELECT * FROM mandate WHERE number = ?", (_text(order, "mandate_number"),)
            ).fetchone()
            if mandate is None:
                raise Refused("no_such_mandate", status=404)
            movement = _begin(db, call, order, kind="debit", account=mandate["account"])
            refusal = ""
            if mandate["revoked"]:
                refusal = "MANDATE_ENDED"
            elif mandate["max_fen"] and movement["amount_fen"] > mandate["max_fen"]:
                refusal = "LIMIT_EXCEEDED"
            answers.append(answer_of(_finish(db, call, movement, refusal=refusal)))
    return as_json({"answers": answers})


@routes.add("POST", "/channel/refunds")
def refund(call: Call, request: Request) -> Answer:
    """Money back to where it came from, never more than came."""
    content = request.json()
    with call.store.change() as db:
        original = db.execute(
            "SELECT * FROM movement WHERE reference = ?", (_text(content, "original"),)
        ).fetchone()
        if original is None or original["state"] != "SUCCEEDED" or original["kind"] in ("refund", "payout"):
            raise Refused("nothing_to_refund")
        is_new = not db.execute(
            "SELECT 1 FROM movement WHERE reference = ?", (_text(content, "reference"),)
        ).fetchone()
        if is_new and original["refunded_fen"] + _amount(content) > original["amount_fen"]:
            raise Refused("more_than_was_paid")
        movement = _begin(
            db, call, content, kind="refund", account=original["account"], original=original["reference"]
        )
        return as_json(answer_of(_finish(db, call, movement)))


@routes.add("POST", "/channel/payouts")
def pay_out(call: Call, request: Request) -> Answer:
    """Money to a bound card."""
    content = request.json()
    with call.store.change() as db:
        account = _account_of(db, _text(content, "card_token"))
        movement = _begin(db, call, content, kind="payout", account=account["number"])
        return as_json(answer_of(_finish(db, call, movement)))


@routes.add("POST", "/channel/query")
def query(call: Call, request: Request) -> Answer:
    """What became of these references."""
    references = [str(item) for item in request.json().get("references", [])]
    answers = []
    with call.store.change() as db:
        db.execute(
            "UPDATE movement SET state = 'FAILED', failure = 'CLOSED' WHERE state = 'OPEN' AND at < ?",
            (time.time() - CASHIER_SECONDS,),
        )
    for reference in references:
        movement = call.store.row("SELECT * FROM movement WHERE reference = ?", reference)
        answers.append(answer_of(movement) if movement else {"reference": reference, "state": "NOT_FOUND"})
    return as_json({"answers": answers})


@routes.add("POST", "/channel/bill")
def bill(call: Call, request: Request) -> Answer:
    """Every movement of a date that succeeded."""
    rows = call.store.rows(
        "SELECT * FROM movement WHERE business_on = ? AND state = 'SUCCEEDED' ORDER BY at",
        _text(request.json(), "date"),
    )
    return as_json({"lines": [answer_of(row) for row in rows]})


def stray(db: sqlite3.Connection, *, on: str, account: str, amount_fen: int) -> sqlite3.Row:
    """Somebody pays the merchant by a transfer it never asked for: the reference is the channel's own."""
    serial = bank.new_serial("CH")
    bank.move(
        db,
        source=account,
        target=bank.SETTLEMENT,
        amount_fen=amount_fen,
        text="转账",
        reference=f"QR-{serial}",
        on=on,
    )
    db.execute(
        """
        INSERT INTO movement (reference, serial, kind, content, amount_fen, account, subject, business_on, state, at)
        VALUES (?, ?, 'payment', '', ?, ?, '转账', ?, 'SUCCEEDED', ?)
        """,
        (f"QR-{serial}", serial, amount_fen, account, on, time.time()),
    )
    return db.execute("SELECT * FROM movement WHERE serial = ?", (serial,)).fetchone()


def _account_of(db: sqlite3.Connection, token: str) -> sqlite3.Row:
    row = db.execute(
        "SELECT account.* FROM card_token JOIN account ON account.number = card_token.account WHERE token = ?",
        (token,),
    ).fetchone()
    if row is None:
        raise Refused("no_such_card", status=404)
    return row


def answer_of(movement: sqlite3.Row) -> dict[str, Any]:
    """A movement as the channel tells it."""
    state = "PENDING" if movement["state"] in ("OPEN", "PENDING") else movement["state"]
    return {
        "reference": movement["reference"],
        "serial": movement["serial"],
        "state": state,
        "amount_fen": movement["amount_fen"],
        "failure": movement["failure"],
    }


def _begin(
    db: sqlite3.Connection,
    call: Call,
    content: dict[str, Any],
    *,
    kind: str,
    state: str = "PENDING",
    account: str | None = None,
    original: str = "",
) -> sqlite3.Row:
    """The movement of this reference: the one there is, or a new one. Raises: Refused for other content."""
    reference = _text(content, "reference")
    kept = json.dumps([kind, _amount(content), account, original])
    earlier = db.execute("SELECT * FROM movement WHERE reference = ?", (reference,)).fetchone()
    if earlier:
        if earlier["content"] != kept:
            raise Refused("reference_reused", status=409)
        return earlier
    db.execute(
        """
        INSERT INTO movement (reference, serial, kind, content, amount_fen, account, subject, business_on, state, original,
                              phone, return_url, notice_url, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            reference,
            bank.new_serial("CH"),
            kind,
            kept,
            _amount(content),
            account,
            str(content.get("subject", "")),
            call.on,
            state,
            original,
            str(content.get("phone", "")),
            str(content.get("return_url", "")),
            str(content.get("notice_url", "")),
            time.time(),
        ),
    )
    return db.execute("SELECT * FROM movement WHERE reference = ?", (reference,)).fetchone()


def _finish(db: sqlite3.Connection, call: Call, movement: sqlite3.Row, *, refusal: str = "") -> sqlite3.Row:
    """Move the money of a new movement, unless a fault keeps it waiting; a finished one is left as it is."""
    if movement["state"] != "PENDING" or movement["finish_at"] is not None:
        return movement
    if "pending" in call.faults:
        wait = call.faults["pending"] or 10**9  # until told to settle
        db.execute(
            "UPDATE movement SET finish_at = ?, failure = ? WHERE reference = ?",
            (time.time() + wait, refusal, movement["reference"]),
        )
        return movement
    if "decline" in call.faults:
        refusal = refusal or "DECLINED"
    return complete(db, movement, refusal=refusal, copies=notices.copies(call.faults))


def complete(
    db: sqlite3.Connection, movement: sqlite3.Row, *, refusal: str = "", copies: int = 1
) -> sqlite3.Row:
    """Move the money or say why not, and tell the merchant if it asked to be told."""
    account = movement["account"]
    inward = movement["kind"] in ("payment", "charge", "debit")
    state, failure = "SUCCEEDED", ""
    status = db.execute("SELECT status FROM account WHERE number = ?", (account,)).fetchone()["status"]
    if refusal:
        state, failure = "FAILED", refusal
    elif status != "OPEN" and movement["kind"] != "refund":
        state, failure = "FAILED", "CARD_" + status
    else:
        try:
            bank.move(
                db,
                source=account if inward else bank.SETTLEMENT,
                target=bank.SETTLEMENT if inward else account,
                amount_fen=movement["amount_fen"],
                text=movement["subject"],
                reference=movement["reference"],
                on=movement["business_on"],
            )
        except bank.NoBalance:
            state, failure = "FAILED", "NO_BALANCE"
    db.execute(
        "UPDATE movement SET state = ?, failure = ?, finish_at = NULL WHERE reference = ?",
        (state, failure, movement["reference"]),
    )
    if movement["kind"] == "refund" and state == "SUCCEEDED":
        db.execute(
            "UPDATE movement SET refunded_fen = refunded_fen + ? WHERE reference = ?",
            (movement["amount_fen"], movement["original"]),
        )
    finished = db.execute("SELECT * FROM movement WHERE reference = ?", (movement["reference"],)).fetchone()
    notices.queue(db, url=finished["notice_url"], content=answer_of(finished), copies=copies)
    return finished


def settle_pending(db: sqlite3.Connection, *, until: float) -> int:
    """Finish what a fault kept waiting and is due by `until`; tells how many."""
    waiting = db.execute(
        "SELECT * FROM movement WHERE state = 'PENDING' AND finish_at <= ? ORDER BY at", (until,)
    ).fetchall()
    for movement in waiting:
        complete(db, movement, refusal=movement["failure"])
    return len(waiting)
