"""A signed-in shopper with a card and a loan, and the little steps the finance specifications take."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup
from django.test import Client

from fenqi.credit import seed as credit_seed
from fenqi.people import seed as people_seed
from fenqi.people import services as people
from fenqi.plumbing import clock, outbox
from fenqi.standby import seed as standby_seed
from tests.people import fakes
from tests.people.browsing import id_number
from tests.servicing import books

if TYPE_CHECKING:
    from uuid import UUID

TODAY = books.OPENED
FAKE_PEOPLE = {"texts": "tests.people.fakes.Texts", "identity": "tests.people.fakes.Identity"}
FAKE_CARDS = {"channel": "tests.people.fakes.Cards"}


def open_shop(settings: Any, *, with_sandbox: bool = False) -> None:
    """The books are open, lenders and texts are known; people's parties are fakes, the channel too without a sandbox."""
    fakes_used = FAKE_PEOPLE if with_sandbox else FAKE_PEOPLE | FAKE_CARDS
    settings.FENQI_PORTS = {**settings.FENQI_PORTS, **fakes_used}
    fakes.Texts.sent.clear()
    fakes.Cards.answers.clear()
    books.start(TODAY)
    people_seed.load_texts()
    credit_seed.load()
    standby_seed.load()


def a_person(
    phone: str = "13800001234", *, card: str | None = "6217000010000000011", name: str = "王小明"
) -> int:
    """An account with its real-name check passed and a card bound; tells the borrower id."""
    people.send_code(phone=phone, ip="203.0.113.7")
    code = fakes.Texts.last(phone, "people.code")["code"]
    borrower_id = people.sign_in(phone=phone, code=code).borrower_id
    people.submit_identity(
        borrower_id=borrower_id, real_name=name, id_number=id_number(f"11010519900307{phone[-3:]}"), face=True
    )
    if card:
        a_card(borrower_id, card, phone)
    return borrower_id


def a_card(borrower_id: int, card: str, phone: str) -> None:
    """Bind a card whose bank knows this phone."""
    people.send_card_code(borrower_id=borrower_id, number=card, holder_phone=phone)
    code = fakes.Texts.last(phone, "people.code")["code"]
    people.bind_card(borrower_id=borrower_id, number=card, holder_phone=phone, code=code)


def a_loan(borrower_id: int, **given: Any) -> UUID:
    """A loan of ¥4,999.00 over 12 installments unless told otherwise."""
    return books.a_loan(borrower_id=borrower_id, **given)[1]


def signed_in(borrower_id: int) -> Client:
    """A browser in which this shopper is signed in."""
    client = Client()
    session = client.session
    session["borrower_id"] = borrower_id
    session["signed_in_at"] = clock.wall().isoformat()
    session.save()
    return client


def page(response: Any) -> BeautifulSoup:
    """The page of an answer."""
    return BeautifulSoup(response.content, "html.parser")


def fen(soup: BeautifulSoup, role: str) -> int:
    """The figure a page shows in a role."""
    found = soup.select_one(f'[data-role="{role}"]')
    assert found is not None, f"no {role} on the page"
    return int(found["data-fen"])


def form_of(soup: BeautifulSoup, form_id: str) -> dict[str, Any]:
    """What a browser would send for a form: its values, the first chosen radio, checked boxes."""
    form = soup.select_one(f"form#{form_id}")
    assert form is not None, f"no form {form_id}"
    values: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        kind = field.get("type", "text")
        if kind in {"radio", "checkbox"} and not field.has_attr("checked"):
            continue
        name = field["name"]
        value = (
            field.text if field.name == "textarea" else field.get("value", "on" if kind == "checkbox" else "")
        )
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    values.pop("csrfmiddlewaretoken", None)
    return values


def settle_outbox() -> None:
    """Let every announcement be heard."""
    while outbox.deliver():
        pass


def days(n: int) -> datetime.timedelta:
    """n days."""
    return datetime.timedelta(days=n)
