"""The rate of penalty interest: one place that quotes, agreements and arrears all ask."""

from __future__ import annotations

from decimal import Decimal

from fenqi.domain.terms import LoanTerms


def penalty_annual_rate(terms: LoanTerms, annual_rate: Decimal | None = None) -> Decimal:
    """
    Return what overdue money costs per year: the agreed rate or the multiple of the contract rate, within the cap.

    `annual_rate` is the contract rate in force where an event has changed it. A loan without a rate of its own
    (flat fee, interest-free) uses the one its terms give for that. Source: rules-cn 2.7.
    """
    rules = terms.overdue
    rate = rules.penalty_annual_rate
    if rate is None:
        contract_rate = terms.annual_rate if annual_rate is None else annual_rate
        rate = rules.penalty_multiplier * (contract_rate or rules.rate_without_interest)
    cap = terms.cost_cap_annual_rate
    return rate if cap is None else min(rate, cap)
