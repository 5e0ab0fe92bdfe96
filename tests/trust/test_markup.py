"""Markup in everything people can write, drawn by a real Chromium: it is text on every page and obeyed on none."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.test import Client

from fenqi.plumbing.sealed import SealedTextField
from tests.support.browser import tab_of
from tests.support.staff import desk_of
from tests.trust import doors

pytestmark = [pytest.mark.browser, pytest.mark.puts_in_clear]

LONG = "<b data-struck>x</b>\"'><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>"
SHORT = "<b data-struck>"
# A key or a secret that no page shows, and what is computed with.
NOT_WRITTEN_BY_PEOPLE = {"session_key", "totp_secret"}
# Words of other columns, told by their names: reasons, notes, what a device calls itself, names of goods.
WORDS = {
    "reason",
    "note",
    "device",
    "why",
    "error",
    "failure",
    "title",
    "subtitle",
    "summary",
    "shown_name",
    "question",
}

WATCH = """
window.struck = [];
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.struck.push(name);
document.addEventListener('securitypolicyviolation', e => window.struck.push(e.violatedDirective + ' ' + e.blockedURI));
"""


def strike_everything() -> list[str]:
    """Put markup into every sealed text and every column of words that has a row; tells which."""
    struck = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE; SET LOCAL session_replication_role = replica")
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                text = markup_for(field)
                # Where nobody wrote anything there may be nothing: a payment that went well has no failure.
                empty = {} if isinstance(field, SealedTextField) else {field.name: ""}
                if text is not None and model.objects.exists():
                    if getattr(field, "holds", "") == "facts":
                        strike_facts(model, field)
                    else:
                        model.objects.exclude(**empty).update(**{field.name: text})
                    struck.append(f"{model._meta.db_table}.{field.column}")
    return struck


def markup_for(field: models.Field) -> str | None:
    if isinstance(field, SealedTextField):
        return None if field.name in NOT_WRITTEN_BY_PEOPLE or field.holds == "date" else LONG
    if field.name not in WORDS or field.choices or not isinstance(field, models.CharField | models.TextField):
        return None
    longest = field.max_length or 10**6
    return LONG if longest >= len(LONG) else SHORT if longest >= len(SHORT) else None


def strike_facts(model: type[models.Model], field: SealedTextField) -> None:
    """In JSON, every leaf with a Chinese word in it."""

    def struck(facts):
        if isinstance(facts, dict):
            return {key: struck(value) for key, value in facts.items()}
        if isinstance(facts, list):
            return [struck(value) for value in facts]
        return LONG if isinstance(facts, str) and any(letter >= "\u3400" for letter in facts) else facts

    for row in model.objects.all():
        value = getattr(row, field.name)
        if value:
            written = json.dumps(struck(json.loads(value)), ensure_ascii=False)
            model.objects.filter(pk=row.pk).update(**{field.name: written})


@pytest.fixture
def tabs(a, chrome, live_server):
    """tab(client, wrong) is a page of Chromium with that client's session; what it should not do goes into `wrong`."""
    contexts = []

    def open_tab(client: Client, wrong: list[str]):
        tab = tab_of(chrome, live_server.url, client)
        tab.context.add_init_script(WATCH)
        contexts.append(tab.context)
        tab.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        tab.on("pageerror", lambda error: wrong.append(f"script {error}"))
        return tab

    yield open_tab
    for context in contexts:
        context.close()


def test_markup_is_shown_and_never_obeyed(a, tabs):
    names = a.names | {"payment": a.names["reference"]}
    struck = strike_everything()
    assert {"care_conversationmessage.text", "people_contact.name", "mall_address.street"} <= set(struck)
    console = [address for listed in doors.STAFF.values() for address, _allowed in listed]
    visits = (
        (a.browser, [*doors.OWN.values(), *doors.PERSONAL.values()]),
        (desk_of("admin"), console),
        (Client(), [*doors.KEY.values()]),
    )
    wrong, shown = [], set()
    for client, addresses in visits:
        tab = tabs(client, wrong)
        for address in addresses:
            place = address.format(**names)
            answer = client.get(place)
            if "text/html" not in answer.get("Content-Type", "") or answer.status_code == 405:
                continue  # a file, which a browser keeps, or nothing: neither is drawn
            tab.goto(place, wait_until="load")
            hits = tab.evaluate(
                "window.struck.concat([...document.querySelectorAll('[data-struck]')].map(e => e.outerHTML))"
            )
            wrong += [f"{place}: {hit}" for hit in hits]
            if "<b data-struck" in tab.evaluate("document.body.innerText"):
                shown.add(address)
    assert wrong == []
    # It was there to be obeyed: on the shopper's, the contact's and the staff's pages.
    assert len(shown) > 12, sorted(shown)
    assert any(address.startswith("/ops/") for address in shown)
    assert any(not address.startswith("/ops/") for address in shown)
