"""The identity service, the credit bureau and its score."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.app import Call

routes = Routes()
# People with a story, by name; everybody else is who they say, once their number is well formed.
STORIES = {
    "查无此人": ("FAIL", "NOT_FOUND"),
    "姓名不符": ("FAIL", "NAME_DIFFERS"),
    "请重试": ("RETRY", "BUSY"),
    "超次数": ("LIMIT", "DAILY_LIMIT"),
}
# Scores with a story: the last three digits before the check digit of the ID number decide.
SCORES = {"403": 320, "405": 480, "407": None}
USUAL_SCORE = 700
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
STATUS_CHARACTERS = set("N1234567*#/MCGDZBA")


def is_id_number(number: str) -> bool:
    """GB 11643: 17 digits and the check character."""
    if len(number) != 18 or not number[:17].isascii() or not number[:17].isdigit():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
    return number[17].upper() == CHECK_DIGITS[total % 11]


@routes.add("POST", "/identity/checks")
def check_identity(call: Call, request: Request) -> Answer:
    """Does this name belong to this number, and to this face or card?"""
    content = request.json()
    reference, name = str(content.get("reference", "")), str(content.get("real_name", "")).strip()
    number = str(content.get("id_number", ""))
    if not reference or not name:
        raise Refused("missing", status=400)
    kept = json.dumps([name, number], ensure_ascii=False)
    earlier = call.store.row("SELECT * FROM identity_check WHERE reference = ?", reference)
    if earlier:
        if earlier["content"] != kept:
            raise Refused("reference_reused", status=409)
        return as_json(json.loads(earlier["answer"]))
    result, reason = STORIES.get(name, ("PASS", ""))
    if not is_id_number(number):
        result, reason = "FAIL", "INVALID_NUMBER"
    if "decline" in call.faults:
        result, reason = "FAIL", "NAME_DIFFERS"
    answer = {"result": result, "reason": reason, "serial": f"ID-{reference}"}
    if result != "RETRY":
        with call.store.change() as db:
            db.execute(
                "INSERT INTO identity_check VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (reference, kept, json.dumps(answer)),
            )
    return as_json(answer)


@routes.add("POST", "/bureau/batches")
def take_batch(call: Call, request: Request) -> Answer:
    """A batch of monthly rows; the same batch counts once, and a bad row refuses all of it."""
    content = request.json()
    batch_id, rows = str(content.get("batch_id", "")), content.get("rows")
    if not batch_id or not isinstance(rows, list):
        raise Refused("missing", status=400)
    if "decline" in call.faults:
        raise Refused("batch_refused")
    for number, row in enumerate(rows):
        problem = _row_problem(row)
        if problem:
            raise Refused("bad_row", row=number, problem=problem)
    kept = json.dumps(rows, sort_keys=True)
    with call.store.change() as db:
        earlier = db.execute("SELECT content FROM bureau_batch WHERE batch_id = ?", (batch_id,)).fetchone()
        if earlier and earlier["content"] != kept:
            raise Refused("batch_id_reused", status=409)
        if not earlier:
            db.execute("INSERT INTO bureau_batch VALUES (?, ?)", (batch_id, kept))
            db.executemany(
                """
                INSERT INTO bureau_row (account, month, status, row) VALUES (?, ?, ?, ?)
                ON CONFLICT (account, month) DO UPDATE SET status = excluded.status, row = excluded.row
                """,
                [(row["account"], row["month"], row["status"], json.dumps(row)) for row in rows],
            )
    return as_json({"taken": len(rows)})


def _row_problem(row: Any) -> str:
    if not isinstance(row, dict) or not row.get("account") or len(str(row.get("month", ""))) != 7:
        return "account or month"
    if row.get("status") not in STATUS_CHARACTERS:
        return "status"
    if row.get("account_type") not in ("D1", "R4", "R1"):
        return "account_type"
    return ""


@routes.add("POST", "/score/scores")
def score(call: Call, request: Request) -> Answer:
    """A score of 0 to 1000, or none; nothing is kept but that it was asked."""
    content = request.json()
    reference, number = str(content.get("reference", "")), str(content.get("id_number", ""))
    if not reference or not is_id_number(number):
        raise Refused("missing", status=400)
    known = None if "no_score" in call.faults else SCORES.get(number[14:17], USUAL_SCORE)
    return as_json({"score": known, "serial": f"SC-{reference}"})
