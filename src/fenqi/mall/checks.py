"""What `fenqi verify` asks of the mall: orders, returns and shelf prices add up."""

from __future__ import annotations

from collections.abc import Iterator

from fenqi.plumbing import sql_checks

CHECKS: tuple[sql_checks.Check, ...] = (
    (
        "order {0} of borrower {1}: {2} is {3}, its lines add up to {4}",
        """
        SELECT o.number, o.borrower_id, figure.name, figure.stored, figure.counted
        FROM mall_order o
        LEFT JOIN (
          SELECT borrower_id, order_id, sum(amount_fen)::bigint AS total_fen,
                 coalesce(sum(amount_fen) FILTER (WHERE pays_by = 'full'), 0)::bigint AS full_fen,
                 coalesce(sum(amount_fen) FILTER (WHERE pays_by = 'installments'), 0)::bigint AS financed_fen
          FROM mall_orderline GROUP BY 1, 2
        ) l ON l.borrower_id = o.borrower_id AND l.order_id = o.id
        CROSS JOIN LATERAL (VALUES
          ('total_fen', o.total_fen, l.total_fen),
          ('full_amount_fen', o.full_amount_fen, l.full_fen),
          ('financed_amount_fen', o.financed_amount_fen, l.financed_fen)) AS figure (name, stored, counted)
        WHERE figure.stored IS DISTINCT FROM figure.counted
        """,
    ),
    (
        "return {0} of borrower {1}: amount_fen is {2}, its lines add up to {3}",
        """
        SELECT r.id, r.borrower_id, r.amount_fen, l.fen FROM mall_return r
        LEFT JOIN (
          SELECT g.borrower_id, g.return_id, sum(o.amount_fen)::bigint AS fen FROM mall_returnline g
          JOIN mall_orderline o ON o.borrower_id = g.borrower_id AND o.id = g.order_line_id
          GROUP BY 1, 2
        ) l ON l.borrower_id = r.borrower_id AND l.return_id = r.id
        WHERE r.amount_fen IS DISTINCT FROM l.fen
        """,
    ),
    (
        "product {0}: price_from_fen is {1}, its cheapest variant costs {2}",
        """
        SELECT p.slug, p.price_from_fen, v.fen FROM mall_product p
        LEFT JOIN (SELECT product_id, min(price_fen) AS fen FROM mall_variant GROUP BY 1) v ON v.product_id = p.slug
        WHERE p.price_from_fen IS DISTINCT FROM v.fen
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    return sql_checks.differences(CHECKS)
