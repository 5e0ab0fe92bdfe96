"""What the ledger as a whole must fulfil: asked of the database, each difference named."""

from __future__ import annotations

from collections.abc import Iterator

from fenqi.domain.posting_rules import Account
from fenqi.plumbing import sql_checks

LENDER_PAYABLE = int(Account.LENDER_PAYABLE)

CHECKS: tuple[sql_checks.Check, ...] = (
    (
        "account {1} of book {2} on {0}: the transfers sum to {3}/{4} fen, the day's total says {5}/{6}",
        """
        SELECT coalesce(moved.business_date, kept.business_date), coalesce(moved.account, kept.account),
               coalesce(moved.book_id, kept.book_id), coalesce(moved.debit_fen, 0), coalesce(moved.credit_fen, 0),
               coalesce(kept.debit_fen, 0), coalesce(kept.credit_fen, 0)
        FROM (
          SELECT t.business_date, side.account, t.book_id, sum(side.debit_fen)::bigint AS debit_fen,
                 sum(side.credit_fen)::bigint AS credit_fen
          FROM ledger_transfer t
          CROSS JOIN LATERAL (VALUES (t.debit_account, t.amount_fen, 0::bigint),
                                     (t.credit_account, 0::bigint, t.amount_fen)) AS side (account, debit_fen, credit_fen)
          WHERE t.business_date <= (SELECT max(business_date) FROM ledger_closedday)
          GROUP BY t.business_date, side.account, t.book_id
        ) moved
        FULL JOIN ledger_daytotal kept USING (business_date, account, book_id)
        WHERE (moved.debit_fen, moved.credit_fen) IS DISTINCT FROM (kept.debit_fen, kept.credit_fen)
        """,
    ),
    (
        "transfer {0} of {1} names account {2}, which is not in the chart",
        """
        SELECT t.entry_id, t.borrower_id, side.account FROM ledger_transfer t
        CROSS JOIN LATERAL (VALUES (t.debit_account), (t.credit_account)) AS side (account)
        WHERE NOT EXISTS (SELECT FROM ledger_ledgeraccount a WHERE a.code = side.account)
        """,
    ),
    (
        "reference {0}: {1} fen for event {2} of loan {3}, the event says {4}",
        """
        SELECT r.reference, r.amount_fen, r.sequence, r.loan_id, e.amount_fen
        FROM servicing_eventreference r
        LEFT JOIN servicing_loanevent e
          ON e.borrower_id = r.borrower_id AND e.loan_id = r.loan_id AND e.sequence = r.sequence
        WHERE r.kind NOT IN ('bill', 'mirror')
          AND (e.amount_fen IS DISTINCT FROM r.amount_fen OR e.reference IS DISTINCT FROM r.reference)
        """,
    ),
    (
        "event {1} of loan {0} has no reference",
        """
        SELECT e.loan_id, e.sequence FROM servicing_loanevent e
        LEFT JOIN servicing_eventreference r ON r.reference = e.reference
        WHERE r.reference IS NULL
        """,
    ),
    (
        "the settlement of {0} with book {1} says {2} fen, the ledger {3}",
        f"""
        SELECT s.business_date, s.book_id, s.principal_fen + s.income_fen, coalesce(posted.fen, 0)
        FROM servicing_lendersettlement s
        LEFT JOIN (
          SELECT business_date, book_id,
                 sum(CASE WHEN credit_account = {LENDER_PAYABLE} THEN amount_fen ELSE -amount_fen END)::bigint AS fen
          FROM ledger_transfer
          WHERE borrower_id = 0 AND source LIKE 'settlement:%%' AND {LENDER_PAYABLE} IN (debit_account, credit_account)
          GROUP BY business_date, book_id
        ) posted USING (business_date, book_id)
        WHERE s.principal_fen + s.income_fen <> coalesce(posted.fen, 0)
        """,
    ),
    (
        "loan {0} is in bucket {1}, its last move went to {2}",
        """
        SELECT l.id, l.bucket, coalesce(last.to_bucket, 0) FROM servicing_loan l
        LEFT JOIN (
          SELECT DISTINCT ON (borrower_id, loan_id) borrower_id, loan_id, to_bucket
          FROM servicing_bucketmove ORDER BY borrower_id, loan_id, moved_on DESC
        ) last ON last.borrower_id = l.borrower_id AND last.loan_id = l.id
        WHERE l.bucket <> coalesce(last.to_bucket, 0)
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    return sql_checks.differences(CHECKS)
