"""What `fenqi verify` asks of payments: every amount is what its reference was taken for, refunds add up, suspense is what waits."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import Sum

from fenqi.domain.posting_rules import Account
from fenqi.ledger import queries as ledger
from fenqi.payments.models import Payment, PayOut, Refund, UnplacedMoney
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
    (
        "unplaced money {0}: amount_fen is {1}, the ledger took in {2}",
        """
        SELECT m.id, m.amount_fen, coalesce(t.amount_fen, 0) FROM payments_unplacedmoney m
        LEFT JOIN ledger_transfer t ON t.borrower_id = 0 AND t.entry_id = md5('unplaced:' || m.id)::uuid
          AND t.credit_account = 224101 AND t.business_date = m.booked_on
        WHERE t.amount_fen IS DISTINCT FROM m.amount_fen
        """,
    ),
    (
        "unplaced money {0}: open_fen is {1}, its moves leave {2}",
        """
        SELECT m.id, m.open_fen, m.amount_fen - coalesce(v.fen, 0) FROM payments_unplacedmoney m
        LEFT JOIN (
          SELECT money_id, sum(CASE WHEN kind = 'taken_back' THEN -amount_fen ELSE amount_fen END)::bigint AS fen
          FROM payments_unplacedmove GROUP BY 1
        ) v ON v.money_id = m.id
        WHERE m.open_fen <> m.amount_fen - coalesce(v.fen, 0)
        """,
    ),
    (
        "unplaced move {1} of {0}: amount_fen is {2}, the ledger moved {3}",
        """
        SELECT v.money_id, v.number, v.amount_fen, coalesce(t.amount_fen, 0) FROM payments_unplacedmove v
        LEFT JOIN ledger_transfer t ON t.borrower_id = 0 AND t.entry_id = md5('unplaced:' || v.money_id || ':' || v.number)::uuid
          AND 224101 = CASE WHEN v.kind = 'taken_back' THEN t.credit_account ELSE t.debit_account END
          AND t.business_date = v.moved_on
        WHERE t.amount_fen IS DISTINCT FROM v.amount_fen
        """,
    ),
    (
        "unplaced return {0}: amount_fen is {1}, move {2} of {3} is {4}",
        """
        SELECT r.id, r.amount_fen, r.number, r.money_id, coalesce(v.amount_fen, 0) FROM payments_unplacedreturn r
        LEFT JOIN payments_unplacedmove v ON v.money_id = r.money_id AND v.number = r.number AND v.kind = 'returned'
        WHERE r.amount_fen IS DISTINCT FROM v.amount_fen
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    yield from sql_checks.differences(CHECKS)
    yield from _of_suspense()
    for model, (scope, fields) in CLAIMED.items():
        contents = (
            (f"{row.borrower_id}:{row.reference}", {field: getattr(row, field) for field in fields})
            for row in model.objects.order_by("borrower_id", "id").iterator(ROWS_AT_ONCE)
        )
        for key in idempotency.changed(scope=scope, contents=contents):
            yield _named(model, key)


def _of_suspense() -> Iterator[str]:
    waiting_fen = UnplacedMoney.objects.aggregate(fen=Sum("open_fen"))["fen"] or 0
    held_fen = -ledger.balance(Account.SUSPENSE, datetime.date.max)
    if held_fen != waiting_fen:
        yield f"account {Account.SUSPENSE:d}: the ledger holds {held_fen} fen in suspense, unplaced money that waits is {waiting_fen}"


def _named(model: Any, key: str) -> str:
    borrower_id, _colon, reference = key.partition(":")
    row = model.objects.get(borrower_id=int(borrower_id), reference=reference)
    return (
        f"{model._meta.model_name} {row.id} of borrower {borrower_id}: {row.amount_fen} fen for {row.purpose}"
        f" {row.subject}, its reference {reference} was taken for something else"
    )
