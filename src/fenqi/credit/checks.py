"""What `fenqi verify` asks of credit: quotes, agreements and decisions still say what their hashes were taken over; what is held adds up."""

from __future__ import annotations

from collections.abc import Iterator

from fenqi.credit import quotes, rereading
from fenqi.credit.models import HeldQuote
from fenqi.credit.quotes import OfferMisstated
from fenqi.plumbing import sql_checks

ROWS_AT_ONCE = 500

CHECKS: tuple[sql_checks.Check, ...] = (
    (
        "held quote {0}: amount_fen is {1}, its figures say {2}",
        """
        SELECT id, amount_fen, quote ->> 'amount_fen' FROM credit_heldquote
        WHERE amount_fen::text IS DISTINCT FROM quote ->> 'amount_fen'
        """,
    ),
    (
        "application {0} of borrower {1}: amount_fen is {2}, its quote's {3}",
        """
        SELECT a.id, a.borrower_id, a.amount_fen, q.amount_fen FROM credit_application a
        LEFT JOIN credit_heldquote q ON q.id = a.quote_id
        WHERE a.amount_fen IS DISTINCT FROM q.amount_fen
        """,
    ),
    (
        "agreement {0} of borrower {1}: amount_fen is {2}, its application's {3}",
        """
        SELECT s.id, s.borrower_id, s.amount_fen, a.amount_fen FROM credit_agreement s
        LEFT JOIN credit_application a ON a.borrower_id = s.borrower_id AND a.id = s.application_id
        WHERE s.amount_fen IS DISTINCT FROM a.amount_fen
        """,
    ),
    (
        "agreement {0} of borrower {1} was signed on another quote than {2}",
        """
        SELECT s.id, s.borrower_id, s.quote_id FROM credit_agreement s
        LEFT JOIN credit_heldquote q ON q.id = s.quote_id
        WHERE s.quote_digest IS DISTINCT FROM q.digest
        """,
    ),
    (
        "personexposure with lender '{0}': held_fen is {1}, the open commitments come to {2}",
        """
        SELECT e.lender_code, e.held_fen, coalesce(sum(c.amount_fen), 0) FROM credit_personexposure e
        LEFT JOIN credit_commitment c ON c.person_index = e.person_index AND c.released_at IS NULL
         AND (e.lender_code = '' OR c.lender_code = e.lender_code)
        GROUP BY e.person_index, e.lender_code, e.held_fen
        HAVING e.held_fen <> coalesce(sum(c.amount_fen), 0)
        """,
    ),
    (
        "commitment of application {0} of borrower {1}: amount_fen is {2}, the application's {3}",
        """
        SELECT a.id, a.borrower_id, c.amount_fen, a.amount_fen FROM credit_commitment c
        JOIN credit_application a ON a.borrower_id = c.borrower_id AND a.id = c.subject_id
        WHERE c.kind = 'application' AND c.amount_fen <> a.amount_fen
        """,
    ),
    (
        "application {0} of borrower {1} is {2} and still holds a part of its person's limit",
        """
        SELECT a.id, a.borrower_id, a.state FROM credit_application a
        JOIN credit_commitment c ON c.person_index = a.person_index AND c.subject_id = a.id
        WHERE c.released_at IS NULL AND a.state IN ('declined', 'done', 'cancelled')
        """,
    ),
)


def differences() -> Iterator[str]:
    """The differences found."""
    yield from sql_checks.differences(CHECKS)
    yield from rereading.differences()
    for row in HeldQuote.objects.order_by("id").iterator(ROWS_AT_ONCE):
        try:
            is_whole = quotes.from_json(row.quote).digest() == bytes(row.digest)
        except OfferMisstated:
            is_whole = False
        if not is_whole:
            yield f"held quote {row.id}: its figures do not fit its hash"
