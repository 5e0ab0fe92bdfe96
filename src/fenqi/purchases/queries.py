"""What may be read of purchases: frozen values, always with the borrower_id."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext as _

from fenqi.credit.services.deciding import CONSENTS_NEEDED
from fenqi.credit.steps import Progress, Step, next_step
from fenqi.domain.events import Event, EventKind
from fenqi.domain.replay import replay
from fenqi.mall import queries as mall_queries
from fenqi.people import queries as people
from fenqi.people.queries.consents import missing_consents
from fenqi.plumbing import business_date
from fenqi.plumbing.templatetags.fenqi import yuan
from fenqi.purchases.errors import PurchaseUnknown
from fenqi.purchases.models import Purchase, PurchaseState
from fenqi.purchases.services.reviewing import wants_means
from fenqi.servicing import queries as servicing_queries

if TYPE_CHECKING:
    from collections.abc import Collection

    from fenqi.credit.queries import ApplicationView
    from fenqi.servicing.views import LoanView


@dataclass(frozen=True, kw_only=True)
class Journey:
    """An application and the one step it waits at."""

    application: ApplicationView
    step: Step


@dataclass(frozen=True, kw_only=True)
class PurchaseView:
    """A purchase as doors see it. `is_full_part_open`: something is to be paid at once and is not paid."""

    borrower_id: int
    id: UUID
    order_id: UUID
    order_number: str
    application_id: UUID | None
    agreement_id: UUID | None
    loan_id: UUID | None
    full_amount_fen: int
    financed_amount_fen: int
    full_payment_id: UUID | None
    is_full_part_open: bool
    state: str
    reason: str
    confirmed_at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class ReturnPreview:
    """
    What giving lines back does, in fen, before anybody decides.

    `refund_card_fen` goes back to where the full part was paid from, `loan_reduction_fen` to the lender,
    `surplus_fen` of the loan to the shopper's card; `saved_fen` is interest and fee that fall away.
    """

    refund_card_fen: int
    loan_reduction_fen: int
    surplus_fen: int
    outstanding_before_fen: int
    new_outstanding_fen: int
    saved_fen: int
    next_installment_fen: int
    notes: tuple[str, ...]
    lines: tuple[tuple[str, int], ...]


def journey(*, application: ApplicationView) -> Journey:
    """Where an application waits; asks only what its state needs."""
    borrower_id = application.borrower_id
    is_identified, contact_status, has_card, asks_means = False, "none", False, False
    if application.state == "started":
        person = people.person(borrower_id)
        contact_status = person.contact_status
        # A consent taken back is asked for again where the person is: at the step of who they are.
        is_identified = person.is_identified and not missing_consents(
            borrower_id=borrower_id, codes=CONSENTS_NEEDED
        )
        asks_means = is_identified and wants_means(borrower_id=borrower_id, application_id=application.id)
    elif application.state == "approved":
        has_card = bool(people.cards(borrower_id))
    step = next_step(
        Progress(
            state=application.state,
            is_identified=is_identified,
            contact_status=contact_status,
            has_card=has_card,
            wants_means=asks_means,
        )
    )
    return Journey(application=application, step=step)


def purchase_of_order(*, borrower_id: int, order_id: UUID) -> PurchaseView | None:
    """The purchase that stands for an order, else the last one that failed, else nothing."""
    rows = list(Purchase.objects.filter(borrower_id=borrower_id, order_id=order_id).order_by("-confirmed_at"))
    if not rows:
        return None
    standing = [row for row in rows if row.state != PurchaseState.FAILED]
    return _view((standing or rows)[0])


def purchase(*, borrower_id: int, purchase_id: UUID) -> PurchaseView:
    """One purchase. Raises: PurchaseUnknown."""
    row = Purchase.objects.filter(borrower_id=borrower_id, id=purchase_id).first()
    if row is None:
        raise PurchaseUnknown(_("没有这笔购买。"))
    return _view(row)


def return_preview(*, borrower_id: int, order_id: UUID, line_ids: Collection[UUID | str]) -> ReturnPreview:
    """
    What giving back these lines would do to the payment and to the loan; nothing is written.

    Raises: OrderNotFound. Lines of other orders count for nothing.
    """
    order = mall_queries.order(borrower_id=borrower_id, order_id=order_id)
    wanted = {str(line_id) for line_id in line_ids}
    lines = [line for line in order.lines if str(line.id) in wanted and not line.is_returned]
    to_payer_fen = sum(line.amount_fen for line in lines if line.pays_by == "full")
    to_loan_fen = sum(line.amount_fen for line in lines if line.pays_by == "installments")
    loan = (
        servicing_queries.loan_by_order(borrower_id=borrower_id, order_id=order_id) if to_loan_fen else None
    )
    effect = _effect_on_loan(borrower_id, loan, to_loan_fen) if loan else _NO_EFFECT
    shown = [
        (_("退回原支付方式"), to_payer_fen),
        (_("冲减借款本金"), to_loan_fen),
        (_("免除的利息和费用"), effect["saved_fen"]),
        (_("多付部分退回银行卡"), effect["surplus_fen"]),
    ]
    return ReturnPreview(
        refund_card_fen=to_payer_fen,
        loan_reduction_fen=to_loan_fen,
        notes=tuple(_notes(to_payer_fen, loan, effect)),
        lines=tuple((label, fen) for label, fen in shown if fen),
        **effect,
    )


_NO_EFFECT: dict[str, int] = {
    "surplus_fen": 0,
    "outstanding_before_fen": 0,
    "new_outstanding_fen": 0,
    "saved_fen": 0,
    "next_installment_fen": 0,
}


def _effect_on_loan(borrower_id: int, loan: LoanView, amount_fen: int) -> dict[str, int]:
    if loan.serviced_by != "us":
        return _NO_EFFECT | {
            "outstanding_before_fen": loan.outstanding_fen,
            "new_outstanding_fen": max(0, loan.outstanding_fen - amount_fen),
        }
    terms, events = servicing_queries.loan_story(borrower_id=borrower_id, loan_id=loan.id)
    on = business_date.current()
    before = replay(terms, events, on)
    refund = Event(
        id="preview",
        kind=EventKind.MERCHANT_REFUND,
        on=on,
        amount_fen=amount_fen,
        sequence=max((event.sequence for event in events), default=0) + 1,
    )
    after = replay(terms, [*events, refund], on)
    following = next((row for row in after.installments if row.outstanding_fen), None)
    paid = before.totals.paid.total_fen
    return {
        "surplus_fen": after.overpaid_fen - before.overpaid_fen,
        "outstanding_before_fen": before.outstanding_fen,
        "new_outstanding_fen": after.outstanding_fen,
        # Everything the shopper pays in all, before and after: what is paid, what is to come, less what comes back.
        "saved_fen": max(
            0,
            (paid + before.outstanding_fen)
            - (paid + after.outstanding_fen - (after.overpaid_fen - before.overpaid_fen))
            - amount_fen,
        ),
        "next_installment_fen": following.outstanding_fen if following else 0,
    }


def _notes(to_payer_fen: int, loan: LoanView | None, effect: dict[str, int]) -> list[str]:
    notes = []
    if to_payer_fen:
        notes.append(_("%(amount)s 原路退回，通常 1 至 3 个工作日到账。") % {"amount": yuan(to_payer_fen)})
    if loan is None:
        return notes
    notes.append(_("退货处理期间暂停扣款、提醒和逾期计算。"))
    if loan.serviced_by != "us":
        notes.append(
            _("这笔借款由 %(lender)s 管理，退货后的还款计划以其通知为准。") % {"lender": loan.lender_name}
        )
    elif effect["new_outstanding_fen"] == 0:
        notes.append(_("退货后这笔借款结清，不再扣款。"))
    else:
        notes.append(
            _("退货后剩余应还 %(amount)s，下一期应还 %(next)s。")
            % {
                "amount": yuan(effect["new_outstanding_fen"]),
                "next": yuan(effect["next_installment_fen"]),
            }
        )
    if effect["surplus_fen"]:
        notes.append(_("您已多付的 %(amount)s 退回还款银行卡。") % {"amount": yuan(effect["surplus_fen"])})
    return notes


def _view(row: Purchase) -> PurchaseView:
    kept: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "borrower_id",
            "id",
            "order_id",
            "order_number",
            "application_id",
            "agreement_id",
            "loan_id",
            "full_amount_fen",
            "financed_amount_fen",
            "full_payment_id",
            "state",
            "reason",
            "confirmed_at",
        )
    }
    return PurchaseView(**kept, is_full_part_open=bool(row.full_amount_fen and row.full_paid_at is None))
