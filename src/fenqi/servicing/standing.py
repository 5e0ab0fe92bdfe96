"""How a person stands with us over several accounts: for decisions on what else they may owe. Read from the projection, by one statement."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from fenqi.credit.services import Standing
from fenqi.plumbing import business_date

LINE_PRODUCT = "standby"
# A bill of a month is never further apart.
MONTH_DAYS = 31
_READ = """
SELECT l.borrower_id, l.lender_code, l.product, l.principal_outstanding_fen,
       CASE WHEN least(l.oldest_unpaid_due_on, l.next_due_on) < %(on)s
            THEN greatest(%(on)s - least(l.oldest_unpaid_due_on, l.next_due_on) - l.paused_days, 0) ELSE 0 END,
       (SELECT coalesce(sum(i.principal_fen + i.interest_fen + i.fee_fen
                            - i.principal_paid_fen - i.interest_paid_fen - i.fee_paid_fen - i.waived_fen), 0)
        FROM servicing_loaninstallment i
        WHERE i.borrower_id = l.borrower_id AND i.loan_id = l.id AND i.due_on > %(on)s AND i.due_on <= %(until)s)
FROM servicing_loan l
WHERE l.borrower_id = ANY(%(accounts)s) AND l.outstanding_fen > 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenLoan:
    """A loan something is owed of. Amounts in fen; `due_in_a_month_fen` is what its installments still ask within 31 days."""

    borrower_id: int
    lender_code: str
    product: str
    principal_fen: int
    days_past_due: int
    due_in_a_month_fen: int


def open_loans(accounts: Collection[int], *, on: datetime.date) -> list[OpenLoan]:
    """Every loan of these accounts that something is owed of, mirrors of lenders' own included."""
    until = on + datetime.timedelta(days=MONTH_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"accounts": list(accounts), "on": on, "until": until})
        return [
            OpenLoan(
                borrower_id=borrower_id,
                lender_code=lender_code,
                product=product,
                principal_fen=principal_fen,
                days_past_due=days,
                due_in_a_month_fen=max(int(due), 0),
            )
            for borrower_id, lender_code, product, principal_fen, days, due in cursor.fetchall()
        ]


def standing_of(accounts: tuple[int, ...], line_borrowers: frozenset[int]) -> Standing:
    """See credit.services.StandingOf: draws of a line whose limit is held are counted by the line; one statement."""
    loans = open_loans(accounts, on=business_date.current())
    owed: dict[str, int] = {}
    for loan in loans:
        if loan.product != LINE_PRODUCT or loan.borrower_id not in line_borrowers:
            owed[loan.lender_code] = owed.get(loan.lender_code, 0) + loan.principal_fen
    return Standing(
        days_past_due=max((loan.days_past_due for loan in loans), default=0),
        owed_by_lender=owed,
        due_in_a_month_fen=sum(loan.due_in_a_month_fen for loan in loans),
    )
