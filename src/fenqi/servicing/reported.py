"""What other systems ask and report by the numbers they know: a loan by its number, a repayment by its reference."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.errors import NotFound
from fenqi.servicing import recording
from fenqi.servicing.errors import LoanNotFound
from fenqi.servicing.models import Loan, LoanNumber
from fenqi.servicing.recording import RECEIVED_KIND, Recorded
from fenqi.servicing.repaying import record_repayment


class RepaymentUnknown(NotFound):
    """Nothing was booked under the reference."""

    code = "repayment_unknown"


@dataclass(frozen=True, kw_only=True)
class KnownLoan:
    """Whose a loan number is; `order_id` is the order it paid, if it did."""

    borrower_id: int
    id: UUID
    lender_code: str
    order_id: UUID | None


def loan_of_number(number: str) -> KnownLoan:
    """The loan people know by a number. Raises: LoanNotFound."""
    known = LoanNumber.objects.filter(number=number.strip().upper()).first()
    loan = known and Loan.objects.filter(borrower_id=known.borrower_id, id=known.loan_id).first()
    if not loan:
        raise LoanNotFound(_("没有这笔借据。"), field="loan_number")
    return KnownLoan(
        borrower_id=loan.borrower_id, id=loan.id, lender_code=loan.lender_code, order_id=loan.order_id
    )


def repayment_under(reference: str) -> Recorded:
    """The answer a repayment's reporter got, given again. Raises: RepaymentUnknown."""
    earlier = recording.reference_kept(reference)
    if earlier is None or earlier.kind != RECEIVED_KIND or earlier.loan_id is None:
        raise RepaymentUnknown(_("没有用这个编号登记的还款。"), field="reference")
    return record_repayment(
        borrower_id=earlier.borrower_id,
        loan_id=earlier.loan_id,
        amount_fen=earlier.amount_fen,
        reference=reference,
    )
