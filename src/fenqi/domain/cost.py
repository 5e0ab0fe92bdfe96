"""Interest and flat fee of a row while the loan runs: what is earned to a day, and what changing it frees."""

from __future__ import annotations

from datetime import date

from fenqi.domain.arithmetic import rounded
from fenqi.domain.day_count import factor_of_part
from fenqi.domain.events import Event
from fenqi.domain.running import COMPONENT_OF, FEE, INTEREST, PRINCIPAL, Row, RunningLoan
from fenqi.domain.state import Share, SubsidyShares
from fenqi.domain.subsidy import NO_SUBSIDY, less_shares, split_cost
from fenqi.domain.terms import LoanTerms, Method
from fenqi.domain.trace import InterestSpan

FLAT_METHODS = frozenset({Method.FLAT_FEE, Method.FLAT_INTEREST})
"""Methods whose cost is of the amount financed, not of the balance."""


def cost_position(terms: LoanTerms) -> int:
    """The component the plan's cost sits in."""
    return FEE if terms.method is Method.FLAT_FEE else INTEREST


def planned_cost(loan: RunningLoan, row: Row) -> int:
    """The plan's interest or fee of a row, whoever bears it, without charges."""
    charged = row.fee_charged_fen if loan.terms.method is Method.FLAT_FEE else 0
    return row.due[cost_position(loan.terms)] - charged + row.subsidy.total_fen


def earned_cost(loan: RunningLoan, row: Row, on: date) -> int:
    """
    Interest or fee of a row's period up to a day, whoever bears it.

    Interest on the balances that were, each span rounded to the fen; flat costs by the days of the period.
    """
    if on >= row.due_on:
        return planned_cost(loan, row)
    if on <= row.earned_to:
        return row.earned_fen
    if loan.terms.method in FLAT_METHODS:
        rest = planned_cost(loan, row) - row.earned_fen
        days, of_days = (on - row.earned_to).days, (row.due_on - row.earned_to).days
        return row.earned_fen + rounded(rest * days, of_days, loan.terms.rounding)
    return row.earned_fen + span_interest(loan, row, row.opening_fen, row.earned_to, on)


def span_interest(loan: RunningLoan, row: Row, balance_fen: int, from_on: date, to_on: date) -> int:
    """The interest of a balance over a part of a row's period."""
    terms = loan.terms
    if not terms.annual_rate or not balance_fen:
        return 0
    factor = factor_of_part(terms, row.starts_on, row.due_on, from_on, to_on)
    if loan.trace is not None:
        loan.trace.interest.append(
            InterestSpan(row.number, from_on, to_on, balance_fen, terms.annual_rate, factor)
        )
    return rounded(balance_fen * factor[0], factor[1], terms.rounding)


def set_cost(loan: RunningLoan, row: Row, cost_fen: int) -> int:
    """
    Make `cost_fen` the plan's cost of a row, shared out among its bearers.

    Returns what the borrower had paid above the new due: money freed, which the caller allocates anew.
    """
    position = cost_position(loan.terms)
    charged = row.fee_charged_fen if position == FEE else 0
    due, row.subsidy = split_cost(loan.terms.subsidy, cost_fen)
    return lower_due(row, position, due + charged)


def lower_due(row: Row, position: int, due_fen: int) -> int:
    """Set what is due of a component; what was paid or waived above it is taken back, the paid part is returned."""
    row.set_due(position, due_fen)
    over = -row.open_fen(position)
    if over <= 0:
        return 0
    forgiven = min(over, row.waived[position])
    row.waive(position, -forgiven)
    freed = over - forgiven
    row.unpay(position, freed)
    return freed


def set_principal(row: Row, open_fen: int) -> None:
    """Make `open_fen` what is still to pay of a row's principal, leaving what was paid."""
    row.set_due(PRINCIPAL, row.paid[PRINCIPAL] + row.waived[PRINCIPAL] + open_fen)


def subsidy_of(loan: RunningLoan) -> SubsidyShares:
    """What others bear of the whole plan."""
    totals = [0, 0, 0]
    for row in loan.rows:
        if row.subsidy is not NO_SUBSIDY:
            for bearer, fen in enumerate(row.subsidy):
                totals[bearer] += fen
    return SubsidyShares(*totals)


class Before:
    """A look at the loan before an event that moves money and plan at once, to say afterwards what it did."""

    def __init__(self, loan: RunningLoan) -> None:
        self._paid = [(row, tuple(row.paid)) for row in loan.rows]
        self._cost = _borrower_cost(loan)
        self._subsidy = subsidy_of(loan)
        self._overpaid = loan.overpaid_fen

    def record(self, loan: RunningLoan, event: Event, fee_fen: int = 0) -> None:
        """Keep the event's outcome: what each row and component gained, and what the plan lost in cost."""
        shares: list[Share] = []
        for row, paid in self._paid:
            for position, fen in enumerate(paid):
                if row.paid[position] != fen:
                    shares.append(Share(row.number, COMPONENT_OF[position], row.paid[position] - fen))
        loan.record(
            event,
            shares,
            loan.overpaid_fen - self._overpaid,
            fee_fen=fee_fen,
            interest_back_fen=self._cost + fee_fen - _borrower_cost(loan),
            subsidy_back=less_shares(self._subsidy, subsidy_of(loan)),
        )


def _borrower_cost(loan: RunningLoan) -> int:
    return sum(row.due[INTEREST] + row.due[FEE] for row in loan.rows)
