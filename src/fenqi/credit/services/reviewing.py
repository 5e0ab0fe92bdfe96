"""
A person's word: on an application the rules referred, on a wish for review, and against a decline, where it takes two.

What a person says has a reason code and words of their own, is kept beside the rules' word, and is never more than the limits
allow: an approval holds its part of the person's exposure like any other.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fenqi.credit import decision_rules
from fenqi.credit.errors import (
    ApplicationMovedOn,
    DecisionNotOpen,
    OverrideImpossible,
    ReasonMissing,
    ReviewNotOpen,
)
from fenqi.credit.models import (
    CLOSED_STATES,
    Application,
    ApplicationState,
    DecidedBy,
    Decision,
    ReviewRequest,
)
from fenqi.credit.models.risk import ReviewState
from fenqi.credit.ports import DecisionResult
from fenqi.credit.rereading import read_again
from fenqi.credit.services.deciding import StandingOf, gather, take_hold
from fenqi.credit.services.rows import announce, close, intend_inquiry, keep_word, locked
from fenqi.plumbing import audit, business_date, clock, four_eyes, outbox, rule_data
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from fenqi.plumbing.four_eyes import Approval

OVERRIDE = "credit.override"
# A decline of these may be looked at by a person; a person's own word was.
BY_MACHINE = (DecidedBy.RULES, DecidedBy.LENDER)


@transaction.atomic
def review_application(
    *,
    staff: str,
    borrower_id: int,
    application_id: UUID,
    approve: bool,
    reason_code: str,
    words: str,
    standing: StandingOf | None,
) -> None:
    """
    A person's word on a referred application; approving sends it on to the lender.

    Raises: DecisionNotOpen if it does not wait for a person; ReasonMissing at `reason_code` or `reason`; ExposureExceeded.
    """
    row = locked(borrower_id, application_id)
    if row.state != ApplicationState.REFERRED:
        raise DecisionNotOpen(_("这个申请不在等待人工审核。"))
    words = insist_on_reason(reason_code, words, outcome="approve" if approve else "decline")
    if approve:
        take_hold(row, gather(row, standing, with_lock=True))
    result = DecisionResult.APPROVED if approve else DecisionResult.DECLINED
    last = _newest_decision(row)
    keep_word(
        row,
        by=DecidedBy.STAFF,
        result=result,
        reasons=[reason_code],
        words=words,
        decided_by=staff,
        overrides=last.id if last else None,
    )
    _audit(
        row,
        action=f"application.{result.value.lower()}",
        actor=f"staff:{staff}",
        reason=words,
        code=reason_code,
    )
    if approve:
        intend_inquiry(row)
        outbox.publish("credit.application.reviewed", borrower_id=borrower_id, application_id=row.id)
    else:
        close(row, reasons=["staff_declined"], state=ApplicationState.DECLINED)
        announce(row)


@transaction.atomic
def request_review(*, borrower_id: int, application_id: UUID, words: str) -> UUID:
    """
    The applicant asks for a person to look at a decline; once for a decision, repeatable. Tells the request's id.

    Raises: ReviewNotOpen for what no machine declined.
    """
    row = locked(borrower_id, application_id)
    last = _newest_decision(row)
    if row.state != ApplicationState.DECLINED or last is None or last.by not in BY_MACHINE:
        raise ReviewNotOpen(_("这个申请没有可以复核的自动审批结果。"))
    rule = rule_data.value("credit.human_review", on=business_date.current())
    now = clock.now()
    try:
        with transaction.atomic():
            asked = ReviewRequest.objects.create(
                borrower_id=borrower_id,
                id=new_id(),
                application_id=row.id,
                decision_id=last.id,
                words=words.strip()[: rule["words_most"]],
                asked_at=now,
                answer_by=now + datetime.timedelta(hours=rule["answer_within_hours"]),
            )
    except IntegrityError:
        return ReviewRequest.objects.get(borrower_id=borrower_id, decision_id=last.id).id
    _audit(row, action="application.review_requested", actor=f"shopper:{borrower_id}")
    outbox.publish(
        "credit.review.requested",
        borrower_id=borrower_id,
        application_id=row.id,
        order_id=row.order_id,
    )
    return asked.id


@transaction.atomic
def uphold(*, staff: str, borrower_id: int, application_id: UUID, reason_code: str, words: str) -> None:
    """
    A person looked at what the applicant asked them to, and the decision stands; `words` are for the applicant.

    Raises: ApplicationUnknown, ReviewNotOpen, ReasonMissing at `reason_code` or `reason`.
    """
    row = locked(borrower_id, application_id)
    asked = _open_request(row)
    if asked is None:
        raise ReviewNotOpen(_("这个复核请求已经答复过了。"))
    words = insist_on_reason(reason_code, words, outcome="decline")
    keep_word(
        row,
        by=DecidedBy.STAFF,
        result=DecisionResult.DECLINED,
        reasons=[reason_code],
        words=words,
        decided_by=staff,
    )
    _audit(row, action="application.review_upheld", actor=f"staff:{staff}", reason=words, code=reason_code)
    _answer(asked, state=ReviewState.UPHELD, words=words, staff=staff)


def overridable(*, borrower_id: int, application_id: UUID) -> Application:
    """
    The declined application, if two people may decide otherwise.

    Raises: OverrideImpossible where the law or a limit declined, or the lender; ApplicationMovedOn when the order went another way.
    """
    row = Application.objects.filter(borrower_id=borrower_id, id=application_id).first()
    if row is None:
        raise DecisionNotOpen(_("这个申请不是未通过状态。"))
    _word_overridable(row)
    return row


def _word_overridable(row: Application) -> Decision:
    """The rules' decline that two people may decide against. Raises: see `overridable`."""
    last = _newest_decision(row)
    if row.state != ApplicationState.DECLINED or last is None:
        raise DecisionNotOpen(_("这个申请不是未通过状态。"))
    first = _newest_decision(row, by=DecidedBy.RULES)
    if last.by == DecidedBy.LENDER or first is None or first.result != DecisionResult.DECLINED.value:
        raise OverrideImpossible(_("这是贷款机构或审核人员的决定，不能在这里改判；可以写明情况答复申请人。"))
    if not read_again(first).decision.may_be_overridden:
        raise OverrideImpossible(_("这一决定依据法规或额度上限，任何人都不能改判。"))
    others = Application.objects.filter(borrower_id=row.borrower_id, order_id=row.order_id).exclude(
        state__in=CLOSED_STATES
    )
    if others.exists():
        raise ApplicationMovedOn(_("申请人已为这笔订单改选其他方案，不需要改判。"))
    return first


def override_declined(*, approval: Approval, standing: StandingOf) -> None:
    """
    Two people decided against a decline: the application is open again and goes to the lender. Called by the approval of OVERRIDE.

    Raises: SecondPairMissing, OverrideImpossible, ApplicationMovedOn, ExposureExceeded.
    """
    told = approval.arguments
    borrower_id, application_id = int(told["borrower_id"]), UUID(told["application_id"])
    with transaction.atomic():
        row = locked(borrower_id, application_id)
        four_eyes.spend(approval_id=approval.id, kind=OVERRIDE, arguments=told)
        first = _word_overridable(row)
        take_hold(row, gather(row, standing, with_lock=True))
        keep_word(
            row,
            by=DecidedBy.STAFF,
            result=DecisionResult.APPROVED,
            reasons=[told["reason_code"]],
            words=approval.reason,
            decided_by=f"{approval.maker} + {approval.checker}",
            overrides=first.id,
        )
        row.closed_at, row.reasons = None, []
        row.save(update_fields=["closed_at", "reasons"])
        intend_inquiry(row)
        _audit(
            row,
            action="application.overridden",
            actor=f"staff:{approval.checker}",
            reason=approval.reason,
            code=told["reason_code"],
            maker=approval.maker,
        )
        asked = _open_request(row)
        if asked is not None:
            _answer(asked, state=ReviewState.OVERTURNED, words=told["answer"], staff=approval.checker)
        outbox.publish("credit.application.reviewed", borrower_id=borrower_id, application_id=row.id)


def _open_request(row: Application) -> ReviewRequest | None:
    return ReviewRequest.objects.filter(
        borrower_id=row.borrower_id, application_id=row.id, state=ReviewState.OPEN
    ).first()


def _answer(asked: ReviewRequest, *, state: ReviewState, words: str, staff: str) -> None:
    """Keep the answer; its application is locked, so nobody else answers."""
    asked.state, asked.answer, asked.answered_by = state, words, staff
    asked.answered_at = clock.now()
    asked.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    outbox.publish(
        "credit.review.answered",
        borrower_id=asked.borrower_id,
        application_id=asked.application_id,
        request_id=asked.id,
        state=state.value,
    )


def insist_on_reason(code: str, words: str, *, outcome: str) -> str:
    """The words, trimmed, of a decision that has both kinds of reason; `outcome`: approve | decline. Raises: ReasonMissing."""
    known = dict(decision_rules.staff_reasons(on=business_date.current(), outcome=outcome))
    if code not in known:
        raise ReasonMissing(_("请选择理由类别。"), field="reason_code")
    if not words.strip():
        raise ReasonMissing(_("请写明理由。"), field="reason")
    return words.strip()[:300]


def _newest_decision(row: Application, **of: str) -> Decision | None:
    kept = Decision.objects.filter(borrower_id=row.borrower_id, application_id=row.id, **of)
    return kept.order_by("-at", "-id").first()


def _audit(row: Application, *, action: str, actor: str, reason: str = "", **details: str) -> None:
    audit.record(actor=actor, action=action, subject=f"application:{row.id}", reason=reason, **details)
