"""
Our own word on an application, then the lender's.

Everything the rules look at is gathered under the person's lock, so that two applications of one person, from whichever accounts,
see each other. The score is asked for before, with no transaction open, and only where a rule needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.credit import decision_rules, exposure, signals
from fenqi.credit.errors import ExposureExceeded
from fenqi.credit.models import Application, ApplicationState, Lender, LenderInquiry
from fenqi.credit.services import asking, lists, means
from fenqi.credit.services.quoting import find_quote
from fenqi.credit.services.rows import announce, close, intend_inquiry, keep_rules_word, locked
from fenqi.domain.decision import NOT_NEEDED, Inputs, NotNeeded, Outcome, RuleSet, evaluate
from fenqi.people import queries as people
from fenqi.people.queries.consents import missing_consents
from fenqi.plumbing import business_date

if TYPE_CHECKING:
    import datetime

CONSENTS_NEEDED = ("identity", "lender_sharing", "bureau_query", "bureau_reporting")
WHOLE_BP = 10_000
# An income of nothing carries no installment at all.
NO_INCOME_BP = 100 * WHOLE_BP


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """
    How a person stands with us over all their accounts: days past due of the worst open loan (0 without one), principal owed by
    lender without draws of the lines named, and what falls due within a month, in fen.
    """

    days_past_due: int
    owed_by_lender: Mapping[str, int]
    due_in_a_month_fen: int


StandingOf = Callable[[tuple[int, ...], frozenset[int]], Standing]
"""Given the person's accounts and those whose line is held already: how they stand. Called under the person's lock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """Inputs, and what is needed to hold a part of the person's limits."""

    inputs: Inputs
    rules: RuleSet
    person: people.OnePerson | None
    standing: Standing | None


def decide(*, borrower_id: int, application_id: UUID, standing: StandingOf | None) -> str:
    """
    Decide an application whose identity and contact have passed; tells its state afterwards.

    Rules first, then the lender's own word; without `standing` a person looks at it. Repeatable: a decided application
    stays as it is, a lender that was silent is asked again by the same reference. Calls out: not inside a transaction.
    """
    row = Application.objects.filter(borrower_id=borrower_id, id=application_id).first()
    if row is not None and row.state == ApplicationState.STARTED and _everybody_has_spoken(row):
        before = gather(row, standing, with_lock=False)
        if _waits_for_means(row, before):
            return row.state
        if before.inputs.score is None and before.standing is not None:
            asking.ask_score(borrower_id=borrower_id, application_id=application_id)
    inquiry = _judge(borrower_id=borrower_id, application_id=application_id, standing=standing)
    if inquiry is not None:
        asking.ask_lender(inquiry)
    return Application.objects.values_list("state", flat=True).get(borrower_id=borrower_id, id=application_id)


def wants_means(*, borrower_id: int, application_id: UUID, standing: StandingOf) -> bool:
    """Whether a rule needs to know what the person earns, and they have neither said it nor said that they would not."""
    row = Application.objects.filter(borrower_id=borrower_id, id=application_id).first()
    if row is None or row.state != ApplicationState.STARTED or means.has_answered(borrower_id):
        return False
    return _waits_for_means(row, gather(row, standing, with_lock=False))


def _everybody_has_spoken(row: Application) -> bool:
    """The register, the contact, and the person in their consents."""
    person = people.person(row.borrower_id)
    return (
        person.is_identified
        and person.contact_status == "approved"
        and not missing_consents(borrower_id=row.borrower_id, codes=CONSENTS_NEEDED)
    )


def _waits_for_means(row: Application, found: Gathered) -> bool:
    is_unknown = found.standing is not None and found.inputs.debt_service_bp is None
    return is_unknown and not means.has_answered(row.borrower_id)


def gather(row: Application, standing: StandingOf | None, *, with_lock: bool) -> Gathered:
    """Everything the rules look at. `with_lock` holds the person until the transaction ends: judge nobody without it."""
    on = business_date.current()
    rules = decision_rules.in_force(on=on)
    person, one = people.person(row.borrower_id), people.one_person(row.borrower_id)
    known = Inputs(
        lender_kind=Lender.objects.values_list("kind", flat=True).get(code=row.lender_code),
        age=person.age,
        is_student=person.is_student if person.age is not None else None,
        amount_fen=row.amount_fen,
    )
    if one is None:
        return Gathered(inputs=known, rules=rules, person=None, standing=None)
    if with_lock:
        exposure.lock(one.person_index, exposure.limits_of(rules))
    figures = signals.read(application=row, accounts=one.account_ids, windows=rules.windows)
    known = replace(
        known,
        blocked_lists=lists.hits(one),
        accounts=len(one.account_ids),
        account_age_days=(on - one.opened_on).days,
        contact_named_by=one.contact_named_by,
        applications_day=figures.applications_day,
        applications_month=figures.applications_month,
        same_model_units=figures.same_model_units,
        resale_units=figures.resale_units,
        address_applicants=figures.address_applicants,
    )
    if standing is None:
        return Gathered(inputs=known, rules=rules, person=one, standing=None)
    held = exposure.held(one.person_index, but=row.id)
    stands = standing(one.account_ids, held.line_borrowers)
    with_all = sum(stands.owed_by_lender.values()) + sum(held.by_lender.values())
    with_lender = stands.owed_by_lender.get(row.lender_code, 0) + held.by_lender.get(row.lender_code, 0)
    known = replace(
        known,
        days_past_due=stands.days_past_due,
        lender_exposure_fen=with_lender + row.amount_fen,
        person_exposure_fen=with_all + row.amount_fen,
    )
    return Gathered(
        inputs=replace(
            known,
            debt_service_bp=_debt_service(row, rules, known, stands, on),
            score=asking.score_of(row) if rules.needs("score", known) else NOT_NEEDED,
        ),
        rules=rules,
        person=one,
        standing=stands,
    )


def take_hold(row: Application, found: Gathered) -> None:
    """Hold the application's amount of its person's limits. Raises: ExposureExceeded, where they are not known too."""
    if found.person is None or found.standing is None:
        raise ExposureExceeded(_("这位申请人的借款和额度合计现在无法核对，不能通过。"))
    exposure.hold(
        person_index=found.person.person_index,
        subject_id=row.id,
        borrower_id=row.borrower_id,
        kind=exposure.APPLICATION,
        lender_code=row.lender_code,
        amount_fen=row.amount_fen,
        owed_by_lender=found.standing.owed_by_lender,
        limits=exposure.limits_of(found.rules),
    )
    row.person_index = found.person.person_index
    row.save(update_fields=["person_index"])


def _debt_service(
    row: Application, rules: RuleSet, known: Inputs, stands: Standing, on: datetime.date
) -> int | NotNeeded | None:
    """Dues of a month over income, in hundredths of a percent, rounded up; None where it was not said."""
    if not rules.needs("debt_service_bp", known):
        return NOT_NEEDED
    said = means.standing(row.borrower_id, on=on)
    if said is None:
        return None
    quote = find_quote(quote_id=row.quote_id).quote
    a_month_fen = stands.due_in_a_month_fen + quote.per_period_fen + said.other_dues_fen
    return -(-a_month_fen * WHOLE_BP // said.income_fen) if said.income_fen else NO_INCOME_BP


@transaction.atomic
def _judge(*, borrower_id: int, application_id: UUID, standing: StandingOf | None) -> LenderInquiry | None:
    """Our rules' word; the inquiry to send when the lender has to be asked."""
    row = locked(borrower_id, application_id)
    if row.state == ApplicationState.DECIDING:
        return LenderInquiry.objects.filter(
            borrower_id=borrower_id, application_id=application_id, state__in=["INTENDED", "UNKNOWN"]
        ).first()
    if row.state != ApplicationState.STARTED or not _everybody_has_spoken(row):
        return None
    found = gather(row, standing, with_lock=True)
    if _waits_for_means(row, found) or (
        found.inputs.score is None
        and asking.is_score_awaited(borrower_id=borrower_id, application_id=application_id)
    ):
        return None
    word = evaluate(rules=found.rules, inputs=found.inputs)
    decision_rules.keep(found.rules, on=business_date.current())
    keep_rules_word(row, rules=found.rules, inputs=found.inputs, word=word)
    if word.outcome is not Outcome.DECLINE and found.standing is not None:
        take_hold(row, found)
    if word.outcome is Outcome.APPROVE:
        return intend_inquiry(row)
    row.reasons = list(word.reasons)
    if word.outcome is Outcome.REFER:
        row.state = ApplicationState.REFERRED
        row.save(update_fields=["state", "reasons"])
    else:
        close(row, reasons=list(word.reasons), state=ApplicationState.DECLINED)
    announce(row)
    return None
