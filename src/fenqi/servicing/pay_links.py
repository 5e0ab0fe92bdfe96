"""A link that pays one bill without signing in: unguessable, dated, and it shows nothing but that bill."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing import business_date, rule_data
from fenqi.servicing.errors import LoanNotFound
from fenqi.servicing.models import Loan, PayLink
from fenqi.servicing.views import NextBill


def make_pay_link(
    *,
    borrower_id: int,
    loan_id: UUID | None = None,
    due_on: datetime.date | None = None,
    lender_code: str = "",
) -> str:
    """
    The path of a link that pays a loan's bill, or all bills of a due date with one lender.

    The same bill has the same link, so that a second reminder does not spoil the first; each makes it last on from its day.
    Raises: LoanNotFound.
    """
    loans = Loan.objects.filter(borrower_id=borrower_id, serviced_by="us")
    if loan_id is not None:
        loans = loans.filter(id=loan_id)
    if lender_code:
        loans = loans.filter(lender_code=lender_code)
    found = sorted(loans.values_list("id", "lender_code", "next_due_on"), key=lambda row: str(row[0]))
    if loan_id is None:
        found = [row for row in found if row[1] == (lender_code or found[0][1])]
    if not found:
        raise LoanNotFound(_("没有要还的借据。"))
    loan_ids = [str(row[0]) for row in found]
    due_on = due_on or found[0][2] or business_date.current()
    return _keep([Linked(borrower_id, loan_ids, found[0][1], due_on)])[0]


def make_pay_links(bills: Sequence[NextBill]) -> list[str]:
    """The paths of links that pay these bills, in their order: one statement, however many. A bill stands there once."""
    return _keep(
        [Linked(bill.borrower_id, [str(bill.loan_id)], bill.lender_code, bill.due_on) for bill in bills]
    )


class Linked(NamedTuple):
    """What a link pays."""

    borrower_id: int
    loan_ids: list[str]
    lender_code: str
    due_on: datetime.date


def _keep(bills: Sequence[Linked]) -> list[str]:
    """Keep the links, each from now on for the days of the rule: a late reminder must not lead to one that has run out."""
    today = business_date.current()
    days = datetime.timedelta(days=int(rule_data.value("pay_link_days", on=today)))
    tokens = [_token(bill.borrower_id, bill.loan_ids, bill.due_on) for bill in bills]
    PayLink.objects.bulk_create(
        [
            PayLink(token_hash=_hash(token), expires_on=max(bill.due_on, today) + days, **bill._asdict())
            for token, bill in zip(tokens, bills, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["token_hash"],
        update_fields=["expires_on"],
    )
    return [f"/pay/{token}/" for token in tokens]


def find(token: str) -> PayLink | None:
    """The link of a token, expired or not."""
    return PayLink.objects.filter(token_hash=_hash(token)).first()


def _token(borrower_id: int, loan_ids: list[str], due_on: datetime.date) -> str:
    # Derived, not drawn: the table keeps only its hash, and the link can be made again for the next reminder.
    content = f"pay-link:{borrower_id}:{','.join(loan_ids)}:{due_on}"
    key = settings.SECRET_KEY.encode() if isinstance(settings.SECRET_KEY, str) else settings.SECRET_KEY
    return hmac.new(key, content.encode(), hashlib.sha256).hexdigest()[:40]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
