"""Terms shared by many loans: a million loans of a few plans keep their terms once."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from functools import lru_cache
from uuid import UUID

from fenqi.domain.terms import LoanTerms, terms_from_json, terms_to_json
from fenqi.servicing.models import TermsSheet


def keep(terms: LoanTerms) -> UUID:
    """Store what loans of these terms share (all but the loan's own dates) and tell the sheet's key."""
    form = terms_to_json(dataclasses.replace(terms, starts_on=None, first_due_on=None))
    key = key_of(form)
    TermsSheet.objects.bulk_create([TermsSheet(id=key, terms=form)], ignore_conflicts=True)
    return key


def key_of(form: object) -> UUID:
    """The key of a sheet: the md5 of its JSON."""
    canonical = json.dumps(form, sort_keys=True, ensure_ascii=False)
    return UUID(bytes=hashlib.md5(canonical.encode(), usedforsecurity=False).digest())


@lru_cache(maxsize=1024)
def sheet(key: UUID) -> LoanTerms:
    """The shared terms. A sheet never changes, so it is read once a process."""
    return terms_from_json(TermsSheet.objects.get(id=key).terms)


@lru_cache(maxsize=65_536)
def of_loan(key: UUID, starts_on: datetime.date | None, first_due_on: datetime.date | None) -> LoanTerms:
    """The terms of one loan: its sheet with its own dates."""
    if starts_on is None and first_due_on is None:
        return sheet(key)
    return dataclasses.replace(sheet(key), starts_on=starts_on, first_due_on=first_due_on)
