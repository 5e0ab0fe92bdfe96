"""A fen changed by hand, in any table and column, is refused by the database or found and named by `fenqi verify`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from fenqi.servicing import verification
from tests.servicing import whole_book

pytestmark = pytest.mark.django_db(transaction=True)

ROWS_EACH = 2
INPUTS = {
    (
        "credit_personexposure",
        "owed_fen",
    ): "loans as they stood when a limit was last checked; counted anew each time",
    (
        "credit_personexposure",
        "limit_fen",
    ): "the limit in force then; the next check writes the one of the day",
    ("mall_variant", "price_fen"): "the shop's own decision; orders keep the price they were placed at",
    ("payments_mandate", "max_fen"): "a limit agreed with the channel, which refuses what exceeds it",
}
"""Columns nothing else in the database repeats or follows from, with the reason."""

TRANSFERS_OF_A_LOAN = "FROM ledger_transfer WHERE loan_id IS NOT NULL"
BY_HAND = {
    "a transfer is deleted": f"DELETE FROM ledger_transfer WHERE (entry_id, leg) IN (SELECT entry_id, leg {TRANSFERS_OF_A_LOAN} LIMIT 1)",
    "a transfer is added": "INSERT INTO ledger_transfer (borrower_id, entry_id, leg, loan_id, amount_fen, debit_account, credit_account,"
    " book_id, business_date, source) SELECT borrower_id, entry_id, 9, loan_id, 1, debit_account, credit_account, book_id,"
    f" business_date, source {TRANSFERS_OF_A_LOAN} LIMIT 1",
    "a transfer is of another account": "UPDATE ledger_transfer SET credit_account = 224101 WHERE (entry_id, leg) IN"
    f" (SELECT entry_id, leg {TRANSFERS_OF_A_LOAN} LIMIT 1)",
    "an entry of the house is deleted": "DELETE FROM ledger_transfer WHERE borrower_id = 0 AND source LIKE 'accrual:2026-02-%%'",
    "an event is of another day": "UPDATE servicing_loanevent SET happened_on = happened_on - 9 WHERE kind = 'repayment'",
    "an event is deleted": "DELETE FROM servicing_loanevent WHERE reference = 'a part'",
    "an event is of another kind": "UPDATE servicing_loanevent SET kind = 'goodwill_credit' WHERE reference = 'found later'",
    "a reference is deleted": "DELETE FROM servicing_eventreference WHERE reference = 'found later'",
    "an installment is deleted": "DELETE FROM servicing_loaninstallment WHERE number = 2",
    "a loan is deleted": "DELETE FROM servicing_loan WHERE product = 'standby'",
    "a total of a day is deleted": "DELETE FROM ledger_daytotal WHERE business_date = '2026-02-10'",
    "terms are changed": "UPDATE servicing_termssheet SET terms = jsonb_set(terms, '{installments}', '13')",
    "a settlement's parts are changed": "UPDATE servicing_settlementquote SET breakdown = jsonb_set(breakdown, '{fee_fen}', '1')",
    "a move out of suspense is deleted": "DELETE FROM payments_unplacedmove WHERE kind = 'returned'",
    "money in suspense is deleted": "DELETE FROM payments_unplacedmoney WHERE reference = 'bank:7'",
    "a quote's figures are changed": "UPDATE credit_heldquote SET quote = jsonb_set(quote, '{rows, 0, interest_fen}', '1')",
}

# How a difference calls the rows of a table, where it is not by the table's own name.
CALLED = {
    "bureau_batchrow": "row of batch",
    "bureau_creditrow": "credit row",
    "credit_heldquote": "held quote",
    "ledger_daytotal": "day's total",
    "ledger_transfer": "ledger|transfers",
    "payments_debit": "debit's",
    "payments_unplacedmoney": "unplaced money",
    "payments_unplacedmove": "unplaced move",
    "payments_unplacedreturn": "unplaced return",
    "purchases_giveback": "give-back",
    "purchases_lendercall": "call",
    "servicing_bookday": "book days",
    "servicing_bucketmove": "bucket move",
    "servicing_debitinstruction": "debit instruction",
    "servicing_eventreference": "reference",
    "servicing_lendersettlement": "settlement",
    "servicing_loanevent": "event",
    "servicing_loaninstallment": "installment",
    "servicing_settlementquote": "settlement quote",
    "standby_standbydraw": "standby draw",
    "standby_standbyline": "standby line",
}


@pytest.fixture
def book(transactional_db: None, settings: Any, sandbox: Any) -> Iterator[None]:
    """The whole book, seen as its database's owner, on the morning after."""
    whole_book.make(settings, sandbox)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        # As on days of their own: business at noon, the day-end at night.
        cursor.execute("UPDATE ledger_transfer SET posted_at = business_date + time '12:00'")
        cursor.execute(
            "UPDATE servicing_dayendstep SET started_at = business_date + time '23:00', finished_at = business_date + time '23:01'"
        )
    yield
    connection.close()


def money_columns() -> list[tuple[str, str]]:
    """Every column of fen in the schema, whoever adds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name LIKE '%\\_fen' ORDER BY 1, 2"
        )
        return cursor.fetchall()


def some_rows(table: str) -> list[tuple[str, dict[str, Any]]]:
    """(place, row) of a few rows, spread by their content."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ctid::text, to_jsonb(x)::text FROM {table} x ORDER BY md5(x::text) LIMIT {ROWS_EACH}"
        )
        return [(place, json.loads(row)) for place, row in cursor.fetchall()]


@contextmanager
def changed(statement: str, values: list[Any]) -> Iterator[list[str]]:
    """What verify finds after a statement, which is taken back then."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0
        yield verification.verify(workers=1)
        transaction.set_rollback(True)


def names(differences: list[str], table: str, column: str, row: dict[str, Any]) -> bool:
    """Whether a difference tells the table, the row or its loan, and the wrong figure or two that are one fen apart."""
    word = CALLED.get(table, table.partition("_")[2])
    subjects = [str(row[name]) for name in ("loan_id", "id") if row.get(name)]
    for line in differences:
        figures = {int(figure) for figure in re.findall(r"(?<![\w-])-?\d+(?!\w|-\d)", line)}
        is_told = row[column] + 1 in figures or any(figure + 1 in figures for figure in figures)
        is_told = is_told or "taken for something else" in line
        if re.search(word, line) and is_told and (not subjects or any(one in line for one in subjects)):
            return True
    return False


def test_whatever_is_changed_by_hand_is_found(book: None) -> None:
    assert verification.verify(workers=1) == []
    missed = _columns_missed()
    assert not missed, "\n".join(map(str, missed))
    assert _rows_missed() == []


def _columns_missed() -> list[Any]:
    """The columns in which a changed fen is neither refused nor named."""
    missed: list[Any] = []
    for table, column in money_columns():
        rows = some_rows(table)
        assert rows, f"the whole book has no row of {table}"
        for place, row in rows:
            try:
                with changed(
                    f"UPDATE {table} SET {column} = {column} + 1 WHERE ctid = %s::tid", [place]
                ) as found:
                    if not names(found, table, column, row) and (table, column) not in INPUTS:
                        missed.append((table, column, found[:3], row))
            except IntegrityError:
                continue  # refused outright: better still
    return missed


def _rows_missed() -> list[str]:
    """Of rows changed, added and taken away, those nobody noticed."""
    missed = []
    for what, statement in BY_HAND.items():
        try:
            with changed(statement, []) as found:
                if not found:
                    missed.append(what)
        except IntegrityError:
            continue
    return missed
