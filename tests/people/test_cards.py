"""A card is bound once its holder is the person: four elements, a code to the phone at the bank, few tries."""

import pytest
from django.apps import apps

from fenqi.people import queries, refusals, services
from fenqi.people.models import BankCard
from fenqi.plumbing.sealed import SealedTextField
from tests.people import fakes

CARD = "6217000010000012"
PHONE = "13800001234"


def bind(borrower_id, number=CARD, phone=PHONE, code=None):
    if code is None:
        services.send_card_code(borrower_id=borrower_id, number=number, holder_phone=phone)
        code = fakes.Texts.last(phone, "people.code")["code"]
    return services.bind_card(borrower_id=borrower_id, number=number, holder_phone=phone, code=code)


def test_bound_once(applicant):
    borrower_id = applicant()
    card_id = bind(borrower_id)
    assert bind(borrower_id, code="000000") == card_id
    assert [(card.bank, card.tail, card.status) for card in queries.cards(borrower_id)] == [
        ("江城银行", "0012", "active")
    ]
    assert queries.card_token(borrower_id=borrower_id, card_id=card_id) == "token-0012"
    assert len(fakes.Cards.asked) == 1


def test_needs_an_identity(shopper):
    with pytest.raises(refusals.IdentityNeeded):
        bind(shopper())


@pytest.mark.parametrize(
    ("number", "phone", "code", "error", "field"),
    [
        ("6217000010000019", PHONE, "000000", refusals.Unreadable, "number"),
        ("", PHONE, "000000", refusals.Unreadable, "number"),
        (CARD, "010-8888", "000000", refusals.Unreadable, "holder_phone"),
        (CARD, PHONE, "12", refusals.Unreadable, "code"),
        (CARD, PHONE, "000000", refusals.CodeWrong, "code"),
    ],
)
def test_bad_input_asks_no_bank(applicant, number, phone, code, error, field):
    with pytest.raises(error) as caught:
        bind(applicant(), number, phone, code)
    assert caught.value.field == field
    assert fakes.Cards.asked == []


def test_an_outage_keeps_the_proof_of_the_phone(applicant):
    borrower_id = applicant()
    fakes.Cards.answers[CARD] = "RETRY"
    with pytest.raises(refusals.CheckUnavailable):
        bind(borrower_id)
    assert queries.cards(borrower_id) == []
    fakes.Cards.answers.clear()
    bind(borrower_id, code="000000")
    assert len(set(fakes.Cards.asked)) == 1
    assert len(queries.cards(borrower_id)) == 1


def test_what_the_bank_refuses_is_not_kept(applicant):
    borrower_id = applicant()
    fakes.Cards.answers[CARD] = "FAIL"
    with pytest.raises(refusals.CardRefused):
        bind(borrower_id)
    kept = BankCard.objects.get()
    assert (kept.phone, kept.tail, kept.status) == ("", "", "refused")


def test_the_full_number_is_kept_nowhere(applicant):
    """Not even sealed: the channel's token charges the card, its end shows it, a keyed hash finds it."""
    bind(applicant())
    assert not [one.name for one in BankCard._meta.concrete_fields if one.name == "number"]
    for model in apps.get_models():
        for one in model._meta.concrete_fields:
            if isinstance(one, SealedTextField):
                kept = model._default_manager.values_list(one.name, flat=True)
                assert not [value for value in kept if value and CARD in value], (
                    f"{model.__name__}.{one.name}"
                )


def test_unbound_cards_cannot_be_charged(applicant, shopper):
    borrower_id, stranger = applicant(), shopper("13800009999")
    card_id = bind(borrower_id)
    with pytest.raises(refusals.CardUnknown):
        services.unbind_card(borrower_id=stranger, card_id=card_id)
    services.unbind_card(borrower_id=borrower_id, card_id=card_id)
    services.unbind_card(borrower_id=borrower_id, card_id=card_id)
    with pytest.raises(refusals.CardUnknown):
        queries.card_token(borrower_id=borrower_id, card_id=card_id)
    assert queries.card(borrower_id=borrower_id, card_id=card_id).status == "unbound"
