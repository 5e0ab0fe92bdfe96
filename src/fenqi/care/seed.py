"""What care starts with: one cohort that holds everybody, the mall's entry open."""

from __future__ import annotations

from fenqi.care.models import EntryCohort


def load() -> None:
    """Safe to run again."""
    EntryCohort.objects.get_or_create(code="all", defaults={"from_bucket": 0, "to_bucket": 99})
