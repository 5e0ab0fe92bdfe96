"""Questions to outside parties about one application: its score, and the lender's word. Intent, call, outcome; never in a transaction."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction

from fenqi.credit.models import Application, ApplicationState, DecidedBy, LenderInquiry, ScoreInquiry
from fenqi.credit.ports import (
    Applicant,
    DecisionResult,
    LenderRefused,
    LenderUnavailable,
    ScoreUnavailable,
)
from fenqi.credit.services.quoting import find_quote
from fenqi.credit.services.rows import announce, close, keep_word, locked
from fenqi.people import queries as people
from fenqi.people.services.consent_gate import ask_consent
from fenqi.plumbing import business_date, clock, ports, rule_data
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from fenqi.credit.ports import ScoreAnswer

SCORE_CONSENT = "bureau_query"
ABANDONED_AFTER = datetime.timedelta(seconds=30)


def score_of(row: Application) -> int | None:
    """The score that came for this application; None when none did."""
    asked = ScoreInquiry.objects.filter(borrower_id=row.borrower_id, application_id=row.id).first()
    return int(asked.score) if asked is not None and asked.state == "ANSWERED" else None


def is_score_awaited(*, borrower_id: int, application_id: UUID) -> bool:
    """Whether somebody is asking for the score just now; one who began long ago is not coming back."""
    since = clock.now() - ABANDONED_AFTER
    return ScoreInquiry.objects.filter(
        borrower_id=borrower_id, application_id=application_id, state="INTENDED", intended_at__gt=since
    ).exists()


def ask_score(*, borrower_id: int, application_id: UUID) -> None:
    """
    Ask for the applicant's score, once for an application and only under their consent; what is not known stays so.

    A party that does not answer is not pestered: the application goes to a person.
    """
    inquiry = _intend_score(borrower_id, application_id)
    if inquiry is None or inquiry.state != "INTENDED":
        return
    reason = f"{SCORE_CONSENT}: application {application_id}"
    try:
        answer: ScoreAnswer | None = ports.get("score").score(
            reference=str(inquiry.id),
            real_name=people.full_name_for(borrower_id=borrower_id, reason=reason),
            id_number=people.id_number_for(borrower_id=borrower_id, reason=reason),
            timeout_seconds=float(rule_data.value("credit.score_wait_seconds", on=business_date.current())),
        )
    except ScoreUnavailable:
        answer = None
    ScoreInquiry.objects.filter(borrower_id=borrower_id, id=inquiry.id, state="INTENDED").update(
        state="UNKNOWN" if answer is None else "NO_SCORE" if answer.score is None else "ANSWERED",
        score="" if answer is None or answer.score is None else str(answer.score),
        serial=answer.serial if answer else "",
        answered_at=clock.now() if answer else None,
    )


@transaction.atomic
def _intend_score(borrower_id: int, application_id: UUID) -> ScoreInquiry | None:
    """The gate's answer and the intent; None when it was asked for already."""
    if ScoreInquiry.objects.filter(borrower_id=borrower_id, application_id=application_id).exists():
        return None
    is_allowed = ask_consent(
        borrower_id=borrower_id, text_code=SCORE_CONSENT, subject=f"score:{application_id}"
    ).allowed
    try:
        with transaction.atomic():
            return ScoreInquiry.objects.create(
                borrower_id=borrower_id,
                id=new_id(),
                application_id=application_id,
                state="INTENDED" if is_allowed else "DENIED",
                intended_at=clock.now(),
            )
    except IntegrityError:
        return None  # another worker asks


def ask_lender(inquiry: LenderInquiry) -> None:
    """The lender's own word on an application."""
    borrower_id = inquiry.borrower_id
    row = Application.objects.get(borrower_id=borrower_id, id=inquiry.application_id)
    if not ask_consent(
        borrower_id=borrower_id, text_code="lender_sharing", subject=f"application:{row.id}"
    ).allowed:
        _record_answer(
            inquiry, state="REFUSED", result=DecisionResult.DECLINED, reasons=("consent_withdrawn",)
        )
        return
    quote = find_quote(quote_id=row.quote_id).quote
    reason = f"lender_sharing: application {row.id}"
    applicant = Applicant(
        real_name=people.full_name_for(borrower_id=borrower_id, reason=reason),
        id_number=people.id_number_for(borrower_id=borrower_id, reason=reason),
        phone=people.phone_for(borrower_id=borrower_id, reason=reason),
        is_student=people.person(borrower_id).is_student,
    )
    try:
        answer = ports.get("lender").decide(
            lender_code=row.lender_code,
            reference=str(inquiry.id),
            applicant=applicant,
            amount_fen=row.amount_fen,
            plan_code=quote.plan_code,
            installments=quote.installments,
        )
    except LenderUnavailable:
        _record_answer(inquiry, state="UNKNOWN")
    except LenderRefused as e:
        _record_answer(inquiry, state="REFUSED", result=DecisionResult.DECLINED, reasons=(e.code,))
    else:
        waits = answer.result is DecisionResult.REFERRED
        _record_answer(
            inquiry,
            state="UNKNOWN" if waits else "ANSWERED",
            result=None if waits else answer.result,
            reasons=answer.reasons,
            serial=answer.serial,
        )


@transaction.atomic
def _record_answer(
    inquiry: LenderInquiry,
    *,
    state: str,
    result: DecisionResult | None = None,
    reasons: tuple[str, ...] = (),
    serial: str = "",
) -> None:
    row = locked(inquiry.borrower_id, inquiry.application_id)
    kept = LenderInquiry.objects.select_for_update().get(borrower_id=inquiry.borrower_id, id=inquiry.id)
    if kept.state in ("ANSWERED", "REFUSED"):
        return
    kept.state, kept.tries = state, kept.tries + 1
    kept.answered_at = clock.now() if result else None
    kept.save(update_fields=["state", "tries", "answered_at"])
    if result is None or row.state != ApplicationState.DECIDING:
        return
    keep_word(row, by=DecidedBy.LENDER, result=result, reasons=list(reasons), serial=serial)
    if result is DecisionResult.APPROVED:
        row.state, row.decided_at = ApplicationState.APPROVED, clock.now()
        row.save(update_fields=["state", "decided_at"])
    else:
        close(row, reasons=list(reasons) or ["lender_declined"], state=ApplicationState.DECLINED)
    announce(row)
