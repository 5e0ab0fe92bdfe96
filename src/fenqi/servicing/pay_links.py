"""A link that pays one bill without signing in: unguessable, dated, and it shows nothing but that bill."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing import business_date, rule_data
from fenqi.servicing.errors import LoanNotFound
from fenqi.servicing.models import Loan, PayLink


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
    today = business_date.current()
    due_on = due_on or found[0][2] or today
    token = _token(borrower_id, loan_ids, due_on)
    expires_on = max(due_on, today) + datetime.timedelta(days=int(rule_data.value("pay_link_days", on=today)))
    link, is_new = PayLink.objects.get_or_create(
        token_hash=_hash(token),
        defaults={
            "borrower_id": borrower_id,
            "loan_ids": loan_ids,
            "lender_code": found[0][1],
            "due_on": due_on,
            "expires_on": expires_on,
        },
    )
    if not is_new and link.expires_on < expires_on:
        # A reminder long after the due date must not lead to a link that has run out.
        PayLink.objects.filter(token_hash=link.token_hash, expires_on__lt=expires_on).update(
            expires_on=expires_on
        )
    return f"/pay/{token}/"


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
