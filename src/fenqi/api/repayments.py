"""POST /repayments: a lender or a shop reports money that reached us for a loan. GET: what was booked under a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from django.utils.translation import gettext as _
from ninja import Path, Router, Status
from ninja.security import HttpBearer

from fenqi.api import limits
from fenqi.api.schemas import ProblemOut
from fenqi.api.schemas_repayments import REFERENCE, RepaymentIn, RepaymentOut
from fenqi.partners import services as partners
from fenqi.plumbing import business_date
from fenqi.servicing import reported, services
from fenqi.servicing.errors import LoanNotFound

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest

    from fenqi.partners.services import Partner
    from fenqi.servicing.reported import KnownLoan

SCOPE = "repayments"
MOST_A_MINUTE = 6_000
MOST_WRONG_A_MINUTE = 30


class PartnerBearer(HttpBearer):
    """`Authorization: Bearer fq_…`: a key of `fenqi partners issue` with the scope `repayments`."""

    def __call__(self, request: HttpRequest) -> Partner:
        """As `authenticate`; a request without a key is refused like one with a wrong one."""
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, token.strip() if scheme.lower() == self.openapi_scheme else "")

    def authenticate(self, request: HttpRequest, token: str) -> Partner:
        """Who asks. Raises: KeyUnknown, ScopeMissing, TooFast."""
        try:
            partner = partners.know(token=token, scope=SCOPE, on=business_date.current())
        except partners.KeyUnknown:
            limits.count(f"wrong key from {request.META.get('REMOTE_ADDR', '')}", most=MOST_WRONG_A_MINUTE)
            raise
        limits.count(f"key {partner.key_id}", most=MOST_A_MINUTE)
        return partner


router = Router(tags=["repayments"], auth=PartnerBearer())
PROBLEMS = dict.fromkeys((400, 401, 403, 404, 409, 422, 429), ProblemOut)


@router.post("", response={201: RepaymentOut, **PROBLEMS}, summary="Report money received for a loan")
def report(request: HttpRequest, given: RepaymentIn) -> Any:
    """
    Books the money once: the same `reference` with the same content gets the same answer, with other content it is refused.

    What the loan does not owe is kept for the borrower and told (`overpaid_fen`), also when the loan is settled already.
    """
    partner: Partner = request.auth  # type: ignore[attr-defined]
    loan = _loan_of(partner, given.loan_number)
    recorded = services.record_repayment(
        borrower_id=loan.borrower_id,
        loan_id=loan.id,
        amount_fen=given.amount_fen,
        currency=given.currency,
        received_on=given.received_on,
        reference=_kept(partner, given.reference),
        source="partner",
    )
    return Status(201, _told(recorded, given.reference))


@router.get(
    "/{reference}", response={200: RepaymentOut, **PROBLEMS}, summary="What was booked under a reference"
)
def read(request: HttpRequest, reference: Annotated[str, Path(pattern=REFERENCE)]) -> Any:
    """The answer the report got, for whoever did not hear it."""
    partner: Partner = request.auth  # type: ignore[attr-defined]
    return _told(reported.repayment_under(_kept(partner, reference)), reference)


def _kept(partner: Partner, reference: str) -> str:
    # Each partner counts for itself: its references meet neither another's nor our own.
    return f"{partner}:{reference}"


def _loan_of(partner: Partner, number: str) -> KnownLoan:
    loan = reported.loan_of_number(number)
    is_its_own = loan.lender_code == partner.code if partner.kind == "lender" else loan.order_id is not None
    if not is_its_own:
        raise LoanNotFound(_("没有这笔借据。"), field="loan_number")
    return loan


def _told(recorded: services.Recorded, reference: str) -> dict[str, Any]:
    notice = None
    if recorded.overpaid_fen:
        notice = _("其中 ¥%(yuan)s 超出应还金额，已为借款人保留，可退回。") % {
            "yuan": f"{recorded.overpaid_fen // 100}.{recorded.overpaid_fen % 100:02d}"
        }
    return {
        "reference": reference,
        "loan_number": recorded.loan_number,
        "amount_fen": recorded.amount_fen,
        "received_on": recorded.on,
        "sequence": recorded.sequence,
        "shares": [
            {
                "installment": share.installment_number,
                "component": share.component.value,
                "amount_fen": share.fen,
            }
            for share in recorded.shares
        ],
        "overpaid_fen": recorded.overpaid_fen,
        "outstanding_fen": recorded.outstanding_fen,
        "loan_state": recorded.state,
        "notice": notice,
    }
