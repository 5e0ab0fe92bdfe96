"""Signing: the page that was read is itself signed, so that reading time and content are proven on the server."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from fenqi.credit import agreement_text, cost_table, orders, quotes
from fenqi.credit.errors import (
    AgreementNotAccepted,
    ApplicationMovedOn,
    CardMissing,
    PageNotOurs,
    QuoteChanged,
    ReadingTooShort,
)
from fenqi.credit.models import Agreement, ApplicationState
from fenqi.credit.services.quoting import find_quote
from fenqi.credit.services.rows import locked
from fenqi.people import queries as people
from fenqi.plumbing import audit, business_date, clock, outbox, rule_data
from fenqi.plumbing.ids import new_id, new_number

if TYPE_CHECKING:
    from fenqi.credit.models import Application
    from fenqi.credit.orders import OrderSummary
    from fenqi.credit.quotes import QuotedPlan
    from fenqi.credit.services.quoting import Held

_SALT = "fenqi.credit.agreement-page"
_PAGE_LIVES_SECONDS = 24 * 3600


def reading_seconds() -> int:
    """How long the cost table must be before the reader, by the rule in force."""
    return int(rule_data.value("forced_reading_seconds", on=business_date.current()))


def issue_page(*, borrower_id: int, application_id: UUID, quote: QuotedPlan, order_number: str) -> str:
    """A token that says who was shown which quote and text, and when; it goes into the page's form."""
    return signing.TimestampSigner(salt=_SALT).sign(_shown(borrower_id, application_id, quote, order_number))


def sign_agreement(
    *,
    borrower_id: int,
    application_id: UUID,
    page: str,
    is_accepted: bool,
    card_id: UUID | None,
    evidence: dict[str, Any],
) -> UUID:
    """
    Sign what the page showed; tells the agreement's id. Repeatable: a second signature finds the first.

    Raises: PageNotOurs, ReadingTooShort, AgreementNotAccepted, CardMissing, QuoteChanged (the quote ran out: show the
    new one), ApplicationMovedOn.
    """
    with transaction.atomic():
        row = locked(borrower_id, application_id)
        earlier = Agreement.objects.filter(borrower_id=borrower_id, application_id=application_id).first()
        if earlier is not None:
            return earlier.id
        if row.state != ApplicationState.APPROVED:
            raise ApplicationMovedOn(_("这个申请现在不能签署协议，请从订单继续。"))
        order = orders.from_json(row.order)
        held = find_quote(quote_id=row.quote_id)
        seconds = _seconds_read(page, _shown(borrower_id, application_id, held.quote, order.number))
        if not is_accepted:
            raise AgreementNotAccepted(_("请阅读后勾选“我已阅读并同意”。"), field="is_accepted")
        least = reading_seconds()
        if seconds < least:
            raise ReadingTooShort(
                _("请至少阅读 %(least)d 秒，您在 %(seconds)d 秒时提交。已选内容都已保留，请再次确认。")
                % {"least": least, "seconds": seconds},
                field="is_accepted",
            )
        card = next((card for card in people.cards(borrower_id) if card.id == card_id), None)
        if card is None:
            raise CardMissing(_("请选择一张还款银行卡。"), field="card_id")
        if not held.stands(now=clock.wall(), on=business_date.current()):
            raise QuoteChanged(_("报价已过期，请核对新的报价后再签署。"), field="quote")
        return _write_down(row, held, order, card, seconds=seconds, evidence=evidence)


def _write_down(
    row: Application,
    held: Held,
    order: OrderSummary,
    card: people.Card,
    *,
    seconds: int,
    evidence: dict[str, Any],
) -> UUID:
    on = business_date.current()
    content = _content(row.borrower_id, held.quote, order, bank=card.bank, tail=card.tail)
    text = agreement_text.agreement(held.quote, order_number=order.number)
    agreement = Agreement.objects.create(
        borrower_id=row.borrower_id,
        id=new_id(),
        number=new_number("A", on),
        application_id=row.id,
        order_id=row.order_id,
        quote_id=row.quote_id,
        lender_code=row.lender_code,
        amount_fen=row.amount_fen,
        card_id=card.id,
        quote_digest=held.digest,
        text_version=text.version,
        text_digest=text.digest(),
        digest=_digest(content),
        content=content,
        read_seconds=seconds,
        evidence=evidence,
        signed_on=on,
        signed_at=clock.now(),
    )
    row.state = ApplicationState.SIGNED
    row.save(update_fields=["state"])
    audit.record(
        actor=f"shopper:{row.borrower_id}",
        action="agreement.signed",
        subject=f"agreement:{agreement.id}",
        digest=bytes(agreement.digest).hex(),
        read_seconds=seconds,
    )
    outbox.publish(
        "credit.agreement.signed",
        borrower_id=row.borrower_id,
        agreement_id=agreement.id,
        application_id=row.id,
        order_id=row.order_id,
    )
    return agreement.id


def _shown(borrower_id: int, application_id: UUID, quote: QuotedPlan, order_number: str) -> str:
    text = agreement_text.agreement(quote, order_number=order_number)
    seen = hashlib.sha256(quote.digest() + text.digest()).hexdigest()
    return f"{borrower_id}:{application_id}:{seen}"


def _seconds_read(page: str, shown: str) -> int:
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        said = signer.unsign(page, max_age=_PAGE_LIVES_SECONDS)
    except signing.SignatureExpired as e:
        raise QuoteChanged(_("这个页面打开太久了，请核对最新报价后再签署。"), field="quote") from e
    except signing.BadSignature as e:
        raise PageNotOurs(_("这个页面不完整，请重新打开后再签署。")) from e
    if said.rsplit(":", 1)[0] != shown.rsplit(":", 1)[0]:
        raise PageNotOurs(_("这个页面不属于这个申请，请重新打开后再签署。"))
    if said != shown:
        raise QuoteChanged(_("报价在您阅读时有更新，请核对后再签署。"), field="quote")
    moment = signing.b62_decode(page.rsplit(":", 2)[1])
    return max(0, int(clock.wall().timestamp()) - moment)


def _content(
    borrower_id: int, quote: QuotedPlan, order: OrderSummary, *, bank: str, tail: str
) -> dict[str, Any]:
    """Everything that was agreed, in the language it was agreed in: Chinese."""
    with translation.override("zh-hans"):
        person = people.person(borrower_id)
        return {
            "order_number": order.number,
            "order_lines": order.as_json()["financed"],
            "borrower": {
                "name": person.name_masked,
                "id_number": person.id_number_masked,
                "phone": person.phone_masked,
            },
            "lender": quote.lender_name,
            "plan": quote.plan_name,
            "quote": quotes.to_json(quote),
            "cost_table": cost_table.build(quote).as_json(),
            "text": agreement_text.agreement(quote, order_number=order.number).body,
            "mandate": agreement_text.mandate(quote, bank=bank, tail=tail).body,
            "card": f"{bank} {tail}",
        }


def _digest(content: dict[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()
