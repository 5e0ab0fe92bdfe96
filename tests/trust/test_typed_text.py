"""Markup, SQL and nonsense in every field of every form and in every query, as found in the code and on the pages."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client

from fenqi.people import queries as people_queries
from tests.support.staff import desk_of
from tests.trust import doors, inputs, marked

# One text with what markup, a shell of SQL and a template would each obey.
STRIKE = "struck\"'><svg/onload=alert(7)>' OR '1'='1'; DROP TABLE people_account; SELECT pg_sleep(9) --{{7*7}}%s%(x)s"
TEXTS = {"markup and SQL": STRIKE, "NUL": "struck\x00b", "very long": "struck" * 500}
# Leave the session and the language as they are.
LEAVE_ALONE = ("/sign-out/", "/ops/sign-out/", "/i18n/setlang/", "/sandbox/")
TYPED = ("text", "search", "tel", "email", "number", "hidden", "date", "password", "url", None)


class Attacker:
    """Walks through pages, sends the text wherever something can be sent, and remembers what went wrong."""

    def __init__(self, browser: Client, text: str) -> None:
        self.browser, self.text = browser, text
        self.browser.raise_request_exception = False
        self.wrong: list[str] = []
        self.forms = 0
        self.in_sql: list[str] = []

    def walk(self, places: list[str], *, queried: set[str], posted: set[str]) -> None:
        """Every name in every address, every name to every door, and every form as the page shows it."""
        with connection.execute_wrapper(self._watch):
            for place in places:
                bare = place.partition("?")[0]
                self._look(self.browser.get(bare, dict.fromkeys(queried, self.text)), place)
                if not bare.startswith(LEAVE_ALONE):
                    self._look(self.browser.post(place, dict.fromkeys(posted, self.text)), place)
                self._forms(place)

    def _forms(self, place: str) -> None:
        answer = self.browser.get(place)
        if "text/html" not in answer.get("Content-Type", "") or answer.streaming:
            return
        for form in BeautifulSoup(answer.content, "html.parser").select("form"):
            action = form.get("action") or place
            if action.startswith(LEAVE_ALONE):
                continue
            filled = self._filled(form)
            send = self.browser.post if form.get("method", "get").lower() == "post" else self.browser.get
            self._look(send(action, filled), f"{place} #{form.get('id', '')}")
            self.forms += 1
        self._look(self.browser.get(place), place)

    def _filled(self, form) -> dict[str, str]:
        filled = {}
        for control in form.select("input[name], textarea[name], select[name], button[name]"):
            kind = control.get("type") if control.name == "input" else control.name
            is_typed = kind in TYPED or kind == "textarea"
            filled[control["name"]] = self.text if is_typed else control.get("value", "on")
        filled.pop("csrfmiddlewaretoken", None)
        return filled

    def _look(self, answer, place: str) -> None:
        body = b"" if answer.streaming else answer.content
        if answer.status_code >= 500 or b"<svg/onload" in body or b"struck49" in body:
            self.wrong.append(f"{answer.request['REQUEST_METHOD']} {place} {answer.status_code}")

    def _watch(self, execute, sql, params, many, context):
        """What somebody typed is a parameter of a statement, never a part of its text."""
        if "struck" in str(sql):
            self.in_sql.append(str(sql)[:200])
        return execute(sql, params, many, context)


@pytest.mark.puts_in_clear  # the same text is typed into sealed fields and into others
@pytest.mark.parametrize("text", TEXTS)
def test_is_shown_as_text_and_breaks_nothing(a, text):
    names = a.names | {"payment": a.names["reference"]}
    shoppers = [*doors.OWN.values(), *doors.PERSONAL.values(), *doors.OPEN.values(), *doors.KEY.values()]
    console = [address for listed in doors.STAFF.values() for address, _allowed in listed]
    queried = inputs.query_names()
    posted = inputs.posted_names() | set(inputs.form_fields()) | set(doors.FORGED)
    newcomer = marked.sign_in("13755556666")
    attackers = []
    for browser, addresses in (
        (a.browser, shoppers),
        (newcomer, [*doors.PERSONAL.values()]),
        (desk_of("admin"), console),
        (Client(), [*doors.OPEN.values(), *doors.KEY.values()]),
    ):
        attackers.append(Attacker(browser, TEXTS[text]))
        attackers[-1].walk([address.format(**names) for address in addresses], queried=queried, posted=posted)
    assert [line for one in attackers for line in one.wrong] == []
    assert [line for one in attackers for line in one.in_sql] == []
    assert sum(one.forms for one in attackers) > 60
    assert people_queries.person(a.borrower_id).phone_masked


def test_what_is_read_from_addresses_and_forms_is_known_by_reading_the_code():
    assert {"q", "next", "application", "from", "to"} <= inputs.query_names()
    assert {"phone", "real_name", "id_number_tail", "street"} <= set(inputs.form_fields())
    assert {"answer", "amount_fen"} <= inputs.posted_names()


def test_every_parameter_of_the_api(a):
    described = json.loads(Client().get("/api/v1/openapi.json").content)
    asked = 0
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for browser in (a.browser, Client()):
                browser.raise_request_exception = False
                attacker = Attacker(browser, STRIKE)
                with connection.execute_wrapper(attacker._watch):
                    for text in TEXTS.values():
                        asked += 1
                        answer = ask_api(browser, path, method, operation, text)
                        assert answer.status_code < 500, (path, method, text[:20], answer.content[:200])
                        assert answer["Content-Type"].startswith("application/"), (
                            path,
                            answer["Content-Type"],
                        )
                assert attacker.in_sql == []
    assert asked > 10


def ask_api(browser, path, method, operation, text):
    parameters = operation.get("parameters", [])
    for one in parameters:
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", text.replace("\x00", "%00"))
    query = {one["name"]: text for one in parameters if one["in"] == "query"}
    headers = {one["name"]: text.replace("\x00", "") for one in parameters if one["in"] == "header"}
    if method == "get":
        return browser.get(path, query, headers=headers)
    body = json.dumps(dict.fromkeys(("amount_fen", "plan", "lender", "reference", "note"), text))
    return browser.generic(method.upper(), path, body, content_type="application/json", headers=headers)
