"""What `fenqi verify` asks of payments: every amount is what its reference was taken for, refunds add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fenqi.payments.models import Payment, PayOut, Refund
from fenqi.plumbing import idempotency, sql_checks

ROWS_AT_ONCE = 1_000

# Of each kind: the scope of its references and what a reference was taken for (services.paying, services.giving_back).
CLAIMED: dict[Any, tuple[str, tuple[str, ...]]] = {
    Payment: ("payments.start", ("amount_fen", "purpose", "subject", "card_id")),
    Refund: ("payments.refund", ("payment_id", "amount_fen")),
    PayOut: ("payments.payout", ("card_id", "amount_fen", "purpose", "subject")),
}

CHECKS: tuple[sql_checks.Check, ...] = (
    (
        "payment {0} of borrower {1}: refunded_fen is {2}, its refunds add up to {3}",
        """
        SELECT p.id, p.borrower_id, p.refunded_fen, coalesce(r.fen, 0) FROM payments_payment p
        LEFT JOIN (
          SELECT borrower_id, payment_id, sum(amount_fen)::bigint AS fen FROM payments_refund
          WHERE state <> 'FAILED' GROUP BY 1, 2
        ) r ON r.borrower_id = p.borrower_id AND r.payment_id = p.id
        WHERE p.refunded_fen <> coalesce(r.fen, 0)
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    yield from sql_checks.differences(CHECKS)
    for model, (scope, fields) in CLAIMED.items():
        contents = (
            (f"{row.borrower_id}:{row.reference}", {field: getattr(row, field) for field in fields})
            for row in model.objects.order_by("borrower_id", "id").iterator(ROWS_AT_ONCE)
        )
        for key in idempotency.changed(scope=scope, contents=contents):
            yield _named(model, key)


def _named(model: Any, key: str) -> str:
    borrower_id, _colon, reference = key.partition(":")
    row = model.objects.get(borrower_id=int(borrower_id), reference=reference)
    return (
        f"{model._meta.model_name} {row.id} of borrower {borrower_id}: {row.amount_fen} fen for {row.purpose}"
        f" {row.subject}, its reference {reference} was taken for something else"
    )
