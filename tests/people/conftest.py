"""A shopper, their phone, and the parties people speaks to."""

from __future__ import annotations

import datetime

import pytest

from fenqi.people import seed, services
from fenqi.plumbing import business_date
from tests.people import fakes
from tests.people.browsing import IDENTITY, id_number, sign_in

ADULT = "110105199003077590"
OTHER_ADULT = "310101198505211111"


@pytest.fixture(autouse=True)
def parties(settings, db):
    """The fakes of tests/people/fakes.py stand where the adapters stand."""
    settings.FENQI_PORTS = {
        **settings.FENQI_PORTS,
        "texts": "tests.people.fakes.Texts",
        "identity": "tests.people.fakes.Identity",
        "channel": "tests.people.fakes.Cards",
    }
    for kept in (fakes.Texts.sent, fakes.Identity.asked, fakes.Cards.asked, fakes.Cards.answers):
        kept.clear()
    business_date.start(datetime.date(2026, 11, 22))
    seed.load_texts()


@pytest.fixture
def shopper():
    """shopper(phone) signs in and gives the borrower id."""

    def make(phone: str = "13800001234") -> int:
        services.send_code(phone=phone, ip="203.0.113.7")
        code = fakes.Texts.last(phone, "people.code")["code"]
        return services.sign_in(phone=phone, code=code).borrower_id

    return make


@pytest.fixture
def applicant(shopper):
    """applicant(phone, name) has passed the real-name check."""

    def make(phone: str = "13800001234", name: str = "王小明", number: str | None = None) -> int:
        borrower_id = shopper(phone)
        number = number or id_number(f"11010519900307{phone[-3:]}")
        services.submit_identity(borrower_id=borrower_id, real_name=name, id_number=number, face=True)
        return borrower_id

    return make


@pytest.fixture
def named(applicant):
    """An applicant with a contact: (borrower id, contact id, the token in the contact's message)."""

    def make(phone: str = "13800001234", contact_phone: str = "13900005678") -> tuple:
        borrower_id = applicant(phone)
        contact_id = services.name_contact(
            borrower_id=borrower_id, name="李芳", relationship="spouse", phone=contact_phone
        )
        path = fakes.Texts.last(contact_phone, "people.contact_link")["path"]
        return borrower_id, contact_id, path.removeprefix("/contact/").strip("/")

    return make


@pytest.fixture
def signed_in(client):
    """A browser in which the shopper is signed in."""
    sign_in(client)
    return client


@pytest.fixture
def identified(signed_in):
    """The same, the real-name check passed."""
    assert signed_in.post("/checkout/identity/", IDENTITY).status_code == 302
    return signed_in
