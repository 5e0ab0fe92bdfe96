"""Who is turned away leaves a line: when, who, by which door, how; never what was typed, never a key."""

from __future__ import annotations

import logging
import re
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from fenqi.plumbing.logs import WithoutKeys
from tests.people.conftest import parties  # noqa: F401 - fixtures shared with people
from tests.support.staff import enter
from tests.trust.doors import routes


@pytest.fixture(autouse=True)
def members(settings, parties):  # noqa: F811
    from fenqi.people import seed

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    seed.load_demo_staff()


@pytest.fixture
def lines(caplog):
    """The lines of the security log, as dictionaries."""
    caplog.set_level(logging.WARNING, logger="fenqi.security")

    def read():
        return [
            dict(re.findall(r'(\w+)="([^"]*)"', record.getMessage()))
            for record in caplog.records
            if record.name == "fenqi.security"
        ]

    return read


def test_a_role_that_does_not_fit(lines):
    browser = enter(Client(), "zhou")
    assert browser.get("/ops/audit/").status_code == 403
    assert lines() == [
        {
            "event": "access_refused",
            "status": "403",
            "method": "GET",
            "route": "ops/audit/",
            "who": "staff:zhou",
            "from": "127.0.0.*",
        }
    ]


def test_a_thing_that_is_not_theirs(lines):
    browser = enter(Client(), "shen")
    nothing = uuid4()
    assert browser.get(f"/ops/proposals/{nothing}/").status_code == 404
    assert lines()[0]["event"] == "not_theirs_or_unknown"
    assert lines()[0]["proposal_id"] == str(nothing)


def test_a_wrong_password_and_a_wrong_code(lines):
    Client().post("/ops/sign-in/", {"name": "lin", "password": "what-was-typed", "totp": "123456"})
    Client().post("/sign-in/code/", {"phone": "13800001234", "code": "000000"})
    assert [(one["event"], one["route"], one["who"]) for one in lines()] == [
        ("sign_in_refused", "ops/sign-in/", "guest"),
        ("sign_in_refused", "sign-in/code/", "guest"),
    ]
    assert "what-was-typed" not in str(lines())
    assert "13800001234" not in str(lines())


def test_a_form_without_its_secret(lines):
    assert Client(enforce_csrf_checks=True).post("/sign-in/", {"phone": "13800001234"}).status_code == 403
    assert lines()[0]["status"] == "403"


def test_too_many_tries(lines):
    for _ in range(6):
        Client().post("/ops/sign-in/", {"name": "lin", "password": "x"})
    assert {one["status"] for one in lines()} == {"422", "429"}


def test_what_goes_well_leaves_none(lines):
    browser = enter(Client(), "lin")
    assert browser.get("/ops/").status_code == 200
    assert Client().get("/nowhere/").status_code == 404
    assert lines() == []


def test_nobody_writes_a_line_of_their_own(lines, caplog):
    Client().post("/ops/sign-in/%0d%0aevent=forged/", {"name": "x\r\nevent=forged", "password": "x"})
    Client().post("/ops/sign-in/", {"name": "x\r\nevent=forged", "password": "x"})
    assert "forged" not in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_a_line_tells_its_time_with_the_zone():
    assert settings.LOGGING["formatters"]["line"]["datefmt"].endswith("%z")


def test_trace_is_refused():
    assert Client().generic("TRACE", "/ops/sign-in/").status_code == 405
    assert Client().generic("TRACE", "/").status_code in (403, 405)


def test_an_address_that_is_a_key_is_blanked_whichever_route_it_is():
    links = {route for route, _pattern in routes() if re.search(r"<str:(token|key)>", route)}
    assert {"contact/<str:token>/", "email/<str:token>/", "ops/set-up/<str:token>/"} <= links
    for route in links:
        address = "/" + re.sub(r"<str:(token|key)>", "SECRET", re.sub(r"<str:number>", "N1", route))
        record = logging.LogRecord("django.security.csrf", 30, "", 0, "%s", (address,), None)
        assert WithoutKeys().filter(record)
        assert "SECRET" not in record.getMessage(), route
