"""Reads of the ledger: balances, statements and exports at any business date. Amounts are fen."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import get_language

from fenqi.ledger.models import Book, LedgerAccount
from fenqi.ledger.services import entry_id_of
from fenqi.plumbing.errors import NotFound

# Closed days are read from their totals, open ones from the transfers themselves.
TOTALS = """
SELECT account, book_id, sum(debit_fen)::bigint AS debit_fen, sum(credit_fen)::bigint AS credit_fen
FROM (
  SELECT account, book_id, debit_fen, credit_fen FROM ledger_daytotal WHERE business_date <= %(on)s
  UNION ALL
  SELECT side.account, t.book_id, side.debit_fen, side.credit_fen
  FROM (
    SELECT debit_account, credit_account, book_id, sum(amount_fen)::bigint AS fen FROM ledger_transfer
    WHERE business_date <= %(on)s
      AND business_date > coalesce((SELECT max(business_date) FROM ledger_closedday), '-infinity'::date)
    GROUP BY debit_account, credit_account, book_id
  ) t
  CROSS JOIN LATERAL (VALUES (t.debit_account, t.fen, 0::bigint),
                             (t.credit_account, 0::bigint, t.fen)) AS side (account, debit_fen, credit_fen)
) moved
GROUP BY account, book_id
"""


@dataclass(frozen=True, kw_only=True)
class TrialBalanceRow:
    """One account: what it moved on either side up to a date, and its balance on its own side."""

    code: int
    name: str
    kind: str
    debit_fen: int
    credit_fen: int
    balance_fen: int
    """Positive on the side the account grows by."""


@dataclass(frozen=True, kw_only=True)
class TrialBalance:
    """All accounts at a date; `difference_fen` is zero in books that are whole."""

    on: datetime.date
    rows: tuple[TrialBalanceRow, ...]
    debit_fen: int
    credit_fen: int
    difference_fen: int

    def __iter__(self) -> Iterator[TrialBalanceRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One transfer seen from one account; `balance_fen` runs on the side the account grows by."""

    business_date: datetime.date
    source: str
    borrower_id: int
    loan_id: UUID | None
    other_account: int
    debit_fen: int
    credit_fen: int
    balance_fen: int


def trial_balance(on: datetime.date, *, book_id: int | None = None) -> TrialBalance:
    """Every account that moved up to and with a business date."""
    sums: dict[int, list[int]] = {}
    for account, of_book, debit_fen, credit_fen in _totals(on):
        if book_id is None or of_book == book_id:
            both = sums.setdefault(account, [0, 0])
            both[0] += debit_fen
            both[1] += credit_fen
    chart = _chart()
    rows = tuple(
        TrialBalanceRow(
            code=code,
            name=_name(chart.get(code), code),
            kind=chart[code].kind if code in chart else "unknown",
            debit_fen=debit_fen,
            credit_fen=credit_fen,
            balance_fen=_on_own_side(chart.get(code), debit_fen - credit_fen),
        )
        for code, (debit_fen, credit_fen) in sorted(sums.items())
    )
    debit_fen, credit_fen = sum(row.debit_fen for row in rows), sum(row.credit_fen for row in rows)
    return TrialBalance(
        on=on, rows=rows, debit_fen=debit_fen, credit_fen=credit_fen, difference_fen=debit_fen - credit_fen
    )


def balance(
    account: int, on: datetime.date, *, borrower_id: int | None = None, book_id: int | None = None
) -> int:
    """Debits less credits of an account up to and with a date: of all, of one borrower, or of one book."""
    if borrower_id is None:
        return sum(
            debit_fen - credit_fen
            for code, of_book, debit_fen, credit_fen in _totals(on)
            if code == account and book_id in (None, of_book)
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(CASE WHEN debit_account = %(account)s THEN amount_fen ELSE -amount_fen END), 0)::bigint"
            " FROM ledger_transfer WHERE borrower_id = %(borrower_id)s AND business_date <= %(on)s"
            " AND (debit_account = %(account)s OR credit_account = %(account)s)"
            " AND (%(book_id)s::int IS NULL OR book_id = %(book_id)s::int)",
            {"account": int(account), "on": on, "borrower_id": borrower_id, "book_id": book_id},
        )
        return int(cursor.fetchone()[0])


def balances_by_book(on: datetime.date) -> dict[tuple[int, int], int]:
    """Debits less credits by (account, book) up to and with a date."""
    return {
        (account, book_id): debit_fen - credit_fen for account, book_id, debit_fen, credit_fen in _totals(on)
    }


def posted(*, borrower_id: int, sources: Collection[str]) -> set[str]:
    """Those of these sources that there is an entry of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT source FROM ledger_transfer WHERE borrower_id = %s AND entry_id = ANY(%s)",
            [borrower_id, [entry_id_of(source) for source in sources]],
        )
        return {row[0] for row in cursor.fetchall()}


def moved_by_month(from_on: datetime.date, to_on: datetime.date) -> list[tuple[datetime.date, int, int, int]]:
    """(first of the month, account, book, debits less credits) of the closed dates of a span, from their totals."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_trunc('month', business_date)::date, account, book_id, sum(debit_fen - credit_fen)::bigint"
            " FROM ledger_daytotal WHERE business_date BETWEEN %s AND %s GROUP BY 1, 2, 3",
            [from_on, to_on],
        )
        return cursor.fetchall()


def entries_of(
    *, borrower_id: int, loan_id: UUID | None = None
) -> list[tuple[datetime.date, str, int, int, int]]:
    """A borrower's transfers in order: (business date, source, debit account, credit account, fen)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT business_date, source, debit_account, credit_account, amount_fen FROM ledger_transfer"
            " WHERE borrower_id = %(borrower_id)s AND (%(loan_id)s::uuid IS NULL OR loan_id = %(loan_id)s::uuid)"
            " ORDER BY business_date, posted_at, entry_id, leg",
            {"borrower_id": borrower_id, "loan_id": loan_id},
        )
        return cursor.fetchall()


def statement(
    account: int,
    *,
    from_on: datetime.date,
    to_on: datetime.date,
    borrower_id: int | None = None,
    book_id: int | None = None,
    limit: int = 10_000,
) -> list[StatementLine]:
    """
    The transfers of an account between two dates, with its running balance.

    Raises: NotFound for an account that is not in the chart.
    """
    chart = _chart()
    if account not in chart:
        raise NotFound(code="unknown_account", account=account)
    opening = balance(account, from_on - datetime.timedelta(days=1), borrower_id=borrower_id, book_id=book_id)
    running = _on_own_side(chart[account], opening)
    lines = []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT business_date, source, borrower_id, loan_id, debit_account, credit_account, amount_fen
            FROM ledger_transfer
            WHERE business_date BETWEEN %(from_on)s AND %(to_on)s
              AND (debit_account = %(account)s OR credit_account = %(account)s)
              AND (%(borrower_id)s::bigint IS NULL OR borrower_id = %(borrower_id)s::bigint)
              AND (%(book_id)s::int IS NULL OR book_id = %(book_id)s::int)
            ORDER BY business_date, posted_at, borrower_id, entry_id, leg LIMIT %(limit)s
            """,
            {
                "from_on": from_on,
                "to_on": to_on,
                "account": int(account),
                "borrower_id": borrower_id,
                "book_id": book_id,
                "limit": limit,
            },
        )
        for on, source, borrower, loan_id, debit, credit, fen in cursor.fetchall():
            debit_fen, credit_fen = (fen, 0) if debit == account else (0, fen)
            running += _on_own_side(chart[account], debit_fen - credit_fen)
            lines.append(
                StatementLine(
                    business_date=on,
                    source=source,
                    borrower_id=borrower,
                    loan_id=loan_id,
                    other_account=credit if debit == account else debit,
                    debit_fen=debit_fen,
                    credit_fen=credit_fen,
                    balance_fen=running,
                )
            )
    return lines


def books() -> list[dict[str, Any]]:
    """All books: id, lender_code, product, lender_share_bp."""
    return list(Book.objects.order_by("lender_code", "product").values())


def accounts() -> list[dict[str, Any]]:
    """The chart of accounts."""
    return [
        {"code": account.code, "name": _name(account, account.code), "kind": account.kind}
        for account in sorted(_chart().values(), key=lambda account: account.code)
    ]


class _Line:
    """A file that hands each written line back, so that an export streams."""

    def write(self, text: str) -> str:
        return text


def export_csv(from_on: datetime.date, to_on: datetime.date) -> Iterator[str]:
    """The general ledger between two dates, line by line."""
    writer = csv.writer(_Line())
    yield writer.writerow(
        [
            "business_date",
            "entry",
            "leg",
            "debit",
            "credit",
            "amount_fen",
            "book",
            "borrower",
            "loan",
            "source",
        ]
    )
    for row in _transfers(from_on, to_on):
        yield writer.writerow(row)


def export_beancount(from_on: datetime.date, to_on: datetime.date) -> Iterator[str]:
    """
    The general ledger between two dates as a beancount file, one transaction an entry.

    Opening balances stand as one transaction, closing balances as assertions on the day after.
    """
    chart = _chart()
    names = {code: _beancount_name(account) for code, account in chart.items()}
    day_before = from_on - datetime.timedelta(days=1)
    yield 'option "title" "Fenqi"\noption "operating_currency" "CNY"\n'
    yield from (f"{day_before} open {name} CNY\n" for _code, name in sorted(names.items()))
    opening = _sums_by_account(day_before)
    if any(opening.values()):
        yield f'\n{day_before} * "opening balances"\n'
        yield from (f"  {names[code]}  {_yuan(fen)} CNY\n" for code, fen in sorted(opening.items()) if fen)
    entry = None
    for on, entry_id, _leg, debit, credit, fen, _book, borrower_id, loan_id, source in _transfers(
        from_on, to_on
    ):
        if (borrower_id, entry_id) != entry:
            entry = (borrower_id, entry_id)
            yield f'\n{on} * "{_plain(source)}"\n  borrower: "{borrower_id}"\n'
            if loan_id:
                yield f'  loan: "{loan_id}"\n'
        yield f"  {names[debit]}  {_yuan(fen)} CNY\n  {names[credit]}  {_yuan(-fen)} CNY\n"
    day_after = to_on + datetime.timedelta(days=1)
    yield "\n"
    for code, fen in sorted(_sums_by_account(to_on).items()):
        yield f"{day_after} balance {names[code]}  {_yuan(fen)} CNY\n"


def _transfers(from_on: datetime.date, to_on: datetime.date) -> Iterator[tuple[Any, ...]]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT business_date, entry_id, leg, debit_account, credit_account, amount_fen, book_id, borrower_id,"
            " loan_id, source FROM ledger_transfer WHERE business_date BETWEEN %s AND %s"
            " ORDER BY business_date, borrower_id, entry_id, leg",
            [from_on, to_on],
        )
        while rows := cursor.fetchmany(2000):
            yield from rows


def _sums_by_account(on: datetime.date) -> dict[int, int]:
    sums: dict[int, int] = {}
    for account, _book, debit_fen, credit_fen in _totals(on):
        sums[account] = sums.get(account, 0) + debit_fen - credit_fen
    return sums


def _totals(on: datetime.date) -> list[tuple[int, int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, {"on": on})
        return cursor.fetchall()


def _chart() -> dict[int, LedgerAccount]:
    return {account.code: account for account in LedgerAccount.objects.all()}


def _name(account: LedgerAccount | None, code: int) -> str:
    if account is None:
        return str(code)
    return account.name_en if (get_language() or "").startswith("en") else account.name_zh


def _on_own_side(account: LedgerAccount | None, debit_less_credit_fen: int) -> int:
    return -debit_less_credit_fen if account and account.grows_by == "credit" else debit_less_credit_fen


_ROOTS = {"asset": "Assets", "liability": "Liabilities", "income": "Income", "expense": "Expenses"}


def _beancount_name(account: LedgerAccount) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in account.name_en).split()
    return f"{_ROOTS[account.kind]}:" + "-".join(word.capitalize() for word in words)


def _plain(text: str) -> str:
    return text.replace("\\", "").replace('"', "'").replace("\n", " ")


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
