"""Lender nodes: any code is a lender. Each decides, pays the merchant, gives money back and answers what became of it."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox import bank, own_books
from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json

if TYPE_CHECKING:
    import sqlite3

    from fenqi.adapters.sandbox.app import Call

routes = Routes()
PLANS = {3: "期供 3 期", 6: "期供 6 期", 12: "期供 12 期"}
LEAST_FEN, MOST_FEN = 30_000, 5_000_000
# Applicants with a story: the last three digits before the check digit of the ID number decide.
STORIES = {"404": ("DECLINED", "SCORE_TOO_LOW"), "406": ("REFERRED", "NEEDS_A_LOOK")}


@routes.add("POST", "/lender/<lender>/offers")
def offers(call: Call, request: Request, lender: str) -> Answer:
    """Plans on an amount; nobody is named."""
    content = request.json()
    amount_fen = _amount(content)
    if "decline" in call.faults or not LEAST_FEN <= amount_fen <= MOST_FEN:
        return as_json({"offers": []})
    on = datetime.date.fromisoformat(call.on)
    answer = [
        {
            "offer_id": f"{lender}-{installments}-{amount_fen}-{on:%Y%m%d}",
            "plan_code": f"{lender}-{installments}",
            "name": name,
            "method": "flat_fee",
            "rows": own_books.schedule(amount_fen, installments, on),
            "penalty_annual_rate": "0.18",
            "settlement_fee_rate": "0",
        }
        for installments, name in PLANS.items()
    ]
    with call.store.change() as db:
        for offer in answer:
            db.execute(
                "INSERT INTO lender_offer VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (offer["offer_id"], lender, amount_fen, json.dumps(offer)),
            )
    return as_json({"offers": answer})


@routes.add("POST", "/lender/<lender>/decisions")
def decide(call: Call, request: Request, lender: str) -> Answer:
    """A lender's own word; an applicant it refers is approved when asked again."""
    content = request.json()
    applicant = content.get("applicant") or {}
    if not applicant.get("id_number") or not applicant.get("real_name"):
        raise Refused("missing", field="applicant", status=400)
    with call.store.change() as db:
        earlier = _earlier(db, lender, "decision", content)
        if earlier and earlier["result"] != "REFERRED":
            return as_json(earlier)
        result, reason = STORIES.get(str(applicant["id_number"])[14:17], ("APPROVED", ""))
        if "decline" in call.faults:
            result, reason = "DECLINED", "POLICY"
        elif earlier:
            result, reason = "APPROVED", ""
        elif "pending" in call.faults:
            result, reason = "REFERRED", "NEEDS_A_LOOK"
        answer = {
            "result": result,
            "serial": earlier["serial"] if earlier else bank.new_serial("DC"),
            "reasons": [reason] if reason else [],
        }
        _keep(db, lender, "decision", content, answer)
    return as_json(answer)


@routes.add("POST", "/lender/<lender>/disbursements")
def disburse(call: Call, request: Request, lender: str) -> Answer:
    """Pay the merchant for the borrower."""
    content = request.json()
    amount_fen = _amount(content)
    with call.store.change() as db:
        if _earlier(db, lender, "disbursement", content):
            return as_json(_disbursement(db, lender, str(content["reference"])))
        rows: list[dict[str, Any]] = []
        if content.get("offer_id"):
            offer = db.execute(
                "SELECT * FROM lender_offer WHERE offer_id = ? AND lender = ?", (content["offer_id"], lender)
            ).fetchone()
            if offer is None or offer["amount_fen"] != amount_fen:
                raise Refused("no_such_offer")
            rows = json.loads(offer["offer"])["rows"]
        state, reason = "SUCCEEDED", ""
        if "decline" in call.faults:
            state, reason = "FAILED", "DECLINED"
        elif "pending" in call.faults:
            state = "PENDING"
        _keep(db, lender, "disbursement", content, {})
        db.execute(
            """
            INSERT INTO lender_loan (lender, reference, loan_number, amount_fen, business_on, state, serial, reason, rows,
                                     phone, is_own)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                lender,
                content["reference"],
                bank.new_serial("LN"),
                amount_fen,
                call.on,
                state,
                bank.new_serial("DB"),
                reason,
                json.dumps(rows),
                _phone_of(db, lender, str(content.get("decision_serial", ""))),
                int(bool(rows)),
            ),
        )
        if state == "SUCCEEDED":
            pay_merchant(db, lender, str(content["reference"]))
        return as_json(_disbursement(db, lender, str(content["reference"])))


@routes.add("POST", "/lender/<lender>/disbursements/query")
def disbursement(call: Call, request: Request, lender: str) -> Answer:
    """What became of a disbursement."""
    reference = str(request.json().get("reference", ""))
    with call.store.change() as db:
        return as_json(_disbursement(db, lender, reference))


@routes.add("POST", "/lender/<lender>/loans/query")
def loan(call: Call, request: Request, lender: str) -> Answer:
    """Where a loan stands that the lender services itself."""
    found = call.store.row(
        "SELECT * FROM lender_loan WHERE lender = ? AND reference = ? AND is_own",
        lender,
        str(request.json().get("reference")),
    )
    if found is None:
        raise Refused("no_such_loan", status=404)
    return as_json(own_books.standing(found, call.on))


@routes.add("POST", "/lender/<lender>/cancellations")
def cancel(call: Call, request: Request, lender: str) -> Answer:
    """Withdraw an application, or undo a disbursement: all money goes back."""
    content = request.json()
    with call.store.change() as db:
        if _earlier(db, lender, "cancellation", content) is None:
            loan = _loan(db, lender, str(content.get("of", "")))
            if loan and loan["state"] == "SUCCEEDED":
                _give_back(
                    db, loan, loan["amount_fen"] - loan["returned_fen"], call.on, str(content["reference"])
                )
            if loan:
                db.execute(
                    "UPDATE lender_loan SET state = 'CANCELLED', rows = '[]' WHERE lender = ? AND reference = ?",
                    (lender, loan["reference"]),
                )
            elif not _request(db, lender, str(content.get("of", ""))):
                raise Refused("nothing_to_cancel", status=404)
            _keep(db, lender, "cancellation", content, {})
    return as_json({"cancelled": True})


@routes.add("POST", "/lender/<lender>/refunds")
def refund(call: Call, request: Request, lender: str) -> Answer:
    """The merchant gives money back; an own-serviced schedule shrinks from its end."""
    content = request.json()
    amount_fen = _amount(content)
    with call.store.change() as db:
        earlier = _earlier(db, lender, "refund", content)
        if earlier:
            return as_json(earlier)
        loan = _loan(db, lender, str(content.get("of", "")))
        if loan is None or loan["state"] != "SUCCEEDED":
            raise Refused("no_such_loan", status=404)
        if loan["returned_fen"] + amount_fen > loan["amount_fen"]:
            raise Refused("more_than_was_paid_out")
        _give_back(db, loan, amount_fen, call.on, str(content["reference"]))
        rows = own_books.shrink(json.loads(loan["rows"]), amount_fen)
        db.execute(
            "UPDATE lender_loan SET rows = ? WHERE lender = ? AND reference = ?",
            (json.dumps(rows), lender, loan["reference"]),
        )
        answer = {"serial": bank.new_serial("RF"), "rows": rows}
        _keep(db, lender, "refund", content, answer)
    return as_json(answer)


def pay_merchant(db: sqlite3.Connection, lender: str, reference: str) -> None:
    """The lender's money arrives at the merchant."""
    loan = _loan(db, lender, reference)
    bank.move(
        db,
        source=f"lender:{lender}",
        target=bank.SETTLEMENT,
        amount_fen=loan["amount_fen"],
        text=f"放款 {loan['loan_number']}",
        reference=reference,
        on=loan["business_on"],
    )


def settle_pending(db: sqlite3.Connection) -> int:
    """Finish disbursements that were kept waiting; tells how many."""
    waiting = db.execute("SELECT * FROM lender_loan WHERE state = 'PENDING'").fetchall()
    for loan in waiting:
        db.execute(
            "UPDATE lender_loan SET state = 'SUCCEEDED' WHERE lender = ? AND reference = ?",
            (loan["lender"], loan["reference"]),
        )
        pay_merchant(db, loan["lender"], loan["reference"])
    return len(waiting)


def _give_back(db: sqlite3.Connection, loan: sqlite3.Row, amount_fen: int, on: str, reference: str) -> None:
    if amount_fen:
        bank.move(
            db,
            source=bank.SETTLEMENT,
            target=f"lender:{loan['lender']}",
            amount_fen=amount_fen,
            text=f"退回放款 {loan['loan_number']}",
            reference=reference,
            on=on,
        )
        db.execute(
            "UPDATE lender_loan SET returned_fen = returned_fen + ? WHERE lender = ? AND reference = ?",
            (amount_fen, loan["lender"], loan["reference"]),
        )


def _amount(content: dict[str, Any]) -> int:
    value = content.get("amount_fen")
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise Refused("amount_not_positive", field="amount_fen", status=400)
    return value


def _loan(db: sqlite3.Connection, lender: str, reference: str) -> Any:
    return db.execute(
        "SELECT * FROM lender_loan WHERE lender = ? AND reference = ?", (lender, reference)
    ).fetchone()


def _disbursement(db: sqlite3.Connection, lender: str, reference: str) -> dict[str, Any]:
    loan = _loan(db, lender, reference)
    if loan is None:
        return {"state": "NOT_KNOWN"}
    answer = {key: loan[key] for key in ("state", "serial", "loan_number", "reason")}
    return {**answer, "pay_url": f"/sandbox/lenders/{loan['loan_number']}/" if loan["is_own"] else ""}


def _phone_of(db: sqlite3.Connection, lender: str, decision_serial: str) -> str:
    """The borrower's phone, from the application that was decided."""
    decided = db.execute(
        "SELECT * FROM lender_request WHERE lender = ? AND kind = 'decision'", (lender,)
    ).fetchall()
    for row in decided:
        if json.loads(row["answer"]).get("serial") == decision_serial:
            return str(json.loads(row["content"])["applicant"].get("phone", ""))
    return ""


def _request(db: sqlite3.Connection, lender: str, reference: str) -> Any:
    return db.execute(
        "SELECT * FROM lender_request WHERE lender = ? AND reference = ?", (lender, reference)
    ).fetchone()


def _earlier(
    db: sqlite3.Connection, lender: str, kind: str, content: dict[str, Any]
) -> dict[str, Any] | None:
    """The answer this reference got before. Raises: Refused when it came with other content."""
    reference = content.get("reference")
    if not isinstance(reference, str) or not reference:
        raise Refused("missing", field="reference", status=400)
    row = _request(db, lender, reference)
    if row is None:
        return None
    if (row["kind"], row["content"]) != (kind, json.dumps(content, sort_keys=True)):
        raise Refused("reference_reused", status=409)
    return json.loads(row["answer"])


def _keep(
    db: sqlite3.Connection, lender: str, kind: str, content: dict[str, Any], answer: dict[str, Any]
) -> None:
    db.execute(
        "INSERT INTO lender_request VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET answer = excluded.answer",
        (lender, content["reference"], kind, json.dumps(content, sort_keys=True), json.dumps(answer)),
    )
