"""Applications: started for an order, decided by rules and by the lender, looked at by a person where rules ask for one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fenqi.credit.decision_rules import Facts, judge
from fenqi.credit.errors import (
    ApplicationMovedOn,
    ApplicationUnknown,
    DecisionNotOpen,
    ReasonMissing,
)
from fenqi.credit.models import (
    CLOSED_STATES,
    Application,
    ApplicationState,
    DecidedBy,
    Decision,
    Lender,
    LenderInquiry,
)
from fenqi.credit.orders import OrderSummary
from fenqi.credit.ports import Applicant, DecisionResult, LenderRefused, LenderUnavailable
from fenqi.credit.services.quoting import find_quote
from fenqi.people import queries as people
from fenqi.plumbing import audit, business_date, clock, idempotency, outbox, ports, rule_data
from fenqi.plumbing.ids import new_id

CONSENTS_NEEDED = ("lender_sharing", "bureau_query", "bureau_reporting")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the applicant stands with us already: days past due of the worst open loan (0 without one), principal owed."""

    days_past_due: int
    owed_fen: int


def locked(borrower_id: int, application_id: UUID) -> Application:
    """The application under its row lock: the one lock of credit. Raises: ApplicationUnknown."""
    row = Application.objects.select_for_update().filter(borrower_id=borrower_id, id=application_id).first()
    if row is None:
        raise ApplicationUnknown(_("没有这个分期申请。"))
    return row


@transaction.atomic
def start_application(
    *, borrower_id: int, order_id: UUID, order: OrderSummary, quote_id: UUID, reference: str
) -> UUID:
    """
    Apply for a held quote to pay an order by; an application still open for the order gives way to this one.

    Safe to repeat by `reference` (a double click holds the same figures twice, under two quote ids).
    Raises: QuoteUnknown; ApplicationMovedOn when a lender is already paying out for the order.
    """
    held = find_quote(quote_id=quote_id)
    claim = idempotency.claim(
        scope="credit.application",
        key=f"{borrower_id}:{reference}",
        content={"order_id": order_id, "quote": held.digest.hex()},
        borrower_id=borrower_id,
    )
    if not claim.is_new:
        return UUID(claim.result["application_id"])
    for earlier in (
        Application.objects.select_for_update()
        .filter(borrower_id=borrower_id, order_id=order_id)
        .exclude(state__in=CLOSED_STATES)
    ):
        _close(earlier, reasons=["replaced"])
    try:
        with transaction.atomic():
            row = Application.objects.create(
                borrower_id=borrower_id,
                id=new_id(),
                order_id=order_id,
                order=order.as_json(),
                quote_id=quote_id,
                lender_code=held.quote.lender_code,
                amount_fen=held.quote.amount_fen,
                state=ApplicationState.STARTED,
                started_at=clock.now(),
            )
    except IntegrityError as e:
        raise ApplicationMovedOn(_("这笔订单刚刚在另一个页面提交了分期申请，请刷新查看。")) from e
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="application.started",
        subject=f"application:{row.id}",
        lender=row.lender_code,
        amount_fen=row.amount_fen,
    )
    outbox.publish("credit.application.started", borrower_id=borrower_id, application_id=row.id)
    claim.settle({"application_id": row.id})
    return row.id


@transaction.atomic
def replace_quote(*, borrower_id: int, application_id: UUID, quote_id: UUID) -> None:
    """
    Put a renewed quote of the same plan in place of the one applied for, once the shopper has seen what changed.

    Raises: ApplicationMovedOn after signing, or for another plan or amount.
    """
    row = locked(borrower_id, application_id)
    before, after = find_quote(quote_id=row.quote_id).quote, find_quote(quote_id=quote_id).quote
    if row.state in (*CLOSED_STATES, ApplicationState.SIGNED, ApplicationState.DISBURSING):
        raise ApplicationMovedOn(_("这个申请已不能再更改方案。"))
    if (before.key, before.amount_fen) != (after.key, after.amount_fen):
        raise ApplicationMovedOn(_("报价与申请的方案不一致，请重新选择方案。"))
    row.quote_id = quote_id
    row.save(update_fields=["quote_id"])


@transaction.atomic
def cancel_application(*, borrower_id: int, application_id: UUID, reason: str) -> None:
    """Close an application that was not disbursed; repeatable. Raises: ApplicationMovedOn once it is disbursing."""
    row = locked(borrower_id, application_id)
    if row.state in CLOSED_STATES:
        return
    if row.state == ApplicationState.DISBURSING:
        raise ApplicationMovedOn(_("贷款机构正在放款，现在不能取消。"))
    _close(row, reasons=[reason])


@transaction.atomic
def mark_disbursing(*, borrower_id: int, application_id: UUID) -> None:
    """The shopper confirmed; from here only the lender's answer moves it. Raises: ApplicationMovedOn."""
    row = locked(borrower_id, application_id)
    if row.state == ApplicationState.DISBURSING:
        return
    if row.state != ApplicationState.SIGNED:
        raise ApplicationMovedOn(_("这个申请还没有签署协议，或已经结束。"))
    row.state = ApplicationState.DISBURSING
    row.save(update_fields=["state"])


@transaction.atomic
def mark_done(*, borrower_id: int, application_id: UUID) -> None:
    """The loan stands; repeatable."""
    row = locked(borrower_id, application_id)
    row.state = ApplicationState.DONE
    row.closed_at = row.closed_at or clock.now()
    row.save(update_fields=["state", "closed_at"])


@transaction.atomic
def mark_failed(*, borrower_id: int, application_id: UUID, reason: str) -> None:
    """The lender did not pay out after all: the application is closed, another plan may be chosen."""
    row = locked(borrower_id, application_id)
    if row.state not in CLOSED_STATES:
        _close(row, reasons=[reason], state=ApplicationState.DECLINED)
        _announce(row)


def decide(*, borrower_id: int, application_id: UUID, standing: Standing | None) -> str:
    """
    Decide an application whose identity and contact have passed; tells its state afterwards.

    Rules first, then the lender's own word; without `standing` a person looks at it. Repeatable: a decided application
    stays as it is, a lender that was silent is asked again by the same reference. Calls out: not inside a transaction.
    """
    inquiry = _judge(borrower_id=borrower_id, application_id=application_id, standing=standing)
    if inquiry is not None:
        _ask_lender(inquiry)
    return Application.objects.values_list("state", flat=True).get(borrower_id=borrower_id, id=application_id)


@transaction.atomic
def review_application(
    *, staff: str, borrower_id: int, application_id: UUID, approve: bool, reason: str
) -> None:
    """
    A person's word on a referred application; approving sends it on to the lender.

    Raises: DecisionNotOpen if it does not wait for a person; ReasonMissing.
    """
    row = locked(borrower_id, application_id)
    if row.state != ApplicationState.REFERRED:
        raise DecisionNotOpen(_("这个申请不在等待人工审核。"))
    if not reason.strip():
        raise ReasonMissing(_("请写明理由。"), field="reason")
    result = DecisionResult.APPROVED if approve else DecisionResult.DECLINED
    _keep_decision(
        row, by=DecidedBy.STAFF, result=result, reasons=[reason.strip()], inputs={}, decided_by=staff
    )
    audit.record(
        actor=f"staff:{staff}",
        action=f"application.{result.value.lower()}",
        subject=f"application:{row.id}",
        reason=reason.strip(),
    )
    if approve:
        _intend_inquiry(row)
        outbox.publish("credit.application.reviewed", borrower_id=borrower_id, application_id=row.id)
    else:
        _close(row, reasons=["staff_declined"], state=ApplicationState.DECLINED)
        _announce(row)


@transaction.atomic
def _judge(*, borrower_id: int, application_id: UUID, standing: Standing | None) -> LenderInquiry | None:
    """Our rules' word; the inquiry to send when the lender has to be asked."""
    row = locked(borrower_id, application_id)
    if row.state == ApplicationState.DECIDING:
        return LenderInquiry.objects.filter(
            borrower_id=borrower_id, application_id=application_id, state__in=["INTENDED", "UNKNOWN"]
        ).first()
    if row.state != ApplicationState.STARTED:
        return None
    person = people.person(borrower_id)
    consented = all(people.has_consent(borrower_id=borrower_id, text_code=code) for code in CONSENTS_NEEDED)
    if not person.is_identified or person.contact_status != "approved" or not consented:
        return None
    facts = Facts(
        age=person.age,
        is_student=person.is_student,
        days_past_due=standing.days_past_due if standing else None,
        exposure_fen=standing.owed_fen + row.amount_fen if standing else None,
    )
    lender = Lender.objects.get(code=row.lender_code)
    rules: list[dict[str, Any]] = rule_data.value("credit.decision", on=business_date.current())
    verdict = judge(rules=rules, facts=facts, lender_kind=lender.kind)
    _keep_decision(
        row,
        by=DecidedBy.RULES,
        result=verdict.result,
        reasons=list(verdict.reasons),
        inputs=asdict(facts),
    )
    if verdict.result is DecisionResult.APPROVED:
        return _intend_inquiry(row)
    row.reasons = list(verdict.reasons)
    if verdict.result is DecisionResult.REFERRED:
        row.state = ApplicationState.REFERRED
        row.save(update_fields=["state", "reasons"])
    else:
        _close(row, reasons=list(verdict.reasons), state=ApplicationState.DECLINED)
    _announce(row)
    return None


def _intend_inquiry(row: Application) -> LenderInquiry:
    row.state = ApplicationState.DECIDING
    row.save(update_fields=["state"])
    return LenderInquiry.objects.create(
        borrower_id=row.borrower_id,
        id=new_id(),
        application_id=row.id,
        state="INTENDED",
        intended_at=clock.now(),
    )


def _ask_lender(inquiry: LenderInquiry) -> None:
    borrower_id = inquiry.borrower_id
    row = Application.objects.get(borrower_id=borrower_id, id=inquiry.application_id)
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
    _keep_decision(row, by=DecidedBy.LENDER, result=result, reasons=list(reasons), inputs={}, serial=serial)
    if result is DecisionResult.APPROVED:
        row.state, row.decided_at = ApplicationState.APPROVED, clock.now()
        row.save(update_fields=["state", "decided_at"])
    else:
        _close(row, reasons=list(reasons) or ["lender_declined"], state=ApplicationState.DECLINED)
    _announce(row)


def _keep_decision(
    row: Application,
    *,
    by: DecidedBy,
    result: DecisionResult,
    reasons: list[str],
    inputs: dict[str, Any],
    serial: str = "",
    decided_by: str = "",
) -> None:
    Decision.objects.create(
        borrower_id=row.borrower_id,
        id=new_id(),
        application_id=row.id,
        by=by,
        decided_by=decided_by,
        result=result.value,
        reasons=reasons,
        inputs=inputs,
        serial=serial,
        at=clock.now(),
    )


def _close(
    row: Application, *, reasons: list[str], state: ApplicationState = ApplicationState.CANCELLED
) -> None:
    if row.state == ApplicationState.DISBURSING and state is ApplicationState.CANCELLED:
        raise ApplicationMovedOn(_("贷款机构正在放款，现在不能更改。"))
    row.state, row.reasons, row.closed_at = state, reasons, clock.now()
    row.save(update_fields=["state", "reasons", "closed_at"])


def _announce(row: Application) -> None:
    outbox.publish(
        "credit.application.decided",
        borrower_id=row.borrower_id,
        application_id=row.id,
        order_id=row.order_id,
        lender_code=row.lender_code,
        state=row.state,
    )
