"""A browser at the pages of a person: what is typed there, the way in, and the sentence tied to a field."""

from __future__ import annotations

from fenqi.people.id_number import check_character
from tests.people import fakes
from tests.support.pages import soup


def id_number(first_17: str) -> str:
    """A number with the right check character."""
    return first_17 + check_character(first_17)


PHONE, FRIEND, CARD = "13800001234", "13900005678", "6217000010000012"
GOOD_ID = id_number("11010519900307759")
IDENTITY = {
    "real_name": "王小明",
    "id_number": GOOD_ID,
    "valid_until": "2036-05-01",
    "is_student": "no",
    "method": "face",
    "agree_identity": "1",
    "agree_face": "1",
    "agree_lender_sharing": "1",
    "agree_bureau_query": "1",
    "agree_bureau_reporting": "1",
}
CONTACT = {"name": "李芳", "relationship": "spouse", "phone": FRIEND, "confirm": "1"}


def error_at(response, field):
    """The sentence tied to a control by aria, or ''."""
    page = soup(response)
    control = page.select_one(f'[name="{field}"]')
    if control is None:
        return ""
    ids = control.get("aria-describedby", "").split()
    return " ".join(
        page.find(id=i).get_text(strip=True) for i in ids if i.endswith("_error") and page.find(id=i)
    )


def sign_in(client, phone=PHONE, target="/me/"):
    client.post("/sign-in/", {"phone": phone, "next": target})
    code = fakes.Texts.last(phone, "people.code")["code"]
    return client.post("/sign-in/code/", {"phone": phone, "code": code, "next": target})
