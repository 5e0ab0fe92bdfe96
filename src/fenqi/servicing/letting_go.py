"""
What a lender gives up: a charge-off, a write-off, a waiver, a courtesy. None of it by one person alone.

`preview` replays the loan with the event added; `let_go` spends the approval of two people and records the very same event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event, EventKind
from fenqi.domain.replay import replay
from fenqi.domain.rules import Component
from fenqi.plumbing import business_date, four_eyes
from fenqi.servicing import queries, recording
from fenqi.servicing.errors import EventRefused, NothingToLetGo
from fenqi.servicing.recording import Recorded, check_amount, record

if TYPE_CHECKING:
    from fenqi.domain.state import LoanState

# What of an installment may be forgiven by hand.
FORGIVABLE = (Component.PENALTY, Component.LATE_FEE, Component.INTEREST, Component.FEE)
WHOLE_LOAN = (EventKind.CHARGE_OFF, EventKind.WRITE_OFF)
KINDS = (*WHOLE_LOAN, EventKind.WAIVER, EventKind.GOODWILL_CREDIT)


@dataclass(frozen=True, kw_only=True, slots=True)
class LettingGo:
    """What is to be given up. `component` belongs to a waiver, `amount_fen` to a waiver or a courtesy."""

    kind: EventKind
    borrower_id: int
    loan_id: UUID
    component: str = ""
    amount_fen: int = 0

    def arguments(self) -> dict[str, object]:
        """How it stands in a proposal."""
        given: dict[str, object] = {"borrower_id": self.borrower_id, "loan_id": str(self.loan_id)}
        if self.kind is EventKind.WAIVER:
            given["component"] = self.component
        if self.kind not in WHOLE_LOAN:
            given["amount_fen"] = self.amount_fen
        return given


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The loan before and after, as of the same date."""

    number: str
    before: LoanState
    after: LoanState
    component: Component | None


def kind_code(kind: EventKind) -> str:
    """The kind of proposal that lets it happen."""
    return f"servicing.{kind.value}"


def preview(wanted: LettingGo) -> Effect:
    """What it would change; nothing is written. Raises: LoanNotFound, ServicedByLender, EventRefused, NothingToLetGo."""
    loan = queries.loan(borrower_id=wanted.borrower_id, loan_id=wanted.loan_id)
    terms, events = queries.loan_story(borrower_id=wanted.borrower_id, loan_id=wanted.loan_id)
    on = recording.today(business_date.current())
    before = replay(terms, events, on)
    event = _event(wanted, sequence=max((one.sequence for one in events), default=0) + 1)
    component = event.component
    if not before.outstanding_fen:
        raise NothingToLetGo(_("这笔借据没有待还的金额。"))
    if component is not None and wanted.amount_fen > _owed(before, component):
        raise NothingToLetGo(_("这一项没有这么多未还，请刷新后重新填写金额。"), field="amount")
    try:
        after = replay(terms, [*events, event], on)
    except DomainError as e:
        raise EventRefused(_("这笔借据现在不能这样处理。"), code=e.code) from e
    if _figures(before) == _figures(after):
        raise NothingToLetGo(_("这样做不会改变任何数字。"))
    return Effect(number=loan.number, before=before, after=after, component=component)


@transaction.atomic
def let_go(*, approval_id: UUID | None, wanted: LettingGo) -> Recorded:
    """
    Record it, for an approval of exactly this.

    Raises: SecondPairMissing, and as `record_event`.
    """
    four_eyes.spend(approval_id=approval_id, kind=kind_code(wanted.kind), arguments=dict(wanted.arguments()))
    return record(
        borrower_id=wanted.borrower_id,
        loan_id=wanted.loan_id,
        reference=f"approved:{approval_id}",
        source="staff",
        make=lambda _loaded: _event(wanted),
        kind=wanted.kind.value,
        amount_fen=wanted.amount_fen,
    )


def _event(wanted: LettingGo, sequence: int = 0) -> Event:
    if wanted.kind not in KINDS:
        raise EventRefused(_("这不是可以减免的事项。"), code="not_for_letting_go")
    component = None
    if wanted.kind is EventKind.WAIVER:
        component = next((one for one in FORGIVABLE if one.value == wanted.component), None)
        if component is None:
            raise NothingToLetGo(_("请选择要减免的项目。"), field="component")
    if wanted.kind not in WHOLE_LOAN:
        check_amount(wanted.amount_fen)
    return Event(
        id="new",
        kind=wanted.kind,
        on=recording.today(business_date.current()),
        amount_fen=wanted.amount_fen,
        component=component,
        sequence=sequence,
    )


def _figures(state: LoanState) -> tuple[object, ...]:
    return state.status, state.outstanding_fen, state.overpaid_fen


def _owed(state: LoanState, component: Component) -> int:
    return int(getattr(state.totals.outstanding, f"{component.value}_fen"))
