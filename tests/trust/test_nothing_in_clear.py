"""After a life of applying and repaying: no personal value in clear in the database, the log, tasks, traffic or error pages."""

from __future__ import annotations

import datetime
import logging

import pytest
from django.conf import settings as live
from django.test import Client

from fenqi.adapters.identity import Identity
from fenqi.jobs import chores
from fenqi.people import services as people
from fenqi.plumbing import leaks
from fenqi.servicing import dayend
from tests.trust import marked, wires

# Which party may be told what, by the path it is asked at; everything else is told nothing.
ALLOWED = {
    "/identity/": {marked.NAME, marked.ID_NUMBER},
    "/channel/cards/": {marked.NAME, marked.ID_NUMBER, marked.CARD, marked.PHONE},
    "/lender/": {marked.NAME, marked.ID_NUMBER, marked.PHONE},
    "/sms/": {marked.PHONE, marked.CONTACT_PHONE, marked.NEW_PHONE},
    "/email/": {marked.EMAIL},
}


@pytest.fixture
def lived(shop, settings, caplog):
    """A marked life with real messages, a real identity check and a month of day-ends; tells the traffic."""
    caplog.set_level(logging.DEBUG)
    settings.FENQI_PORTS = {
        **settings.FENQI_PORTS,
        "texts": "tests.trust.wires.Texts",
        "identity": f"{Identity.__module__}.{Identity.__qualname__}",
    }
    with wires.listening() as heard:
        person = marked.a_marked_person(shop)
        chores.drain_outbox()
        loan_due = datetime.date.fromisoformat(person.names["due_on"])
        dayend.run_dayend(to=loan_due + datetime.timedelta(days=2))
        chores.drain_outbox()
        people.reveal(staff="staff:lin", borrower_id=person.borrower_id, field="phone", reason="核对联系方式")
        yield person, heard


def said_in(caplog) -> str:
    """What the log said while the life was lived too; the test's own switches of the sandbox are not the product's."""
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    said = [caplog.handler.format(record) for record in records]
    return "\n".join(line for line in said if "/sandbox/api/" not in line)


def test_a_whole_life_leaves_nothing_in_clear(lived, caplog):
    _person, heard = lived
    scan, sought = leaks.scan_database(also={marked.CARD: "a card's number"})
    assert [str(finding) for finding in scan.findings] == []
    values = (*marked.IN_CLEAR, marked.SAID, marked.DISPUTED)
    assert [value for value in values if not sought.find(value)] == []  # or the scan looked for too little
    assert "fenqi" in said_in(caplog) or "HTTP Request" in said_in(caplog)
    assert sought.find(said_in(caplog)) == set()

    told = {}
    for path, text in heard:
        allowed = next((allowed for start, allowed in ALLOWED.items() if path.startswith(start)), set())
        for value in set(values) - allowed:
            if found(value, text):
                told.setdefault(path, set()).add(value)
    assert told == {}
    # The parties were asked, and so there was something to find.
    assert {path.split("/")[1] for path, _text in heard} >= {"identity", "channel", "lender", "sms", "email"}
    for party in ("/identity/", "/channel/cards/", "/lender/"):
        assert any(marked.NAME in text for path, text in heard if path.startswith(party)), party


def found(value: str, text: str) -> bool:
    """Whether the value stands in the text in any spelling."""
    sought = leaks.Sought()
    sought.add(value, label="it")
    return bool(sought.find(text))


def test_error_pages_and_their_log_repeat_nothing(a, settings, caplog):
    caplog.set_level(logging.DEBUG)
    typed = {
        "phone": marked.PHONE,
        "real_name": marked.NAME,
        "id_number": marked.ID_NUMBER,
        "number": marked.CARD,
        "street": marked.STREET,
        "email": marked.EMAIL,
        "new_phone": marked.CONTACT_PHONE,
    }
    browser = Client(enforce_csrf_checks=True)
    refused = [browser.post("/sign-in/", typed), browser.post("/checkout/identity/", typed)]
    assert [answer.status_code for answer in refused] == [403, 403]
    browser = a.browser
    browser.raise_request_exception = False
    refused += [browser.post("/nowhere/", typed), browser.post("/me/", typed)]
    settings.FENQI_PORTS = {**live.FENQI_PORTS, "texts": "a.party.that.is.not.there"}
    broken = Client(raise_request_exception=False).post("/sign-in/", typed | {"phone": marked.CONTACT_PHONE})
    assert broken.status_code == 500
    for answer in (*refused, broken):
        assert not [value for value in marked.IN_CLEAR if value in answer.content.decode()]
    assert "ModuleNotFoundError" in caplog.text
    assert not [value for value in marked.IN_CLEAR if found(value, caplog.text)]


def test_a_link_that_is_a_key_is_in_no_log(a, caplog):
    caplog.set_level(logging.DEBUG)
    strict = Client(enforce_csrf_checks=True)
    for address in (
        "/contact/{contact_token}/",
        "/pay/{pay_token}/",
        "/pay-outcome/{outcome_key}/",
        "/calendar/{loan}/{calendar_token}.ics",
    ):
        assert strict.post(address.format(**a.names), {"answer": "accept"}).status_code == 403
    assert caplog.text.count("Forbidden") == 4
    for key in ("contact_token", "pay_token", "outcome_key", "calendar_token"):
        assert a.names[key] not in caplog.text
