"""What `fenqi verify` asks of the standby line: draws are what left and what is owed, limits what their reasons give."""

from __future__ import annotations

from collections.abc import Iterator

from fenqi.plumbing import sql_checks
from fenqi.standby import offer
from fenqi.standby.models import StandbyLine

ROWS_AT_ONCE = 1_000

CHECKS: tuple[sql_checks.Check, ...] = (
    (
        "standby draw {0} of borrower {1}: amount_fen is {2}, paid out were {3}",
        """
        SELECT d.id, d.borrower_id, d.amount_fen, o.amount_fen FROM standby_standbydraw d
        LEFT JOIN payments_payout o ON o.borrower_id = d.borrower_id AND o.reference = 'standby:' || d.id
        WHERE d.amount_fen IS DISTINCT FROM o.amount_fen
        """,
    ),
    (
        "standby draw {0} of borrower {1}: amount_fen is {2}, loan {3} began with {4}",
        """
        SELECT d.id, d.borrower_id, d.amount_fen, d.loan_id, l.principal_fen FROM standby_standbydraw d
        LEFT JOIN servicing_loan l ON l.borrower_id = d.borrower_id AND l.id = d.loan_id
        WHERE d.loan_id IS NOT NULL AND d.amount_fen IS DISTINCT FROM l.principal_fen
        """,
    ),
    (
        "commitment of the line of borrower {0}: amount_fen is {1}, the line's limit {2}",
        """
        SELECT l.borrower_id, c.amount_fen, l.limit_fen FROM standby_standbyline l
        JOIN credit_commitment c ON c.borrower_id = l.borrower_id AND c.kind = 'line' AND c.released_at IS NULL
        WHERE c.amount_fen <> l.limit_fen
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    yield from sql_checks.differences(CHECKS)
    for line in StandbyLine.objects.order_by("borrower_id").iterator(ROWS_AT_ONCE):
        counted = min(sum(fen for _code, fen in line.reasons), offer.current(line.opened_on).limit_most_fen)
        if line.limit_fen != counted:
            yield f"standby line of borrower {line.borrower_id}: limit_fen is {line.limit_fen}, by its reasons {counted}"
