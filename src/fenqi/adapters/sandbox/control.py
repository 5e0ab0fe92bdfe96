"""Switches for demo and tests: faults, balances, what was sent, forgetting everything. Unsigned, for this machine only."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox import bank, channel, faults, lenders
from fenqi.adapters.sandbox.html import LINK
from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.app import Call

routes = Routes()


@routes.add("POST", "/sandbox/api/reset")
def reset(call: Call, request: Request) -> Answer:
    """As on the first day."""
    call.store.forget_everything()
    return as_json({"reset": True})


@routes.add("POST", "/sandbox/api/keep")
def keep(call: Call, request: Request) -> Answer:
    """{name}: remember everything as it is now, such as the beginning of a lesson."""
    call.store.keep(str(request.json()["name"]))
    return as_json({"kept": True})


@routes.add("POST", "/sandbox/api/bring-back")
def bring_back(call: Call, request: Request) -> Answer:
    """{name}: everything as it was when it was kept."""
    name = str(request.json()["name"])
    if not call.store.bring_back(name):
        raise Refused("NOT_KEPT", status=404, name=name)
    return as_json({"kept": True})


@routes.add("GET", "/sandbox/api/faults")
def list_faults(call: Call, request: Request) -> Answer:
    """What is switched on, and what there is."""
    return as_json({"faults": faults.listed(call.store), "peers": faults.PEERS, "kinds": list(faults.KINDS)})


@routes.add("POST", "/sandbox/api/faults")
def switch_fault(call: Call, request: Request) -> Answer:
    """{peer, kind, on: bool = true, times: int | null, seconds: number | null}"""
    content = request.json()
    faults.switch(
        call.store,
        peer=str(content.get("peer", "")),
        kind=str(content.get("kind", "")),
        on=bool(content.get("on", True)),
        times=content.get("times"),
        seconds=content.get("seconds"),
    )
    return as_json({"faults": faults.listed(call.store)})


@routes.add("POST", "/sandbox/api/settle")
def settle(call: Call, request: Request) -> Answer:
    """Finish everything that was kept waiting."""
    with call.store.change() as db:
        count = channel.settle_pending(db, until=time.time() + 10**10) + lenders.settle_pending(db)
    return as_json({"settled": count})


@routes.add("GET", "/sandbox/api/accounts")
def accounts(call: Call, request: Request) -> Answer:
    """Every account with its balance; `?phone=` for one person's."""
    wanted = request.query.get("phone")
    rows = call.store.rows("SELECT * FROM account ORDER BY kind, number")
    return as_json({"accounts": [dict(row) for row in rows if wanted is None or row["phone"] == wanted]})


@routes.add("GET", "/sandbox/api/accounts/<number>/")
@routes.add("GET", "/sandbox/api/accounts/<number>/balance")
def balance(call: Call, request: Request, number: str) -> Answer:
    """What an account holds."""
    row = call.store.row("SELECT balance_fen FROM account WHERE number = ?", number)
    if row is None:
        raise Refused("no_such_account", status=404)
    return as_json({"balance_fen": row["balance_fen"]})


@routes.add("POST", "/sandbox/api/accounts/<number>/")
@routes.add("POST", "/sandbox/api/accounts/<number>/balance")
def set_balance(call: Call, request: Request, number: str) -> Answer:
    """{balance_fen}: top up or spend until it holds this."""
    wanted = request.json().get("balance_fen")
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise Refused("balance_not_integer", status=400)
    with call.store.change() as db:
        bank.set_balance(db, number=number, balance_fen=wanted, on=call.on)
    return as_json({"balance_fen": wanted})


@routes.add("GET", "/sandbox/api/accounts/<number>/statement")
def statement(call: Call, request: Request, number: str) -> Answer:
    """Every posting of an account, oldest first."""
    rows = call.store.rows("SELECT * FROM posting WHERE account = ? ORDER BY id", number)
    return as_json({"postings": [dict(row) for row in rows]})


@routes.add("GET", "/sandbox/api/texts")
def list_texts(call: Call, request: Request) -> Answer:
    """What was sent, oldest first; `?kind=sms&to=13800000000`."""
    rows = call.store.rows("SELECT * FROM text ORDER BY id")
    wanted = [
        (column, request.query[name])
        for name, column in (("kind", "kind"), ("to", "recipient"))
        if name in request.query
    ]
    return as_json(
        {"texts": [dict(row) for row in rows if all(row[column] == value for column, value in wanted)]}
    )


@routes.add("GET", "/sandbox/api/phones/<phone>/messages")
def phone_messages(call: Call, request: Request, phone: str) -> Answer:
    """What a phone received, newest first, with the addresses in each text."""
    rows = call.store.rows(
        "SELECT * FROM text WHERE recipient = ? AND kind <> 'email' ORDER BY id DESC", phone
    )
    return as_json(
        [
            {
                "kind": row["kind"],
                "text": row["body"],
                "at": row["shown_at"],
                "links": LINK.findall(row["body"]),
            }
            for row in rows
        ]
    )


@routes.add("GET", "/sandbox/api/movements")
def movements(call: Call, request: Request) -> Answer:
    """Every payment, charge, debit, refund and pay-out the channel knows."""
    return as_json(
        {"movements": [dict(row) for row in call.store.rows("SELECT * FROM movement ORDER BY at")]}
    )


@routes.add("POST", "/sandbox/api/strays")
def pay_unasked(call: Call, request: Request) -> Answer:
    """{account, amount_fen, on}: a card pays the merchant without being asked; only the channel's bill tells of it."""
    content = request.json()
    with call.store.change() as db:
        movement = channel.stray(
            db,
            on=str(content.get("on", call.on)),
            account=str(content["account"]),
            amount_fen=int(content["amount_fen"]),
        )
    return as_json(channel.answer_of(movement))


@routes.add("GET", "/sandbox/api/notices")
def list_notices(call: Call, request: Request) -> Answer:
    """Every notice, with the body as it is sent."""
    return as_json({"notices": [dict(row) for row in call.store.rows("SELECT * FROM notice ORDER BY rowid")]})


@routes.add("POST", "/sandbox/api/notices")
def switch_notices(call: Call, request: Request) -> Answer:
    """{sending: bool}"""
    value = "on" if request.json().get("sending") else "off"
    with call.store.change() as db:
        db.execute(
            "INSERT INTO switch VALUES ('notices', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (value,),
        )
    return as_json({"sending": value == "on"})


@routes.add("GET", "/sandbox/api/lender-loans")
def lender_loans(call: Call, request: Request) -> Answer:
    """Every disbursement the lenders know."""
    loans: list[dict[str, Any]] = [
        dict(row) for row in call.store.rows("SELECT * FROM lender_loan ORDER BY rowid")
    ]
    return as_json({"loans": [{**loan, "rows": json.loads(loan["rows"])} for loan in loans]})


@routes.add("GET", "/sandbox/api/bureau-rows")
def bureau_rows(call: Call, request: Request) -> Answer:
    """What the bureau holds."""
    rows = call.store.rows("SELECT row FROM bureau_row ORDER BY account, month")
    return as_json({"rows": [json.loads(row["row"]) for row in rows]})
