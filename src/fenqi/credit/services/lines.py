"""A revolving line and its person: what no rule of law forbids, as much as the limits leave room for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.credit import decision_rules, exposure
from fenqi.credit.errors import ExposureExceeded
from fenqi.credit.models import Lender
from fenqi.credit.services import lists
from fenqi.credit.services.deciding import StandingOf
from fenqi.domain.decision import Inputs, Outcome, evaluate
from fenqi.people import queries as people
from fenqi.plumbing import business_date

ELIGIBILITY = "eligibility"
_LINES = uuid.UUID("6f0b6a52-9c1d-4d0e-8a57-5e1f4c3b2a10")


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A rule of eligibility that speaks against lending, as the applicant may read it."""

    reason: str
    words: str


def line_id(borrower_id: int) -> uuid.UUID:
    """The name under which a borrower's line is held."""
    return uuid.uuid5(_LINES, str(borrower_id))


def refusal_of_line(*, borrower_id: int, lender_code: str) -> Refused | None:
    """The first rule of eligibility that declines lending to this person, None without one: the rules of applications, read for a line."""
    on = business_date.current()
    person, one = people.person(borrower_id), people.one_person(borrower_id)
    inputs = Inputs(
        lender_kind=Lender.objects.values_list("kind", flat=True).get(code=lender_code),
        age=person.age,
        is_student=person.is_student,
        blocked_lists=lists.hits(one) if one else None,
    )
    word = evaluate(rules=decision_rules.in_force(on=on), inputs=inputs)
    for reading in word.fired:
        if reading.kind == ELIGIBILITY and reading.outcome is Outcome.DECLINE:
            told = decision_rules.reason_for_applicant(reading.reason, on=on)
            code = decision_rules.NEUTRAL if told["is_neutral"] else reading.reason
            return Refused(reason=code, words=told["words"])
    return None


@transaction.atomic
def hold_line(
    *, borrower_id: int, lender_code: str, wanted_fen: int, least_fen: int, standing: StandingOf
) -> int:
    """
    Hold as much of the person's limits for a line as is wanted and as there is room for; tells how much, in fen.

    Raises: ExposureExceeded when less than `least_fen` is left, or the person is not known.
    """
    full = ExposureExceeded(_("您在各机构的借款和额度合计已达上限，还款后可以再申请。"))
    one = people.one_person(borrower_id)
    if one is None:
        raise full
    limits = exposure.limits_of(decision_rules.in_force(on=business_date.current()))
    exposure.lock(one.person_index, limits)
    subject_id = line_id(borrower_id)
    held = exposure.held(one.person_index, but=subject_id)
    owed = standing(one.account_ids, held.line_borrowers | {borrower_id}).owed_by_lender
    with_lender = owed.get(lender_code, 0) + held.by_lender.get(lender_code, 0)
    with_all = sum(owed.values()) + sum(held.by_lender.values())
    fits_fen = min(wanted_fen, limits.per_lender_fen - with_lender, limits.per_person_fen - with_all)
    if fits_fen < least_fen:
        raise full
    exposure.hold(
        person_index=one.person_index,
        subject_id=subject_id,
        borrower_id=borrower_id,
        kind=exposure.LINE,
        lender_code=lender_code,
        amount_fen=fits_fen,
        owed_by_lender=owed,
        limits=limits,
    )
    return fits_fen
