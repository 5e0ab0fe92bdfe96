"""What a loan owes at a date: the values a replay returns. All amounts are fen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Protocol

from fenqi.domain.events import EventKind
from fenqi.domain.rules import Component


class LoanStatus(StrEnum):
    """Where a loan stands."""

    PENDING = "pending"
    """Nothing is paid out yet."""
    ACTIVE = "active"
    OVERDUE = "overdue"
    """Something is past due and its grace is over."""
    SETTLED = "settled"
    OVERPAID = "overpaid"
    """Nothing is owed and the borrower has money to come."""
    CHARGED_OFF = "charged_off"
    WRITTEN_OFF = "written_off"


class InstallmentStatus(StrEnum):
    """Where an installment stands."""

    UPCOMING = "upcoming"
    DUE = "due"
    """Due today, or past its due date but within grace, tolerance or a pause."""
    OVERDUE = "overdue"
    PAID = "paid"


class Amounts(NamedTuple):
    """Fen by component."""

    principal_fen: int = 0
    interest_fen: int = 0
    fee_fen: int = 0
    penalty_fen: int = 0
    late_fee_fen: int = 0

    @property
    def total_fen(self) -> int:
        """The sum of the components."""
        return sum(self)


class SubsidyShares(NamedTuple):
    """Fen of interest and fee that others bear for the borrower."""

    merchant_fen: int = 0
    lender_fen: int = 0
    platform_fen: int = 0

    @property
    def total_fen(self) -> int:
        """What the borrower is spared."""
        return sum(self)


class Installment(NamedTuple):
    """One period's due at the date of the state. `principal_fen` and so on are what is due in all."""

    number: int
    starts_on: date
    due_on: date
    balance_after_fen: int
    principal_fen: int
    interest_fen: int
    fee_fen: int
    penalty_fen: int
    late_fee_fen: int
    principal_paid_fen: int
    interest_paid_fen: int
    fee_paid_fen: int
    penalty_paid_fen: int
    late_fee_paid_fen: int
    principal_waived_fen: int
    interest_waived_fen: int
    fee_waived_fen: int
    penalty_waived_fen: int
    late_fee_waived_fen: int
    total_fen: int
    paid_fen: int
    waived_fen: int
    outstanding_fen: int
    subsidy: SubsidyShares
    paid_on: date | None
    status: InstallmentStatus
    days_past_due: int
    pay_by_on: date
    """The day up to which paying is in time: the due date, moved by days off."""
    paid_in_advance_fen: int
    paid_late_fen: int
    is_down_payment: bool
    put_back_fen: int
    """Principal a chargeback or an excess refund returned to this installment."""

    @property
    def due(self) -> Amounts:
        """What is due in all, by component."""
        return Amounts(*self[4:9])

    @property
    def paid(self) -> Amounts:
        """What is paid, by component."""
        return Amounts(*self[9:14])

    @property
    def waived(self) -> Amounts:
        """What is forgiven, by component."""
        return Amounts(*self[14:19])

    @property
    def outstanding(self) -> Amounts:
        """What is still to pay, by component."""
        return Amounts(
            *(
                due - paid - waived
                for due, paid, waived in zip(self[4:9], self[9:14], self[14:19], strict=True)
            )
        )


class Share(NamedTuple):
    """One part of an event's amount: which component of which installment it met."""

    installment_number: int
    component: Component
    fen: int


COMPONENTS = tuple(Component)


class Outcome(NamedTuple):
    """
    How one event was allocated: the shares and `overpaid_fen` add up to `amount_fen`.

    Money in: the shares are dues met, `overpaid_fen` is what met none. Where a refund or settlement gives back
    interest that was paid, that share is negative and met something else. Money out (chargeback, refund of an
    overpayment): the shares are what is owed again, `overpaid_fen` is what came out of money overpaid. Charges and
    waivers: the shares are what was charged or forgiven. Charge-off and write-off: what was owed. Re-age and
    re-amortise: the principal taken off its rows. Other kinds move nothing.
    """

    event_id: str
    kind: EventKind
    on: date
    amount_fen: int
    shares: tuple[Share, ...]
    overpaid_fen: int
    reversed: bool
    fee_fen: int = 0
    """Of an early settlement: the settlement fee within the amount."""
    interest_back_fen: int = 0
    """Interest and fee the event took off the plan (a settlement, prepayment or refund)."""
    subsidy_back: SubsidyShares = SubsidyShares()
    """What the event unwound of the subsidies."""
    from_overpaid: tuple[Share, ...] = ()
    """Money overpaid before that met a due this event made."""

    def by_component(self) -> Amounts:
        """The shares summed by component."""
        sums = dict.fromkeys(COMPONENTS, 0)
        for _number, component, fen in self.shares:
            sums[component] += fen
        return Amounts(*sums.values())


class Totals(NamedTuple):
    """Sums over all installments, by component."""

    due: Amounts
    paid: Amounts
    waived: Amounts
    outstanding: Amounts


class Details(Protocol):
    """What a state makes on demand."""

    def installments(self) -> tuple[Installment, ...]:
        """All installments as they stand."""

    def totals(self) -> Totals:
        """Their sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanState:
    """
    A loan at a date.

    `due_fen` is past due and due today, `outstanding_fen` everything still to come by schedule. `installments` and
    `totals` are made when they are first asked for: many questions need neither.
    """

    as_of: date
    status: LoanStatus
    installments: tuple[Installment, ...]
    outcomes: tuple[Outcome, ...]
    totals: Totals
    paid_out_fen: int
    overpaid_fen: int
    principal_outstanding_fen: int
    outstanding_fen: int
    overdue_fen: int
    due_fen: int
    days_past_due: int
    bucket: str
    oldest_unpaid_due_on: date | None
    next_due_on: date | None
    is_paused: bool
    """A return is open: debits and reminders pause."""
    settled_on: date | None
    details: Details = field(init=False, repr=False, compare=False)

    def __getattr__(self, name: str) -> object:
        # Called for a slot that is still empty.
        if name == "installments":
            value: object = self.details.installments()
        elif name == "totals":
            value = self.details.totals()
        else:
            raise AttributeError(name)
        object.__setattr__(self, name, value)
        return value
