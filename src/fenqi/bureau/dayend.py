"""
The day-end's step of the credit record: rows for what happened today.

Once the date is closed borrowers are told and the bureau hears what has changed (export.report): no letter and no call
to anybody belongs in a close.

Only loans something happened to are touched: a due date today, grace run out, settled, a month carried over, and rows
that already show overdue. A loan the lender services itself is reported by that lender.
"""

from __future__ import annotations

import datetime

from django.db import IntegrityError

from fenqi.bureau.status import BOUNDS, month_of
from fenqi.plumbing import rule_data
from fenqi.servicing.dayend import parts

# Days past due are counted, never stored: nothing is rewritten because a night has passed.
DAYS_PAST_DUE = (
    "CASE WHEN loan.bucket > 0 THEN %(on)s - loan.oldest_unpaid_due_on - loan.paused_days ELSE 0 END"
)

STATUS = (
    "CASE WHEN loan.state = 'written_off' THEN 'G' WHEN loan.state = 'charged_off' THEN 'B'"
    " WHEN loan.state IN ('settled', 'overpaid') THEN 'C'"
    f" WHEN ({DAYS_PAST_DUE}) <= %(grace)s THEN {{in_order}}"
    + "".join(f" WHEN ({DAYS_PAST_DUE}) <= {bound} THEN '{char}'" for bound, char in BOUNDS)
    + " ELSE '7' END"
)

# Most loans owe nothing: their installments are not read.
OVERDUE_FEN = """
    CASE WHEN loan.oldest_unpaid_due_on IS NULL THEN 0 ELSE coalesce((
        SELECT sum(due.principal_fen + due.interest_fen + due.fee_fen + due.late_fee_fen
                   - due.principal_paid_fen - due.interest_paid_fen - due.fee_paid_fen - due.late_fee_paid_fen)
        FROM servicing_loaninstallment AS due
        WHERE due.borrower_id = loan.borrower_id AND due.loan_id = loan.id AND due.paid_on IS NULL
          AND due.due_on < %(on)s
    ), 0) END
"""
OF_THIS_PART = parts.of_this_part("loan.borrower_id")

INSERT = f"""
    INSERT INTO bureau_creditrow (borrower_id, loan_id, month, status, days_past_due, balance_fen, overdue_fen,
                                  as_of, is_corrected, is_withheld, reported_status)
    SELECT loan.borrower_id, loan.id, %(month)s, {STATUS.format(in_order="{in_order}")}, {DAYS_PAST_DUE},
           loan.principal_outstanding_fen, {OVERDUE_FEN}, %(on)s, false, false, ''
    FROM servicing_loan AS loan
    WHERE loan.serviced_by = 'us' AND {OF_THIS_PART} AND {{touched}}
    ON CONFLICT (borrower_id, loan_id, month) DO UPDATE
    SET status = excluded.status, days_past_due = excluded.days_past_due, balance_fen = excluded.balance_fen,
        overdue_fen = excluded.overdue_fen, as_of = excluded.as_of, is_withheld = false
    WHERE NOT bureau_creditrow.is_corrected AND bureau_creditrow.status <> excluded.status
      AND NOT (bureau_creditrow.status = 'M' AND excluded.status = 'N')
"""  # noqa: S608 - made of this module's own constants

# The first row of a loan's month: almost all rows of a day, and looking for a conflict would cost half as much again.
FIRST_OF_MONTH = INSERT[: INSERT.index("ON CONFLICT")]

# Why a loan is looked at today, as a condition on it.
DUE_TODAY = """
    EXISTS (SELECT 1 FROM servicing_loaninstallment AS due
            WHERE due.borrower_id = loan.borrower_id AND due.loan_id = loan.id AND due.due_on = %(on)s)
"""
GRACE_OVER = """
    EXISTS (SELECT 1 FROM servicing_loaninstallment AS due
            WHERE due.borrower_id = loan.borrower_id AND due.loan_id = loan.id
              AND due.due_on = %(grace_over)s AND due.paid_on IS NULL)
"""
SETTLED_TODAY = "loan.settled_on = %(on)s"
OVERDUE_LAST_MONTH = f"""
    EXISTS (SELECT 1 FROM bureau_creditrow AS before
            WHERE before.borrower_id = loan.borrower_id AND before.loan_id = loan.id
              AND before.month = %(month_before)s AND before.status BETWEEN '1' AND '7')
    AND ({DAYS_PAST_DUE}) > %(grace)s
"""  # noqa: S608 - made of this module's own constants

# Rows of this month that show overdue: worse, or cured, which is M until the month is over.
MOVE_ON = f"""
    UPDATE bureau_creditrow AS row
    SET status = {STATUS.format(in_order="'M'")}, days_past_due = {DAYS_PAST_DUE},
        balance_fen = loan.principal_outstanding_fen, overdue_fen = {OVERDUE_FEN}, as_of = %(on)s, is_withheld = false
    FROM servicing_loan AS loan
    WHERE row.month = %(month)s AND row.status BETWEEN '1' AND '7' AND NOT row.is_corrected
      AND {OF_THIS_PART} AND loan.borrower_id = row.borrower_id AND loan.id = row.loan_id
      AND row.status <> {STATUS.format(in_order="'M'")}
"""  # noqa: S608 - made of this module's own constants


def credit_rows(on: datetime.date) -> dict[str, int]:
    """Write what `on` did to the credit record. Safe to run again for the same date."""
    month = month_of(on)
    grace = rule_data.value("bureau.grace_days", on=on)
    given = {
        "on": on,
        "month": month,
        "month_before": month_of(month - datetime.timedelta(days=1)),
        "grace": grace,
        "grace_over": on - datetime.timedelta(days=grace + 1),
    }
    due = parts.expected("SELECT FROM servicing_loaninstallment WHERE due_on = %s", [on])
    try:
        rows = parts.run([FIRST_OF_MONTH.format(in_order="'N'", touched=DUE_TODAY)], given, rows=due)
    except IntegrityError:
        # The date is run again, or one of them has two due dates in a month.
        rows = parts.run([INSERT.format(in_order="'N'", touched=DUE_TODAY)], given, rows=due)
    statements = [
        INSERT.format(in_order="'N'", touched=GRACE_OVER),
        INSERT.format(in_order="'N'", touched=SETTLED_TODAY),
        MOVE_ON,
    ]
    if on == month:
        statements.append(INSERT.format(in_order="'N'", touched=OVERDUE_LAST_MONTH))
    return {"rows": sum(rows) + sum(parts.run(statements, given, rows=due))}
