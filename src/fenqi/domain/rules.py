"""Rules of a loan as data: the order money is allocated in, what settling costs, what being overdue costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

from fenqi.domain.errors import TermsError


class Component(StrEnum):
    """The parts a due amount is made of."""

    PRINCIPAL = "principal"
    INTEREST = "interest"
    FEE = "fee"
    PENALTY = "penalty"
    LATE_FEE = "late_fee"


class Timing(StrEnum):
    """Where an installment's due date lies, seen from the day money arrives."""

    PAST_DUE = "past_due"
    DUE = "due"
    IN_ADVANCE = "in_advance"


class Direction(StrEnum):
    """Which comes first, the installment or the component."""

    HORIZONTAL = "horizontal"
    """Installment by installment, all components of one before the next."""
    VERTICAL = "vertical"
    """Component by component, each over all installments before the next component."""


class FutureRule(StrEnum):
    """Which future installments money in advance goes to."""

    NEXT = "next"
    LAST = "last"
    RE_AMORTISE = "re_amortise"
    """Equal shares over all future installments."""


class InterestTo(StrEnum):
    """Up to when a settlement charges interest."""

    DAY = "day"
    """The day of settlement: the running period's interest by its days."""
    PERIOD_END = "period_end"
    """The end of the running period."""
    MATURITY = "maturity"
    """The end of the loan: everything as scheduled."""


class RemainingFee(StrEnum):
    """What happens to flat fees of periods that have not begun when a loan is settled early."""

    WAIVED = "waived"
    CHARGED = "charged"


class RefundOrder(StrEnum):
    """How a merchant's refund lowers the plan."""

    SPREAD = "spread"
    """As if the goods given back had never been financed: every installment shrinks by the same share."""
    FUTURE_FIRST = "future_first"
    LAST_FIRST = "last_first"
    RE_AMORTISE = "re_amortise"
    """The principal left is laid over the future installments again."""
    AS_PAYMENT = "as_payment"
    """Like money received, by the allocation rules."""


class PenaltyBase(StrEnum):
    """What penalty is counted on."""

    OVERDUE_PRINCIPAL = "overdue_principal"
    OVERDUE_TOTAL = "overdue_total"
    """Overdue principal, interest and fee."""


class PenaltyFrom(StrEnum):
    """The day after which penalty counts, once the grace is over."""

    DUE_DATE = "due_date"
    GRACE_END = "grace_end"


Claim = tuple[Timing, Component]
Step = tuple[Timing, tuple[int, ...]]
"""A timing and the positions of the components taken of each installment, in order."""

COMPONENTS_COST_FIRST = (
    Component.LATE_FEE,
    Component.PENALTY,
    Component.FEE,
    Component.INTEREST,
    Component.PRINCIPAL,
)
COMPONENTS_PRINCIPAL_FIRST = (
    Component.PRINCIPAL,
    Component.INTEREST,
    Component.FEE,
    Component.PENALTY,
    Component.LATE_FEE,
)


def order_of(*components: Component) -> tuple[Claim, ...]:
    """Past due, then due, then in advance, each in the order of `components`."""
    return tuple((timing, component) for timing in Timing for component in components)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationOrder:
    """One order of claims and how it walks over the installments."""

    claims: tuple[Claim, ...] = order_of(*COMPONENTS_COST_FIRST)
    direction: Direction = Direction.HORIZONTAL
    future: FutureRule = FutureRule.NEXT
    steps: tuple[Step, ...] = field(init=False, repr=False, compare=False)
    """The claims as the allocation walks them: what is taken of one installment before the next."""
    simple_walk: tuple[int, ...] | None = field(init=False, repr=False, compare=False)
    """The positions taken of every installment, where one walk from the oldest on is all there is to the order."""

    def __post_init__(self) -> None:
        if len(set(self.claims)) != len(self.claims):
            raise TermsError("allocation.claims", self.claims, "every claim once")
        object.__setattr__(self, "steps", tuple(_steps(self)))
        object.__setattr__(self, "simple_walk", _simple_walk(self))


def _steps(order: AllocationOrder) -> Iterator[Step]:
    position_of = {component: position for position, component in enumerate(Component)}
    if order.direction is Direction.VERTICAL:
        for timing, component in order.claims:
            yield timing, (position_of[component],)
        return
    for timing, claims in groupby(order.claims, key=itemgetter(0)):
        yield timing, tuple(position_of[component] for _, component in claims)


def _simple_walk(order: AllocationOrder) -> tuple[int, ...] | None:
    steps = order.steps
    is_simple = (
        order.direction is Direction.HORIZONTAL
        and order.future is FutureRule.NEXT
        and tuple(timing for timing, _ in steps) == tuple(Timing)
        and len({positions for _, positions in steps}) == 1
    )
    return steps[0][1] if is_simple else None


COST_FIRST = AllocationOrder()
PRINCIPAL_FIRST = AllocationOrder(claims=order_of(*COMPONENTS_PRINCIPAL_FIRST), direction=Direction.VERTICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOrder:
    """The order of one kind of event, where it differs from the usual one."""

    kind: str
    order: AllocationOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRules:
    """
    Orders of allocation: the usual one, others by kind of event, another once a loan is old in arrears.

    Default: costs, then interest, then principal, oldest installment first (Civil Code art. 561); more than
    90 days past due principal first. Source: rules-cn 2.8.
    """

    usual: AllocationOrder = COST_FIRST
    by_kind: tuple[KindOrder, ...] = ()
    aged: AllocationOrder | None = PRINCIPAL_FIRST
    aged_after_days: int = 90
    chargeback: tuple[Component, ...] = (Component.PRINCIPAL,)
    """Which parts of a repayment a chargeback puts back first; what is left is put back as principal."""

    def __post_init__(self) -> None:
        if self.aged_after_days < 0:
            raise TermsError("allocation.aged_after_days", self.aged_after_days, "at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRules:
    """
    What paying everything off early costs.

    Default: interest and fee by the day, nothing for the time after, no settlement fee (Civil Code art. 677).
    `fee_rate` is of the principal settled. Source: rules-cn 2.5.
    """

    interest_to: InterestTo = InterestTo.DAY
    remaining_fee: RemainingFee = RemainingFee.WAIVED
    fee_rate: Decimal = Decimal(0)
    fee_fixed_fen: int = 0
    fee_floor_fen: int = 0
    fee_cap_fen: int | None = None
    fee_free_from: int | None = None
    """The number of the running installment from which on settling costs no fee."""

    def __post_init__(self) -> None:
        for name in ("fee_rate", "fee_fixed_fen", "fee_floor_fen"):
            if getattr(self, name) < 0:
                raise TermsError(f"settlement.{name}", getattr(self, name), "at least 0")
        if self.fee_cap_fen is not None and self.fee_cap_fen < self.fee_floor_fen:
            raise TermsError("settlement.fee_cap_fen", self.fee_cap_fen, "at least the floor, or none")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRules:
    """
    What a merchant's refund does to the plan.

    `interest_back`: interest and fee of the refunded share are given back from the first day; otherwise only
    those of the time after the refund. It applies to the orders that shrink the plan, not to AS_PAYMENT.
    """

    order: RefundOrder = RefundOrder.SPREAD
    interest_back: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueRules:
    """
    What being overdue means and costs.

    Within `grace_days` after the due date nothing is overdue; once they are over, penalty counts from the day
    after the due date. An installment short by at most `tolerance_fen` after a payment rolls to the next due date.
    The penalty rate is `penalty_annual_rate` where given, else `penalty_multiplier` x the contract rate, and
    never above the cost cap; loans without a rate of their own use `rate_without_interest` as contract rate.
    `late_fee_rate` is of the amount overdue. Source: rules-cn 2.6, 2.7.
    """

    grace_days: int = 3
    tolerance_fen: int = 1000
    penalty_annual_rate: Decimal | None = None
    penalty_multiplier: Decimal = Decimal("1.5")
    rate_without_interest: Decimal = Decimal("0.1825")
    penalty_base: PenaltyBase = PenaltyBase.OVERDUE_PRINCIPAL
    penalty_from: PenaltyFrom = PenaltyFrom.DUE_DATE
    compounding: bool = False
    late_fee_fixed_fen: int = 0
    late_fee_rate: Decimal = Decimal(0)
    late_fee_cap_fen: int | None = None

    def __post_init__(self) -> None:
        for name in (
            "grace_days",
            "tolerance_fen",
            "penalty_multiplier",
            "rate_without_interest",
            "late_fee_fixed_fen",
            "late_fee_rate",
        ):
            if getattr(self, name) < 0:
                raise TermsError(f"overdue.{name}", getattr(self, name), "at least 0")
        if self.penalty_annual_rate is not None and self.penalty_annual_rate < 0:
            raise TermsError("overdue.penalty_annual_rate", self.penalty_annual_rate, "at least 0, or none")
        if self.late_fee_cap_fen is not None and self.late_fee_cap_fen < 0:
            raise TermsError("overdue.late_fee_cap_fen", self.late_fee_cap_fen, "at least 0, or none")
