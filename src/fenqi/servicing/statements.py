"""
Statements of a loan and of a borrower over a span of dates: what happened, what it met, what was left after it.

The balances are the engine's own: the loan is replayed as it stood after each event.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from fenqi.domain.events import Event
from fenqi.domain.replay import replay
from fenqi.domain.state import Amounts
from fenqi.domain.terms import LoanTerms
from fenqi.servicing import loading
from fenqi.servicing.models import Loan


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """One event of a loan; `parts` is what it met by component, `principal_after_fen` the principal left after it."""

    on: datetime.date
    sequence: int
    kind: str
    amount_fen: int
    parts: Amounts
    overpaid_fen: int
    is_reversed: bool
    principal_after_fen: int


@dataclass(frozen=True, kw_only=True)
class LoanStatement:
    """A loan over a span: principal at its beginning, lines, principal and everything owed at its end."""

    borrower_id: int
    loan_id: UUID
    number: str
    lender_code: str
    product: str
    from_on: datetime.date
    to_on: datetime.date
    opening_principal_fen: int
    lines: tuple[StatementLine, ...]
    closing_principal_fen: int
    closing_outstanding_fen: int
    """Principal, interest, fee, penalty and late fee still to pay over the rest of the plan."""
    overpaid_fen: int
    next_due_on: datetime.date | None


@dataclass(frozen=True, kw_only=True)
class BorrowerStatement:
    """All loans of a borrower that we service; `elsewhere` are the numbers of those whose lender does."""

    borrower_id: int
    from_on: datetime.date
    to_on: datetime.date
    loans: tuple[LoanStatement, ...]
    elsewhere: tuple[str, ...]

    @property
    def closing_principal_fen(self) -> int:
        """Principal left over all loans."""
        return sum(loan.closing_principal_fen for loan in self.loans)

    @property
    def closing_outstanding_fen(self) -> int:
        """Everything still to pay over all loans."""
        return sum(loan.closing_outstanding_fen for loan in self.loans)


def loan_statement(
    *, borrower_id: int, loan_id: UUID, from_on: datetime.date, to_on: datetime.date
) -> LoanStatement:
    """
    A loan's statement over a span, both dates included.

    Raises: LoanNotFound; ServicedByLender where the lender keeps the loan's books.
    """
    loan, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    return _statement(loan, terms, events, from_on, to_on)


def borrower_statement(
    *, borrower_id: int, from_on: datetime.date, to_on: datetime.date
) -> BorrowerStatement:
    """The statements of all loans a borrower had by the end of a span, oldest first."""
    loans = list(
        Loan.objects.filter(borrower_id=borrower_id, opened_on__lte=to_on).order_by("opened_on", "number")
    )
    events = loading.events_of(borrower_id, [loan.id for loan in loans])
    return BorrowerStatement(
        borrower_id=borrower_id,
        from_on=from_on,
        to_on=to_on,
        loans=tuple(
            _statement(loan, loading.terms_of(loan), events.get(loan.id, []), from_on, to_on)
            for loan in loans
            if loan.terms_id is not None
        ),
        elsewhere=tuple(loan.number for loan in loans if loan.terms_id is None),
    )


def _statement(
    loan: Loan, terms: LoanTerms, events: list[Event], from_on: datetime.date, to_on: datetime.date
) -> LoanStatement:
    known = sorted(
        (event for event in events if event.on <= to_on), key=lambda event: (event.on, event.sequence)
    )
    before = [event for event in known if event.on < from_on]
    day_before = from_on - datetime.timedelta(days=1)
    closing = replay(terms, known, to_on) if known else None
    outcomes = {outcome.event_id: outcome for outcome in closing.outcomes} if closing else {}
    lines = []
    for place, event in enumerate(known[len(before) :], len(before) + 1):
        outcome = outcomes.get(event.id)
        lines.append(
            StatementLine(
                on=event.on,
                sequence=event.sequence,
                kind=event.kind.value,
                amount_fen=event.amount_fen,
                parts=outcome.by_component() if outcome else Amounts(),
                overpaid_fen=outcome.overpaid_fen if outcome else 0,
                is_reversed=bool(outcome and outcome.reversed),
                principal_after_fen=replay(terms, known[:place], event.on).principal_outstanding_fen,
            )
        )
    return LoanStatement(
        borrower_id=loan.borrower_id,
        loan_id=loan.id,
        number=loan.number,
        lender_code=loan.lender_code,
        product=loan.product,
        from_on=from_on,
        to_on=to_on,
        opening_principal_fen=replay(terms, before, day_before).principal_outstanding_fen if before else 0,
        lines=tuple(lines),
        closing_principal_fen=closing.principal_outstanding_fen if closing else 0,
        closing_outstanding_fen=closing.outstanding_fen if closing else 0,
        overpaid_fen=closing.overpaid_fen if closing else 0,
        next_due_on=closing.next_due_on if closing else None,
    )
