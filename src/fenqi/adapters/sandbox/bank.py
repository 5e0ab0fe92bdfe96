"""Accounts at the sandbox's banks. Money moves from one account to another; a card never goes below zero."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from fenqi.adapters.sandbox.http import Refused

if TYPE_CHECKING:
    import sqlite3

SETTLEMENT = "settlement"  # where the channel collects for the merchant
CASH = "cash"  # the world outside: top-ups and spending
OPENING_BALANCE_FEN = 2_000_000

BANKS = {
    "621700": "江城银行",
    "621483": "云汉银行",
    "622588": "海岳银行",
    "622848": "禾丰银行",
}
OTHER_BANK = "联合银行"
# Cards with a story: the last four digits decide.
TAILS = {"0028": "LOST", "0036": "EXPIRED"}


class NoBalance(Exception):
    """The account holds less than it should pay."""


def passes_luhn(number: str) -> bool:
    """The check digit of a card number."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card_number(number: str) -> bool:
    """16 to 19 digits that pass the check."""
    return number.isascii() and number.isdigit() and 16 <= len(number) <= 19 and passes_luhn(number)


def bank_of(number: str) -> str:
    """The issuer by the first six digits."""
    return BANKS.get(number[:6], OTHER_BANK)


def open_card(
    db: sqlite3.Connection, *, number: str, holder: str, id_number: str, phone: str, business_on: str
) -> None:
    """Open an account for a card that is seen for the first time, with something on it."""
    db.execute(
        "INSERT INTO account (number, bank, holder, id_number, phone, kind, status) VALUES (?, ?, ?, ?, ?, 'card', ?)",
        (number, bank_of(number), holder, id_number, phone, TAILS.get(number[-4:], "OPEN")),
    )
    move(
        db,
        source=CASH,
        target=number,
        amount_fen=OPENING_BALANCE_FEN,
        text="开户存入",
        reference="",
        on=business_on,
    )


def wallet(db: sqlite3.Connection, *, phone: str, business_on: str) -> str:
    """The account every phone number has at the channel; made when it is first needed."""
    number = f"wallet-{phone}"
    if not db.execute("SELECT 1 FROM account WHERE number = ?", (number,)).fetchone():
        db.execute(
            "INSERT INTO account (number, bank, holder, id_number, phone, kind) VALUES (?, '零钱', '', '', ?, 'card')",
            (number, phone),
        )
        move(
            db,
            source=CASH,
            target=number,
            amount_fen=OPENING_BALANCE_FEN,
            text="开户存入",
            reference="",
            on=business_on,
        )
    return number


def house(db: sqlite3.Connection, number: str) -> str:
    """A firm's account, made when it is first needed; it may go below zero."""
    db.execute(
        """
        INSERT INTO account (number, bank, holder, id_number, phone, kind)
        VALUES (?, '', ?, '', '', 'house') ON CONFLICT DO NOTHING
        """,
        (number, number),
    )
    return number


def move(
    db: sqlite3.Connection, *, source: str, target: str, amount_fen: int, text: str, reference: str, on: str
) -> None:
    """
    Book money from one account to another, on both statements.

    Raises: NoBalance; Refused for an amount that is not positive.
    """
    if amount_fen <= 0:
        raise Refused("amount_not_positive")
    for number in (source, target):
        if number in (CASH, SETTLEMENT) or number.startswith("lender:"):
            house(db, number)
    row = db.execute("SELECT kind, balance_fen FROM account WHERE number = ?", (source,)).fetchone()
    if row["kind"] == "card" and row["balance_fen"] < amount_fen:
        raise NoBalance
    for number, counter, signed in ((source, target, -amount_fen), (target, source, amount_fen)):
        db.execute("UPDATE account SET balance_fen = balance_fen + ? WHERE number = ?", (signed, number))
        db.execute(
            """
            INSERT INTO posting (at, business_on, account, counter, amount_fen, balance_fen, text, reference)
            SELECT ?, ?, number, ?, ?, balance_fen, ?, ? FROM account WHERE number = ?
            """,
            (time.time(), on, counter, signed, text, reference, number),
        )


def set_balance(db: sqlite3.Connection, *, number: str, balance_fen: int, on: str) -> None:
    """Top up or spend until the account holds this much. Raises: Refused."""
    row = db.execute(
        "SELECT balance_fen FROM account WHERE number = ? AND kind = 'card'", (number,)
    ).fetchone()
    if row is None:
        raise Refused("no_such_account", status=404)
    if balance_fen < 0:
        raise Refused("balance_below_zero")
    difference = balance_fen - row["balance_fen"]
    if difference > 0:
        move(db, source=CASH, target=number, amount_fen=difference, text="存入", reference="", on=on)
    elif difference < 0:
        move(db, source=number, target=CASH, amount_fen=-difference, text="消费", reference="", on=on)


def new_serial(prefix: str) -> str:
    """A number of ours that cannot be guessed."""
    return prefix + secrets.token_hex(10)
