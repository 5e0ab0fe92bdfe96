"""
Writes of the ledger: post an entry, reverse one, close a day.

Every poster holds a shared advisory lock until it commits and closing a day takes it alone, so that a day's totals
are taken when nobody is still writing on it.
"""

from __future__ import annotations

import datetime
import hashlib
import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain.posting_rules import Entry, Leg
from fenqi.ledger.models import Book, DayTotal
from fenqi.plumbing import audit
from fenqi.plumbing.errors import Conflict, NotFound

HOUSE = 0
"""The borrower and the book of entries that belong to no single loan (accruals, provisions, settlements)."""

POSTING_LOCK = 0x66656E7169_01

IS_OPEN = "coalesce((SELECT max(business_date) FROM ledger_closedday) < %(business_date)s, true)"
"""Whether something may still be posted on a date; sure only for who holds the posting lock since before he asked."""

POSTED = f"""
INSERT INTO ledger_transfer
  (borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account, amount_fen, business_date, source)
SELECT %(borrower_id)s::bigint, %(entry_id)s::uuid, legs.leg, %(loan_id)s::uuid, %(book_id)s::int, legs.debit, legs.credit,
       legs.fen, %(business_date)s::date, %(source)s
FROM unnest(%(debits)s::int[], %(credits)s::int[], %(fens)s::bigint[]) WITH ORDINALITY AS legs (debit, credit, fen, leg)
WHERE {IS_OPEN}
"""

POSTED_TYPES = {"business_date": "date", "entry_id": "uuid", "source": "text"}


def posted_beside(found: str, legs: int) -> str:
    """
    The INSERT of a loan's entry within a larger statement; its part `found` gives borrower_id, id and book_id.

    Where that found no loan, nothing is posted. The larger statement asks for IS_OPEN and holds the posting lock.
    """
    rows = ", ".join(
        f"(%(debit_{leg})s, %(credit_{leg})s, %(fen_{leg})s, {leg})" for leg in range(1, legs + 1)
    )
    return f"""
  INSERT INTO ledger_transfer
    (borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account, amount_fen, business_date, source)
  SELECT {found}.borrower_id, %(entry_id)s, legs.leg, {found}.id, {found}.book_id, legs.debit, legs.credit, legs.fen,
         %(business_date)s, %(source)s
  FROM {found} CROSS JOIN (VALUES {rows}) AS legs (debit, credit, fen, leg)"""


def leg_types(legs: int) -> dict[str, str]:
    """The types of the parameters of so many legs."""
    kinds = {"debit": "int", "credit": "int", "fen": "bigint"}
    return {f"{name}_{leg}": kind for leg in range(1, legs + 1) for name, kind in kinds.items()}


def posted_values(legs: Sequence[Leg], *, business_date: datetime.date, source: str) -> dict[str, Any]:
    """The parameters of `posted_beside`."""
    values: dict[str, Any] = {
        "business_date": business_date,
        "entry_id": entry_id_of(source),
        "source": source,
    }
    for position, one in enumerate(legs, start=1):
        values[f"debit_{position}"] = int(one.debit)
        values[f"credit_{position}"] = int(one.credit)
        values[f"fen_{position}"] = one.amount_fen
    return values


class ClosedDay(Conflict):
    """The business date is closed: what belongs to it is posted on an open one."""

    code = "closed_day"
    is_passing = True


class EntryPosted(Conflict):
    """There is an entry of this source with other transfers."""

    code = "entry_posted"


def entry_id_of(source: str) -> UUID:
    """The key of an entry: the md5 of what it was posted for, as batch SQL makes it too."""
    return UUID(bytes=hashlib.md5(source.encode(), usedforsecurity=False).digest())


def posting(
    *,
    borrower_id: int,
    entry: Entry,
    business_date: datetime.date,
    source: str,
    loan_id: UUID | None = None,
    book_id: int = HOUSE,
) -> tuple[str, dict[str, Any]]:
    """The statement that posts an entry and its parameters, for callers who send several statements in one trip."""
    return POSTED, {
        "borrower_id": borrower_id,
        "entry_id": entry_id_of(source),
        "loan_id": loan_id,
        "book_id": book_id,
        "business_date": business_date,
        "source": source,
        "debits": [int(one.debit) for one in entry.legs],
        "credits": [int(one.credit) for one in entry.legs],
        "fens": [one.amount_fen for one in entry.legs],
    }


@transaction.atomic
def post(
    *,
    borrower_id: int,
    entry: Entry,
    business_date: datetime.date,
    source: str,
    loan_id: UUID | None = None,
    book_id: int = HOUSE,
) -> UUID:
    """
    Store an entry; the same source with the same transfers again changes nothing.

    Raises: ClosedDay if the date is closed; EntryPosted if the source stands there with other transfers.
    """
    entry_id = entry_id_of(source)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [POSTING_LOCK])
        cursor.execute(
            "SELECT debit_account, credit_account, amount_fen FROM ledger_transfer"
            " WHERE borrower_id = %s AND entry_id = %s ORDER BY leg",
            [borrower_id, entry_id],
        )
        earlier = cursor.fetchall()
        if earlier:
            if earlier != [(int(one.debit), int(one.credit), one.amount_fen) for one in entry.legs]:
                raise EntryPosted(_("这笔分录已经记过，内容不同。"), source=source)
            return entry_id
        if not entry.legs:
            return entry_id
        statement, values = posting(
            borrower_id=borrower_id,
            entry=entry,
            business_date=business_date,
            source=source,
            loan_id=loan_id,
            book_id=book_id,
        )
        cursor.execute(statement, values)
        if not cursor.rowcount:
            raise ClosedDay(_("这一天的账已经关闭。"), business_date=str(business_date))
    return entry_id


@transaction.atomic
def reverse(*, borrower_id: int, source: str, business_date: datetime.date, actor: str, reason: str) -> UUID:
    """
    Take an entry back by a new one, every transfer turned round; once only.

    Raises: NotFound without such an entry; ClosedDay.
    """
    reversal_source = f"reversal:{source}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [POSTING_LOCK])
        cursor.execute(
            """
            INSERT INTO ledger_transfer (borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account,
                                         amount_fen, business_date, source)
            SELECT borrower_id, %s, leg, loan_id, book_id, credit_account, debit_account, amount_fen, %s, %s
            FROM ledger_transfer
            WHERE borrower_id = %s AND entry_id = %s
              AND NOT EXISTS (SELECT FROM ledger_closedday WHERE business_date >= %s)
            ON CONFLICT DO NOTHING
            """,
            [
                entry_id_of(reversal_source),
                business_date,
                reversal_source,
                borrower_id,
                entry_id_of(source),
                business_date,
            ],
        )
        if cursor.rowcount:
            audit.record(actor=actor, action="ledger.reverse", subject=source, reason=reason)
        else:
            cursor.execute(
                "SELECT count(*), bool_or(entry_id = %s) FROM ledger_transfer"
                " WHERE borrower_id = %s AND entry_id IN (%s, %s)",
                [
                    entry_id_of(reversal_source),
                    borrower_id,
                    entry_id_of(source),
                    entry_id_of(reversal_source),
                ],
            )
            found, reversed_before = cursor.fetchone()
            if not found:
                raise NotFound(_("没有这笔分录。"), source=source)
            if not reversed_before:
                raise ClosedDay(_("这一天的账已经关闭。"), business_date=str(business_date))
    return entry_id_of(reversal_source)


def book(*, lender_code: str, product: str, lender_share_bp: int = 10_000) -> int:
    """The number of the book of a lender and a product; made at the first call (`lender_share_bp`: of 10,000)."""
    # Numbered by its name, so that two first calls at once agree without a counter.
    book_id = zlib.crc32(f"{lender_code}\0{product}\0{lender_share_bp}".encode()) & 0x7FFFFFFF
    Book.objects.get_or_create(
        id=book_id,
        defaults={"lender_code": lender_code, "product": product, "lender_share_bp": lender_share_bp},
    )
    return book_id


@transaction.atomic
def close_day(on: datetime.date) -> int:
    """
    Fix the totals of a business date; posting on it is refused from now on. Tells how many transfers it had.

    Safe to repeat. Waits for everyone who is still posting.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSTING_LOCK])
        cursor.execute("SELECT transfers FROM ledger_closedday WHERE business_date = %s", [on])
        row = cursor.fetchone()
        if row:
            return int(row[0])
        cursor.execute(
            "SELECT debit_account, credit_account, book_id, sum(amount_fen)::bigint, count(*) FROM ledger_transfer"
            " WHERE business_date = %s GROUP BY debit_account, credit_account, book_id",
            [on],
        )
        moved = cursor.fetchall()
        totals: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        for debit, credit, book_id, fen, _count in moved:
            totals[debit, book_id][0] += fen
            totals[credit, book_id][1] += fen
        DayTotal.objects.bulk_create(
            DayTotal(
                business_date=on, account=account, book_id=book_id, debit_fen=debit_fen, credit_fen=credit_fen
            )
            for (account, book_id), (debit_fen, credit_fen) in sorted(totals.items())
        )
        transfers = sum(row[4] for row in moved)
        cursor.execute(
            "INSERT INTO ledger_closedday (business_date, transfers) VALUES (%s, %s)", [on, transfers]
        )
        return transfers
