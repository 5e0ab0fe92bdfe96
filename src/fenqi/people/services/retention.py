"""What is deleted when its time is over: spent codes, and identities no agreement was concluded with."""

from __future__ import annotations

import datetime

from django.db import transaction

from fenqi.people.models import Account, Identity, IdentityIndex, SignInCode, StrangersTries
from fenqi.people.services.challenges import forget_challenges
from fenqi.people.services.one_person import forget_person
from fenqi.plumbing import audit, clock, rule_data, sealed

# As long as the widest limit of speed looks back.
CODES_KEPT_FOR = datetime.timedelta(days=2)


def forget_codes() -> int:
    """Delete codes no limit counts any more; tells how many."""
    forget_challenges()
    StrangersTries.objects.filter(tried_at__lt=clock.wall() - CODES_KEPT_FOR).delete()
    return SignInCode.objects.filter(sent_at__lt=clock.wall() - CODES_KEPT_FOR).delete()[0]


def unused_identities(on: datetime.date, limit: int = 1000) -> list[int]:
    """Accounts whose identity was given so long ago that it must be of use by now, or go."""
    days = rule_data.value("identity_unused_days", on=on)
    before = clock.midnight(on - datetime.timedelta(days=days))
    waiting = Identity.objects.filter(submitted_at__lt=before, must_be_kept=False).order_by("submitted_at")
    return list(waiting.values_list("borrower_id", flat=True)[:limit])


def keep_identity(*, borrower_id: int) -> None:
    """An agreement stands behind it: it is kept as long as the law asks."""
    Identity.objects.filter(borrower_id=borrower_id).update(must_be_kept=True)


@transaction.atomic
def forget_identity(*, borrower_id: int, why: str) -> None:
    """Delete name, number, photos and the look-up; the account stays and may be verified anew. Safe to repeat."""
    Account.objects.select_for_update().filter(borrower_id=borrower_id).first()
    kept = Identity.objects.filter(borrower_id=borrower_id).first()
    if kept is None:
        return
    for file_id in (kept.front_id, kept.back_id):
        if file_id:
            sealed.forget_file(file_id=file_id, borrower_id=borrower_id)
    IdentityIndex.objects.filter(
        id_index=sealed.blind_index(kept.id_number, purpose="id_number"), borrower_id=borrower_id
    ).delete()
    forget_person(borrower_id=borrower_id, id_number=kept.id_number)
    kept.delete()
    audit.record(
        actor="system:people", action="people.identity.deleted", subject=f"account:{borrower_id}", reason=why
    )
