"""
All bookkeeping on one page: what each event of a loan debits and credits.

A rule gets the `Movement` an event made (what was taken off each component, signed: a reversal or a correction in the
past gives negative parts) and returns an Entry. Interest and fee are earned by the day, as one aggregate per book
(`accrue`); what a borrower pays of them lowers the receivable. Penalty and late fee are income when they are received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from fenqi.domain.errors import DomainError
from fenqi.domain.events import EventKind
from fenqi.domain.state import LoanState, LoanStatus, Outcome, SubsidyShares


class Account(IntEnum):
    """The accounts of the chart (ledger/chart.json has their names and kinds)."""

    CHANNEL_CASH = 100201
    OWN_FUNDS = 100202
    MERCHANT_RECEIVABLE = 122101
    LENDER_RECEIVABLE = 122102
    MERCHANT_SUBSIDY_RECEIVABLE = 122103
    LENDER_SUBSIDY_RECEIVABLE = 122104
    INTEREST_RECEIVABLE = 113201
    FEE_RECEIVABLE = 113202
    LOAN_PRINCIPAL = 130301
    PROVISION = 130401
    MERCHANT_PAYABLE = 220201
    LENDER_FUNDING = 220301
    LENDER_PAYABLE = 220302
    LENDER_INCOME_ACCRUED = 220303
    OVERPAYMENT = 220304
    SUSPENSE = 224101
    UNEARNED_SUBSIDY = 240101
    INTEREST_INCOME = 601101
    FEE_INCOME = 602101
    PENALTY_INCOME = 605101
    LATE_FEE_INCOME = 605102
    RECOVERIES = 605103
    LENDER_INCOME_SHARE = 641101
    SUBSIDY_EXPENSE = 660101
    GOODWILL_EXPENSE = 660102
    CREDIT_LOSS = 670201


class Leg(NamedTuple):
    """One transfer: a positive amount from the credited to the debited account."""

    debit: Account
    credit: Account
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Entry:
    """The transfers of one event. Balanced by construction; empty where an event moves nothing in the books."""

    legs: tuple[Leg, ...]

    def __add__(self, other: Entry) -> Entry:
        return Entry(self.legs + other.legs)


class Movement(NamedTuple):
    """What an event took off a loan, in fen by component, and what it added to the borrower's surplus."""

    principal_fen: int = 0
    interest_fen: int = 0
    fee_fen: int = 0
    penalty_fen: int = 0
    late_fee_fen: int = 0
    overpaid_fen: int = 0


class NoPostingRule(DomainError):
    """An event kind that this page does not know."""

    code = "no_posting_rule"


def leg(debit: Account, credit: Account, amount_fen: int) -> tuple[Leg, ...]:
    """One transfer, turned round where the amount is negative, none where it is zero."""
    if amount_fen > 0:
        return (Leg(debit, credit, amount_fen),)
    if amount_fen < 0:
        return (Leg(credit, debit, -amount_fen),)
    return ()


def movement_of(outcome: Outcome) -> Movement:
    """The movement of an event that came last: its own allocation."""
    return Movement(*outcome.by_component(), outcome.overpaid_fen)


def movement_between(before: LoanState | None, after: LoanState) -> Movement:
    """
    The movement between two states of one loan: the event's own allocation and what it changed in earlier ones.

    New payouts are not counted as principal taken off; a charged-off loan has no principal left in the books.
    """
    paid_before = before.totals.paid if before else (0, 0, 0, 0, 0)
    paid_after = after.totals.paid
    newly_paid_out = after.paid_out_fen - (before.paid_out_fen if before else 0)
    return Movement(
        principal_fen=(book_principal(before) if before else 0) + newly_paid_out - book_principal(after),
        interest_fen=paid_after[1] - paid_before[1],
        fee_fen=paid_after[2] - paid_before[2],
        penalty_fen=paid_after[3] - paid_before[3],
        late_fee_fen=paid_after[4] - paid_before[4],
        overpaid_fen=after.overpaid_fen - (before.overpaid_fen if before else 0),
    )


def book_principal(state: LoanState) -> int:
    """The principal a loan has in the books: none once it is booked as a loss, fen."""
    if state.status in (LoanStatus.CHARGED_OFF, LoanStatus.WRITTEN_OFF):
        return 0
    return state.principal_outstanding_fen


# --- one rule per event -------------------------------------------------------------------------------------------


def payout(*, amount_fen: int, lender_share_fen: int, through_channel: bool) -> Entry:
    """
    Principal is paid out; `lender_share_fen` of it is the lender's money, the rest the platform's own.

    A lender pays the shop itself; a draw leaves through the channel and the lender owes us its share.
    """
    own_fen = amount_fen - lender_share_fen
    if through_channel:
        return Entry(
            leg(Account.LOAN_PRINCIPAL, Account.CHANNEL_CASH, amount_fen)
            + leg(Account.LENDER_RECEIVABLE, Account.LENDER_FUNDING, lender_share_fen)
        )
    return Entry(
        leg(Account.LOAN_PRINCIPAL, Account.LENDER_FUNDING, lender_share_fen)
        + leg(Account.LOAN_PRINCIPAL, Account.OWN_FUNDS, own_fen)
    )


def repayment(amount_fen: int, moved: Movement) -> Entry:
    """Money came in through the channel: repayment, prepayment, early settlement, recovery."""
    return _received(Account.CHANNEL_CASH, amount_fen, moved)


def recovery(amount_fen: int, moved: Movement) -> Entry:
    """Money came in after a loss was booked."""
    return _received(Account.CHANNEL_CASH, amount_fen, moved, rest=Account.RECOVERIES)


def merchant_refund(amount_fen: int, moved: Movement) -> Entry:
    """Goods came back: the merchant owes their price, the loan shrinks, a surplus is the borrower's."""
    return _received(Account.MERCHANT_RECEIVABLE, amount_fen, moved)


def payout_refund(amount_fen: int, moved: Movement) -> Entry:
    """Part of a payout came back; the lender takes it from the merchant as it had paid it."""
    return _received(Account.MERCHANT_RECEIVABLE, amount_fen, moved)


def goodwill_credit(amount_fen: int, moved: Movement) -> Entry:
    """A courtesy at the platform's expense."""
    return _received(Account.GOODWILL_EXPENSE, amount_fen, moved)


def overpayment_refund(amount_fen: int, moved: Movement) -> Entry:
    """What was paid too much leaves through the channel."""
    return _received(Account.CHANNEL_CASH, -amount_fen, moved)


def chargeback(amount_fen: int, moved: Movement) -> Entry:
    """The payer's bank took money back: what it had paid is owed again."""
    return _received(Account.CHANNEL_CASH, -amount_fen, moved)


def loss(amount_fen: int, moved: Movement) -> Entry:
    """Charge-off, write-off, forgiven principal: the provision bears it; unpaid interest leaves with the next accrual."""
    return _received(Account.PROVISION, moved.principal_fen, moved)


def correction(amount_fen: int, moved: Movement) -> Entry:
    """An event that moves no money itself; what it changed in earlier allocations is moved between the accounts."""
    return _received(Account.SUSPENSE, 0, moved)


RULES: dict[EventKind, Callable[[int, Movement], Entry]] = {
    EventKind.REPAYMENT: repayment,
    EventKind.PREPAYMENT: repayment,
    EventKind.EARLY_SETTLEMENT: repayment,
    EventKind.RECOVERY: recovery,
    EventKind.MERCHANT_REFUND: merchant_refund,
    EventKind.PAYOUT_REFUND: payout_refund,
    EventKind.GOODWILL_CREDIT: goodwill_credit,
    EventKind.OVERPAYMENT_REFUND: overpayment_refund,
    EventKind.CHARGEBACK: chargeback,
    EventKind.CHARGE_OFF: loss,
    EventKind.WRITE_OFF: loss,
    EventKind.WAIVER: loss,
    EventKind.CHARGE: correction,
    EventKind.RATE_CHANGE: correction,
    EventKind.DUE_DAY_CHANGE: correction,
    EventKind.RE_AGE: correction,
    EventKind.RE_AMORTISE: correction,
    EventKind.RESCHEDULE: correction,
    EventKind.DELINQUENCY_PAUSE: correction,
    EventKind.RETURN_PAUSE: correction,
    EventKind.ACCELERATION: correction,
}
"""Every kind but PAYOUT (which knows who funds it) and REVERSAL (the reversed kind's rule, with a negative amount)."""


def entry_for(*, kind: EventKind, amount_fen: int, moved: Movement, booked_as_loss: bool = False) -> Entry:
    """
    The entry of one event; of a reversal with the reversed event's kind and a negative amount.

    `booked_as_loss`: the loan had been charged off before; principal it meets since then is a recovery.
    Raises: NoPostingRule.
    """
    rule = RULES.get(kind)
    if rule is None:
        raise NoPostingRule("kind", kind.value, "a kind with a posting rule")
    entry = rule(amount_fen, moved)
    return _as_recovered(entry) if booked_as_loss else entry


def subsidy(*, before: SubsidyShares, after: SubsidyShares) -> Entry:
    """What others bear of interest and fee is owed by them at payout and earned with the accrual; a return unwinds it."""
    return Entry(
        leg(
            Account.MERCHANT_SUBSIDY_RECEIVABLE,
            Account.UNEARNED_SUBSIDY,
            after.merchant_fen - before.merchant_fen,
        )
        + leg(
            Account.LENDER_SUBSIDY_RECEIVABLE, Account.UNEARNED_SUBSIDY, after.lender_fen - before.lender_fen
        )
        + leg(Account.SUBSIDY_EXPENSE, Account.UNEARNED_SUBSIDY, after.platform_fen - before.platform_fen)
    )


# --- aggregates of the day-end, one per book ----------------------------------------------------------------------


def accrue(*, interest_fen: int, fee_fen: int, subsidy_fen: int, lender_income_fen: int) -> Entry:
    """
    What the book earned since the last accrual (negative where it is taken back), and the lender's share of it.

    `subsidy_fen` is what others bear of it and was unearned until now.
    """
    return Entry(
        leg(Account.INTEREST_RECEIVABLE, Account.INTEREST_INCOME, interest_fen)
        + leg(Account.FEE_RECEIVABLE, Account.FEE_INCOME, fee_fen)
        + leg(Account.UNEARNED_SUBSIDY, Account.INTEREST_INCOME, subsidy_fen)
        + leg(Account.LENDER_INCOME_SHARE, Account.LENDER_INCOME_ACCRUED, lender_income_fen)
    )


def provide(*, change_fen: int) -> Entry:
    """The provision grows or shrinks to what the classes of the book ask for."""
    return Entry(leg(Account.CREDIT_LOSS, Account.PROVISION, change_fen))


def settle_with_lender(*, principal_fen: int, income_fen: int) -> Entry:
    """What came in on a day becomes payable to the lender: its principal and its share of the income received."""
    return Entry(
        leg(Account.LENDER_FUNDING, Account.LENDER_PAYABLE, principal_fen)
        + leg(Account.LENDER_INCOME_ACCRUED, Account.LENDER_PAYABLE, income_fen)
    )


# --- money that is not (yet) a loan's -----------------------------------------------------------------------------


def order_paid(*, amount_fen: int) -> Entry:
    """A shopper paid (a part of) an order in full through the channel; it is the merchant's."""
    return Entry(leg(Account.CHANNEL_CASH, Account.MERCHANT_PAYABLE, amount_fen))


def order_refunded(*, amount_fen: int) -> Entry:
    """Money of an order went back to the shopper through the channel."""
    return Entry(leg(Account.MERCHANT_PAYABLE, Account.CHANNEL_CASH, amount_fen))


def unexplained_receipt(*, amount_fen: int) -> Entry:
    """Money came in that belongs to nothing we know: it waits in suspense."""
    return Entry(leg(Account.CHANNEL_CASH, Account.SUSPENSE, amount_fen))


def unexplained_receipt_left(*, amount_fen: int) -> Entry:
    """
    Suspense leaves as it had come: sent back to its payer, or found to be a loan's, whose own entry (`repayment`) takes
    the same money in, so that cash moves once in all. Negative where that was wrong and it waits again.
    """
    return Entry(leg(Account.SUSPENSE, Account.CHANNEL_CASH, amount_fen))


def total_of(legs: Iterable[Leg], account: Account) -> int:
    """Debits less credits of an account over some legs, fen."""
    return sum(
        (one.amount_fen if one.debit == account else 0) - (one.amount_fen if one.credit == account else 0)
        for one in legs
    )


def _as_recovered(entry: Entry) -> Entry:
    """A loan booked as a loss has no principal in the books: what no component there explains was recovered."""
    recovered = {Account.SUSPENSE: Account.RECOVERIES}
    legs = (
        Leg(recovered.get(one.debit, one.debit), recovered.get(one.credit, one.credit), one.amount_fen)
        for one in entry.legs
    )
    return Entry(tuple(one for one in legs if one.debit is not one.credit))


def _received(into: Account, amount_fen: int, moved: Movement, *, rest: Account = Account.SUSPENSE) -> Entry:
    """`into` takes the amount; each component gives what was taken off it; what no component explains goes to `rest`."""
    parts = (
        (Account.LOAN_PRINCIPAL, moved.principal_fen),
        (Account.INTEREST_RECEIVABLE, moved.interest_fen),
        (Account.FEE_RECEIVABLE, moved.fee_fen),
        (Account.PENALTY_INCOME, moved.penalty_fen),
        (Account.LATE_FEE_INCOME, moved.late_fee_fen),
        (Account.OVERPAYMENT, moved.overpaid_fen),
    )
    legs: tuple[Leg, ...] = ()
    for account, fen in parts:
        legs += leg(into, account, fen)
    return Entry(legs + leg(into, rest, amount_fen - sum(moved)))
