"""What a person says they earn and owe elsewhere: asked only where a rule needs it, under its own consent, sealed, never guessed."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.credit.errors import ConsentMissing, MeansUnreadable
from fenqi.credit.models import MeansDeclaration
from fenqi.people import queries as people
from fenqi.people import services as people_services
from fenqi.plumbing import audit, business_date, clock, rule_data
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

CONSENT = "means"
MOST_FEN = 10_000_000_00


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """Income and other dues of a month, in fen, as declared."""

    income_fen: int
    other_dues_fen: int


@transaction.atomic
def declare_means(
    *,
    borrower_id: int,
    income_fen: int | None,
    other_dues_fen: int | None,
    agrees: bool,
    evidence: dict[str, Any],
) -> UUID:
    """
    Keep what was declared; a later declaration takes the place of an earlier one.

    Raises: MeansUnreadable at `income` or `other_dues`, ConsentMissing at `agrees`.
    """
    for field, amount_fen in (("income", income_fen), ("other_dues", other_dues_fen)):
        if amount_fen is None or not 0 <= amount_fen <= MOST_FEN:
            raise MeansUnreadable(_("请填写每月的金额（元），没有就填 0。"), field=field)
    if not agrees:
        raise ConsentMissing(_("需要您同意才能使用这项信息；也可以选择不提供。"), field="agrees")
    people_services.record_consent(
        borrower_id=borrower_id, text_code=CONSENT, channel="web", evidence=evidence
    )
    return _keep(borrower_id, is_withheld=False, income=str(income_fen), other_dues=str(other_dues_fen))


@transaction.atomic
def withhold_means(*, borrower_id: int) -> UUID:
    """They would rather not say: nothing is kept but that, and a person looks at the application."""
    return _keep(borrower_id, is_withheld=True)


def has_answered(borrower_id: int) -> bool:
    """Whether the question was answered lately, one way or the other; a consent withdrawn since opens it again."""
    row = _newest(borrower_id, business_date.current())
    return row is not None and (
        row.is_withheld or people.has_consent(borrower_id=borrower_id, text_code=CONSENT)
    )


def standing(borrower_id: int, *, on: datetime.date) -> Means | None:
    """What was declared, while it stands and its consent too; None otherwise."""
    row = _newest(borrower_id, on)
    if row is None or row.is_withheld or not people.has_consent(borrower_id=borrower_id, text_code=CONSENT):
        return None
    return Means(income_fen=int(row.income), other_dues_fen=int(row.other_dues))


def forget_means(on: datetime.date) -> dict[str, int]:
    """Delete declarations whose time is over, and those whose consent was withdrawn; a step of the day-end."""
    stale = MeansDeclaration.objects.filter(declared_at__date__lt=_valid_since(on))
    gone = stale.delete()[0]
    left = set(
        MeansDeclaration.objects.filter(is_withheld=False).values_list("borrower_id", flat=True).distinct()
    )
    if left:
        withdrawn = left - people.borrowers_who_agreed(text_code=CONSENT, borrower_ids=left)
        gone += MeansDeclaration.objects.filter(borrower_id__in=withdrawn, is_withheld=False).delete()[0]
    return {"forgotten": gone} if gone else {}


def _keep(borrower_id: int, **said: Any) -> UUID:
    row = MeansDeclaration.objects.create(
        borrower_id=borrower_id, id=new_id(), declared_at=clock.now(), **said
    )
    MeansDeclaration.objects.filter(borrower_id=borrower_id).exclude(id=row.id).delete()
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="credit.means.withheld" if row.is_withheld else "credit.means.declared",
        subject=f"account:{borrower_id}",
    )
    return row.id


def _newest(borrower_id: int, on: datetime.date) -> MeansDeclaration | None:
    return (
        MeansDeclaration.objects.filter(borrower_id=borrower_id, declared_at__date__gte=_valid_since(on))
        .order_by("-declared_at")
        .first()
    )


def _valid_since(on: datetime.date) -> datetime.date:
    days = rule_data.value("credit.means", on=on)["valid_days"]
    return on - datetime.timedelta(days=days)
