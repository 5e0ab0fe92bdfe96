"""Loans begin: the ones we service, and mirrors of those a lender services itself."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.domain import posting_rules
from fenqi.domain.events import Event, EventKind
from fenqi.domain.replay import replay
from fenqi.domain.subsidy import NO_SUBSIDY
from fenqi.domain.terms import LoanTerms
from fenqi.ledger import services as ledger
from fenqi.plumbing import ids
from fenqi.servicing import recording, store, terms_sheets
from fenqi.servicing.errors import LoanNotFound, ReferenceReused
from fenqi.servicing.models import EventReference, Loan, LoanEvent, LoanInstallment, LoanNumber
from fenqi.servicing.projection import INSTALLMENT_COLUMNS, Projection, project

THROUGH_CHANNEL = frozenset({"standby"})
"""Products whose money leaves through the channel to the borrower; a lender pays a shop itself."""

LARGEST_PRINCIPAL_FEN = 1_000_000_000
"""Ten million yuan: with its interest still within four bytes (and far above any consumer loan, rules-cn 1.9)."""


@dataclass(frozen=True, kw_only=True)
class ExternalInstallment:
    """One installment of a loan its lender services, as the lender's node tells it. Fen."""

    number: int
    starts_on: datetime.date
    due_on: datetime.date
    principal_fen: int
    interest_fen: int = 0
    fee_fen: int = 0
    penalty_fen: int = 0
    paid_fen: int = 0
    paid_on: datetime.date | None = None


@transaction.atomic
def open_loan(
    *,
    borrower_id: int,
    agreement_id: UUID | None,
    order_id: UUID | None,
    lender_code: str,
    terms: LoanTerms,
    principal_fen: int,
    on: datetime.date,
    source: str,
    reference: str,
    product: str = "installment",
    lender_share_bp: int = 10_000,
) -> UUID:
    """
    A loan begins with its payout: event, projection and entry. The same reference tells the same loan.

    `lender_share_bp` of the principal (of 10,000) is the lender's money, the rest the platform's own.
    Raises: AmountNotPositive, AmountTooLarge, ReferenceReused; the domain's TermsError.
    """
    recording.check_amount(principal_fen, largest_fen=LARGEST_PRINCIPAL_FEN)
    loan_id = ids.new_id()
    taken = _take_reference(reference, borrower_id, loan_id, "payout", principal_fen)
    if taken is not None:
        return taken
    event = Event(id="1", kind=EventKind.PAYOUT, on=on, amount_fen=principal_fen, sequence=1)
    state = replay(terms, [event], on)
    projection = project(terms, [event], state)
    through_channel = product in THROUGH_CHANNEL
    book_id = ledger.book(lender_code=lender_code, product=product, lender_share_bp=lender_share_bp)
    number = ids.new_number("L", on)
    LoanNumber.objects.create(number=number, borrower_id=borrower_id, loan_id=loan_id)
    Loan.objects.create(
        borrower_id=borrower_id,
        id=loan_id,
        number=number,
        book_id=book_id,
        lender_code=lender_code,
        product=product,
        order_id=order_id,
        agreement_id=agreement_id,
        opened_on=on,
        principal_fen=principal_fen,
        lender_share_bp=lender_share_bp,
        is_through_channel=through_channel,
        sequence=1,
        last_event_on=on,
        **_kept_terms(terms),
        **projection.loan,
    )
    _write_payout(borrower_id, loan_id, event, projection, source=source, reference=reference)
    ledger.post(
        borrower_id=borrower_id,
        entry=posting_rules.payout(
            amount_fen=principal_fen,
            lender_share_fen=recording.lender_share_fen(principal_fen, lender_share_bp),
            through_channel=through_channel,
        )
        + posting_rules.subsidy(before=NO_SUBSIDY, after=recording.subsidies(state)),
        business_date=on,
        source=store.entry_source(loan_id, 1),
        loan_id=loan_id,
        book_id=book_id,
    )
    return loan_id


def _kept_terms(terms: LoanTerms) -> dict[str, Any]:
    return {
        "terms_id": terms_sheets.keep(terms),
        "starts_on": terms.starts_on,
        "first_due_on": terms.first_due_on,
        "grace_days": terms.overdue.grace_days,
    }


def _write_payout(
    borrower_id: int, loan_id: UUID, event: Event, projection: Projection, *, source: str, reference: str
) -> None:
    LoanEvent.objects.create(
        borrower_id=borrower_id,
        loan_id=loan_id,
        sequence=event.sequence,
        kind=event.kind.value,
        happened_on=event.on,
        amount_fen=event.amount_fen,
        source=source,
        reference=reference,
    )
    LoanInstallment.objects.bulk_create(
        LoanInstallment(
            borrower_id=borrower_id, loan_id=loan_id, **dict(zip(INSTALLMENT_COLUMNS, row, strict=True))
        )
        for row in projection.installments
    )


@transaction.atomic
def open_external_loan(
    *,
    borrower_id: int,
    agreement_id: UUID | None,
    order_id: UUID | None,
    lender_code: str,
    principal_fen: int,
    on: datetime.date,
    external_number: str,
    pay_url: str,
    schedule: Sequence[ExternalInstallment],
    reference: str,
) -> UUID:
    """
    Mirror a loan that its lender services: its bills show beside ours and are paid at `pay_url`. Nothing is posted.

    Raises: AmountNotPositive, AmountTooLarge, ReferenceReused.
    """
    recording.check_amount(principal_fen, largest_fen=LARGEST_PRINCIPAL_FEN)
    loan_id = ids.new_id()
    taken = _take_reference(reference, borrower_id, loan_id, "mirror", principal_fen)
    if taken is not None:
        return taken
    number = ids.new_number("L", on)
    LoanNumber.objects.create(number=number, borrower_id=borrower_id, loan_id=loan_id)
    Loan.objects.create(
        borrower_id=borrower_id,
        id=loan_id,
        number=number,
        book_id=ledger.HOUSE,
        lender_code=lender_code,
        product="installment",
        serviced_by="lender",
        order_id=order_id,
        agreement_id=agreement_id,
        opened_on=on,
        principal_fen=principal_fen,
        sequence=0,
        last_event_on=on,
        is_plain=False,
        external_number=external_number,
        pay_url=pay_url,
        **_mirrored(schedule, state="active", on=on),
    )
    _mirror_installments(borrower_id, loan_id, schedule)
    return loan_id


@transaction.atomic
def refresh_external_loan(
    *,
    borrower_id: int,
    loan_id: UUID,
    schedule: Sequence[ExternalInstallment],
    state: str,
    on: datetime.date,
) -> None:
    """
    Bring a mirror to what the lender's node says now (`state`: active, overdue or settled).

    Raises: LoanNotFound if there is no such mirror.
    """
    values = _mirrored(schedule, state=state, on=on)
    if not Loan.objects.filter(borrower_id=borrower_id, id=loan_id, serviced_by="lender").update(**values):
        raise LoanNotFound(_("没有这笔借据。"), loan_id=str(loan_id))
    LoanInstallment.objects.filter(borrower_id=borrower_id, loan_id=loan_id).delete()
    _mirror_installments(borrower_id, loan_id, schedule)


def _mirrored(schedule: Sequence[ExternalInstallment], *, state: str, on: datetime.date) -> dict[str, Any]:
    open_rows = [row for row in schedule if row.paid_on is None]
    past = [row.due_on for row in open_rows if row.due_on < on]
    return {
        "state": Loan.State(state).value,
        "projected_on": on,
        "settled_on": on if state == "settled" else None,
        "principal_outstanding_fen": sum(row.principal_fen for row in open_rows),
        "outstanding_fen": sum(
            row.principal_fen + row.interest_fen + row.fee_fen + row.penalty_fen - row.paid_fen
            for row in open_rows
        ),
        "next_due_on": min((row.due_on for row in open_rows if row.due_on >= on), default=None),
        "oldest_unpaid_due_on": min(past, default=None),
    }


def _mirror_installments(borrower_id: int, loan_id: UUID, schedule: Sequence[ExternalInstallment]) -> None:
    rows = []
    balance_fen = sum(row.principal_fen for row in schedule)
    for row in sorted(schedule, key=lambda row: row.number):
        balance_fen -= row.principal_fen
        paid_fen = row.paid_fen
        parts = {}
        # What the lender has received is told as one amount; it is shown against cost first, as the law has it.
        for component in ("penalty", "fee", "interest", "principal"):
            part = min(paid_fen, getattr(row, f"{component}_fen"))
            parts[f"{component}_paid_fen"] = part
            paid_fen -= part
        rows.append(
            LoanInstallment(
                borrower_id=borrower_id,
                loan_id=loan_id,
                number=row.number,
                starts_on=row.starts_on,
                due_on=row.due_on,
                balance_after_fen=balance_fen,
                principal_fen=row.principal_fen,
                interest_fen=row.interest_fen,
                fee_fen=row.fee_fen,
                penalty_fen=row.penalty_fen,
                paid_on=row.paid_on,
                **parts,
            )
        )
    LoanInstallment.objects.bulk_create(rows)


def _take_reference(
    reference: str, borrower_id: int, loan_id: UUID, kind: str, amount_fen: int
) -> UUID | None:
    """None when the reference was free and is taken now, else the loan it opened. Raises: ReferenceReused."""
    with connection.cursor() as cursor:
        # A second caller waits here until the first one has committed.
        cursor.execute(
            f"{store.INSERT_REFERENCE} ON CONFLICT DO NOTHING",
            [
                reference,
                borrower_id,
                loan_id,
                1,
                kind,
                amount_fen,
            ],
        )
        if cursor.rowcount:
            return None
    earlier = EventReference.objects.get(reference=reference)
    if (earlier.borrower_id, earlier.kind, earlier.amount_fen) != (borrower_id, kind, amount_fen):
        raise ReferenceReused(_("这个编号已用于另一笔记录，没有重复处理。"), reference=reference)
    return earlier.loan_id
