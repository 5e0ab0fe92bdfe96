"""Our state in the peer's form: rows, totals, transactions, status and summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fenqi.cli.peer.story import Story
from fenqi.domain.events import EventKind
from fenqi.domain.state import Installment, LoanState, LoanStatus, Outcome, Share

Answer = dict[str, Any]

STATUS = {
    LoanStatus.ACTIVE: "ACTIVE",
    LoanStatus.OVERDUE: "ACTIVE",
    LoanStatus.SETTLED: "CLOSED_OBLIGATIONS_MET",
    LoanStatus.OVERPAID: "OVERPAID",
    LoanStatus.CHARGED_OFF: "ACTIVE",
    LoanStatus.WRITTEN_OFF: "CLOSED_WRITTEN_OFF",
}
NO_REFUND_OF_COST = {"Disbursement", "Credit Balance Refund"}


def yuan(fen: int) -> str:
    """Fen as an amount with two decimals."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def rows(installments: Iterable[Installment]) -> list[Answer]:
    """The installments as the peer's rows."""
    return [_row(row) for row in installments]


def _row(row: Installment) -> Answer:
    return {
        "due_date": row.due_on.isoformat(),
        "principal": yuan(row.principal_fen),
        "interest": yuan(row.interest_fen),
        "fees": yuan(row.fee_fen),
        "penalties": yuan(row.penalty_fen + row.late_fee_fen),
        "total": yuan(row.total_fen),
        "paid": yuan(row.paid_fen),
        "in_advance": yuan(row.paid_in_advance_fen),
        "late": yuan(row.paid_late_fen),
        "outstanding": yuan(row.outstanding_fen),
        "paid_date": row.paid_on.isoformat() if row.paid_on else None,
        "principal_paid": yuan(row.principal_paid_fen),
        "interest_paid": yuan(row.interest_paid_fen),
        "fees_paid": yuan(row.fee_paid_fen),
        "penalties_paid": yuan(row.penalty_paid_fen),
        "days": (row.due_on - row.starts_on).days,
        "balance_after": yuan(row.balance_after_fen),
    }


def totals(state: LoanState, fees_at_payout_fen: int = 0) -> Answer:
    """The sums below the peer's table."""
    due = state.totals.due
    return {
        "principal": yuan(due.principal_fen),
        "interest": yuan(due.interest_fen),
        "fees": yuan(due.fee_fen + fees_at_payout_fen),
        "penalties": yuan(due.penalty_fen + due.late_fee_fen),
        "total": yuan(due.total_fen + fees_at_payout_fen),
        "paid": yuan(state.totals.paid.total_fen),
        "in_advance": yuan(sum(row.paid_in_advance_fen for row in state.installments)),
        "late": yuan(sum(row.paid_late_fen for row in state.installments)),
        "waived": yuan(state.totals.waived.total_fen),
        "outstanding": yuan(state.outstanding_fen),
    }


def transactions(story: Story, state: LoanState) -> list[Answer]:
    """The peer's list of transactions: portions by component, whatever order they came in."""
    outcomes = {outcome.event_id: outcome for outcome in state.outcomes}
    met = _later_met(story, state)
    listed: list[Answer] = []
    for event in story.listed():
        outcome = outcomes.get(event.id)
        if outcome is not None and outcome.reversed:
            outcome = _before_reversal(story, outcome)
        if outcome is not None:
            listed.append(_transaction(story.labels[event.id], outcome, met.get(event.id, [])))
    return listed


def _before_reversal(story: Story, outcome: Outcome) -> Outcome | None:
    """A reversed transaction stays listed with the portions it had."""
    number = next(index for index, event in enumerate(story.events) if event.reverses == outcome.event_id)
    before = Story(story.terms, events=story.events[:number]).state(story.today)
    return next((one for one in before.outcomes if one.event_id == outcome.event_id), None)


def _later_met(story: Story, state: LoanState) -> dict[str, list[Share]]:
    """Money overpaid that met a later due counts, for the peer, to the transaction that brought it."""
    met: dict[str, list[Share]] = {}
    brought: list[str] = []
    for outcome in state.outcomes:
        if outcome.event_id in story.labels and outcome.overpaid_fen > 0:
            brought.append(outcome.event_id)
        if outcome.kind is EventKind.CHARGE and brought:
            met.setdefault(brought[-1], []).extend(outcome.from_overpaid)
    return met


def _transaction(label: str, outcome: Outcome, more: list[Share]) -> Answer:
    parts = outcome._replace(shares=(*outcome.shares, *more)).by_component()
    amount = outcome.amount_fen or parts.total_fen
    if label == "Disbursement":
        parts = parts._replace(principal_fen=0)
    elif label == "Chargeback":
        # What an overpayment met at once is no portion of the peer's chargeback.
        met = sum(share.fen for share in outcome.from_overpaid)
        parts = parts._replace(principal_fen=parts.principal_fen - met)
    return {
        "date": outcome.on.isoformat(),
        "type": label,
        "amount": yuan(amount),
        "principal": yuan(parts.principal_fen),
        "interest": yuan(parts.interest_fen),
        "fees": yuan(parts.fee_fen),
        "penalties": yuan(parts.penalty_fen + parts.late_fee_fen),
    }


def status(story: Story, state: LoanState) -> str:
    """The peer's word for where the loan stands."""
    if state.status is LoanStatus.PENDING:
        return "APPROVED" if story.is_approved else "SUBMITTED_AND_PENDING_APPROVAL"
    return STATUS[state.status]


def summary(state: LoanState) -> Answer:
    """The peer's summary of a loan."""
    return {
        "total_outstanding": yuan(state.outstanding_fen),
        "total_repaid": yuan(state.totals.paid.total_fen),
        "principal_outstanding": yuan(state.principal_outstanding_fen),
        "principal_paid": yuan(state.totals.paid.principal_fen),
        "overpaid": yuan(state.overpaid_fen) if state.overpaid_fen else None,
    }


def _at_index(story: Story, state: LoanState, step: Mapping[str, Any]) -> Answer | None:
    listed = transactions(story, state)
    if step["index"] >= len(listed):
        return None
    found = listed[step["index"]]
    return {"amount": found["amount"], "principal": found["principal"]}


CHECKS: dict[str, Callable[[Story, LoanState, Mapping[str, Any]], Answer | None]] = {
    "schedule": lambda story, state, step: {
        "periods": len(story.plan().installments),
        "rows": rows(story.plan().installments),
    },
    "schedule_totals": lambda story, state, step: {"totals": totals(story.plan())},
    "transactions": lambda story, state, step: {"rows": transactions(story, state)},
    "status": lambda story, state, step: {"status": status(story, state)},
    "outstanding_amount": lambda story, state, step: {"amount": yuan(state.outstanding_fen)},
    "overpaid_amount": lambda story, state, step: {"amount": yuan(state.overpaid_fen)},
    "summary": lambda story, state, step: summary(state),
}


def answer_check(story: Story, step: Mapping[str, Any]) -> Answer | None:
    """What our engine says to a check of the peer, or nothing where it does not model it."""
    check = CHECKS.get(step["check"])
    return check(story, story.state(), step) if check else None
