"""GET /bills: a signed-in shopper's own bills, read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from ninja import Router

from fenqi.api import answers
from fenqi.api.schemas import BillOut, ProblemOut
from fenqi.plumbing.errors import NotAllowed
from fenqi.plumbing.pages import current_borrower_id
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest

router = Router(tags=["bills"])


class SignInNeeded(NotAllowed):
    """Bills are shown to their owner only."""

    code = "sign_in_needed"
    status = 401


@router.get("", response={200: list[BillOut], 401: ProblemOut}, summary="The signed-in shopper's bills")
def bills(request: HttpRequest) -> Any:
    """Every bill, oldest due first; paid ones are among them."""
    borrower_id = current_borrower_id(request)
    if borrower_id is None:
        raise SignInNeeded(_("请先登录。"))
    return answers.ready(
        [
            {
                "lender_code": bill.lender_code,
                "lender_name": bill.lender_name,
                "due_on": bill.due_on,
                "amount_fen": bill.amount_fen,
                "state": bill.state,
                "lines": [
                    {
                        "loan_number": line.loan_number,
                        "installment": line.installment_number,
                        "amount_fen": line.amount_fen,
                    }
                    for line in bill.lines
                ],
            }
            for bill in servicing.bills(borrower_id)
        ]
    )
