"""Taking waiting things further: applications to their decision, purchases to their loan, give-backs to their end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.mall import services as mall
from fenqi.plumbing.errors import Refusal
from fenqi.purchases import waiting
from fenqi.purchases.services import confirming, giving_back, mirroring, paying_out
from fenqi.servicing.queries import standing_of

if TYPE_CHECKING:
    from uuid import UUID

    from fenqi.purchases.models import WaitingStep

log = logging.getLogger(__name__)


def advance_application(*, borrower_id: int, application_id: UUID) -> str:
    """
    Decide an application if everything for it is there; tells its state. Repeatable.

    Makes outside calls: not inside a transaction.
    """
    state = credit.decide(borrower_id=borrower_id, application_id=application_id, standing=standing_of)
    if state in ("started", "deciding", "referred"):
        order_id = credit_queries.application(borrower_id=borrower_id, application_id=application_id).order_id
        mall.mark_in_review(borrower_id=borrower_id, order_id=order_id)
    return state


def run_waiting(limit: int = 20) -> int:
    """Take up to `limit` waiting things one step further; the worker calls this about every second."""
    done = 0
    while done < limit and (row := waiting.take_next()) is not None:
        done += 1
        try:
            is_finished = _TAKE_FURTHER[row.kind](row)
        except Refusal as e:
            # What refuses now (an order given up, an application replaced) will not agree later; a date that closed will.
            log.info("%s %s is refused: %s", row.kind, row.id, e.code)
            is_finished = not e.is_passing
        except Exception:
            log.exception("%s %s could not be taken further", row.kind, row.id)
            is_finished = False
        if is_finished:
            waiting.finish(row)
        else:
            waiting.put_off(row)
    return done


def _application(row: WaitingStep) -> bool:
    # A started one waits for people, whose announcements bring it back; only an open question is asked again.
    state = advance_application(borrower_id=row.borrower_id, application_id=row.id)
    return state != "deciding" and not credit.is_score_awaited(
        borrower_id=row.borrower_id, application_id=row.id
    )


def _purchase(row: WaitingStep) -> bool:
    state = confirming.advance_purchase(borrower_id=row.borrower_id, purchase_id=row.id)
    if state == "failed":
        return paying_out.undo_open(confirming.get(row.borrower_id, row.id))
    if state == "done":
        return paying_out.sign_mandate(confirming.get(row.borrower_id, row.id))
    # One that waits for the shopper's money is looked at again when a payment is begun or comes in.
    return state != "disbursing" and not confirming.has_open_payment(row.borrower_id, row.id)


def _give_back(row: WaitingStep) -> bool:
    return giving_back.advance_give_back(borrower_id=row.borrower_id, give_back_id=row.id)


def _mirrored(row: WaitingStep) -> bool:
    return mirroring.refresh_mirror(borrower_id=row.borrower_id, loan_id=row.id)


_TAKE_FURTHER = {
    waiting.MIRROR: _mirrored,
    waiting.APPLICATION: _application,
    waiting.PURCHASE: _purchase,
    waiting.GIVE_BACK: _give_back,
}
