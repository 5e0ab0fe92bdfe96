"""A peer's operations, step by step, as our events: who recorded what, and for which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from fenqi.cli.peer.terms import UNITS, day, fen
from fenqi.domain.events import ChargeBase, Event, EventKind, Phase
from fenqi.domain.replay import replay
from fenqi.domain.rules import Component
from fenqi.domain.settlement import quote_settlement
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms

Step = Mapping[str, Any]

TRANSACTIONS = {
    "REPAYMENT": EventKind.REPAYMENT,
    "GOODWILL_CREDIT": EventKind.GOODWILL_CREDIT,
    "MERCHANT_ISSUED_REFUND": EventKind.MERCHANT_REFUND,
    "PAYOUT_REFUND": EventKind.PAYOUT_REFUND,
    "CREDIT_BALANCE_REFUND": EventKind.OVERPAYMENT_REFUND,
}
BASES = {
    "flat": ChargeBase.FLAT,
    "percent_of_amount": ChargeBase.PRINCIPAL,
    "percent_of_amount_plus_interest": ChargeBase.PRINCIPAL_AND_INTEREST,
    "percent_of_interest": ChargeBase.INTEREST,
}


class NotModelled(Exception):
    """An operation of the peer that our engine refuses to have; docs/reference/oracle.md says why."""


@dataclass
class Story:
    """The events so far, and what the peer calls them."""

    terms: LoanTerms
    auto_down_payment: bool = False
    events: list[Event] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    """By event id: the type of the peer's transaction."""
    charges: list[str] = field(default_factory=list)
    today: date = date.min
    is_approved: bool = False
    expected: Event | None = None
    """The payout an approved loan waits for."""
    pauses: list[tuple[date, date]] = field(default_factory=list)

    def state(self, as_of: date | None = None) -> LoanState:
        """The loan as it stands for the peer's business date."""
        return replay(self.terms, self.events, as_of or self.today)

    def expect(self, amount: str, on: str) -> None:
        """Note the payout that a loan applied for or approved waits for."""
        self.expected = Event(id="expected", kind=EventKind.PAYOUT, on=day(on), amount_fen=fen(amount))

    def plan(self) -> LoanState:
        """The loan as its table shows it: before the payout, the one that is expected."""
        if self.events or self.expected is None:
            return self.state()
        return replay(self.terms, [self.expected], max(self.today, self.expected.on))

    def add(
        self, kind: EventKind, on: date, amount_fen: int = 0, *, label: str = "", **details: Any
    ) -> Event:
        """Record an event; later recorded ones of a day come after it."""
        number = len(self.events) + 1
        event = Event(id=f"e{number}", kind=kind, on=on, amount_fen=amount_fen, sequence=number, **details)
        self.events.append(event)
        if label:
            self.labels[event.id] = label
        return event

    def live(self, *kinds: EventKind) -> list[Event]:
        """Events of some kinds that are not reversed, in the order recorded."""
        gone = {event.reverses for event in self.events}
        return [event for event in self.events if event.id not in gone and (not kinds or event.kind in kinds)]

    def listed(self) -> list[Event]:
        """The events the peer lists as transactions, in its order: by date, then as recorded."""
        return sorted((e for e in self.events if e.id in self.labels), key=lambda e: (e.on, e.sequence))

    def play(self, step: Step) -> None:
        """Take one operation."""
        if step.get("business_date"):
            self.today = day(step["business_date"])
        operation = OPERATIONS.get(step["op"])
        if operation is None:
            raise NotModelled(step["op"])
        operation(self, step)


def _nothing(story: Story, step: Step) -> None:
    """Nothing to record: the day moves by itself, and nothing is stored for a night that passed."""


def _set_day(story: Story, step: Step) -> None:
    story.today = day(step["date"])


def _approve(story: Story, step: Step) -> None:
    story.is_approved = True
    story.expect(step["amount"], step.get("expected_disbursement") or step["on"])


def _disburse(story: Story, step: Step) -> None:
    on, amount = day(step["on"]), fen(step["amount"])
    story.add(EventKind.PAYOUT, on, amount, label="Disbursement")
    if story.auto_down_payment and story.terms.down_payment_rate:
        # What was overpaid before has met the down payment first.
        rows = [row for row in story.state(on).installments if row.is_down_payment and row.due_on == on]
        if rows and rows[-1].outstanding_fen:
            story.add(EventKind.REPAYMENT, on, rows[-1].outstanding_fen, label="Down Payment")


def _transact(story: Story, step: Step) -> None:
    kind = TRANSACTIONS.get(step["type"])
    if kind is None:
        raise NotModelled(step["type"])
    label = step["type"].replace("_", " ").title()
    story.add(kind, day(step["on"]), fen(step["amount"]), label=label)


def _pay_off(story: Story, step: Step) -> None:
    on = day(step["on"])
    price = quote_settlement(story.terms, story.events, on)
    story.add(EventKind.EARLY_SETTLEMENT, on, price.amount_fen, label="Repayment")


def _reverse(story: Story, step: Step) -> None:
    target = _find(story, step["which"])
    story.add(EventKind.REVERSAL, max(story.today, target.on), reverses=target.id)


def _find(story: Story, which: Any) -> Event:
    if isinstance(which, str):
        label = which.removeprefix("last ").title()
        labels = {label, "Down Payment"} if label == "Repayment" else {label}
        return [event for event in story.live() if story.labels.get(event.id) in labels][-1]
    if "index_in_transaction_list" in which:
        return story.listed()[which["index_in_transaction_list"]]
    found = story.listed()
    if "transaction_date" in which:
        found = [event for event in found if event.on == day(which["transaction_date"])]
    if which["type"] != "ANY":
        label = which["type"].replace("_", " ").title()
        found = [event for event in found if story.labels[event.id] == label]
    return found[which["nth"] - 1]


def _charge_back(story: Story, step: Step) -> None:
    target = _find(story, step["of"])
    story.add(EventKind.CHARGEBACK, day(step["on"]), fen(step["amount"]), label="Chargeback", of=target.id)


def add_charge(story: Story, step: Step, earliest: date | None = None) -> None:
    """A charge is seen by money received before it was added only where its due date is before that money's day."""
    component = Component.PENALTY if step["is_penalty"] else Component.FEE
    base = BASES[step["calculation"]]
    details: dict[str, Any] = {"component": component, "charge_base": base}
    if base is ChargeBase.FLAT:
        details["amount_fen"] = fen(step["amount_or_percent"])
    else:
        details["charge_rate"] = Decimal(step["amount_or_percent"]) / 100
    if step["when"] == "each_installment":
        _charge_each(story, details)
        return
    due_on = day(step["due"])
    on = max(min(due_on, story.today), earliest or date.min)
    story.charges.append(story.add(EventKind.CHARGE, on, due_on=due_on, **details).id)


def _charge_each(story: Story, details: dict[str, Any]) -> None:
    if details["charge_base"] is ChargeBase.PRINCIPAL_AND_INTEREST:
        details["charge_base"] = ChargeBase.INSTALLMENT
    first = story.events[0].on
    for row in story.state(first).installments:
        if not row.is_down_payment:
            story.add(EventKind.CHARGE, first, installment_number=row.number, **details)


def _waive_charge(story: Story, step: Step) -> None:
    charge = next(event for event in story.events if event.id == story.charges[-1])
    assert charge.due_on is not None
    story.add(
        EventKind.WAIVER,
        charge.due_on,
        charge.amount_fen,
        label="Waive loan charges",
        component=charge.component,
        of=charge.id,
    )


def _adjust_charge(story: Story, step: Step) -> None:
    story.add(EventKind.GOODWILL_CREDIT, day(step["on"]), fen(step["amount"]), label="Charge Adjustment")


def _re_age(story: Story, step: Step) -> None:
    every, unit = step["repay_every"]
    story.add(
        EventKind.RE_AGE,
        story.today,
        label="Re-age",
        due_on=day(step["start"]),
        installments=step["installments"],
        every=every,
        unit=UNITS[unit],
    )


def _re_amortise(story: Story, step: Step) -> None:
    story.add(EventKind.RE_AMORTISE, day(step["on"]), label="Re-amortize")


def _undo(kind: EventKind) -> Any:
    def undo(story: Story, step: Step) -> None:
        story.add(EventKind.REVERSAL, story.today, reverses=story.live(kind)[-1].id)

    return undo


def _reschedule(story: Story, step: Step) -> None:
    story.add(
        EventKind.RESCHEDULE,
        story.today,
        from_due_on=day(step["from"]),
        due_on=day(step["new_due_date"]),
    )


def _charge_off(story: Story, step: Step) -> None:
    story.add(EventKind.CHARGE_OFF, day(step["on"]), label="Charge-off")


def _write_off(story: Story, step: Step) -> None:
    story.add(EventKind.WRITE_OFF, day(step["on"]), label="Close (as written-off)")


def _pause(story: Story, step: Step) -> None:
    start, end = day(step["start"]), day(step["end"])
    story.pauses.append((start, end))
    story.add(EventKind.DELINQUENCY_PAUSE, start, ends_on=end)


def _resume(story: Story, step: Step) -> None:
    on = day(step["start"])
    start, _ = story.pauses.pop()
    story.pauses.append((start, on))
    story.add(EventKind.DELINQUENCY_PAUSE, on, phase=Phase.END)


OPERATIONS = {
    "business_date": _set_day,
    "create_loan": _nothing,
    "approve": _approve,
    "disburse": _disburse,
    "transaction": _transact,
    "pay_off": _pay_off,
    "reverse": _reverse,
    "chargeback": _charge_back,
    "add_charge": add_charge,
    "waive_charge": _waive_charge,
    "charge_adjustment": _adjust_charge,
    "re_age": _re_age,
    "re_amortize": _re_amortise,
    "undo_re_age": _undo(EventKind.RE_AGE),
    "undo_re_amortize": _undo(EventKind.RE_AMORTISE),
    "reschedule": _reschedule,
    "charge_off": _charge_off,
    "undo_charge_off": _undo(EventKind.CHARGE_OFF),
    "write_off": _write_off,
    "undo_write_off": _undo(EventKind.WRITE_OFF),
    "delinquency_pause": _pause,
    "delinquency_resume": _resume,
    "end_of_day_job": _nothing,
    "config": _nothing,
}
