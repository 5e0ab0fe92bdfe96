"""The link a contact receives: a random token with a short signature; only its hash is kept."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import ContactInvite
from fenqi.plumbing import business_date, clock, index_keys, rule_data

if TYPE_CHECKING:
    from uuid import UUID

_BODY, _MARK = 32, 12


def make_link(*, borrower_id: int, contact_id: UUID) -> str:
    """A new token for this contact; earlier ones keep working until they expire, for the same contact."""
    body = secrets.token_urlsafe(24)
    token = body + _mark(body)
    now = clock.now()
    days = rule_data.value("contact_rules", on=business_date.current())["link_valid_days"]
    ContactInvite.objects.create(
        token_hash=token_hash(token),
        borrower_id=borrower_id,
        contact_id=contact_id,
        sent_at=now,
        expires_at=now + datetime.timedelta(days=days),
    )
    return token


def find_invite(token: str) -> ContactInvite:
    """The invite a token belongs to, expired or not. Raises: LinkUnknown."""
    body, mark = token[:_BODY], token[_BODY:]
    # A made-up token ends here, before the database is asked.
    if len(token) == _BODY + _MARK and token.isascii() and hmac.compare_digest(mark, _mark(body)):
        invite = ContactInvite.objects.filter(token_hash=token_hash(token)).first()
        if invite:
            return invite
    raise refusals.LinkUnknown(_("这个链接无效。请从短信中重新打开完整链接。"))


def token_hash(token: str) -> bytes:
    """What is kept of a link's token, here and of every other link."""
    return hashlib.sha256(token.encode()).digest()


def _mark(body: str) -> str:
    # It saves a look-up and proves nothing: what counts is the kept hash. So it stays the same through every rotation.
    digest = index_keys.first_index(body, purpose="contact-link")
    return urlsafe_b64encode(digest[:9]).decode()
