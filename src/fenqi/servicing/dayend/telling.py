"""
Step `reminders`: what borrowers are to be told on the day that begins.

Reminders are written down in bulk; `servicing.notices.hand_over` gives them to messages.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import connection

from fenqi.plumbing import rule_data
from fenqi.servicing import notices
from fenqi.servicing.dayend import parts

FEW = 500
"""So few are handed over at once; more are left to the worker."""

# One reminder a lender and due date, over all of the borrower's loans with it; what it says is counted when it is sent.
DUE = f"""
INSERT INTO servicing_notice (borrower_id, template, key, loan_id, lender_code, on_date, due_on, amount_fen)
SELECT i.borrower_id, %(template)s, l.lender_code || %(key)s, NULL, l.lender_code, %(today)s, i.due_on, 0
FROM servicing_loaninstallment i
JOIN servicing_loan l ON l.borrower_id = i.borrower_id AND l.id = i.loan_id
WHERE i.due_on = %(due_on)s AND i.paid_on IS NULL
  AND l.serviced_by = 'us' AND l.state IN ('active', 'overdue') AND NOT l.is_paused
  AND {parts.of_this_part("i.borrower_id")}
GROUP BY i.borrower_id, l.lender_code, i.due_on
HAVING sum(i.principal_fen + i.interest_fen + i.fee_fen) > 0
ON CONFLICT DO NOTHING
"""

# The debit is announced to those who let it run (payments' switch), so that they can change the card or stop it in time.
DEBITED = DUE.replace(
    "AND NOT l.is_paused",
    "AND NOT l.is_paused\n  AND EXISTS (SELECT FROM payments_autopay a WHERE a.borrower_id = l.borrower_id AND a.is_on)",
)

OVERDUE = f"""
INSERT INTO servicing_notice (borrower_id, template, key, loan_id, lender_code, on_date, due_on, amount_fen)
SELECT l.borrower_id, 'overdue', l.id || ':' || l.oldest_unpaid_due_on || ':' || (%(today)s - l.oldest_unpaid_due_on),
       l.id, l.lender_code, %(today)s, l.oldest_unpaid_due_on, 0
FROM servicing_loan l
WHERE l.oldest_unpaid_due_on = ANY(%(dues)s) AND l.serviced_by = 'us' AND l.state IN ('active', 'overdue')
  AND NOT l.is_paused AND {parts.of_this_part("l.borrower_id")}
ON CONFLICT DO NOTHING
"""


def remind(on: datetime.date) -> dict[str, int]:
    """Write down the reminders of the day after a closed business date."""
    today = on + datetime.timedelta(days=1)
    rules = rule_data.values(
        "notice_days_before_due", "debit_notice_days_before_due", "overdue_reminder_days", on=today
    )
    reminders = {
        f"due_in_{days}": (DUE, _told(today, days, "due_soon" if days else "due_today"))
        for days in rules["notice_days_before_due"]
    }
    reminders["debits_announced"] = (
        DEBITED,
        _told(today, rules["debit_notice_days_before_due"], "debit_scheduled"),
    )
    dues = [today - datetime.timedelta(days=days) for days in rules["overdue_reminder_days"]]
    reminders["overdue"] = (OVERDUE, {"today": today, "dues": dues})
    told = parts.start(
        list(reminders.values()),
        rows=parts.expected("SELECT FROM servicing_loaninstallment WHERE due_on = %s", [today]),
        # Each of these is as much as the other: one for each worker, and what does not go round is split.
        whole=len(rules["notice_days_before_due"]) // parts.WORKERS * parts.WORKERS,
    )()
    counts = dict(zip(reminders, told, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM servicing_notice WHERE handed_at IS NULL LIMIT %s) w",
            [FEW + 1],
        )
        waiting = cursor.fetchone()[0]
    if 0 < waiting <= FEW:
        counts["handed_over"] = notices.hand_over()
    return {name: count for name, count in counts.items() if count}


def _told(today: datetime.date, days: int, template: str) -> dict[str, Any]:
    due_on = today + datetime.timedelta(days=days)
    return {"template": template, "today": today, "due_on": due_on, "key": f":{due_on}:{days}"}
