"""Keys of other systems: issued once, known by the hash of their secret, revoked at once."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.partners.models import PartnerKey, PartnerKind
from fenqi.plumbing import audit, clock
from fenqi.plumbing.errors import NotAllowed, NotFound, Refusal

PREFIX = "fq"
SCOPES = ("repayments",)
"""repayments: report money that came in for loans, read what was booked."""


class KeyUnknown(NotAllowed):
    """No key, a wrong one, or one that has ended: the three are not told apart."""

    code = "key_unknown"
    status = 401


class ScopeMissing(NotAllowed):
    """The key is good, but not for this."""

    code = "scope_missing"


class PartnerMisstated(Refusal):
    """A key for nobody, or for nothing."""

    code = "partner_misstated"


class NoSuchKey(NotFound):
    """There is no such key, or it was revoked before."""

    code = "no_such_key"


@dataclass(frozen=True, kw_only=True)
class Partner:
    """Who asks, as its key says."""

    key_id: str
    kind: str
    code: str
    scopes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"


@transaction.atomic
def issue(
    *,
    kind: str,
    code: str,
    scopes: list[str],
    actor: str,
    note: str = "",
    ends_on: datetime.date | None = None,
) -> str:
    """
    A new key for a partner; the text is told here and never again.

    Raises: PartnerMisstated.
    """
    if kind not in PartnerKind.values or not code or not scopes or set(scopes) - set(SCOPES):
        raise PartnerMisstated(_("请写明合作方和这把密钥的用途。"), partner=f"{kind}:{code}", scopes=scopes)
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    PartnerKey.objects.create(
        id=key_id, kind=kind, code=code, scopes=scopes, secret_hash=_hash(secret), note=note, ends_on=ends_on
    )
    audit.record(
        actor=actor, action="partners.key.issued", subject=f"partner:{kind}:{code}", key=key_id, scopes=scopes
    )
    return f"{PREFIX}_{key_id}_{secret}"


@transaction.atomic
def revoke(*, key_id: str, actor: str, reason: str) -> None:
    """End a key at once. Raises: NoSuchKey."""
    if not PartnerKey.objects.filter(id=key_id, revoked_at__isnull=True).update(revoked_at=clock.wall()):
        raise NoSuchKey(_("没有这把密钥，或已经停用。"))
    audit.record(actor=actor, action="partners.key.revoked", subject=f"key:{key_id}", reason=reason)


def know(*, token: str, scope: str, on: datetime.date) -> Partner:
    """
    Whose key this is, if it may do `scope`; notes the day it was used on.

    Raises: KeyUnknown, ScopeMissing.
    """
    prefix, _bar, rest = token.partition("_")
    key_id, _bar, secret = rest.partition("_")
    row = PartnerKey.objects.filter(id=key_id).first() if prefix == PREFIX and "\x00" not in key_id else None
    # Compared for an unknown key too: the answer takes as long as for a wrong secret.
    is_right = hmac.compare_digest(bytes(row.secret_hash) if row else bytes(32), _hash(secret))
    if row is None or not is_right or row.revoked_at or (row.ends_on and row.ends_on < on):
        raise KeyUnknown(_("密钥无效或已停用。"))
    if scope not in row.scopes:
        raise ScopeMissing(_("这把密钥没有此项权限。"), scope=scope)
    if row.used_on != on:
        PartnerKey.objects.filter(id=key_id).update(used_on=on)
    return Partner(key_id=row.id, kind=row.kind, code=row.code, scopes=frozenset(row.scopes))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
