"""Writes of the standby line: apply, draw, and what follows when the pay-out is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.credit import services as credit
from fenqi.messages import services as messages
from fenqi.payments import services as payments
from fenqi.people import queries as people
from fenqi.people import services as people_services
from fenqi.plumbing import audit, business_date, idempotency
from fenqi.plumbing.ids import new_id
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services
from fenqi.standby import offer, queries
from fenqi.standby.errors import (
    AmountOutOfRange,
    ConsentMissing,
    LineFrozen,
    NoLine,
    NotEligible,
    TermUnknown,
)
from fenqi.standby.models import DrawState, StandbyDraw, StandbyLine
from fenqi.standby.queries import PRODUCT

if TYPE_CHECKING:
    import datetime

CONSENT = "standby"
LATEST_DUE_DAY = 28


@transaction.atomic
def apply(*, borrower_id: int, agrees: bool, on: datetime.date, evidence: dict[str, Any]) -> int:
    """
    Open the line, its limit by rule; tells the limit in fen. Applying again tells the limit there is.

    Raises: ConsentMissing at `agrees`; NotEligible with the rules that said no; ExposureExceeded when the person's limits leave no room.
    """
    row = StandbyLine.objects.filter(borrower_id=borrower_id).first()
    if row is not None:
        return row.limit_fen
    if not agrees:
        raise ConsentMissing(_("请先阅读并同意《备用金服务协议》。"), field="agrees")
    terms = offer.current(on)
    loans = servicing.loans(borrower_id)
    _require_eligible(borrower_id, terms, loans)
    reasons = _limit_reasons(terms, loans)
    people_services.record_consent(
        borrower_id=borrower_id, text_code=CONSENT, channel="web", evidence=evidence
    )
    wanted_fen = min(sum(fen for _code, fen in reasons), terms.limit_most_fen)
    limit_fen = credit.hold_line(
        borrower_id=borrower_id,
        lender_code=terms.lender_code,
        wanted_fen=wanted_fen,
        least_fen=terms.least_draw_fen,
        standing=servicing.standing_of,
    )
    if limit_fen < wanted_fen:
        reasons.append(("room_left", limit_fen - sum(fen for _code, fen in reasons)))
    try:
        with transaction.atomic():
            StandbyLine.objects.create(
                borrower_id=borrower_id,
                lender_code=terms.lender_code,
                limit_fen=limit_fen,
                annual_rate=terms.annual_rate,
                due_day=min(on.day, LATEST_DUE_DAY),
                opened_on=on,
                reasons=reasons,
            )
    except IntegrityError:  # a second press of the button came first
        return StandbyLine.objects.get(borrower_id=borrower_id).limit_fen
    audit.record(
        actor=f"shopper:{borrower_id}",
        action="standby.opened",
        subject=f"borrower:{borrower_id}",
        limit_fen=limit_fen,
        reasons=reasons,
    )
    messages.send(
        borrower_id=borrower_id,
        template="standby_opened",
        context={"amount_fen": limit_fen, "link": "/finance/standby/"},
        channels=["inbox"],
        reference=f"standby_opened:{borrower_id}",
    )
    return limit_fen


@transaction.atomic
def draw(
    *,
    borrower_id: int,
    amount_fen: int,
    installments: int,
    card_id: UUID,
    on: datetime.date,
    reference: str,
) -> UUID:
    """
    Take money from the line to a bound card; tells the draw's id.

    The pay-out is intended here and called after commit; the loan opens when it has succeeded (`payout_succeeded`).
    Safe to repeat by `reference`.
    Raises: NoLine, LineFrozen; AmountOutOfRange at `amount`; TermUnknown at `installments`; CardUnknown.
    """
    claim = idempotency.claim(
        scope="standby.draw",
        key=f"{borrower_id}:{reference}",
        content={"amount_fen": amount_fen, "installments": installments, "card_id": card_id},
        borrower_id=borrower_id,
    )
    if not claim.is_new:
        return UUID(claim.result["draw_id"])
    # The lock makes two draws of one line queue up, so that neither counts on the same limit.
    row = StandbyLine.objects.select_for_update().filter(borrower_id=borrower_id).first()
    if row is None:
        raise NoLine(_("您还没有开通备用金。"))
    terms = offer.current(on)
    if installments not in terms.installment_choices:
        raise TermUnknown(_("请选择页面上列出的期数。"), field="installments")
    require_amount(borrower_id=borrower_id, amount_fen=amount_fen)
    card = people.card(borrower_id=borrower_id, card_id=card_id)
    draw_id = new_id()
    StandbyDraw.objects.create(
        borrower_id=borrower_id,
        id=draw_id,
        card_id=card.id,
        amount_fen=amount_fen,
        installments=installments,
        drawn_on=on,
    )
    payments.pay_out(
        borrower_id=borrower_id,
        card_id=card.id,
        amount_fen=amount_fen,
        purpose=PRODUCT,
        subject={"draw_id": str(draw_id)},
        reference=f"standby:{draw_id}",
    )
    claim.settle({"draw_id": str(draw_id)})
    return draw_id


@transaction.atomic
def payout_succeeded(*, borrower_id: int, draw_id: UUID, payout_id: UUID, on: datetime.date) -> None:
    """The money has left: open the draw's loan from this business date. Safe to repeat."""
    row = StandbyDraw.objects.select_for_update().get(borrower_id=borrower_id, id=draw_id)
    if row.state != DrawState.INTENDED:
        return
    line = StandbyLine.objects.get(borrower_id=borrower_id)
    loan_id = servicing_services.open_loan(
        borrower_id=borrower_id,
        agreement_id=None,
        order_id=None,
        lender_code=line.lender_code,
        terms=offer.terms_of(
            annual_rate=line.annual_rate,
            cap_annual_rate=offer.current(on).cap_annual_rate,
            installments=row.installments,
            due_day=line.due_day,
            on=on,
        ),
        principal_fen=row.amount_fen,
        on=on,
        source=f"standby:{draw_id}",
        reference=f"standby:{draw_id}",
        product=PRODUCT,
    )
    row.state, row.loan_id, row.payout_id = DrawState.PAID_OUT, loan_id, payout_id
    row.save()
    card = people.card(borrower_id=borrower_id, card_id=row.card_id)
    messages.send(
        borrower_id=borrower_id,
        template="standby_paid_out",
        context={
            "amount_fen": row.amount_fen,
            "tail": card.tail,
            "loan_number": servicing.loan_number(borrower_id=borrower_id, loan_id=loan_id),
            "link": "/finance/standby/",
        },
        channels=["inbox", "sms"],
        reference=f"standby:{draw_id}",
    )


@transaction.atomic
def payout_failed(*, borrower_id: int, draw_id: UUID, payout_id: UUID, failure: str) -> None:
    """The money did not leave: the limit is free again, nothing is owed, the shopper is told. Safe to repeat."""
    row = StandbyDraw.objects.select_for_update().get(borrower_id=borrower_id, id=draw_id)
    if row.state != DrawState.INTENDED:
        return
    row.state, row.payout_id, row.failure = DrawState.FAILED, payout_id, failure
    row.save()
    messages.send(
        borrower_id=borrower_id,
        template="standby_failed",
        context={"amount_fen": row.amount_fen, "link": "/finance/standby/"},
        channels=["inbox", "sms"],
        reference=f"standby:{draw_id}",
    )


def _require_eligible(borrower_id: int, terms: offer.Offer, loans: list[servicing.LoanView]) -> None:
    person = people.person(borrower_id)
    if not person.is_identified:
        raise NotEligible(_("请先完成实名认证，再申请备用金。"), rules=["identity"])
    if person.age is None or person.age < terms.least_age:
        raise NotEligible(_("备用金只向成年人开放。"), rules=["age"])
    refused = credit.refusal_of_line(borrower_id=borrower_id, lender_code=terms.lender_code)
    if refused is not None:
        raise NotEligible(refused.words, rules=[refused.reason])
    if any(loan.days_past_due for loan in loans):
        raise NotEligible(_("有逾期未还的账单，还清后可以申请。"), rules=["overdue"])
    if not people.cards(borrower_id):
        raise NotEligible(_("请先绑定一张本人的银行卡，再申请备用金。"), rules=["card"])


def _limit_reasons(terms: offer.Offer, loans: list[servicing.LoanView]) -> list[tuple[str, int]]:
    """What the limit is made of: a base, and a step for every installment paid in time."""
    paid_in_time = sum(
        1
        for loan in loans
        for one in loan.installments
        if one.paid_on is not None and one.paid_on <= one.due_on
    )
    return [("base", terms.limit_base_fen), ("paid_in_time", paid_in_time * terms.limit_step_fen)]


def require_amount(*, borrower_id: int, amount_fen: int) -> None:
    """
    May this much be drawn today?

    Raises: NoLine, LineFrozen; AmountOutOfRange at `amount`.
    """
    line = queries.line(borrower_id)
    if line is None:
        raise NoLine(_("您还没有开通备用金。"))
    if line.is_frozen:
        raise LineFrozen(_("有逾期的账单，还清后即可继续支用。"))
    terms = offer.current(business_date.current())
    if amount_fen < terms.least_draw_fen or amount_fen % terms.draw_multiple_fen:
        raise AmountOutOfRange(
            _("最低 ¥%(least)d，须为 ¥%(multiple)d 的整数倍。")
            % {"least": terms.least_draw_fen // 100, "multiple": terms.draw_multiple_fen // 100},
            field="amount",
        )
    if amount_fen > line.available_fen:
        raise AmountOutOfRange(
            _("超过可用额度 ¥%(available)d。") % {"available": line.available_fen // 100}, field="amount"
        )
