"""Permission to debit: signed once a card, switched on and off by the shopper at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from fenqi.payments.models import Autopay, Mandate, MandateState
from fenqi.payments.ports import ChannelRefused, ChannelSilent
from fenqi.payments.refusals import ChannelDown, MandateRefused, failure_text
from fenqi.people import queries as people
from fenqi.plumbing import audit, business_date, clock, ports
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

PAYEE = "青屿商城"
MAX_DEBIT_FEN = 5_000_000


def sign_mandate(*, borrower_id: int, card_id: UUID) -> UUID:
    """
    Sign a mandate for a card and tell its id; a card that has one keeps it. Autopay is switched on when it never was.

    Makes an outside call: not inside a transaction. The card itself is the reference: a second call goes on with the first.
    Raises: CardUnknown, ChannelDown (the mandate waits, calling again goes on), MandateRefused.
    """
    token = people.card_token(borrower_id=borrower_id, card_id=card_id)
    mandate = _intend(borrower_id=borrower_id, card_id=card_id)
    if mandate.state == MandateState.INTENDED:
        try:
            number = ports.get("channel").sign_mandate(
                reference=f"M-{borrower_id}-{mandate.id}",
                card_token=token,
                payee=mandate.payee,
                max_fen=mandate.max_fen,
                on=business_date.current(),
            )
        except ChannelSilent as e:
            raise ChannelDown(_("支付渠道暂未响应，代扣授权还没有签成，请稍后再试。"), field="card") from e
        except ChannelRefused as e:
            Mandate.objects.filter(borrower_id=borrower_id, id=mandate.id).update(state=MandateState.REFUSED)
            raise MandateRefused(
                _("银行没有同意代扣：{reason}。").format(reason=failure_text("CARD_" + e.code)), field="card"
            ) from e
        _activate(borrower_id=borrower_id, mandate_id=mandate.id, number=number)
    return mandate.id


@transaction.atomic
def _intend(*, borrower_id: int, card_id: UUID) -> Mandate:
    """The standing mandate of a card, or a new intent."""
    standing = Mandate.objects.select_for_update().filter(
        borrower_id=borrower_id, card_id=card_id, state__in=[MandateState.INTENDED, MandateState.ACTIVE]
    )
    found = standing.first()
    if found is None:
        Mandate.objects.bulk_create(
            [
                Mandate(
                    borrower_id=borrower_id,
                    id=new_id(),
                    card_id=card_id,
                    payee=PAYEE,
                    max_fen=MAX_DEBIT_FEN,
                    signed_at=clock.now(),
                )
            ],
            ignore_conflicts=True,  # a second click at the same moment: the first one's row is taken
        )
        found = standing.get()
    return found


@transaction.atomic
def _activate(*, borrower_id: int, mandate_id: UUID, number: str) -> None:
    Mandate.objects.filter(borrower_id=borrower_id, id=mandate_id, state=MandateState.INTENDED).update(
        number=number, state=MandateState.ACTIVE
    )
    Autopay.objects.get_or_create(
        borrower_id=borrower_id, defaults={"is_on": True, "mandate_id": mandate_id, "changed_at": clock.now()}
    )
    audit.record(
        actor=f"shopper:{borrower_id}", action="payments.mandate.signed", subject=f"mandate:{mandate_id}"
    )


def set_autopay(*, borrower_id: int, on: bool, card_id: UUID | None = None) -> None:
    """
    Switch automatic repayment on (with a card, or the one used before) or off. Off counts from this moment.

    Makes an outside call when it is switched on with a card that has no mandate yet.
    Raises: CardUnknown, ChannelDown, MandateRefused.
    """
    mandate_id = sign_mandate(borrower_id=borrower_id, card_id=card_id) if on and card_id else None
    with transaction.atomic():
        kept = Autopay.objects.select_for_update().filter(borrower_id=borrower_id).first()
        chosen = mandate_id or (kept.mandate_id if kept else None)
        if on and chosen is None:
            raise MandateRefused(_("请选择用于自动还款的银行卡。"), field="card")
        Autopay.objects.update_or_create(
            borrower_id=borrower_id, defaults={"is_on": on, "mandate_id": chosen, "changed_at": clock.now()}
        )
        audit.record(
            actor=f"shopper:{borrower_id}",
            action="payments.autopay.on" if on else "payments.autopay.off",
            subject=f"borrower:{borrower_id}",
            mandate=str(chosen or ""),
        )


def revoke_mandate(*, borrower_id: int, card_id: UUID) -> None:
    """
    End the mandate of a card: nothing is debited from it any more, and autopay is off if it used this card.

    The channel is told at once or, if it is down, by `tell_revoked`.
    """
    with transaction.atomic():
        mandate = (
            Mandate.objects.select_for_update()
            .filter(
                borrower_id=borrower_id,
                card_id=card_id,
                state__in=[MandateState.INTENDED, MandateState.ACTIVE],
            )
            .first()
        )
        if mandate is None:
            return
        mandate.state = MandateState.REVOKED
        mandate.revoked_at = clock.now()
        mandate.save(update_fields=["state", "revoked_at"])
        Autopay.objects.filter(borrower_id=borrower_id, mandate_id=mandate.id).update(
            is_on=False, mandate_id=None, changed_at=clock.now()
        )
        audit.record(
            actor=f"shopper:{borrower_id}", action="payments.mandate.revoked", subject=f"mandate:{mandate.id}"
        )
        transaction.on_commit(tell_revoked)


def tell_revoked(limit: int = 50) -> int:
    """Tell the channel which mandates have ended since; tells how many it took."""
    told = 0
    waiting = Mandate.objects.filter(state=MandateState.REVOKED, is_revoked_at_channel=False).exclude(
        number=""
    )
    for mandate in waiting[:limit]:
        try:
            ports.get("channel").revoke_mandate(mandate_number=mandate.number)
        except ChannelSilent:
            break
        except ChannelRefused:
            pass  # it does not know the number: then it cannot debit by it either
        Mandate.objects.filter(borrower_id=mandate.borrower_id, id=mandate.id).update(
            is_revoked_at_channel=True
        )
        told += 1
    return told
