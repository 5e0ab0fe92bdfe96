"""What the browser is told on every page, on those of errors too: nothing inline, nothing foreign, nothing framed or guessed."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from django.conf import settings as live
from django.test import Client

from tests.support.staff import desk_of
from tests.trust import doors, marked

STRICT = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:", "blob:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "manifest-src": {"'self'"},
    "worker-src": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def directives(answer) -> dict[str, set[str]]:
    policy = answer.get("Content-Security-Policy", "")
    return {name: set(values) for name, *values in (one.split() for one in policy.split(";") if one.strip())}


def complaints(answer, *, strict=STRICT, headers=HEADERS) -> list[str]:
    """What is wrong with the headers of an answer, and with the markup they would forbid."""
    told = directives(answer)
    wrong = [f"{name} is {told.get(name)}" for name, wanted in strict.items() if told.get(name) != wanted]
    # The cashier is another origin, and its form comes from ours.
    may_go_to = {"'self'", live.SANDBOX_URL}
    wrong += [] if told.get("form-action", {"*"}) <= may_go_to else [f"forms go to {told.get('form-action')}"]
    wrong += [
        f"{name} is {answer.get(name)}" for name, wanted in headers.items() if answer.get(name) != wanted
    ]
    if "text/html" in answer.get("Content-Type", "") and not getattr(answer, "streaming", False):
        wrong += inline(answer.content)
    return wrong


def inline(content: bytes) -> list[str]:
    """Scripts, styles and handlers that stand in the page itself."""
    page = BeautifulSoup(content, "html.parser")
    found = [f"inline <{tag.name}>" for tag in page.select("script:not([src]), style") if not is_data(tag)]
    for tag in page.find_all(True):
        found += [
            f"<{tag.name} {name}>" for name in tag.attrs if name == "style" or re.match(r"on[a-z]+\Z", name)
        ]
        address = str(tag.get("href") or tag.get("src") or tag.get("action") or "")
        if address.lower().startswith(("javascript:", "vbscript:", "data:text")):
            found.append(f"<{tag.name}> leads to {address[:30]}")
        if tag.name in {"script", "link", "img", "iframe"} and re.match(r"(https?:)?//", address):
            found.append(f"<{tag.name}> from {address}")
    return found


def is_data(tag) -> bool:
    return tag.name == "script" and tag.get("type") in {"application/json", "text/template"}


def test_every_page_of_every_visitor(a):
    names = a.names | {"payment": a.names["reference"]}
    console = [address for listed in doors.STAFF.values() for address, _allowed in listed]
    everybodys = [*doors.OPEN.values(), *doors.KEY.values()]
    visits = (
        ("the person", a.browser, [*doors.OWN.values(), *doors.PERSONAL.values(), *everybodys]),
        ("staff", desk_of("admin"), console),
        ("a guest", Client(), [*doors.PERSONAL.values(), *everybodys]),
    )
    wrong, seen = {}, 0
    for who, browser, addresses in visits:
        for address in addresses:
            answer = browser.get(address.format(**names))
            found = complaints(answer)
            seen += not found
            if found:
                wrong[who, address, answer.status_code] = found
    assert wrong == {}
    assert seen > 150


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_errors(a, language, settings):
    guest = Client(headers={"Accept-Language": language})
    guest.raise_request_exception = False
    strict = Client(enforce_csrf_checks=True, headers={"Accept-Language": language})
    settings.FENQI_PORTS = {**settings.FENQI_PORTS, "texts": "a.party.that.is.not.there"}
    answers = {
        "a strange host": (400, Client(headers={"Host": "evil.example"}).get("/")),
        "too many fields": (400, guest.post("/sign-in/", {f"field-{number}": "x" for number in range(1500)})),
        "a form without its secret": (403, strict.post("/sign-in/", {"phone": marked.PHONE})),
        "the wrong desk": (403, desk_of("lin").get("/ops/books/")),
        "nothing there": (404, guest.get("/nowhere/")),
        "a dead link": (404, guest.get("/contact/nobody/")),
        "the wrong verb": (405, guest.delete("/sign-in/")),
        "bad input": (422, guest.post("/sign-in/", {"phone": "1"})),
        "our own fault": (500, guest.post("/sign-in/", {"phone": "13733335555"})),
    }
    assert {what: answer.status_code for what, (_wanted, answer) in answers.items()} == {
        what: wanted for what, (wanted, _answer) in answers.items()
    }
    assert {what: found for what, (_wanted, answer) in answers.items() if (found := complaints(answer))} == {}
    for _wanted, answer in answers.values():
        text = answer.content.decode()
        assert not re.search(r"Traceback|/site-packages/|django\.|File \"", text), text[:300]


def test_the_sandbox_s_own_pages(shop):
    """Stricter, as there are no scripts; its cashier leads back to a shop whose address it cannot know beforehand."""
    for path in ("/sandbox/", "/sandbox/phone/13800001234/", "/sandbox/nowhere/"):
        answer = shop.page(path)
        if answer.headers["Content-Type"].startswith("text/html"):
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
            assert "form-action 'self' http: https:" in policy
            assert inline(answer.content) == []
    assert shop.page("/sandbox/").headers["X-Content-Type-Options"] == "nosniff"


def test_the_sandbox_behind_our_address_keeps_our_policy(shop):
    answer = Client().get("/sandbox/")
    assert answer.status_code == 200
    assert complaints(answer) == []
