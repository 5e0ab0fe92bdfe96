"""How a person stands with us, as credit wants to know it: loans of all their accounts, draws of a line counted by the line."""

from __future__ import annotations

from fenqi.credit.services import Standing
from fenqi.plumbing import business_date
from fenqi.servicing import queries as servicing

LINE_PRODUCT = "standby"


def standing_of(accounts: tuple[int, ...], line_borrowers: frozenset[int]) -> Standing:
    """See credit.services.StandingOf; one statement."""
    loans = servicing.open_loans(accounts, on=business_date.current())
    owed: dict[str, int] = {}
    for loan in loans:
        if loan.product == LINE_PRODUCT and loan.borrower_id in line_borrowers:
            continue
        owed[loan.lender_code] = owed.get(loan.lender_code, 0) + loan.principal_fen
    return Standing(
        days_past_due=max((loan.days_past_due for loan in loans), default=0),
        owed_by_lender=owed,
        due_in_a_month_fen=sum(loan.due_in_a_month_fen for loan in loans),
    )
