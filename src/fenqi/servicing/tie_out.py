"""
Sub-ledger and ledger side by side: what the loans say and what the accounts hold, per loan and in total.

Per loan it is the engine's answer from the events against the loan's own transfers; in total the loans of a closed date,
added up by book as its day-end found them, against the balances of that date.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from fenqi.domain.events import Event, EventKind
from fenqi.domain.posting_rules import Account, book_principal
from fenqi.domain.replay import replay
from fenqi.domain.state import LoanState
from fenqi.ledger import queries as ledger
from fenqi.payments import unplaced
from fenqi.plumbing import business_date
from fenqi.servicing import loading, recording
from fenqi.servicing.models import BookDay
from fenqi.servicing.recording import LOSSES, RECEIVED, lender_share_fen, subsidies

SUSPENSE = "suspense"
"""How money that waits to be placed stands among the books: it is of none."""

MONEY_OUT = frozenset({EventKind.OVERPAYMENT_REFUND, EventKind.CHARGEBACK})

# Column of a book's day, the account it is tied to, and whether that grows by debits (1) or credits (-1).
TIED = (
    ("principal_outstanding_fen", Account.LOAN_PRINCIPAL, 1),
    ("interest_receivable_fen", Account.INTEREST_RECEIVABLE, 1),
    ("fee_receivable_fen", Account.FEE_RECEIVABLE, 1),
    ("subsidy_unearned_fen", Account.UNEARNED_SUBSIDY, -1),
)


@dataclass(frozen=True, kw_only=True)
class Tie:
    """One figure on both sides, fen; of a book (`lender_code`, `product`) or of a loan."""

    account: Account
    loans_fen: int
    ledger_fen: int
    lender_code: str = ""
    product: str = ""

    @property
    def difference_fen(self) -> int:
        """What the ledger has more."""
        return self.ledger_fen - self.loans_fen


def in_total(on: datetime.date) -> tuple[Tie, ...]:
    """
    Every book of a closed date, and money nobody has placed against suspense.

    What somebody paid between the date's accrual and its close, or for a later date while the day-end was late, shows as a
    difference here and is in the next date's figures.
    """
    balances = ledger.balances_by_book(on)
    told = {
        row["book_id"]: row
        for row in BookDay.objects.filter(business_date=on)
        .values("book_id")
        .annotate(**{column: Sum(column) for column, _account, _side in TIED})
    }
    ties = (
        Tie(
            lender_code=book["lender_code"],
            product=book["product"],
            account=account,
            loans_fen=int(told.get(book["id"], {}).get(column) or 0),
            ledger_fen=side * balances.get((account, book["id"]), 0),
        )
        for book in ledger.books()
        for column, account, side in TIED
    )
    waiting = Tie(
        product=SUSPENSE,
        account=Account.SUSPENSE,
        loans_fen=unplaced.open_fen(on),
        ledger_fen=-sum(fen for (account, _book), fen in balances.items() if account == Account.SUSPENSE),
    )
    return tuple(tie for tie in (*ties, waiting) if tie.loans_fen or tie.ledger_fen)


def of_loan(*, borrower_id: int, loan_id: UUID) -> tuple[Tie, ...]:
    """One loan as it stands now. Raises: LoanNotFound, ServicedByLender."""
    loan, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    as_of = max(recording.today(business_date.current()), loan.last_event_on)
    expected = expected_balances(
        events,
        replay(terms, events, as_of),
        lender_share_bp=loan.lender_share_bp,
        through_channel=loan.is_through_channel,
        is_lost=loan.state in LOSSES,
    )
    held: dict[int, int] = {}
    for _on, _source, debit, credit, fen in ledger.entries_of(borrower_id=borrower_id, loan_id=loan_id):
        held[debit] = held.get(debit, 0) + fen
        held[credit] = held.get(credit, 0) - fen
    ties = (
        Tie(account=account, loans_fen=fen, ledger_fen=held.get(account, 0))
        for account, fen in expected.items()
    )
    return tuple(tie for tie in ties if tie.loans_fen or tie.ledger_fen)


def expected_balances(
    events: Sequence[Event],
    state: LoanState,
    *,
    lender_share_bp: int,
    through_channel: bool,
    is_lost: bool,
) -> dict[Account, int]:
    """What a loan's own transfers must add up to, debits less credits by account, fen."""
    paid = state.totals.paid
    borne = subsidies(state)
    payouts = [event.amount_fen for event in events if event.kind is EventKind.PAYOUT]
    by_lender_fen = sum(lender_share_fen(fen, lender_share_bp) for fen in payouts)
    expected = {
        Account.LENDER_FUNDING: -by_lender_fen,
        Account.LENDER_RECEIVABLE: by_lender_fen if through_channel else 0,
        Account.OWN_FUNDS: 0 if through_channel else by_lender_fen - sum(payouts),
        Account.LOAN_PRINCIPAL: book_principal(state),
        Account.OVERPAYMENT: -state.overpaid_fen,
        Account.CHANNEL_CASH: _cash(events, through_channel=through_channel),
        Account.SUSPENSE: 0,
        Account.MERCHANT_SUBSIDY_RECEIVABLE: borne.merchant_fen,
        Account.LENDER_SUBSIDY_RECEIVABLE: borne.lender_fen,
        Account.SUBSIDY_EXPENSE: borne.platform_fen,
    }
    if not is_lost:
        # After a loss what comes in is a recovery, whatever component it meets.
        expected |= {
            Account.INTEREST_RECEIVABLE: -paid.interest_fen,
            Account.FEE_RECEIVABLE: -paid.fee_fen,
            Account.PENALTY_INCOME: -paid.penalty_fen,
            Account.LATE_FEE_INCOME: -paid.late_fee_fen,
        }
    return expected


def _cash(events: Iterable[Event], *, through_channel: bool) -> int:
    """What the events of a loan moved through the channel, fen."""
    kept = list(events)
    reversed_ids = {event.reverses for event in kept if event.reverses}
    total = 0
    for event in kept:
        if event.id in reversed_ids:
            continue
        if event.kind in RECEIVED:
            total += event.amount_fen
        elif event.kind in MONEY_OUT or (event.kind is EventKind.PAYOUT and through_channel):
            total -= event.amount_fen
    return total
