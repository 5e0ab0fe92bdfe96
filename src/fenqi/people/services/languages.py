"""The language an account is written to in: the one it chose, whoever queues the message and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from fenqi.people.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterable


@transaction.atomic
def choose_language(*, borrower_id: int, language: str) -> None:
    """Keep the language somebody chose on a page; one we do not speak changes nothing."""
    if language in dict(settings.LANGUAGES):
        Account.objects.filter(borrower_id=borrower_id).update(language=language)


@transaction.atomic
def language_at_sign_in(*, borrower_id: int, chosen: str) -> str:
    """The account's language, or empty; what was `chosen` in this browser before counts where the account never chose."""
    kept = Account.objects.values_list("language", flat=True).get(borrower_id=borrower_id)
    if kept or chosen not in dict(settings.LANGUAGES):
        return kept
    choose_language(borrower_id=borrower_id, language=chosen)
    return chosen


def languages_of(borrower_ids: Iterable[int]) -> dict[int, str]:
    """The language each account is written to in, by one statement; Chinese where none was chosen or the account is not known."""
    wanted = set(borrower_ids)
    chosen = dict(
        Account.objects.filter(borrower_id__in=wanted)
        .exclude(language="")
        .values_list("borrower_id", "language")
    )
    return {borrower_id: chosen.get(borrower_id, settings.LANGUAGE_CODE) for borrower_id in wanted}
