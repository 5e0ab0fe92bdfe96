"""
Steps `dues` and `arrears`: loans that a date moves on.

`dues`: the running period ends on its due date and the next one begins; what stayed unpaid is watched from then on.
`arrears`: grace ends, or another bucket or class is reached (`wakes_on`). Quiet loans are in neither selection.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import connection

from fenqi.servicing.dayend import by_engine, parts
from fenqi.servicing.projection import THRESHOLDS, TIER_FROM

OF_THIS_PART = parts.of_this_part("l.borrower_id")
IS_UNPAID = """
i.principal_fen + i.interest_fen + i.fee_fen + i.penalty_fen + i.late_fee_fen
> i.principal_paid_fen + i.interest_paid_fen + i.fee_paid_fen + i.penalty_paid_fen + i.late_fee_paid_fen + i.waived_fen
"""

# What was paid on its due date turned with the payment: most of a date's installments are passed over by this.
LEFT = """
SELECT i.borrower_id, i.loan_id, i.number, l.is_plain FROM servicing_loaninstallment i
JOIN servicing_loan l ON l.borrower_id = i.borrower_id AND l.id = i.loan_id
WHERE i.due_on = %(on)s AND i.paid_on IS DISTINCT FROM %(on)s AND l.accrues_to = %(on)s AND l.serviced_by = 'us'
"""

# Who paid ahead owes nothing on the next due date either: what is next to pay then stays as it is.
TURN = f"""
UPDATE servicing_loan l SET
  projected_on = CASE WHEN l.oldest_unpaid_due_on IS NULL THEN %(on)s ELSE l.projected_on END,
  oldest_unpaid_due_on = CASE WHEN l.oldest_unpaid_due_on IS NULL AND {IS_UNPAID} THEN %(on)s
                              ELSE l.oldest_unpaid_due_on END,
  wakes_on = CASE WHEN l.oldest_unpaid_due_on IS NULL AND {IS_UNPAID} THEN %(on)s + l.grace_days + 1
                  ELSE l.wakes_on END,
  next_due_on = CASE WHEN l.next_due_on > %(on)s THEN l.next_due_on ELSE n.due_on END,
  interest_carried_fen = l.interest_carried_fen + l.interest_accruing_fen,
  fee_carried_fen = l.fee_carried_fen + l.fee_accruing_fen,
  subsidy_unearned_fen = l.subsidy_unearned_fen - l.subsidy_accruing_fen,
  accrues_from = n.starts_on,
  accrues_to = n.due_on,
  interest_accruing_fen = coalesce(n.interest_fen, 0),
  fee_accruing_fen = coalesce(n.fee_fen, 0),
  subsidy_accruing_fen = coalesce(n.subsidy_fen, 0)
FROM unnest(%(borrowers)s::bigint[], %(loans)s::uuid[], %(numbers)s::int[]) AS due (borrower_id, loan_id, number)
JOIN servicing_loaninstallment i
  ON i.borrower_id = due.borrower_id AND i.loan_id = due.loan_id AND i.number = due.number
LEFT JOIN servicing_loaninstallment n
  ON n.borrower_id = i.borrower_id AND n.loan_id = i.loan_id AND n.number = i.number + 1
WHERE l.borrower_id = i.borrower_id AND l.id = i.loan_id
  AND l.accrues_to = %(on)s AND l.is_plain AND l.state IN ('active', 'overdue') AND {OF_THIS_PART}
"""


def turn_dues(on: datetime.date) -> dict[str, int]:
    """Move every loan with an installment due on a date into its next period."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT, {"on": on})
        left = cursor.fetchall()
    if not left:
        return {}
    plain = [row for row in left if row[3]]
    keys = {
        "borrowers": _array(row[0] for row in plain),
        "loans": _array(row[1] for row in plain),
        "numbers": _array(row[2] for row in plain),
    }
    turned = parts.run([TURN], keys | {"on": on}, rows=len(plain))[0] if plain else 0
    others = dict.fromkeys((row[0], row[1]) for row in left if not row[3])
    return {"turned": turned, "by_engine": by_engine.project_again(on, others)}


def _array(values: Iterable[object]) -> str:
    """PostgreSQL's way to write an array: thousands of values one by one would take longer than the statement."""
    return "{" + ",".join(str(value) for value in values) + "}"


DAYS = "(%(on)s - l.oldest_unpaid_due_on - l.paused_days)"
BUCKET = f"least(7, ({DAYS} + 29) / 30)"
TIER = "CASE " + " ".join(f"WHEN {DAYS} >= {days} THEN {tier}" for days, tier in TIER_FROM) + " ELSE 1 END"
WAKES = (
    "%(on)s + CASE " + " ".join(f"WHEN {DAYS} < {days} THEN {days} - {DAYS}" for days in THRESHOLDS) + " END"
)
WAKING = f"""
l.wakes_on <= %(on)s AND l.is_plain AND NOT l.is_paused AND l.state IN ('active', 'overdue')
AND l.oldest_unpaid_due_on IS NOT NULL AND {DAYS} > l.grace_days AND {OF_THIS_PART}
"""

# The loan first, as everybody who writes on it: whoever pays waits, and what the next two statements read stays as it is.
# (A locking read would do, but not on many nodes.)
LATE = f"""
UPDATE servicing_loan l SET state = 'overdue'
WHERE {WAKING}
"""

MOVE = f"""
INSERT INTO servicing_bucketmove
  (borrower_id, loan_id, moved_on, from_bucket, to_bucket, book_id, principal_outstanding_fen)
SELECT l.borrower_id, l.id, %(on)s, l.bucket, {BUCKET}, l.book_id, l.principal_outstanding_fen
FROM servicing_loan l
WHERE {WAKING} AND l.bucket <> {BUCKET}
ON CONFLICT (borrower_id, loan_id, moved_on) DO UPDATE SET to_bucket = excluded.to_bucket
"""

# The installments keep the penalty of `projected_on`; bucket and class are of today.
WAKE = f"""
UPDATE servicing_loan l SET bucket = {BUCKET}, tier = {TIER}, wakes_on = {WAKES}
WHERE {WAKING}
"""

WAKE_BY_ENGINE = """
SELECT borrower_id, id FROM servicing_loan WHERE wakes_on <= %(on)s AND serviced_by = 'us'
"""


def move_arrears(on: datetime.date) -> dict[str, int]:
    """Move every loan whose days past due reach a threshold on a date."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM servicing_loan WHERE wakes_on <= %s", [on])
        waking = cursor.fetchone()[0]
    if not waking:
        return {}
    _late, moved, woken = parts.run([LATE, MOVE, WAKE], {"on": on}, rows=waking)
    with connection.cursor() as cursor:
        cursor.execute(WAKE_BY_ENGINE, {"on": on})
        left = cursor.fetchall()
    return {"moved": moved, "woken": woken, "by_engine": by_engine.project_again(on, left)}
