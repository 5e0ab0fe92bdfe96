"""A small book for the specifications: terms, loans and what they owe, in the words of the business."""

from __future__ import annotations

import datetime
from decimal import Decimal
from uuid import UUID

from fenqi.domain.terms import LoanTerms, Method
from fenqi.ledger import queries as ledger_queries
from fenqi.ledger import seed
from fenqi.plumbing import business_date, ids
from fenqi.plumbing.models import BusinessDate
from fenqi.servicing import services

OPENED = datetime.date(2026, 1, 8)

ANNUITY = LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=12, annual_rate=Decimal("0.144"))
FREE = LoanTerms(method=Method.INTEREST_FREE, installments=3)
FLAT = LoanTerms(method=Method.FLAT_FEE, installments=6, flat_fee_rate=Decimal("0.006"))


def start(on: datetime.date = OPENED) -> None:
    """Open the books on a date, with their chart of accounts."""
    seed.load()
    business_date.start(on)
    move_to(on)


def move_to(on: datetime.date) -> None:
    """Make `on` the business date without closing the days between."""
    BusinessDate.objects.filter(name="main").update(open_on=on)


def a_loan(
    terms: LoanTerms = ANNUITY,
    principal_fen: int = 499_900,
    *,
    borrower_id: int | None = None,
    on: datetime.date = OPENED,
    lender_code: str = "jiangcheng",
    reference: str | None = None,
    product: str = "installment",
    lender_share_bp: int = 10_000,
) -> tuple[int, UUID]:
    """Open a loan and tell (borrower_id, loan_id)."""
    borrower_id = borrower_id or ids.new_borrower_id()
    loan_id = services.open_loan(
        borrower_id=borrower_id,
        agreement_id=None,
        order_id=None,
        lender_code=lender_code,
        terms=terms,
        principal_fen=principal_fen,
        on=on,
        source="test",
        reference=reference or str(ids.new_id()),
        product=product,
        lender_share_bp=lender_share_bp,
    )
    return borrower_id, loan_id


def balances(on: datetime.date, borrower_id: int | None = None) -> dict[str, int]:
    """Balances that are not zero, by the account's name, on its own side."""
    from fenqi.domain.posting_rules import Account

    if borrower_id is not None:
        found = {
            account.name: ledger_queries.balance(account, on, borrower_id=borrower_id) for account in Account
        }
        return {name: fen for name, fen in found.items() if fen}
    trial = ledger_queries.trial_balance(on)
    assert trial.difference_fen == 0
    names = {int(account): account.name for account in Account}
    return {names[row.code]: row.balance_fen for row in trial if row.balance_fen}
