"""What `fenqi verify` asks of purchases: orders, lenders' calls, what goes back and the ledger tell the same amounts."""

from __future__ import annotations

from collections.abc import Iterator

from fenqi.plumbing import sql_checks

CHECKS: tuple[sql_checks.Check, ...] = (
    (
        "purchase {0} of borrower {1}: {2} is {3}, its order's {4}",
        """
        SELECT p.id, p.borrower_id, figure.name, figure.stored, figure.ordered FROM purchases_purchase p
        LEFT JOIN mall_order o ON o.borrower_id = p.borrower_id AND o.id = p.order_id
        CROSS JOIN LATERAL (VALUES
          ('full_amount_fen', p.full_amount_fen, o.full_amount_fen),
          ('financed_amount_fen', p.financed_amount_fen, o.financed_amount_fen)) AS figure (name, stored, ordered)
        WHERE figure.stored IS DISTINCT FROM figure.ordered
        """,
    ),
    (
        "purchase {0} of borrower {1}: financed_amount_fen is {2}, loan {3} began with {4}",
        """
        SELECT p.id, p.borrower_id, p.financed_amount_fen, p.loan_id, l.principal_fen FROM purchases_purchase p
        LEFT JOIN servicing_loan l ON l.borrower_id = p.borrower_id AND l.id = p.loan_id
        WHERE p.loan_id IS NOT NULL AND p.financed_amount_fen IS DISTINCT FROM l.principal_fen
        """,
    ),
    (
        "call {0} of borrower {1} to a lender ({2}): amount_fen is {3}, what it was made for {4}",
        """
        SELECT c.id, c.borrower_id, c.kind, c.amount_fen, coalesce(p.financed_amount_fen, g.to_loan_fen)
        FROM purchases_lendercall c
        LEFT JOIN purchases_purchase p ON p.borrower_id = c.borrower_id AND p.id = c.subject_id
        LEFT JOIN purchases_giveback g ON g.borrower_id = c.borrower_id AND g.id = c.subject_id
        WHERE c.amount_fen IS DISTINCT FROM coalesce(p.financed_amount_fen, g.to_loan_fen)
        """,
    ),
    (
        "give-back {0} of borrower {1}: to_payer_fen is {2}, refunded are {3}",
        """
        SELECT g.id, g.borrower_id, g.to_payer_fen, coalesce(r.amount_fen, 0) FROM purchases_giveback g
        LEFT JOIN payments_refund r ON r.borrower_id = g.borrower_id AND r.reference = 'give-back:' || g.id
        WHERE g.to_payer_fen <> coalesce(r.amount_fen, 0)
        """,
    ),
    (
        "give-back {0} of borrower {1}: to_loan_fen is {2}, the lender was asked to take {3}",
        """
        SELECT g.id, g.borrower_id, g.to_loan_fen, coalesce(c.amount_fen, 0) FROM purchases_giveback g
        LEFT JOIN purchases_lendercall c
          ON c.borrower_id = g.borrower_id AND c.kind = 'refund' AND c.subject_id = g.id
        WHERE g.to_loan_fen <> coalesce(c.amount_fen, 0)
        """,
    ),
    (
        "ledger entry {0} of borrower {1}: {2} fen, the channel moved {3}",
        """
        SELECT t.source, t.borrower_id, t.fen, coalesce(p.amount_fen, r.amount_fen)
        FROM (
          SELECT borrower_id, source, split_part(source, ':', 1) AS what, split_part(source, ':', 2) AS id,
                 sum(amount_fen)::bigint AS fen
          FROM ledger_transfer WHERE source LIKE 'order-%%' GROUP BY 1, 2
        ) t
        LEFT JOIN payments_payment p
          ON t.what = 'order-payment' AND p.borrower_id = t.borrower_id AND p.id::text = t.id
        LEFT JOIN payments_refund r
          ON t.what = 'order-refund' AND r.borrower_id = t.borrower_id AND r.id::text = t.id
        WHERE t.fen IS DISTINCT FROM coalesce(p.amount_fen, r.amount_fen)
        """,
    ),
    (
        "purchase {0} of borrower {1}: its payment {2} of {3} fen is not in the ledger",
        """
        SELECT p.id, p.borrower_id, y.id, y.amount_fen FROM purchases_purchase p
        JOIN payments_payment y ON y.borrower_id = p.borrower_id AND y.id = p.full_payment_id
        WHERE p.full_paid_at IS NOT NULL AND NOT EXISTS (
          SELECT FROM ledger_transfer t WHERE t.borrower_id = p.borrower_id AND t.source = 'order-payment:' || y.id)
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    return sql_checks.differences(CHECKS)
