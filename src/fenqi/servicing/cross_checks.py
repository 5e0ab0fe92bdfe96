"""
What stands in two places of servicing must say the same: asked of the database, each difference named.

A control total is a sum that a day-end's step noted beside the rows it wrote (`servicing_dayendstep.counts`).
"""

from __future__ import annotations

from collections.abc import Iterator

from fenqi.domain.posting_rules import Account
from fenqi.plumbing import sql_checks
from fenqi.servicing.dayend.closing import CONTROL_TOTALS
from fenqi.servicing.tie_out import TIED

PRINCIPAL = int(Account.LOAN_PRINCIPAL)

REFERENCES: tuple[sql_checks.Check, ...] = (
    (
        "loan {0} of {1}: principal_fen is {2}, its payout {3}",
        """
        SELECT l.id, l.borrower_id, l.principal_fen, e.amount_fen FROM servicing_loan l
        LEFT JOIN servicing_loanevent e
          ON e.borrower_id = l.borrower_id AND e.loan_id = l.id AND e.sequence = 1 AND e.kind = 'payout'
        WHERE l.serviced_by = 'us' AND l.principal_fen IS DISTINCT FROM e.amount_fen
        """,
    ),
    (
        "loan {0} of {1}: principal_fen is {2}, its reference {3} was taken for {4}",
        """
        SELECT r.loan_id, r.borrower_id, l.principal_fen, r.reference, r.amount_fen FROM servicing_eventreference r
        LEFT JOIN servicing_loan l ON l.borrower_id = r.borrower_id AND l.id = r.loan_id
        WHERE r.kind = 'mirror' AND l.principal_fen IS DISTINCT FROM r.amount_fen
        """,
    ),
    (
        "reference {0} of borrower {1}: a bill of {2} fen, its parts {3}",
        r"""
        SELECT b.reference, b.borrower_id, b.amount_fen, p.fen FROM servicing_eventreference b
        LEFT JOIN (
          SELECT borrower_id, regexp_replace(reference, '#\d+$', '') AS reference, sum(amount_fen)::bigint AS fen
          FROM servicing_eventreference WHERE kind = 'received' AND reference ~ '#\d+$' GROUP BY 1, 2
        ) p ON p.borrower_id = b.borrower_id AND p.reference = b.reference
        WHERE b.kind = 'bill' AND b.amount_fen IS DISTINCT FROM p.fen
        """,
    ),
)

# Of a loan its lender services, what the columns say must follow from the installments it told us.
MIRRORS: tuple[sql_checks.Check, ...] = (
    (
        "loan {0} of {1}, serviced by its lender: {2} is {3}, by its installments {4}",
        """
        SELECT l.id, l.borrower_id, figure.name, figure.stored, figure.counted
        FROM servicing_loan l
        LEFT JOIN (
          SELECT borrower_id, loan_id, sum(principal_fen) FILTER (WHERE paid_on IS NULL) AS principal_fen,
                 sum(principal_fen + interest_fen + fee_fen + penalty_fen + late_fee_fen - principal_paid_fen
                     - interest_paid_fen - fee_paid_fen - penalty_paid_fen - late_fee_paid_fen - waived_fen)
                   FILTER (WHERE paid_on IS NULL) AS outstanding_fen
          FROM servicing_loaninstallment GROUP BY 1, 2
        ) i ON i.borrower_id = l.borrower_id AND i.loan_id = l.id
        CROSS JOIN LATERAL (VALUES
          ('principal_outstanding_fen', l.principal_outstanding_fen, coalesce(i.principal_fen, 0)),
          ('outstanding_fen', l.outstanding_fen, coalesce(i.outstanding_fen, 0)),
          ('overpaid_fen', l.overpaid_fen, 0),
          ('interest_carried_fen', l.interest_carried_fen, 0), ('interest_accruing_fen', l.interest_accruing_fen, 0),
          ('fee_carried_fen', l.fee_carried_fen, 0), ('fee_accruing_fen', l.fee_accruing_fen, 0),
          ('subsidy_unearned_fen', l.subsidy_unearned_fen, 0),
          ('subsidy_accruing_fen', l.subsidy_accruing_fen, 0)) AS figure (name, stored, counted)
        WHERE l.serviced_by = 'lender' AND figure.stored <> figure.counted
        """,
    ),
    (
        "loan {0} of {1}, serviced by its lender: installment {2}: {3} is {4}, by the others {5}",
        """
        SELECT i.loan_id, i.borrower_id, i.number, figure.name, figure.stored, figure.counted
        FROM (
          SELECT r.*, coalesce(sum(r.principal_fen) OVER (
                   PARTITION BY r.borrower_id, r.loan_id ORDER BY r.number DESC
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS after_fen
          FROM servicing_loaninstallment r
          JOIN servicing_loan l ON l.borrower_id = r.borrower_id AND l.id = r.loan_id AND l.serviced_by = 'lender'
        ) i
        CROSS JOIN LATERAL (VALUES
          ('balance_after_fen', i.balance_after_fen, i.after_fen),
          ('late_fee_fen', i.late_fee_fen, 0), ('late_fee_paid_fen', i.late_fee_paid_fen, 0),
          ('waived_fen', i.waived_fen, 0), ('subsidy_fen', i.subsidy_fen, 0),
          ('principal_paid_fen', i.principal_paid_fen, CASE WHEN i.paid_on IS NOT NULL THEN i.principal_fen END),
          ('interest_paid_fen', i.interest_paid_fen, CASE WHEN i.paid_on IS NOT NULL THEN i.interest_fen END),
          ('fee_paid_fen', i.fee_paid_fen, CASE WHEN i.paid_on IS NOT NULL THEN i.fee_fen END),
          ('penalty_paid_fen', i.penalty_paid_fen, CASE WHEN i.paid_on IS NOT NULL THEN i.penalty_fen END)
        ) AS figure (name, stored, counted)
        WHERE figure.stored <> figure.counted
        """,
    ),
)

NOTICES: tuple[sql_checks.Check, ...] = (
    (
        "notice {0} of borrower {1} about loan {2}: amount_fen is {3}, the event's {4}",
        """
        SELECT n.template, n.borrower_id, n.loan_id, n.amount_fen, e.amount_fen FROM servicing_notice n
        LEFT JOIN servicing_loanevent e ON e.borrower_id = n.borrower_id AND e.loan_id = n.loan_id
          AND e.sequence = split_part(n.key, ':', 2)::int
        WHERE n.template IN ('paid', 'settled') AND n.amount_fen IS DISTINCT FROM e.amount_fen
        """,
    ),
    (
        "notice {0} of borrower {1} about loan {2}: amount_fen is {3}, the debit's {4}",
        """
        SELECT n.template, n.borrower_id, n.loan_id, n.amount_fen, d.amount_fen FROM servicing_notice n
        JOIN payments_debit d ON d.borrower_id = n.borrower_id AND d.loan_id = n.loan_id AND d.due_on = n.due_on
          AND d.business_on = n.on_date
        WHERE n.template = 'debit_failed' AND n.amount_fen <> d.amount_fen
        """,
    ),
    (
        "notice {0} of borrower {1} about loan {2}: amount_fen is {3} and not 0: a reminder says what is owed when it is sent",
        """
        SELECT template, borrower_id, loan_id, amount_fen FROM servicing_notice
        WHERE template NOT IN ('paid', 'settled', 'debit_failed') AND amount_fen <> 0
        """,
    ),
)

INSTRUCTIONS: tuple[sql_checks.Check, ...] = (
    (
        "debit instruction of loan {0} of {1} on {2}: amount_fen is {3}, booked are {4}",
        """
        SELECT d.loan_id, d.borrower_id, d.business_date, d.amount_fen, r.amount_fen FROM servicing_debitinstruction d
        LEFT JOIN servicing_eventreference r ON r.reference = d.debit_id::text
        WHERE d.state = 'booked' AND d.amount_fen IS DISTINCT FROM r.amount_fen
        """,
    ),
    (
        "debit instruction of loan {0} of {1} on {2}: amount_fen is {3}, the debit's {4}",
        """
        SELECT d.loan_id, d.borrower_id, d.business_date, d.amount_fen, p.amount_fen FROM servicing_debitinstruction d
        JOIN payments_debit p ON p.borrower_id = d.borrower_id AND p.loan_id = d.loan_id AND p.due_on = d.due_on
          AND p.business_on = d.business_date
        WHERE d.amount_fen <> p.amount_fen
        """,
    ),
    (
        "debit instructions of {0} add up to {1} fen, step debits made {2}",
        """
        SELECT s.business_date, coalesce(d.fen, 0), (s.counts ->> 'asked_fen')::bigint
        FROM servicing_dayendstep s
        LEFT JOIN (
          SELECT business_date, sum(amount_fen)::bigint AS fen FROM servicing_debitinstruction GROUP BY 1
        ) d ON d.business_date = s.business_date
        WHERE s.name = 'debits' AND s.state = 'finished' AND s.counts ? 'asked_fen'
          AND coalesce(d.fen, 0) <> (s.counts ->> 'asked_fen')::bigint
        """,
    ),
)

# A move tells the principal of its moment: what the ledger had before that date or after one of the date's entries.
MOVES: tuple[sql_checks.Check, ...] = (
    (
        "bucket move of loan {0} of {1} on {2}: principal_outstanding_fen is {3}, the ledger had {4}",
        f"""
        WITH entries AS (
          SELECT t.borrower_id, t.loan_id, t.business_date, split_part(t.source, ':', 3)::int AS sequence,
                 sum(CASE WHEN t.debit_account = {PRINCIPAL} THEN t.amount_fen ELSE -t.amount_fen END) AS fen
          FROM ledger_transfer t
          WHERE {PRINCIPAL} IN (t.debit_account, t.credit_account) AND t.source LIKE 'loan:%%'
            AND EXISTS (SELECT FROM servicing_bucketmove m WHERE m.borrower_id = t.borrower_id AND m.loan_id = t.loan_id)
          GROUP BY 1, 2, 3, 4
        ), running AS (
          SELECT borrower_id, loan_id, business_date, sequence, sum(fen) OVER (
                   PARTITION BY borrower_id, loan_id ORDER BY sequence)::bigint AS fen
          FROM entries
        ), had AS (
          SELECT m.borrower_id, m.loan_id, m.moved_on, m.principal_outstanding_fen, r.fen,
                 r.business_date = m.moved_on OR r.sequence = max(r.sequence) FILTER (WHERE r.business_date < m.moved_on)
                   OVER (PARTITION BY m.borrower_id, m.loan_id, m.moved_on) AS is_of_moment
          FROM servicing_bucketmove m
          JOIN running r ON r.borrower_id = m.borrower_id AND r.loan_id = m.loan_id AND r.business_date <= m.moved_on
        )
        SELECT loan_id, borrower_id, moved_on, principal_outstanding_fen, array_agg(fen) FILTER (WHERE is_of_moment)
        FROM had GROUP BY loan_id, borrower_id, moved_on, principal_outstanding_fen
        HAVING NOT bool_or(is_of_moment AND fen = principal_outstanding_fen)
        """,
    ),
)

SUMS = ", ".join(f"sum({column})::bigint AS {column}" for column in CONTROL_TOTALS)
CONTROLS = ", ".join(
    f"('{column}', coalesce(b.{column}, 0), (s.counts ->> '{total}')::bigint)"
    for column, total in CONTROL_TOTALS.items()
)
TIES = ", ".join(f"('{column}', {int(account)}, b.{column}, {side})" for column, account, side in TIED)
ACCOUNTS = ", ".join(str(int(account)) for _column, account, _side in TIED)

BOOK_DAYS: tuple[sql_checks.Check, ...] = (
    (
        "book days of {0}: {1} adds up to {2} fen, step accrual wrote {3}",
        f"""
        SELECT s.business_date, figure.name, figure.fen, figure.written
        FROM servicing_dayendstep s
        LEFT JOIN (SELECT business_date, {SUMS} FROM servicing_bookday GROUP BY 1) b
          ON b.business_date = s.business_date
        CROSS JOIN LATERAL (VALUES {CONTROLS}) AS figure (name, fen, written)
        WHERE s.name = 'accrual' AND s.state = 'finished' AND figure.fen <> figure.written
        """,
    ),
    (
        # Sub-ledger and ledger of every closed date. Where somebody paid between accrual and close, or had paid already
        # for a later date while the day-end was late, another date ties them.
        "book {1} on {0}: the loans say {2} {3} fen, the ledger {4}",
        f"""
        WITH told AS (
          SELECT b.business_date, b.book_id, tie.name, tie.account, tie.fen, tie.side
          FROM (SELECT business_date, book_id, {SUMS} FROM servicing_bookday GROUP BY 1, 2) b
          CROSS JOIN LATERAL (VALUES {TIES}) AS tie (name, account, fen, side)
        ), moved AS (
          SELECT business_date, book_id, account, sum(fen) AS fen
          FROM (
            SELECT business_date, book_id, account, debit_fen - credit_fen AS fen FROM ledger_daytotal
            WHERE account IN ({ACCOUNTS})
            UNION ALL SELECT business_date, book_id, account, 0 FROM told
          ) both_of_them
          GROUP BY 1, 2, 3
        ), kept AS (
          SELECT business_date, book_id, account,
                 sum(fen) OVER (PARTITION BY book_id, account ORDER BY business_date)::bigint AS fen
          FROM moved
        )
        SELECT t.business_date, t.book_id, t.name, t.fen, t.side * k.fen
        FROM told t
        JOIN kept k ON k.business_date = t.business_date AND k.book_id = t.book_id AND k.account = t.account
        JOIN ledger_closedday c ON c.business_date = t.business_date
        JOIN servicing_dayendstep s ON s.business_date = t.business_date AND s.name = 'accrual'
        WHERE t.fen <> t.side * k.fen
          AND NOT EXISTS (
            SELECT FROM ledger_transfer l
            WHERE l.book_id = t.book_id AND l.loan_id IS NOT NULL
              AND (l.business_date = t.business_date AND l.posted_at > s.started_at - interval '1 minute'
                OR l.business_date > t.business_date AND l.posted_at < s.finished_at))
        """,
    ),
)

UNPLACED: tuple[sql_checks.Check, ...] = (
    (
        "unplaced move {1} of {0}: {2} fen placed, the repayment it was booked as is {3}",
        """
        SELECT v.money_id, v.number, v.amount_fen, r.amount_fen FROM payments_unplacedmove v
        LEFT JOIN servicing_eventreference r ON r.reference = 'approved:' || v.approval_id AND r.kind = 'received'
        WHERE v.kind = 'placed' AND r.amount_fen IS DISTINCT FROM v.amount_fen
        """,
    ),
    (
        "unplaced move {1} of {0} takes back what was placed on loan {2}, whose repayment stands",
        """
        SELECT v.money_id, v.number, placed.subject FROM payments_unplacedmove v
        JOIN payments_unplacedmove placed
          ON placed.money_id = v.money_id AND placed.number = v.undoes AND placed.kind = 'placed'
        LEFT JOIN servicing_eventreference r
          ON r.reference = 'approved:' || v.approval_id AND r.kind LIKE 'reversal of %%'
        WHERE r.reference IS NULL
        """,
    ),
)

CHECKS = (*REFERENCES, *MIRRORS, *NOTICES, *INSTRUCTIONS, *MOVES, *BOOK_DAYS, *UNPLACED)


def differences() -> Iterator[str]:
    """The differences found."""
    return sql_checks.differences(CHECKS)
