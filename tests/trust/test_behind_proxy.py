"""The caller's address: the connection's own, or what our own proxies say, and never what the caller says."""

from __future__ import annotations

import datetime
import logging
import subprocess
import sys
import time
from uuid import uuid4

import httpx
import pytest
from django.test import Client

from fenqi.api import limits
from fenqi.people.models import AccountSession, SignInCode
from fenqi.plumbing import business_date, sealed
from fenqi.plumbing.client_address import ClientAddress
from tests.people import fakes
from tests.support.sandbox import free_port
from tests.trust.test_headers import production

CALLER, FORGED, PROXY, INNER = "198.51.100.7", "192.0.2.66", "127.0.0.1", "10.0.0.9"
PHONE = "13800001234"


@pytest.fixture
def behind(settings):
    """So many proxies of ours stand before the application."""

    def say(hops):
        settings.PROXY_HOPS = hops
        if hops:
            settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    return say


class Asked:
    """What a request is after the middleware."""

    def __init__(self, peer: str, forwarded: str | None) -> None:
        self.META = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_PROTO": "https"}
        if forwarded is not None:
            self.META["HTTP_X_FORWARDED_FOR"] = forwarded


def seen(peer, forwarded):
    asked = Asked(peer, forwarded)
    ClientAddress(lambda _request: None)(asked)
    assert "HTTP_X_FORWARDED_FOR" not in asked.META  # nobody after it can believe it by mistake
    return asked.META["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "address"),
    [
        # nobody declared a proxy
        (0, CALLER, FORGED, CALLER),
        (0, PROXY, CALLER, PROXY),
        # one proxy
        (1, PROXY, CALLER, CALLER),
        (1, PROXY, f"{FORGED}, {CALLER}", CALLER),
        (1, PROXY, f"{FORGED},{FORGED}, {CALLER}", CALLER),
        (1, "::1", CALLER, CALLER),
        (1, "::ffff:127.0.0.1", f"::ffff:{CALLER}", CALLER),
        (1, PROXY, f"{CALLER}:51234", CALLER),
        (1, PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        (1, PROXY, "2001:db8::7", "2001:db8::7"),
        # somebody who reached us past the proxy
        (1, CALLER, FORGED, CALLER),
        (1, "2001:db8::7", FORGED, "2001:db8::7"),
        # the proxy said nothing, or nothing that is an address
        (1, PROXY, None, PROXY),
        (1, PROXY, "", PROXY),
        (1, PROXY, "unknown", PROXY),
        (1, PROXY, f"{CALLER}, <script>", PROXY),
        # two proxies, the inner one called directly, and by somebody who forges
        (2, INNER, f"{CALLER}, 203.0.113.4", CALLER),
        (2, INNER, f"{FORGED}, {CALLER}, 203.0.113.4", CALLER),
        (2, INNER, CALLER, CALLER),
    ],
)
def test_the_address(behind, hops, peer, forwarded, address):
    behind(hops)
    assert seen(peer, forwarded) == address


def test_networks_of_proxies_are_a_setting(behind, settings):
    behind(1)
    settings.PROXY_ADDRESSES = ["203.0.113.0/24"]
    assert seen("203.0.113.4", CALLER) == CALLER
    assert seen(PROXY, CALLER) == PROXY


class TestThePages:
    """Limits, the list of sessions and the log see the caller, behind a proxy and without one."""

    @pytest.fixture(autouse=True)
    def shop(self, db, settings):
        settings.FENQI_PORTS = {**settings.FENQI_PORTS, "texts": "tests.people.fakes.Texts"}
        fakes.Texts.sent.clear()
        business_date.start(datetime.date(2026, 11, 22))

    @pytest.fixture(params=["through a proxy", "directly"])
    def browser(self, request, behind):
        if request.param == "directly":
            return Client(REMOTE_ADDR=CALLER, HTTP_X_FORWARDED_FOR=FORGED)
        behind(1)
        return Client(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=f"{FORGED}, {CALLER}")

    def test_limits_of_codes_count_by_it(self, browser):
        browser.post("/sign-in/", {"phone": PHONE})
        kept = SignInCode.objects.get()
        assert bytes(kept.address_index) == sealed.blind_index(CALLER, purpose="address")

    def test_it_stands_in_the_list_of_sessions(self, browser):
        browser.post("/sign-in/", {"phone": PHONE})
        browser.post(
            "/sign-in/code/", {"phone": PHONE, "code": fakes.Texts.last(PHONE, "people.code")["code"]}
        )
        assert AccountSession.objects.get().address.startswith("198.51.100.")

    def test_the_log_names_it(self, browser, caplog):
        with caplog.at_level(logging.WARNING, "fenqi.security"):
            browser.post("/sign-in/code/", {"phone": PHONE, "code": "000000"})
        [line] = [one.getMessage() for one in caplog.records if one.name == "fenqi.security"]
        assert 'from="198.51.100.' in line

    def test_limits_of_the_api_count_by_it(self, browser, monkeypatch):
        counted = []
        monkeypatch.setattr(limits, "count", lambda address, *, most: counted.append(address))
        browser.get(f"/api/v1/quotes/{uuid4()}")
        assert counted == [CALLER]

    def test_https_is_believed_from_the_proxy_alone(self, behind, settings):
        settings.SECURE_HSTS_SECONDS = 60
        behind(1)
        by = {
            peer: Client(REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https").get("/sign-in/")
            for peer in (PROXY, CALLER)
        }
        assert "Strict-Transport-Security" in by[PROXY]
        assert "Strict-Transport-Security" not in by[CALLER]


def test_the_settings_say_so():
    asked = ["PROXY_HOPS", "PROXY_ADDRESSES"]
    assert production(asked=asked)["PROXY_HOPS"] == 0
    assert production(asked=asked, FENQI_BEHIND_PROXY="1")["PROXY_HOPS"] == 1
    two = production(
        asked=asked, FENQI_BEHIND_PROXY="1", FENQI_PROXY_HOPS="2", FENQI_PROXY_ADDRESSES="203.0.113.0/24"
    )
    assert (two["PROXY_HOPS"], two["PROXY_ADDRESSES"]) == (2, ["203.0.113.0/24"])
    assert production(asked=asked, FENQI_PROXY_HOPS="2")["PROXY_HOPS"] == 0  # no proxy was declared


SERVER = """
import json, sys
from granian import Granian
from granian.constants import Interfaces

def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([environ.get("REMOTE_ADDR"), environ.get("HTTP_X_FORWARDED_FOR")]).encode()]

if __name__ == "__main__":
    Granian("echo:echo", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.WSGI, websockets=False,
            log_level="error").serve()
"""


def test_the_server_tells_the_connections_own_address_and_joins_headers(tmp_path):
    """What the middleware rests on: a bare address, and every line of the header in the order it came."""
    (tmp_path / "echo.py").write_text(SERVER)
    port = free_port()
    server = subprocess.Popen([sys.executable, "echo.py", str(port)], cwd=tmp_path)
    try:
        answer = first_answer(port)
    finally:
        server.terminate()
        server.wait(20)
    assert answer[0] == PROXY
    assert answer[1].replace(" ", "") == f"{FORGED},{CALLER}"


def first_answer(port):
    headers = [("X-Forwarded-For", FORGED), ("X-Forwarded-For", CALLER)]
    for _try in range(300):
        try:
            return httpx.get(f"http://127.0.0.1:{port}/", headers=headers, trust_env=False).json()
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")
