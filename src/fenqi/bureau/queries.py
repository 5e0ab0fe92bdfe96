"""Reads of the credit record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fenqi.bureau.models import CreditRow, Dispute, DisputeState, NegativeNotice
from fenqi.bureau.status import MEANINGS, NEGATIVE
from fenqi.people import queries as people
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    import datetime
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Month:
    """One month of one loan, with its meaning in words. `will_report_from` while a negative month waits."""

    month: datetime.date
    status: str
    meaning: Any
    is_negative: bool
    days_past_due: int
    reported_on: datetime.date | None
    is_reported: bool
    will_report_from: datetime.date | None
    is_corrected: bool
    dispute: str  # "", open, upheld or rejected
    dispute_answer: str
    answer_by: datetime.date | None


@dataclass(frozen=True, kw_only=True)
class LoanRecord:
    """One loan as it is reported, newest month first. `account_type` D1 (one-off) or R4 (draw under a limit)."""

    loan_id: UUID
    number: str
    lender_name: str
    account_type: str
    opened_on: datetime.date
    principal_fen: int
    is_closed: bool
    months: tuple[Month, ...]


def record(borrower_id: int) -> list[LoanRecord]:
    """The whole record of a person, newest loan first."""
    rows = list(CreditRow.objects.filter(borrower_id=borrower_id).order_by("-month"))
    notices = {}
    if any(row.status in NEGATIVE for row in rows):
        told = NegativeNotice.objects.filter(borrower_id=borrower_id)
        notices = {(notice.loan_id, notice.month): notice for notice in told}
    disputes = {
        (row.loan_id, row.month): row
        for row in Dispute.objects.filter(borrower_id=borrower_id).order_by("id")
    }
    months: dict[UUID, list[Month]] = {}
    for row in rows:
        key = (row.loan_id, row.month)
        months.setdefault(row.loan_id, []).append(_month(row, notices.get(key), disputes.get(key)))
    loans = [loan for loan in servicing.loans(borrower_id) if loan.serviced_by == "us"]
    return [
        LoanRecord(
            loan_id=loan.id,
            number=loan.number,
            lender_name=loan.lender_name,
            account_type="R4" if loan.product == "standby" else "D1",
            opened_on=loan.opened_on,
            principal_fen=loan.principal_fen,
            is_closed=loan.is_closed,
            months=tuple(months.get(loan.id, [])),
        )
        for loan in sorted(loans, key=lambda loan: (loan.opened_on, loan.number), reverse=True)
    ]


def may_be_reported(borrower_id: int) -> bool:
    """Did the person agree to reporting?"""
    return people.has_consent(borrower_id=borrower_id, text_code="bureau_reporting")


@dataclass(frozen=True, kw_only=True)
class DisputeRow:
    """One line of the console's queue of disputes."""

    borrower_id: int
    dispute_id: UUID
    loan_id: UUID
    loan_number: str
    month: datetime.date
    status: str
    meaning: Any
    reason: str
    opened_on: datetime.date
    answer_by: datetime.date


def open_disputes(*, limit: int = 100) -> list[DisputeRow]:
    """Disputes waiting for an answer, the nearest deadline first."""
    rows = list(Dispute.objects.filter(state=DisputeState.OPEN).order_by("answer_by")[:limit])
    accounts = servicing.reported_accounts([(row.borrower_id, row.loan_id) for row in rows])
    return [
        DisputeRow(
            borrower_id=row.borrower_id,
            dispute_id=row.id,
            loan_id=row.loan_id,
            loan_number=accounts[(row.borrower_id, row.loan_id)][0],
            month=row.month,
            status=row.status_disputed,
            meaning=MEANINGS[row.status_disputed],
            reason=row.reason,
            opened_on=row.opened_on,
            answer_by=row.answer_by,
        )
        for row in rows
    ]


def _month(row: CreditRow, notice: NegativeNotice | None, dispute: Dispute | None) -> Month:
    is_reported = row.status == row.reported_status
    return Month(
        month=row.month,
        status=row.status,
        meaning=MEANINGS[row.status],
        is_negative=row.status in NEGATIVE,
        days_past_due=row.days_past_due,
        reported_on=row.reported_on if is_reported else None,
        is_reported=is_reported,
        will_report_from=notice.report_from
        if notice and row.status in NEGATIVE and not is_reported
        else None,
        is_corrected=row.is_corrected,
        dispute=dispute.state if dispute else "",
        dispute_answer=(dispute.answer or "") if dispute else "",
        answer_by=dispute.answer_by if dispute else None,
    )


def has_open_dispute(borrower_id: int) -> bool:
    """Does a dispute of this person wait for an answer?"""
    return Dispute.objects.filter(borrower_id=borrower_id, state=DisputeState.OPEN).exists()


def open_disputes_size() -> int:
    """How many disputes wait for an answer."""
    return Dispute.objects.filter(state=DisputeState.OPEN).count()
