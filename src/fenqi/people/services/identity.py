"""
The real-name check: read, seal, ask the identity party, decide or hand to a person.

The outside call is three steps: the intent is written, the party asked with no transaction open, the outcome written.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import id_number as id_numbers
from fenqi.people import refusals
from fenqi.people.models import Account, Identity, IdentityCheck, IdentityIndex, IdentityStatus
from fenqi.people.photos import clean_photo
from fenqi.people.ports import CheckResult, IdentityAnswer
from fenqi.people.services.consents import FACE, is_withdrawn
from fenqi.people.services.one_person import bind_person
from fenqi.plumbing import audit, business_date, clock, four_eyes, outbox, ports, rule_data, sealed
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

LONG_TERM = "long-term"
MOVE_KIND = "people.identity_move"  # of the approval by two people (plumbing.four_eyes)
# An answer that has not come by then is not coming: the person may ask again.
CHECK_ABANDONED_AFTER = datetime.timedelta(minutes=2)


class IdentityOutcome(enum.StrEnum):
    """What a submission came to; REVIEW means a person looks at it."""

    PASS = "PASS"  # noqa: S105 - an answer, no password  # nosec
    FAIL = "FAIL"
    RETRY = "RETRY"
    LIMIT = "LIMIT"
    REVIEW = "REVIEW"


_STATUS_OF = {
    IdentityOutcome.PASS: IdentityStatus.PASSED,
    IdentityOutcome.FAIL: IdentityStatus.FAILED,
    IdentityOutcome.RETRY: IdentityStatus.RETRY,
    IdentityOutcome.LIMIT: IdentityStatus.LIMIT,
    IdentityOutcome.REVIEW: IdentityStatus.REVIEW,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Submission:
    real_name: str
    citizen: id_numbers.IdNumber
    valid_until: str
    is_student: bool
    face: bool
    front: bytes | None
    back: bytes | None


def submit_identity(
    *,
    borrower_id: int,
    real_name: str,
    id_number: str,
    front: bytes | None = None,
    back: bytes | None = None,
    face: bool = False,
    valid_until: datetime.date | None = None,
    is_student: bool = False,
) -> IdentityOutcome:
    """
    Check who the account's owner is; `valid_until` None is a card without end.

    The same person again after PASS or REVIEW gets that answer without another question.
    Raises: Unreadable, TooYoung, PhotoRefused, ConsentWithdrawn, IdentityLimit, IdentityStanding.
    """
    _refuse_withdrawn_face(borrower_id, face)
    submission = _read(real_name, id_number, front, back, face, valid_until, is_student)
    standing = _standing_answer(borrower_id, submission)
    if standing:
        return standing
    check_id = _intend(borrower_id, submission)
    answer = _ask(check_id, submission)
    return _conclude(borrower_id, check_id, answer)


def retry_identity(*, borrower_id: int) -> IdentityOutcome:
    """
    Ask again with what was kept, after the identity party did not answer.

    Raises: NotWaiting when nothing waits for an answer, IdentityStanding while a question is open.
    """
    kept = Identity.objects.filter(borrower_id=borrower_id).first()
    if kept is None or kept.status not in (IdentityStatus.RETRY, IdentityStatus.CHECKING):
        raise refusals.NotWaiting(_("没有等待重试的认证。"))

    _refuse_withdrawn_face(borrower_id, kept.method == "face")

    def photo(file_id: UUID | None) -> bytes | None:
        return sealed.open_file(file_id=file_id, borrower_id=borrower_id)[0] if file_id else None

    submission = _Submission(
        real_name=kept.real_name,
        citizen=refusals.citizen(kept.id_number, on=business_date.current()),
        valid_until=kept.valid_until,
        is_student=kept.is_student,
        face=kept.method == "face",
        front=photo(kept.front_id),
        back=photo(kept.back_id),
    )
    check_id = _intend(borrower_id, submission)
    return _conclude(borrower_id, check_id, _ask(check_id, submission))


def _refuse_withdrawn_face(borrower_id: int, face: bool) -> None:
    if face and is_withdrawn(borrower_id=borrower_id, text_code=FACE):
        raise refusals.ConsentWithdrawn(
            _("您已撤回人脸信息的同意；请勾选单独同意后再核验，或改为上传证件照片。"), field="agree_face"
        )


def _read(
    real_name: str,
    id_number: str,
    front: bytes | None,
    back: bytes | None,
    face: bool,
    valid_until: datetime.date | None,
    is_student: bool,
) -> _Submission:
    on = business_date.current()
    name = refusals.real_name(real_name)
    citizen = refusals.citizen(id_number, on=on)
    min_age = rule_data.value("age_limits", on=on)["hard_min"]
    if citizen.age_on(on) < min_age:
        raise refusals.TooYoung(
            _("未满 %(n)s 周岁不能申请分期，可以选择全款支付。") % {"n": min_age}, field="id_number"
        )
    if valid_until is not None:
        _check_validity(valid_until, citizen, on)
    return _Submission(
        real_name=name,
        citizen=citizen,
        valid_until=valid_until.isoformat() if valid_until else LONG_TERM,
        is_student=is_student,
        face=face,
        front=None if face else clean_photo(front or b"", field="front"),
        back=None if face else clean_photo(back or b"", field="back"),
    )


def _check_validity(valid_until: datetime.date, citizen: id_numbers.IdNumber, on: datetime.date) -> None:
    if valid_until < on:
        raise refusals.Unreadable(_("身份证已过期，请换领新证后再认证。"), field="valid_until")
    # No card with an end runs longer than 20 years from today (issued today, at 26 to 45).
    if valid_until.year > on.year + 20:
        raise refusals.Unreadable(
            _("有效期不合理，请对照身份证背面填写；长期有效请勾选“长期”。"), field="valid_until"
        )


def _standing_answer(borrower_id: int, submission: _Submission) -> IdentityOutcome | None:
    """The answer already given for these very facts, if they passed or wait for a person."""
    kept = Identity.objects.filter(borrower_id=borrower_id).first()
    if kept is None or kept.status not in (IdentityStatus.PASSED, IdentityStatus.REVIEW):
        return None
    if (kept.real_name, kept.id_number) == (submission.real_name, submission.citizen.number):
        return IdentityOutcome.PASS if kept.status == IdentityStatus.PASSED else IdentityOutcome.REVIEW
    if kept.status == IdentityStatus.PASSED:
        raise refusals.IdentityStanding(_("这个账号已完成实名认证，不能换成另一个人。"))
    raise refusals.IdentityStanding(_("上一次提交正在人工审核，请等结果出来。"))


@transaction.atomic
def _intend(borrower_id: int, submission: _Submission) -> UUID:
    # The lock makes two tabs of one person queue up; the second sees the first one's intent.
    Account.objects.select_for_update().get(borrower_id=borrower_id)
    now = clock.wall()
    kept = Identity.objects.filter(borrower_id=borrower_id).first()
    latest = IdentityCheck.objects.filter(borrower_id=borrower_id).order_by("-asked_at").first()
    if latest and latest.answered_at is None and latest.asked_at > now - CHECK_ABANDONED_AFTER:
        raise refusals.IdentityStanding(_("刚才的提交还在核验，请稍等片刻。"))
    limit = rule_data.value("identity_tries_per_day", on=business_date.current())
    recent = IdentityCheck.objects.filter(
        borrower_id=borrower_id, asked_at__gt=now - datetime.timedelta(days=1)
    ).exclude(result=CheckResult.RETRY)
    if recent.count() >= limit:
        raise refusals.IdentityLimit(_("今天的认证次数已用完，请明天再试，或联系客服。"))

    for file_id in (kept.front_id, kept.back_id) if kept else ():
        if file_id:
            sealed.forget_file(file_id=file_id, borrower_id=borrower_id)
    Identity.objects.update_or_create(
        borrower_id=borrower_id,
        defaults={
            "real_name": submission.real_name,
            "id_number": submission.citizen.number,
            "born_on": submission.citizen.born_on.isoformat(),
            "valid_until": submission.valid_until,
            "is_student": submission.is_student,
            "method": "face" if submission.face else "photos",
            "front_id": _keep_photo(borrower_id, submission.front, "identity.front"),
            "back_id": _keep_photo(borrower_id, submission.back, "identity.back"),
            "status": IdentityStatus.CHECKING,
            "reason": "",
            "submitted_at": clock.now(),
            "decided_at": None,
            "decided_by": "",
        },
    )
    check_id = new_id()
    IdentityCheck.objects.create(
        borrower_id=borrower_id, id=check_id, method="face" if submission.face else "photos", asked_at=now
    )
    return check_id


def _keep_photo(borrower_id: int, photo: bytes | None, kind: str) -> UUID | None:
    if photo is None:
        return None
    return sealed.keep_file(content=photo, kind=kind, media_type="image/jpeg", borrower_id=borrower_id)


def _ask(check_id: UUID, submission: _Submission) -> IdentityAnswer:
    answer: IdentityAnswer = ports.get("identity").check_identity(
        reference=str(check_id),
        real_name=submission.real_name,
        id_number=submission.citizen.number,
        front=submission.front,
        back=submission.back,
        face=submission.face,
    )
    return answer


@transaction.atomic
def _conclude(borrower_id: int, check_id: UUID, answer: IdentityAnswer) -> IdentityOutcome:
    identity = Identity.objects.select_for_update().get(borrower_id=borrower_id)
    IdentityCheck.objects.filter(borrower_id=borrower_id, id=check_id).update(
        result=answer.result, serial=answer.serial, reason=answer.reason[:300], answered_at=clock.wall()
    )
    outcome, reason = IdentityOutcome(answer.result), answer.reason
    if outcome is IdentityOutcome.PASS:
        if not _claim_id_number(identity):
            outcome, reason = IdentityOutcome.REVIEW, "id_number_on_another_account"
        elif identity.method == "photos" and rule_data.value(
            "identity_photos_need_review", on=business_date.current()
        ):
            outcome, reason = IdentityOutcome.REVIEW, "photos_to_be_seen"
    identity.status = _STATUS_OF[outcome]
    identity.reason = reason[:300]
    if outcome in (IdentityOutcome.PASS, IdentityOutcome.FAIL):
        identity.decided_at, identity.decided_by = clock.now(), "system:identity"
    identity.save()
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="people.identity.submitted",
        subject=f"account:{borrower_id}",
        outcome=outcome.value,
        method=identity.method,
    )
    if outcome is IdentityOutcome.PASS:
        bind_person(borrower_id=borrower_id, id_number=identity.id_number)
        outbox.publish("people.identity.decided", borrower_id=borrower_id, status="passed")
    elif outcome is IdentityOutcome.REVIEW:
        outbox.publish("people.identity.review_wanted", borrower_id=borrower_id, reason=reason)
    return outcome


def _claim_id_number(identity: Identity) -> bool:
    """Take the ID number for this account; False when it is another account's."""
    index = sealed.blind_index(identity.id_number, purpose="id_number")
    kept, _is_new = IdentityIndex.objects.get_or_create(
        id_index=index, defaults={"borrower_id": identity.borrower_id}
    )
    return kept.borrower_id == identity.borrower_id


@transaction.atomic
def review_identity(
    *, staff: str, borrower_id: int, approve: bool, reason: str, approval_id: UUID | None = None
) -> None:
    """
    A person decides what the machine would not.

    Approving an ID number that stands on another account moves it here, by two people; the other account's identity
    is refused. `staff`: "staff:<name>" or "system:<part>". Raises: NotWaiting, ReasonMissing, SecondPairMissing.
    """
    if not reason.strip():
        raise refusals.ReasonMissing(_("请写明理由。"), field="reason")
    identity = Identity.objects.select_for_update().filter(borrower_id=borrower_id).first()
    if identity is None or identity.status != IdentityStatus.REVIEW:
        raise refusals.NotWaiting(_("这项认证不在待审核状态，可能已被同事处理。"))
    if approve and not _claim_id_number(identity):
        four_eyes.spend(approval_id=approval_id, kind=MOVE_KIND, arguments={"borrower_id": borrower_id})
        _move_id_number(identity, staff=staff, reason=reason)
    identity.status = IdentityStatus.PASSED if approve else IdentityStatus.REFUSED
    identity.reason, identity.decided_by, identity.decided_at = reason.strip()[:300], staff, clock.now()
    identity.save()
    if approve:
        bind_person(borrower_id=borrower_id, id_number=identity.id_number)
    audit.record(
        actor=staff,
        action="people.identity.approved" if approve else "people.identity.refused",
        subject=f"account:{borrower_id}",
        reason=reason.strip(),
    )
    outbox.publish("people.identity.decided", borrower_id=borrower_id, status=identity.status)


def _move_id_number(identity: Identity, *, staff: str, reason: str) -> None:
    index = sealed.blind_index(identity.id_number, purpose="id_number")
    kept = IdentityIndex.objects.select_for_update().get(id_index=index)
    Identity.objects.filter(borrower_id=kept.borrower_id).update(
        status=IdentityStatus.REFUSED,
        reason="moved_to_another_account",
        decided_by=staff,
        decided_at=clock.now(),
    )
    audit.record(
        actor=staff,
        action="people.identity.moved_away",
        subject=f"account:{kept.borrower_id}",
        reason=reason.strip(),
    )
    kept.borrower_id = identity.borrower_id
    kept.save(update_fields=["borrower_id"])
