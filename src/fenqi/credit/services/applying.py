"""Applications: started for an order, and moved along by what happens to the order and the money."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from fenqi.credit import exposure, signals
from fenqi.credit.errors import ApplicationMovedOn
from fenqi.credit.models import CLOSED_STATES, Application, ApplicationState
from fenqi.credit.orders import OrderSummary
from fenqi.credit.services.quoting import find_quote
from fenqi.credit.services.rows import announce, close, locked
from fenqi.plumbing import audit, clock, idempotency, outbox
from fenqi.plumbing.ids import new_id


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
        close(earlier, reasons=["replaced"])
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
                address_index=signals.address_index(order.address),
                state=ApplicationState.STARTED,
                started_at=clock.now(),
            )
    except IntegrityError as e:
        raise ApplicationMovedOn(_("这笔订单刚刚在另一个页面提交了分期申请，请刷新查看。")) from e
    signals.leave_traces(application=row, order=order)
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
    close(row, reasons=[reason])


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
    # The loan stands in its place, in the same transaction.
    exposure.release(person_index=row.person_index, subject_id=row.id)


@transaction.atomic
def mark_failed(*, borrower_id: int, application_id: UUID, reason: str) -> None:
    """The lender did not pay out after all: the application is closed, another plan may be chosen."""
    row = locked(borrower_id, application_id)
    if row.state not in CLOSED_STATES:
        close(row, reasons=[reason], state=ApplicationState.DECLINED)
        announce(row)
