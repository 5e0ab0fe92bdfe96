"""Who bears interest and fee: the borrower's share is due, the others' shares are theirs to pay."""

from __future__ import annotations

from fenqi.domain.arithmetic import ratio, rounded
from fenqi.domain.state import SubsidyShares
from fenqi.domain.terms import BORROWER_BEARS_ALL, Subsidy

NO_SUBSIDY = SubsidyShares()


def split_cost(subsidy: Subsidy, cost_fen: int) -> tuple[int, SubsidyShares]:
    """
    Split interest or fee into the borrower's share and what merchant, lender and platform bear.

    The parts add up to `cost_fen`: each is rounded half up in that order, the last bearer takes the rest.
    """
    if subsidy == BORROWER_BEARS_ALL or not cost_fen:
        return cost_fen, NO_SUBSIDY
    parts = [0, 0, 0, 0]
    left = cost_fen
    shares = (subsidy.borrower, subsidy.merchant, subsidy.lender, subsidy.platform)
    last = max(index for index, share in enumerate(shares) if share)
    for index, share in enumerate(shares[:last]):
        numerator, denominator = ratio(share)
        parts[index] = min(left, rounded(cost_fen * numerator, denominator))
        left -= parts[index]
    parts[last] = left
    return parts[0], SubsidyShares(*parts[1:])


def add_shares(one: SubsidyShares, other: SubsidyShares) -> SubsidyShares:
    """Sum per bearer."""
    return SubsidyShares(*(a + b for a, b in zip(one, other, strict=True)))


def less_shares(one: SubsidyShares, other: SubsidyShares) -> SubsidyShares:
    """Difference per bearer."""
    return SubsidyShares(*(a - b for a, b in zip(one, other, strict=True)))
