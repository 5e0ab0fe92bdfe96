"""
Steps `debits` and `collections`: ask for what is due, book what came in.

An installment paid exactly, on a loan that is on schedule in every way (`is_plain`), leaves the loan in a state a
formula can tell: those are booked by eight statements, whatever their number. Everything else goes through the engine.
`fenqi verify` replays both kinds alike.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

import psycopg
from django.db import IntegrityError, connection

from fenqi.domain.posting_rules import Account
from fenqi.payments import queries as payment_queries
from fenqi.payments import services as payments
from fenqi.plumbing import clock, outbox, rule_data
from fenqi.servicing.dayend import by_engine, parts
from fenqi.servicing.recording import SETTLED

Collector = Callable[[datetime.date], dict[str, int]]

INSTRUCT_DUE = f"""
INSERT INTO servicing_debitinstruction
  (borrower_id, loan_id, due_on, business_date, number, book_id, is_plain, amount_fen, state, failure, is_last)
SELECT i.borrower_id, i.loan_id, i.due_on, %(on)s, i.number, l.book_id,
       l.is_plain AND l.state = 'active' AND l.bucket = 0,
       i.principal_fen + i.interest_fen + i.fee_fen + i.penalty_fen + i.late_fee_fen
         - i.principal_paid_fen - i.interest_paid_fen - i.fee_paid_fen - i.penalty_paid_fen - i.late_fee_paid_fen
         - i.waived_fen,
       'made', '', false
FROM servicing_loaninstallment i
JOIN servicing_loan l ON l.borrower_id = i.borrower_id AND l.id = i.loan_id
WHERE i.due_on = %(on)s AND i.paid_on IS NULL
  AND l.serviced_by = 'us' AND l.state IN ('active', 'overdue') AND NOT l.is_paused
  AND i.principal_fen + i.interest_fen + i.fee_fen + i.penalty_fen + i.late_fee_fen
      > i.principal_paid_fen + i.interest_paid_fen + i.fee_paid_fen + i.penalty_paid_fen + i.late_fee_paid_fen
        + i.waived_fen
  AND {parts.of_this_part("i.borrower_id")}
ON CONFLICT DO NOTHING
"""

# The same for what has stayed unpaid on the days before: few loans have an oldest unpaid due date at all.
INSTRUCT_AGAIN = INSTRUCT_DUE.replace(
    "WHERE i.due_on = %(on)s AND",
    "WHERE l.oldest_unpaid_due_on BETWEEN %(again_from)s AND %(again_to)s"
    " AND i.due_on BETWEEN l.oldest_unpaid_due_on AND %(again_to)s AND",
)


def make_instructions(on: datetime.date, collect: Collector) -> dict[str, int]:
    """Write down what is to be debited on a business date, have it collected, tell the counts."""
    further_days = int(rule_data.value("debit_retry", on=on)["further_days"])
    due, again = parts.run(
        [INSTRUCT_DUE, INSTRUCT_AGAIN],
        {
            "on": on,
            "again_from": on - datetime.timedelta(days=further_days),
            "again_to": on - datetime.timedelta(days=1),
        },
        rows=parts.expected("SELECT FROM servicing_loaninstallment WHERE due_on = %s", [on]),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'made'), coalesce(sum(amount_fen), 0)::bigint"
            " FROM servicing_debitinstruction WHERE business_date = %s",
            [on],
        )
        made, asked_fen = cursor.fetchone()
    # The sum is noted so that a fen changed in an instruction later is found.
    counts = {"due": due, "again": again, "asked_fen": asked_fen}
    return counts | collect(on) if made else counts


def collect_through_payments(on: datetime.date) -> dict[str, int]:
    """Hand the instructions to payments, which debits cards through the channel, and take over the outcomes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT borrower_id, loan_id, due_on, amount_fen FROM servicing_debitinstruction"
            " WHERE business_date = %s AND state = 'made' ORDER BY borrower_id, loan_id, due_on",
            [on],
        )
        while rows := cursor.fetchmany(1000):
            payments.intend_debits(
                [
                    {
                        "borrower_id": row[0],
                        "loan_id": row[1],
                        "due_on": row[2],
                        "amount_fen": row[3],
                        "on": on,
                    }
                    for row in rows
                ]
            )
    run = payments.run_debits(on=on)
    take_outcomes(on)
    return {"succeeded": run.succeeded, "failed": run.failed, "unknown": run.unknown + run.waiting}


OUTCOMES = """
UPDATE servicing_debitinstruction d SET state = o.state, debit_id = o.debit_id, failure = o.failure
FROM unnest(%(borrowers)s::bigint[], %(loans)s::uuid[], %(dues)s::date[], %(ids)s::uuid[], %(states)s::text[], %(failures)s::text[])
     AS o (borrower_id, loan_id, due_on, debit_id, state, failure)
WHERE d.business_date = %(on)s AND d.borrower_id = o.borrower_id AND d.loan_id = o.loan_id AND d.due_on = o.due_on
  AND d.state IN ('made', 'unknown')
"""
STATES = {"SUCCEEDED": "collected", "FAILED": "failed"}


def take_outcomes(on: datetime.date) -> None:
    """Bring the instructions of a date to what payments knows of them."""
    outcomes = payment_queries.debit_outcomes(on)
    with connection.cursor() as cursor:
        cursor.execute(
            OUTCOMES,
            {
                "on": on,
                "borrowers": [row.borrower_id for row in outcomes],
                "loans": [row.loan_id for row in outcomes],
                "dues": [row.due_on for row in outcomes],
                "ids": [row.id for row in outcomes],
                "states": [STATES.get(row.state, "unknown") for row in outcomes],
                "failures": [row.failure_code for row in outcomes],
            },
        )
        cursor.execute(
            "UPDATE servicing_debitinstruction SET state = 'none' WHERE business_date = %s AND state = 'made'",
            [on],
        )


# What was collected of this date and part, with the loan and the installment.
COLLECTED = """
servicing_debitinstruction d
JOIN servicing_loaninstallment i
  ON i.borrower_id = d.borrower_id AND i.loan_id = d.loan_id AND i.number = d.number
"""
OF_THIS_PART = f"d.business_date = %(on)s AND {parts.of_this_part('d.borrower_id')}"
IS_COLLECTED = f"{OF_THIS_PART} AND d.state = 'collected'"
# What this very transaction booked: the instruction says it, so that what follows need not look at the loan again.
BOOKED_NOW = f"{OF_THIS_PART} AND d.booked_at = %(now)s"

# The loan first: its row lock keeps services out, and the columns are those servicing.projection would give.
# That the installment is the next one to pay is asked of the loan itself: who paid it by hand while we waited for the lock
# has changed the loan we then see, but not the installment, which is seen as it was when the statement began.
BOOK_LOAN = f"""
UPDATE servicing_loan l SET
  sequence = l.sequence + 1,
  last_event_on = %(on)s,
  projected_on = %(on)s,
  booked_debit_id = d.debit_id,
  principal_outstanding_fen = l.principal_outstanding_fen - i.principal_fen,
  outstanding_fen = l.outstanding_fen - d.amount_fen,
  state = CASE WHEN n.number IS NULL THEN 'settled' ELSE 'active' END,
  settled_on = CASE WHEN n.number IS NULL THEN %(on)s END,
  next_due_on = n.due_on,
  oldest_unpaid_due_on = NULL,
  wakes_on = NULL,
  interest_carried_fen = l.interest_carried_fen - i.interest_fen
    + CASE WHEN l.accrues_to <= %(on)s THEN l.interest_accruing_fen ELSE 0 END,
  fee_carried_fen = l.fee_carried_fen - i.fee_fen
    + CASE WHEN l.accrues_to <= %(on)s THEN l.fee_accruing_fen ELSE 0 END,
  subsidy_unearned_fen = l.subsidy_unearned_fen
    - CASE WHEN l.accrues_to <= %(on)s THEN l.subsidy_accruing_fen ELSE 0 END,
  accrues_from = n.starts_on,
  accrues_to = n.due_on,
  interest_accruing_fen = coalesce(n.interest_fen, 0),
  fee_accruing_fen = coalesce(n.fee_fen, 0),
  subsidy_accruing_fen = coalesce(n.subsidy_fen, 0)
FROM {COLLECTED}
LEFT JOIN servicing_loaninstallment n
  ON n.borrower_id = d.borrower_id AND n.loan_id = d.loan_id AND n.number = d.number + 1
WHERE {IS_COLLECTED} AND d.is_plain
  AND l.borrower_id = d.borrower_id AND l.id = d.loan_id
  AND l.is_plain AND l.state = 'active' AND l.bucket = 0 AND l.last_event_on <= %(on)s AND l.overpaid_fen = 0
  AND coalesce(l.oldest_unpaid_due_on, l.next_due_on) = i.due_on
  AND i.due_on <= %(on)s AND (n.due_on IS NULL OR n.due_on > %(on)s)
  AND i.paid_on IS NULL AND i.penalty_fen = 0 AND i.late_fee_fen = 0 AND i.waived_fen = 0
  AND i.principal_paid_fen = 0 AND i.interest_paid_fen = 0 AND i.fee_paid_fen = 0
  AND d.amount_fen = i.principal_fen + i.interest_fen + i.fee_fen
"""

BOOK_INSTRUCTION = f"""
UPDATE servicing_debitinstruction d SET
  state = 'booked', sequence = l.sequence, booked_at = %(now)s, is_last = l.state = 'settled'
FROM servicing_loan l
WHERE {IS_COLLECTED} AND l.borrower_id = d.borrower_id AND l.id = d.loan_id AND l.booked_debit_id = d.debit_id
"""

BOOK_INSTALLMENT = f"""
UPDATE servicing_loaninstallment i SET
  principal_paid_fen = i.principal_fen, interest_paid_fen = i.interest_fen, fee_paid_fen = i.fee_fen, paid_on = %(on)s
FROM servicing_debitinstruction d
WHERE {BOOKED_NOW} AND i.borrower_id = d.borrower_id AND i.loan_id = d.loan_id AND i.number = d.number
"""

# No conflict is passed over: a reference that stands already means that the handler was faster, and the part begins anew.
BOOK_REFERENCE = f"""
INSERT INTO servicing_eventreference (reference, borrower_id, loan_id, sequence, kind, amount_fen)
SELECT d.debit_id::text, d.borrower_id, d.loan_id, d.sequence, 'received', d.amount_fen
FROM servicing_debitinstruction d
WHERE {BOOKED_NOW}
"""

BOOK_EVENT = f"""
INSERT INTO servicing_loanevent
  (borrower_id, loan_id, sequence, kind, happened_on, amount_fen, source, reference)
SELECT d.borrower_id, d.loan_id, d.sequence, 'repayment', %(on)s, d.amount_fen, 'debit', d.debit_id::text
FROM servicing_debitinstruction d
WHERE {BOOKED_NOW}
"""

BOOK_TRANSFERS = f"""
INSERT INTO ledger_transfer
  (borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account, amount_fen, business_date, source)
SELECT d.borrower_id, md5('loan:' || d.loan_id || ':' || d.sequence)::uuid, legs.leg, d.loan_id, d.book_id,
       {int(Account.CHANNEL_CASH)}, legs.credit, legs.fen, %(on)s, 'loan:' || d.loan_id || ':' || d.sequence
FROM {COLLECTED}
CROSS JOIN LATERAL (VALUES
  (1, {int(Account.LOAN_PRINCIPAL)}, i.principal_fen),
  (CASE WHEN i.principal_fen > 0 THEN 2 ELSE 1 END, {int(Account.INTEREST_RECEIVABLE)}, i.interest_fen),
  (CASE WHEN i.principal_fen > 0 THEN 2 ELSE 1 END + CASE WHEN i.interest_fen > 0 THEN 1 ELSE 0 END,
   {int(Account.FEE_RECEIVABLE)}, i.fee_fen)) AS legs (leg, credit, fen)
WHERE {BOOKED_NOW} AND legs.fen > 0
"""

BOOK_NOTICE = f"""
INSERT INTO servicing_notice (borrower_id, template, key, loan_id, lender_code, on_date, amount_fen)
SELECT d.borrower_id, CASE WHEN d.is_last THEN 'settled' ELSE 'paid' END, d.loan_id || ':' || d.sequence, d.loan_id,
       b.lender_code, %(on)s, d.amount_fen
FROM servicing_debitinstruction d
JOIN ledger_book b ON b.id = d.book_id
WHERE {BOOKED_NOW}
ON CONFLICT DO NOTHING
"""

# As recording.announce does for the engine. The payload is put together by hand: jsonb_build_object is not immutable.
BOOK_SETTLED = outbox.published_from(
    SETTLED,
    f"""
SELECT d.borrower_id, d.loan_id || ':' || d.sequence,
  ('{{"borrower_id":' || d.borrower_id || ',"loan_id":"' || d.loan_id || '","number":"' || l.number || '"}}')::jsonb
FROM servicing_debitinstruction d
JOIN servicing_loan l ON l.borrower_id = d.borrower_id AND l.id = d.loan_id
WHERE {BOOKED_NOW} AND d.is_last
""",
)

BOOK = (
    BOOK_LOAN,
    BOOK_INSTRUCTION,
    BOOK_INSTALLMENT,
    BOOK_REFERENCE,
    BOOK_EVENT,
    BOOK_TRANSFERS,
    BOOK_NOTICE,
    BOOK_SETTLED,
)


def book_collections(on: datetime.date) -> dict[str, int]:
    """Book what was collected on a business date: in bulk what is plain, the rest through the engine."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM servicing_debitinstruction WHERE business_date = %s AND state = 'collected'",
            [on],
        )
        collected = cursor.fetchone()[0]
    if not collected:
        return {}
    in_bulk = parts.start(_booking(on), rows=collected)
    # Meanwhile the engine takes what was not plain from the start, never the same loan; then what the bulk left.
    by_the_engine = by_engine.book_collected(on, only_odd=True)
    try:
        booked = in_bulk()[0]
    except (IntegrityError, psycopg.errors.UniqueViolation):
        # A handler booked one of them between our statements; now its installment is paid and the bulk leaves it out.
        booked = parts.start(_booking(on), rows=collected)()[0]
    return {"in_bulk": booked, "by_engine": by_the_engine + by_engine.book_collected(on)}


def _booking(on: datetime.date) -> parts.Statements:
    given = {"on": on, "now": clock.wall()}
    return [(statement, given) for statement in BOOK]
