"""Applications on their way to a decision, two at once, and the signed document at the end."""

from __future__ import annotations

import io

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from fenqi.credit import reviews
from fenqi.credit import services as credit
from fenqi.credit.errors import AgreementUnknown, DecisionNotOpen, ReasonMissing
from fenqi.mall import queries as mall_queries
from fenqi.plumbing import business_date
from fenqi.purchases import services
from fenqi.servicing import queries as servicing
from tests.purchases import shopping
from tests.purchases.deciding import state_of
from tests.purchases.shopping import BAND_FEN, BANK_12, FREE_3, PHONE_FEN
from tests.support.at_once import at_once


def test_an_application_waits_for_its_contact_and_is_decided_by_the_announcement(shop):
    borrower_id = shopping.finance_cases.a_person()
    shopping.an_address(borrower_id)
    order = shopping.an_order(borrower_id, financed=[PHONE_FEN])
    application_id = shopping.an_application(borrower_id, order)
    shopping.settle()
    assert state_of(borrower_id, application_id) == "started"
    assert mall_queries.order(borrower_id=borrower_id, order_id=order.id).state == "in_review"

    shopping.give_consents(borrower_id)
    shopping.an_approved_contact(borrower_id, application_id=application_id)
    shopping.settle()
    assert state_of(borrower_id, application_id) == "approved"


def test_a_lender_that_refers_is_asked_again_until_it_knows(shop, shopper):
    shop.fault("lender", "pending", times=1)
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    application_id = shopping.an_application(shopper, order)
    assert state_of(shopper, application_id) == "deciding"
    services.advance_application(borrower_id=shopper, application_id=application_id)
    assert state_of(shopper, application_id) == "approved"


def test_a_declined_application_leaves_the_order_to_another_plan(shop, shopper):
    shop.fault("lender", "decline")
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    first = shopping.an_application(shopper, order)
    assert state_of(shopper, first) == "declined"
    shop.heal("lender", "decline")
    second = shopping.an_application(shopper, order, key=FREE_3)
    assert state_of(shopper, second) == "approved"


def test_a_referred_application_is_decided_by_a_person_with_a_reason(shop, shopper):
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    held = credit.hold_quote(key=BANK_12, amount_fen=PHONE_FEN, on=business_date.current())
    application_id = credit.start_application(
        borrower_id=shopper,
        order_id=order.id,
        order=shopping.summary_of(order),
        quote_id=held.id,
        reference="r",
    )
    credit.decide(borrower_id=shopper, application_id=application_id, standing=None)
    assert state_of(shopper, application_id) == "referred"
    assert [row.id for row in reviews.review_queue()] == [application_id]
    file = reviews.review_file(borrower_id=shopper, application_id=application_id)
    assert file.decisions[0].reasons == (
        "missing_days_past_due",
        "missing_lender_exposure_fen",
        "missing_person_exposure_fen",
        "missing_debt_service_bp",
        "missing_score",
    )

    word = {"staff": "lin", "borrower_id": shopper, "application_id": application_id}
    with pytest.raises(ReasonMissing):
        services.review_application(**word, approve=True, reason_code="income_verified", words=" ")
    with pytest.raises(ReasonMissing):
        services.review_application(
            **word, approve=True, reason_code="debts_too_high", words="收入证明已核实"
        )
    services.review_application(**word, approve=True, reason_code="income_verified", words="收入证明已核实")
    shopping.settle()
    assert state_of(shopper, application_id) == "approved"
    with pytest.raises(DecisionNotOpen):
        services.review_application(**word, approve=False, reason_code="debts_too_high", words="改主意")


def test_changing_the_plan_closes_the_application_before(shop, shopper):
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    first = shopping.an_application(shopper, order)
    second = shopping.an_application(shopper, order, key=FREE_3)
    assert (state_of(shopper, first), state_of(shopper, second)) == ("cancelled", "approved")


def test_two_tabs_apply_once_and_two_clicks_pay_once(shop, shopper):
    order = shopping.an_order(shopper, financed=[PHONE_FEN], full=[BAND_FEN])
    held = credit.hold_quote(key=BANK_12, amount_fen=PHONE_FEN, on=business_date.current())

    def apply():
        return credit.start_application(
            borrower_id=shopper,
            order_id=order.id,
            order=shopping.summary_of(order),
            quote_id=held.id,
            reference="the same form",
        )

    answers = at_once(*[apply] * 6)
    assert len(set(answers)) == 1
    application_id = answers[0]
    services.advance_application(borrower_id=shopper, application_id=application_id)
    shopping.sign(shopper, application_id)
    purchases = at_once(
        *[
            lambda n=n: services.confirm_purchase(
                borrower_id=shopper, application_id=application_id, reference=f"tab {n}"
            )
            for n in range(4)
        ]
    )
    assert len(set(purchases)) == 1
    before = shop.balance(shopping.CARD)
    card = shopping.card_of(shopper)

    def pay():
        services.pay_full_part(
            borrower_id=shopper, order_id=order.id, method=card, return_url="/", reference="one click"
        )
        return services.advance_purchase(borrower_id=shopper, purchase_id=purchases[0])

    at_once(*[pay] * 4)
    services.advance_purchase(borrower_id=shopper, purchase_id=purchases[0])
    assert before - shop.balance(shopping.CARD) == BAND_FEN
    assert len(servicing.loans(shopper)) == 1


def test_a_band_paid_in_two_tabs_goes_back_once(shop, shopper):
    order = shopping.an_order(shopper, full=[BAND_FEN])
    before, card = shop.balance(shopping.CARD), shopping.card_of(shopper)
    at_once(
        *[
            lambda n=n: services.pay_full_part(
                borrower_id=shopper, order_id=order.id, method=card, return_url="/", reference=f"tab {n}"
            )
            for n in range(2)
        ]
    )
    shopping.settle()
    assert before - shop.balance(shopping.CARD) == BAND_FEN
    assert mall_queries.order(borrower_id=shopper, order_id=order.id).state == "paid"


def test_the_document_is_signed_sealed_and_only_its_owner_s(shop, shopper):
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    application_id = shopping.an_application(shopper, order)
    agreement_id = shopping.sign(shopper, application_id)
    content = credit.agreement_pdf(borrower_id=shopper, agreement_id=agreement_id)
    assert credit.agreement_pdf(borrower_id=shopper, agreement_id=agreement_id) == content
    signature = PdfFileReader(io.BytesIO(content)).embedded_signatures[0]
    trust = ValidationContext(trust_roots=[signature.signer_cert])
    status = validate_pdf_signature(signature, trust)
    assert (status.intact, status.valid, status.coverage) == (True, True, SignatureCoverageLevel.ENTIRE_FILE)
    changed = content.replace(b"/Producer", b"/Producex", 1)
    forged = PdfFileReader(io.BytesIO(changed)).embedded_signatures[0]
    assert not validate_pdf_signature(forged, trust).intact
    with pytest.raises(AgreementUnknown):
        credit.agreement_pdf(borrower_id=shopper + 1, agreement_id=agreement_id)


@pytest.mark.parametrize("table", ["credit_agreement", "credit_decision", "credit_heldquote"])
def test_what_was_said_and_signed_is_never_changed(shop, shopper, table):
    order = shopping.an_order(shopper, financed=[PHONE_FEN])
    shopping.sign(shopper, shopping.an_application(shopper, order))
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
