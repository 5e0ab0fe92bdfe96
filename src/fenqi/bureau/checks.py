"""What `fenqi verify` asks of the credit record: the figures of each row, kept or sent, are those of its date."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from fenqi.domain.posting_rules import Account
from fenqi.plumbing import sql_checks
from fenqi.servicing import recounting

PRINCIPAL = int(Account.LOAN_PRINCIPAL)

# Rows whose balance is not the ledger's principal of their date, and those that show something overdue: to be recounted.
DOUBTFUL = f"""
WITH told AS (
  SELECT 'credit row' AS what, borrower_id, loan_id, month, as_of, balance_fen, overdue_fen, is_corrected
  FROM bureau_creditrow
  UNION ALL
  SELECT 'row of batch ' || b.batch_id, b.borrower_id, b.loan_id, b.month, b.as_of, b.balance_fen, b.overdue_fen,
         coalesce(r.is_corrected, false)
  FROM bureau_batchrow b
  LEFT JOIN bureau_creditrow r
    ON r.borrower_id = b.borrower_id AND r.loan_id = b.loan_id AND r.month = b.month
), moved AS (
  SELECT NULL AS what, borrower_id, loan_id, NULL::date AS month, business_date AS as_of, NULL::bigint AS balance_fen,
         NULL::bigint AS overdue_fen, NULL::boolean AS is_corrected,
         CASE WHEN debit_account = {PRINCIPAL} THEN amount_fen ELSE -amount_fen END AS fen
  FROM ledger_transfer t
  WHERE {PRINCIPAL} IN (debit_account, credit_account)
    AND EXISTS (SELECT FROM bureau_creditrow r WHERE r.borrower_id = t.borrower_id AND r.loan_id = t.loan_id)
), running AS (
  SELECT what, borrower_id, loan_id, month, as_of, balance_fen, overdue_fen, is_corrected,
         sum(fen) OVER (PARTITION BY borrower_id, loan_id ORDER BY as_of)::bigint AS principal_fen
  FROM (SELECT told.*, 0 AS fen FROM told UNION ALL SELECT * FROM moved) both_of_them
)
SELECT what, borrower_id, loan_id, month, as_of, balance_fen, overdue_fen, is_corrected FROM running
WHERE what IS NOT NULL AND (balance_fen IS DISTINCT FROM principal_fen OR overdue_fen <> 0)
ORDER BY borrower_id, loan_id, as_of
"""  # noqa: S608 - made of this module's own constants


OF_NO_LOAN: tuple[sql_checks.Check, ...] = (
    (
        "credit row of {1} for {2} stands without its loan {0}",
        """
        SELECT r.loan_id, r.borrower_id, r.month FROM bureau_creditrow r
        WHERE NOT EXISTS (SELECT FROM servicing_loan l WHERE l.borrower_id = r.borrower_id AND l.id = r.loan_id)
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    if strays := list(sql_checks.differences(OF_NO_LOAN)):
        # Without a loan there is nothing to recount.
        yield from strays
        return
    with connection.cursor() as cursor:
        cursor.execute(DOUBTFUL)
        rows = cursor.fetchall()
    for what, borrower_id, loan_id, month, on, balance_fen, overdue_fen, is_corrected in rows:
        counted = recounting.figures_known(borrower_id=borrower_id, loan_id=loan_id, on=on)
        if is_corrected:
            # An upheld dispute says that nothing was overdue; what was sent before it may say otherwise.
            corrected = {(principal_fen, 0) for principal_fen, _overdue_fen in counted}
            counted = corrected if what == "credit row" else counted | corrected
        if (balance_fen, overdue_fen) not in counted:
            yield (
                f"{what} of loan {loan_id} of {borrower_id} for {month:%Y-%m}: balance_fen and overdue_fen are"
                f" {balance_fen} and {overdue_fen}, by the events of {on} {sorted(counted)}"
            )
