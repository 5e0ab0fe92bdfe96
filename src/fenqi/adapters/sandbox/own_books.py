"""
The books of a lender that services its own loans, by its own arithmetic.

Equal principal with the odd fen in the first period, a fee on the amount in every period, and after three days of grace
a penalty of 0.05 % a day on what is open, counted from the due date. Paid installments keep what was paid.
"""

from __future__ import annotations

import datetime
import json
from calendar import monthrange
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

FEE_PER_10_000 = 62
PENALTY_PER_10_000_A_DAY = 5
GRACE_DAYS = 3


def month_later(on: datetime.date, months: int) -> datetime.date:
    """The same day some months later, or the month's last."""
    index = on.year * 12 + on.month - 1 + months
    year, month = divmod(index, 12)
    return datetime.date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def schedule(amount_fen: int, installments: int, on: datetime.date) -> list[dict[str, Any]]:
    """The lender's own schedule."""
    part, odd = divmod(amount_fen, installments)
    fee = (amount_fen * FEE_PER_10_000 + 5_000) // 10_000
    return [
        {
            "number": number,
            "due_on": month_later(on, number).isoformat(),
            "principal_fen": part + (odd if number == 1 else 0),
            "interest_fen": 0,
            "fee_fen": fee,
        }
        for number in range(1, installments + 1)
    ]


def shrink(rows: list[dict[str, Any]], amount_fen: int) -> list[dict[str, Any]]:
    """The schedule after principal came back from the merchant: taken off the last open installments."""
    kept = [dict(row) for row in rows]
    for row in reversed(kept):
        if not row.get("paid_on"):
            taken = min(amount_fen, row["principal_fen"])
            row["principal_fen"] -= taken
            amount_fen -= taken
    return [row for row in kept if row["principal_fen"]]


def owed(row: dict[str, Any], on: str) -> tuple[int, int]:
    """(penalty, everything) owed for one installment on a date (ISO); nothing once it is paid."""
    if row.get("paid_on"):
        return row.get("penalty_fen", 0), 0
    due_fen = row["principal_fen"] + row["interest_fen"] + row["fee_fen"]
    days = (datetime.date.fromisoformat(on) - datetime.date.fromisoformat(row["due_on"])).days
    penalty_fen = (due_fen * PENALTY_PER_10_000_A_DAY * days + 5_000) // 10_000 if days > GRACE_DAYS else 0
    return penalty_fen, due_fen + penalty_fen


def standing(loan: sqlite3.Row, on: str) -> dict[str, Any]:
    """A loan with its installments as they stand on a date."""
    rows = []
    for row in json.loads(loan["rows"]):
        penalty_fen, open_fen = owed(row, on)
        total_fen = row["principal_fen"] + row["interest_fen"] + row["fee_fen"] + penalty_fen
        rows.append(
            {
                **row,
                "penalty_fen": penalty_fen,
                "paid_fen": total_fen - open_fen,
                "paid_on": row.get("paid_on", ""),
            }
        )
    still_open = [row for row in rows if not row["paid_on"]]
    late = any(row["due_on"] < on for row in still_open)
    return {"state": "settled" if not still_open else "overdue" if late else "active", "rows": rows}


def mark_paid(rows: list[dict[str, Any]], number: int, on: str) -> list[dict[str, Any]]:
    """The rows after installment `number` was paid on a date."""
    return [
        {**row, "penalty_fen": owed(row, on)[0], "paid_on": on} if row["number"] == number else row
        for row in rows
    ]
