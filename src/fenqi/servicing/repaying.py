"""Money received for loans, corrections of it, and what was paid too much."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain.events import Event, EventKind
from fenqi.payments import services as payments
from fenqi.people import queries as people
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.servicing import letting_go, queries, recording, store
from fenqi.servicing.errors import (
    EventRefused,
    LoanNotFound,
    NoCardToPay,
    NothingOverpaid,
    ReferenceReused,
    WrongCurrency,
)
from fenqi.servicing.models import Loan
from fenqi.servicing.recording import RECEIVED_KIND, Recorded, check_amount, record
from fenqi.servicing.store import Loaded

BILL_KIND = "bill"
OVERPAYMENT = "overpayment"


def record_repayment(
    *,
    borrower_id: int,
    loan_id: UUID,
    amount_fen: int,
    reference: str,
    received_on: datetime.date | None = None,
    source: str = "manual",
    currency: str = "CNY",
) -> Recorded:
    """
    Apply money received to a loan and post it; safe to repeat with the same reference.

    `received_on` may lie in the past (what it changes is posted today); without it the money came today. What the
    loan does not owe is kept as overpayment and told. `source`: debit, manual, link, settlement, ….
    Raises: AmountNotPositive, AmountTooLarge, WrongCurrency, LoanNotFound, ReferenceReused, ServicedByLender,
        FutureDate, ClosedPeriod.
    """
    check_amount(amount_fen)
    if currency != "CNY":
        raise WrongCurrency(_("这笔借据只收人民币。"), field="currency", currency=currency)

    return record(
        borrower_id=borrower_id,
        loan_id=loan_id,
        reference=reference,
        source=source,
        make=lambda loaded: recording.received(loaded, amount_fen, received_on),
        kind=RECEIVED_KIND,
        amount_fen=amount_fen,
    )


def record_event(
    *, borrower_id: int, loan_id: UUID, event: Event, reference: str, source: str = "staff"
) -> Recorded:
    """
    Record any other event of a loan (refund, pause, charge …); its id and sequence are given here.

    What a lender gives up needs two people (letting_go.let_go). Raises: as `record_repayment`, and EventRefused with the engine's code where the loan's rules do not allow it.
    """
    if event.kind is EventKind.REVERSAL:
        raise EventRefused(_("冲销请用 reverse_event。"), code="use_reverse_event")
    if event.kind in letting_go.KINDS:
        raise SecondPairMissing(_("这项操作需要另一位同事复核后才能执行。"))
    if event.amount_fen:
        check_amount(event.amount_fen)
    return record(
        borrower_id=borrower_id,
        loan_id=loan_id,
        reference=reference,
        source=source,
        make=lambda _loaded: event,
        kind=event.kind.value,
        amount_fen=event.amount_fen,
    )


def reverse_event(
    *,
    borrower_id: int,
    loan_id: UUID,
    event_id: str,
    reference: str,
    on: datetime.date | None = None,
    source: str = "staff",
) -> Recorded:
    """
    Make an event as if it had never happened (a bounced debit, a booking error); the ledger gets the difference.

    `event_id` is the event's sequence as text.
    Raises: EventRefused if there is no such event, or it is a reversal or reversed already.
    """

    def make(loaded: Loaded) -> Event:
        if any(event.reverses == event_id for event in loaded.events):
            raise EventRefused(_("这笔记录已经冲销过。"), code="already_reversed")
        return Event(
            id="new",
            kind=EventKind.REVERSAL,
            on=on or recording.today(loaded.open_on),
            reverses=event_id,
        )

    return record(
        borrower_id=borrower_id,
        loan_id=loan_id,
        reference=reference,
        source=source,
        make=make,
        kind=f"reversal of {event_id}",
        amount_fen=0,
    )


@dataclass(frozen=True, kw_only=True)
class BillRepayment:
    """One payment over several loans: what each got."""

    reference: str
    amount_fen: int
    parts: tuple[Recorded, ...]
    overpaid_fen: int
    is_new: bool


def record_bill_repayment(
    *,
    borrower_id: int,
    amount_fen: int,
    reference: str,
    lender_code: str | None = None,
    due_on: datetime.date | None = None,
    loan_ids: list[UUID] | None = None,
    source: str = "manual",
) -> BillRepayment:
    """
    Apply one payment to a bill: the loans named, or all of one lender with something due up to `due_on`.

    Oldest due first, each loan what it owes up to that date; what is left goes to the last of them.
    Raises: as `record_repayment`; LoanNotFound where no loan fits.
    """
    check_amount(amount_fen)
    # The loans first: who then finds the reference free has seen them as they were before anybody booked it.
    ids = sorted(loan_ids or _loans_with_bills(borrower_id, lender_code, due_on), key=str)
    earlier = recording.reference_kept(reference)
    if earlier and earlier.kind == BILL_KIND:
        return _bill_again(reference, borrower_id, amount_fen)
    if earlier and earlier.loan_id:
        ids = [earlier.loan_id]
    if not ids:
        raise LoanNotFound(_("没有要还的借据。"))
    if len(ids) == 1:
        one = record_repayment(
            borrower_id=borrower_id,
            loan_id=ids[0],
            amount_fen=amount_fen,
            reference=reference,
            source=source,
        )
        return _together(reference, amount_fen, [one])
    with transaction.atomic():
        is_new = _take_bill_reference(reference, borrower_id, amount_fen)
        if not is_new:
            return _bill_again(reference, borrower_id, amount_fen)
        parts = [
            record_repayment(
                borrower_id=borrower_id,
                loan_id=loan_id,
                amount_fen=part_fen,
                reference=f"{reference}#{position}",
                source=source,
            )
            for position, (loan_id, part_fen) in enumerate(
                _split(borrower_id, ids, due_on, amount_fen), start=1
            )
        ]
    return _together(reference, amount_fen, parts)


def _loans_with_bills(borrower_id: int, lender_code: str | None, due_on: datetime.date | None) -> list[UUID]:
    loans = Loan.objects.filter(borrower_id=borrower_id, serviced_by="us", outstanding_fen__gt=0)
    if lender_code:
        loans = loans.filter(lender_code=lender_code)
    ids = set(loans.values_list("id", flat=True))
    if due_on is None:
        return list(ids)
    owing = {loan_id for loan_id, _due_on, _fen in _dues(borrower_id, list(ids), due_on)}
    return list(owing or ids)


def _dues(
    borrower_id: int, loan_ids: list[UUID], due_on: datetime.date | None
) -> list[tuple[UUID, datetime.date, int]]:
    """What each loan owes up to a date by the engine, with its oldest unpaid due date."""
    dues = []
    for loan_id in loan_ids:
        view = queries.loan(borrower_id=borrower_id, loan_id=loan_id)
        rows = [
            row
            for row in view.installments
            if row.outstanding_fen > 0 and (due_on is None or row.due_on <= due_on)
        ]
        if rows:
            dues.append((loan_id, rows[0].due_on, sum(row.outstanding_fen for row in rows)))
    return sorted(dues, key=lambda due: (due[1], str(due[0])))


def _split(
    borrower_id: int, loan_ids: list[UUID], due_on: datetime.date | None, amount_fen: int
) -> list[tuple[UUID, int]]:
    parts: list[tuple[UUID, int]] = []
    left_fen = amount_fen
    for loan_id, _oldest, owed_fen in _dues(borrower_id, loan_ids, due_on):
        part_fen = min(left_fen, owed_fen)
        if part_fen:
            parts.append((loan_id, part_fen))
            left_fen -= part_fen
    if left_fen and parts:
        parts[-1] = (parts[-1][0], parts[-1][1] + left_fen)
    return parts or [(loan_ids[0], amount_fen)]


def _take_bill_reference(reference: str, borrower_id: int, amount_fen: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{store.INSERT_REFERENCE} ON CONFLICT DO NOTHING",
            [reference, borrower_id, None, None, BILL_KIND, amount_fen],
        )
        return bool(cursor.rowcount)


def _bill_again(reference: str, borrower_id: int, amount_fen: int) -> BillRepayment:
    earlier = recording.reference_kept(reference)
    assert earlier is not None
    recording.check_same(earlier, borrower_id, None, BILL_KIND, amount_fen, reference)
    parts = []
    position = 1
    while part := recording.reference_kept(f"{reference}#{position}"):
        if part.loan_id is None:
            raise ReferenceReused(_("这个编号已用于另一笔记录，没有重复处理。"), reference=reference)
        parts.append(
            record_repayment(
                borrower_id=borrower_id,
                loan_id=part.loan_id,
                amount_fen=part.amount_fen,
                reference=f"{reference}#{position}",
            )
        )
        position += 1
    return _together(reference, amount_fen, parts)


def _together(reference: str, amount_fen: int, parts: list[Recorded]) -> BillRepayment:
    return BillRepayment(
        reference=reference,
        amount_fen=amount_fen,
        parts=tuple(parts),
        overpaid_fen=sum(part.overpaid_fen for part in parts),
        is_new=any(part.is_new for part in parts),
    )


@transaction.atomic
def return_overpayment(
    *, borrower_id: int, loan_id: UUID, reference: str, card_id: UUID | None = None
) -> Recorded:
    """
    Send what was paid too much back to the borrower's card (the first bound one, if none is named).

    Event and intended payout are written together, the channel is called after commit; a payout that fails is taken
    back (handlers.payout_failed).
    Raises: NothingOverpaid, NoCardToPay, LoanNotFound, and what payments.pay_out raises.
    """
    kept = (
        Loan.objects.filter(borrower_id=borrower_id, id=loan_id)
        .values_list("overpaid_fen", flat=True)
        .first()
    )
    if kept is None:
        raise LoanNotFound(_("没有这笔借据。"), loan_id=str(loan_id))
    earlier = recording.reference_kept(reference)
    fen = earlier.amount_fen if earlier else kept
    if not fen:
        raise NothingOverpaid(_("没有多付的款项。"))

    if card_id is None:
        cards = people.cards(borrower_id)
        if not cards:
            raise NoCardToPay(_("请先绑定一张银行卡，再申请退回。"))
        card_id = cards[0].id

    def make(loaded: Loaded) -> Event:
        return Event(
            id="new",
            kind=EventKind.OVERPAYMENT_REFUND,
            on=recording.today(loaded.open_on),
            amount_fen=fen,
        )

    recorded = record(
        borrower_id=borrower_id,
        loan_id=loan_id,
        reference=reference,
        source="return",
        make=make,
        kind=EventKind.OVERPAYMENT_REFUND.value,
        amount_fen=fen,
    )
    payments.pay_out(
        borrower_id=borrower_id,
        card_id=card_id,
        amount_fen=fen,
        purpose=OVERPAYMENT,
        reference=reference,
        subject={"loan_id": str(loan_id), "sequence": recorded.sequence},
    )
    return replace(recorded, amount_fen=fen)
