"""Every address with another account, with none, and with staff who have no business there."""

from __future__ import annotations

import pytest
from django.test import Client

from fenqi.people import demo_staff
from tests.support.staff import desk_of
from tests.trust import doors, marked

DENIED = {302, 403, 404, 405, 422}  # an address of somebody else is refused like any wrong choice
CLOSED_TO_A_FORM = DENIED | {401}


def test_every_address_is_somebodys():
    known = {
        *doors.OWN,
        *doors.PERSONAL,
        *doors.OPEN,
        *doors.KEY,
        *doors.PARTNERS,
        *doors.STAFF,
        *doors.FOREIGN,
    }
    assert {route for route, _pattern in doors.routes()} == known


def text_of(answer) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode(errors="replace") + answer.get("Content-Disposition", "")


def leaks(answer, marks) -> list[str]:
    """The marks on a page; what was sent comes back (the language switch, a form's hidden fields) and tells nothing."""
    text, request = text_of(answer), answer.wsgi_request
    asked = request.get_full_path() + " ".join(request.POST.values())
    return [mark for mark in marks if mark in text and mark not in asked]


class Complaints:
    """Everything that is wrong, told at once."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def expect(self, is_right: bool, *words: object) -> None:
        if not is_right:
            self.all.append(" ".join(map(str, words)))


def ask(browser, address, names, post=False):
    address = address.format(**names)
    if not post:
        return browser.get(address)
    return browser.post(address, {key: value.format(**names) for key, value in doors.FORGED.items()})


def test_the_owner_does_find_them(a):
    """Else the other tests would prove nothing."""
    wrong, shown = Complaints(), 0
    for route, address in doors.OWN.items():
        answer = ask(a.browser, address, a.names)
        shown += bool(leaks(answer, a.marks()))
        wrong.expect(
            answer.status_code in {200, 302, 405}, answer.status_code, route, address.format(**a.names)
        )
    assert shown > 10  # pages that do hold what the other tests look for
    assert not wrong.all, "\n".join(wrong.all)


def test_things_are_their_owners_only(a, b):
    wrong, before = Complaints(), a.fingerprint()
    for address in doors.OWN.values():
        for who, browser in (("another", b), ("a guest", Client())):
            for post in (False, True):
                answer = ask(browser, address, a.names, post)
                allowed = CLOSED_TO_A_FORM if post else DENIED
                wrong.expect(
                    answer.status_code in allowed, who, "POST" if post else "GET", address, answer.status_code
                )
                wrong.expect(not leaks(answer, a.marks()), who, address, leaks(answer, a.marks()))
                goes_on = answer.get("Location", "/sign-in/")
                wrong.expect(
                    goes_on.startswith(("/sign-in/", "/me/confirm/", "/cart/")),
                    who,
                    address,
                    "leads to",
                    goes_on,
                )
    assert not wrong.all, "\n".join(wrong.all)
    assert a.fingerprint() == before


def test_personal_pages_show_the_asker_and_ask_guests_in(a, b):
    wrong, before = Complaints(), a.fingerprint()
    for address in doors.PERSONAL.values():
        for post in (False, True):
            answer = ask(b, address, a.names, post)
            wrong.expect(answer.status_code < 500, address, answer.status_code)
            wrong.expect(not leaks(answer, a.marks()), "another", address, leaks(answer, a.marks()))
            answer = ask(Client(), address, a.names, post)
            wrong.expect(answer.status_code in CLOSED_TO_A_FORM, "a guest", address, answer.status_code)
            wrong.expect(not leaks(answer, a.marks()), "a guest", address, leaks(answer, a.marks()))
            wrong.expect(answer.get("Location", "/sign-in/").startswith("/sign-in/"), "a guest", address)
    assert not wrong.all, "\n".join(wrong.all)
    assert a.fingerprint() == before


def test_open_pages_know_nobody(a, b):
    wrong, before = Complaints(), a.fingerprint()
    for address in doors.OPEN.values():
        for browser in (Client(), b):
            for post in (False, True):
                answer = ask(browser, address, a.names, post)
                wrong.expect(answer.status_code < 500, address, answer.status_code)
                wrong.expect(not leaks(answer, a.marks()), address, leaks(answer, a.marks()))
    assert not wrong.all, "\n".join(wrong.all)
    assert a.fingerprint() == before


def test_a_key_shows_masked_values_and_another_key_nothing(a):
    wrong, before = Complaints(), a.fingerprint()
    names = a.names | {"payment": a.names["reference"]}
    forged = names | {
        key: names[key][:-1] + ("A" if names[key][-1] != "A" else "B")
        for key in (
            "contact_token",
            "calendar_token",
            "pay_token",
            "outcome_key",
            "email_token",
            "stop_token",
            "set_up_token",
        )
    }
    for address in doors.KEY.values():
        answer = ask(Client(), address, names)
        wrong.expect(answer.status_code in {200, 404}, address, answer.status_code)
        wrong.expect(not leaks(answer, marked.IN_CLEAR), address, leaks(answer, marked.IN_CLEAR))
        for post in (False, True):
            answer = ask(Client(), address, forged, post)
            wrong.expect(answer.status_code in {404, 405}, "forged", address, answer.status_code)
            wrong.expect(not leaks(answer, a.marks()), "forged", address, leaks(answer, a.marks()))
    assert not wrong.all, "\n".join(wrong.all)
    assert a.fingerprint() == before


def test_partners_doors_open_to_no_session(a, b):
    wrong, before = Complaints(), a.fingerprint()
    for address in doors.PARTNERS.values():
        for browser in (Client(), b, a.browser):
            for post in (False, True):
                answer = ask(browser, address, a.names, post)
                wrong.expect(answer.status_code in {401, 405}, address, answer.status_code)
                wrong.expect(not leaks(answer, a.marks()), address, leaks(answer, a.marks()))
    assert not wrong.all, "\n".join(wrong.all)
    assert a.fingerprint() == before


@pytest.fixture
def desks(a):
    """A browser for each of the staff."""
    return {one.name: desk_of(one.name) for one in demo_staff.MEMBERS}


def test_the_console_is_for_the_roles_that_need_it(a, b, desks):
    wrong, before = Complaints(), a.fingerprint()
    for listed in doors.STAFF.values():
        for address, allowed in listed:
            strangers = {"a shopper": b, "the person": a.browser, "a guest": Client()}
            for who, browser in strangers.items():
                for post in (False, True):
                    answer = ask(browser, address, a.names, post)
                    wrong.expect(answer.status_code in {302, 405}, who, address, answer.status_code)
                    wrong.expect(
                        answer.get("Location", "/ops/sign-in/").startswith("/ops/sign-in/"), who, address
                    )
                    wrong.expect(not leaks(answer, a.marks()), who, address, leaks(answer, a.marks()))
            for name in set(desks) - set(allowed):
                for post in (False, True):
                    answer = ask(desks[name], address, a.names, post)
                    wrong.expect(answer.status_code in {403, 405}, name, post, address, answer.status_code)
                    wrong.expect(not leaks(answer, a.marks()), name, address, leaks(answer, a.marks()))
    assert not wrong.all, "\n".join(wrong.all)
    assert a.fingerprint() == before


def test_staff_see_masks_until_they_say_why(a, desks):
    wrong = Complaints()
    for route, listed in doors.STAFF.items():
        for address, allowed in listed:
            if route.startswith("ops/photos/"):
                continue
            for name in allowed:
                answer = ask(desks[name], address, a.names)
                wrong.expect(answer.status_code in {200, 302, 404, 405}, name, address, answer.status_code)
                wrong.expect(
                    not leaks(answer, marked.IN_CLEAR), name, address, leaks(answer, marked.IN_CLEAR)
                )
    assert not wrong.all, "\n".join(wrong.all)


def test_staff_see_no_shoppers_pages(a, desks):
    wrong = Complaints()
    for address in (*doors.OWN.values(), *doors.PERSONAL.values()):
        answer = ask(desks["admin"], address, a.names)
        wrong.expect(answer.status_code in DENIED | {401}, address, answer.status_code)
        wrong.expect(not leaks(answer, a.marks()), address, leaks(answer, a.marks()))
    assert not wrong.all, "\n".join(wrong.all)
