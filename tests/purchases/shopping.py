"""A shop with goods, a shopper ready to buy, and the little steps the specifications of checkout and purchases take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import uuid4

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.mall import queries as mall_queries
from fenqi.mall import seed as mall_seed
from fenqi.mall import services as mall
from fenqi.mall.models import Variant
from fenqi.mall.services.addresses import AddressEntry
from fenqi.people import queries as people_queries
from fenqi.people import services as people
from fenqi.people.models import Contact
from fenqi.plumbing import business_date
from fenqi.purchases import services as purchases
from fenqi.web.checkout_common import summary_of
from tests.people import fakes
from tests.web import finance_cases
from tests.web.finance_cases import settle_outbox

if TYPE_CHECKING:
    from uuid import UUID

    from fenqi.mall.queries import Order

PHONE_FEN, BAND_FEN = 499_900, 12_900
CARD = "6217000010000000011"
BANK_12 = "jiangcheng.jiangcheng-installment-12"
FREE_3 = "anxin.anxin-free-3"
OUTSIDE_3 = "yuanshan.yuanshan-3"


def open_shop(settings: Any) -> None:
    """Goods on the shelf, lenders, books; people's parties are fakes, lenders and channel the sandbox."""
    finance_cases.open_shop(settings, with_sandbox=True)
    mall_seed.load()


def sku_at(price_fen: int) -> str:
    """A variant of this price."""
    return Variant.objects.filter(price_fen=price_fen, is_on_sale=True).order_by("sku").first().sku


def a_shopper(phone: str = "13800001234", *, card: str | None = CARD, name: str = "王小明") -> int:
    """Identity passed, contact approved, consents given, a card bound and an address known."""
    borrower_id = finance_cases.a_person(phone, card=card, name=name)
    give_consents(borrower_id)
    an_approved_contact(borrower_id, phone=f"139{phone[3:]}")
    an_address(borrower_id)
    return borrower_id


def give_consents(borrower_id: int) -> None:
    """What the identity page asks to agree to."""
    people.record_consents(
        borrower_id=borrower_id,
        given={"identity": None, "lender_sharing": None, "bureau_query": None, "bureau_reporting": None},
        channel="web",
        evidence={},
    )


def an_approved_contact(
    borrower_id: int, *, phone: str = "13900001234", application_id: UUID | None = None
) -> None:
    """A contact who accepted and whom a reviewer approved."""
    people.name_contact(
        borrower_id=borrower_id,
        name="李芳",
        relationship="spouse",
        phone=phone,
        application_id=application_id,
    )
    token = fakes.Texts.last(phone, "people.contact_link")["path"].split("/")[2]
    people.answer_contact(token=token, answer="accept")
    people.review_contact(
        staff="staff:lin",
        borrower_id=borrower_id,
        contact_id=Contact.objects.get(borrower_id=borrower_id).id,
        approve=True,
        reason="核实",
    )


def card_of(borrower_id: int) -> str:
    """The first bound card, as a form names it."""
    return str(people_queries.cards(borrower_id)[0].id)


def an_address(borrower_id: int) -> UUID:
    """Where the goods go."""
    entry = AddressEntry(
        recipient="王小明",
        phone="13800001234",
        province="北京市",
        city="北京市",
        district="朝阳区",
        street="建国路 1 号",
    )
    return mall.save_address(borrower_id=borrower_id, entry=entry)


def an_order(borrower_id: int, *, financed: list[int] | None = None, full: list[int] | None = None) -> Order:
    """An order of goods at these prices, in fen."""
    financed_skus = [sku_at(fen) for fen in financed or []]
    full_skus = [sku_at(fen) for fen in full or []]
    order_id = mall.place_order(
        borrower_id=borrower_id,
        lines=[mall.Item(sku=sku, quantity=1) for sku in (*financed_skus, *full_skus)],
        financed_skus=financed_skus,
        address_id=mall_queries.addresses(borrower_id=borrower_id)[0].id,
        reference=uuid4().hex,
    )
    return mall_queries.order(borrower_id=borrower_id, order_id=order_id)


def an_application(borrower_id: int, order: Order, *, key: str = BANK_12) -> UUID:
    """An application of the order for a plan of today's board, taken to its decision."""
    held = credit.hold_quote(key=key, amount_fen=order.financed_amount_fen, on=business_date.current())
    application_id = credit.start_application(
        borrower_id=borrower_id,
        order_id=order.id,
        order=summary_of(order),
        quote_id=held.id,
        reference=uuid4().hex,
    )
    purchases.advance_application(borrower_id=borrower_id, application_id=application_id)
    return application_id


def sign(borrower_id: int, application_id: UUID) -> UUID:
    """Sign the agreement after the reading time (the page was issued that long ago)."""
    application = credit_queries.application(borrower_id=borrower_id, application_id=application_id)
    held = credit_queries.find_quote(quote_id=application.quote_id)
    with mock.patch("django.core.signing.time.time", return_value=time.time() - 10):
        page = credit.issue_page(
            borrower_id=borrower_id,
            application_id=application_id,
            quote=held.quote,
            order_number=application.order.number,
        )
    return credit.sign_agreement(
        borrower_id=borrower_id,
        application_id=application_id,
        page=page,
        is_accepted=True,
        card_id=people_queries.cards(borrower_id)[0].id,
        evidence={"address": "203.0.113.7"},
    )


def a_purchase(
    borrower_id: int, order: Order, *, key: str = BANK_12, method: str | None = None
) -> tuple[UUID, UUID]:
    """The whole way: applied, decided, signed, confirmed, paid. Tells (application id, purchase id)."""
    application_id = an_application(borrower_id, order, key=key)
    sign(borrower_id, application_id)
    purchase_id = purchases.confirm_purchase(
        borrower_id=borrower_id, application_id=application_id, reference=uuid4().hex
    )
    if order.full_amount_fen:
        purchases.pay_full_part(
            borrower_id=borrower_id,
            order_id=order.id,
            method=method or str(people_queries.cards(borrower_id)[0].id),
            return_url=f"/checkout/waiting/?order={order.number}",
            reference=uuid4().hex,
        )
    purchases.advance_purchase(borrower_id=borrower_id, purchase_id=purchase_id)
    return application_id, purchase_id


def settle() -> None:
    """What the worker does: announcements are heard, waiting steps taken, until nothing is left."""
    while True:
        settle_outbox()
        if not purchases.run_waiting():
            break
    settle_outbox()
