"""A small book in which everything happened once: what the specifications of `fenqi verify` look at and change."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from fenqi.bureau import export
from fenqi.bureau import services as bureau
from fenqi.domain.terms import Subsidy
from fenqi.mall import queries as mall_queries
from fenqi.mall import services as mall
from fenqi.mall.services import RETURN_KIND
from fenqi.payments import services as payments
from fenqi.payments.models import UnplacedSource
from fenqi.people import queries as people
from fenqi.plumbing import business_date
from fenqi.servicing import queries, services
from fenqi.servicing.placing import PLACE_KIND, TAKE_BACK_KIND, Placing
from fenqi.standby import services as standby
from tests.purchases import shopping
from tests.servicing.books import ANNUITY, FLAT, OPENED, a_loan
from tests.support.sandbox import CARDS
from tests.support.second_pair import second_pair

ONE_DAY = datetime.timedelta(days=1)
LENDER = "jiangcheng"


def make(settings: Any, sandbox: Any) -> None:
    """Purchases, debits taken and refused, arrears up to a loss, returns, a draw, settlements, corrections; all closed."""
    shopping.open_shop(settings)
    payer = shopping.a_shopper()
    sandbox.set_balance(CARDS[0], 2_000_000)
    late = shopping.a_shopper("13800005678", card=CARDS[1])
    sandbox.set_balance(CARDS[1], 0)

    _buy_and_give_back(payer)
    standby.apply(borrower_id=payer, agrees=True, on=OPENED, evidence={})
    _draw(payer)
    _order(late, financed=[shopping.PHONE_FEN], key=shopping.BANK_12)
    _order(late, financed=[shopping.PHONE_FEN], key=shopping.OUTSIDE_3)
    subsidised = replace(
        ANNUITY, subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal("0.5"), lender=Decimal("0.5"))
    )
    two = [
        a_loan(terms, 120_000, borrower_id=payer, lender_code=LENDER, lender_share_bp=7_000)[1]
        for terms in (subsidised, FLAT)
    ]
    lost = a_loan(FLAT, 90_000, borrower_id=late, lender_code=LENDER)
    _close(13)

    bill_due = min(bill.due_on for bill in queries.bills(payer))
    services.record_bill_repayment(
        borrower_id=payer, loan_ids=two, due_on=bill_due, amount_fen=35_000, reference="bill over two"
    )
    _close(2)
    offer = services.quote_settlement(borrower_id=payer, loan_id=two[0])
    services.settle(borrower_id=payer, loan_id=two[0], offer_id=offer.id, reference="settled early")
    services.record_repayment(borrower_id=payer, loan_id=two[0], amount_fen=777, reference="too much")
    services.return_overpayment(borrower_id=payer, loan_id=two[0], reference="sent back")
    payments.start_payment(
        borrower_id=late,
        amount_fen=5_000,
        purpose="repayment",
        subject={"loan_ids": [str(lost[1])]},
        return_url="/finance/",
        reference="nothing on the card",
        card_id=people.cards(late)[0].id,
    )
    _close(30)

    paid = services.record_repayment(borrower_id=late, loan_id=lost[1], amount_fen=4_000, reference="a part")
    _close(10)
    services.reverse_event(
        borrower_id=late, loan_id=lost[1], event_id=str(paid.sequence), reference="bounced"
    )
    services.record_repayment(
        borrower_id=late,
        loan_id=lost[1],
        amount_fen=6_000,
        reference="found later",
        received_on=business_date.current() - 5 * ONE_DAY,
    )
    month = business_date.current().replace(day=1)
    dispute = bureau.open_dispute(
        borrower_id=late, loan_id=lost[1], month=month, reason="bank was closed", on=business_date.current()
    )
    second_pair(
        bureau.CORRECTION_KIND,
        borrower_id=late,
        arguments={"borrower_id": late, "dispute_id": str(dispute), "answer": "so it was"},
    )
    _close(45)
    second_pair(
        "servicing.charge_off",
        borrower_id=late,
        arguments={"borrower_id": late, "loan_id": str(lost[1])},
    )
    _close(3)
    services.record_repayment(borrower_id=late, loan_id=lost[1], amount_fen=2_500, reference="after all")
    _wait_in_suspense(late, lost[1])
    _close(2)


def _order(borrower_id: int, *, key: str, financed: list[int], full: list[int] | None = None) -> Any:
    order = shopping.an_order(borrower_id, financed=financed, full=full)
    shopping.a_purchase(borrower_id, order, key=key)
    shopping.settle()
    return mall_queries.order(borrower_id=borrower_id, order_id=order.id)


def _buy_and_give_back(borrower_id: int) -> None:
    kept = _order(borrower_id, financed=[shopping.PHONE_FEN], full=[shopping.BAND_FEN], key=shopping.FREE_3)
    gone = _order(borrower_id, financed=[shopping.PHONE_FEN], full=[shopping.BAND_FEN], key=shopping.BANK_12)
    assert kept.id != gone.id
    return_id = mall.request_return(
        borrower_id=borrower_id,
        order_id=gone.id,
        line_ids=[line.id for line in gone.lines],
        reason="不想要了",
    )
    shopping.settle()
    second_pair(
        RETURN_KIND,
        borrower_id=borrower_id,
        arguments={"borrower_id": borrower_id, "return_id": str(return_id)},
    )
    shopping.settle()


def _draw(borrower_id: int) -> None:
    standby.draw(
        borrower_id=borrower_id,
        amount_fen=100_000,
        installments=3,
        card_id=people.cards(borrower_id)[0].id,
        on=OPENED,
        reference="draw-1",
    )
    shopping.settle()


def _wait_in_suspense(borrower_id: int, loan_id: UUID) -> None:
    """A bank line, part of it placed, taken back and returned; money of an unknown reference sent back by the channel, refused."""
    on = business_date.current()
    bank, channel = (
        payments.take_in(
            reference=reference,
            amount_fen=fen,
            received_on=on,
            source=source,
            channel_reference=named,
            payer="王小明",
        ).id
        for reference, fen, source, named in (
            ("bank:7", 9_000, UnplacedSource.BANK, ""),
            ("channel:CH-7", 3_300, UnplacedSource.CHANNEL, "QR-7"),
        )
    )
    placing = Placing(
        money_id=bank, borrower_id=borrower_id, loan_id=loan_id, amount_fen=1_500, received_on=on
    )
    second_pair(PLACE_KIND, borrower_id=borrower_id, arguments=placing.arguments())
    second_pair(TAKE_BACK_KIND, arguments={"money_id": str(bank), "number": 1})
    second_pair(PLACE_KIND, borrower_id=borrower_id, arguments=replace(placing, amount_fen=1_200).arguments())
    for money_id, fen, outgoing in ((bank, 2_000, "out-1"), (channel, 3_300, "")):
        second_pair(
            payments.RETURN_KIND,
            arguments={"money_id": str(money_id), "amount_fen": fen, "outgoing": outgoing},
        )


def _close(days: int) -> None:
    for _day in range(days):
        [closed] = services.run_dayend()
        export.report(closed)
    shopping.settle()
