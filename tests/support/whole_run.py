"""
After a run: not one value sealed in it stood in clear in a statement to the database, a log, a request to an outside
party or an error page.

The databases of a run are emptied after every test, so what goes into them is looked at on its way: every parameter and
every text of SQL. Each process keeps what it saw in a file of its own and looks through it when its tests are done; a
finding fails the run. A test that puts a value in clear on purpose says so with `@pytest.mark.puts_in_clear`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import tempfile
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_TOLD = 40
# What each party is told because it has to know; the rest of a request, its address and headers tell nothing.
TOLD = {
    "identity": {"people_identity.real_name", "people_identity.id_number", "people_identity.valid_until"},
    "channel": {
        "people_identity.real_name",
        "people_identity.id_number",
        "people_bankcard.number",
        "people_bankcard.phone",
        "people_account.phone",
    },
    "lender": {
        "people_identity.real_name",
        "people_identity.id_number",
        "people_identity.born_on",
        "people_account.phone",
    },
    "score": {"people_identity.real_name", "people_identity.id_number"},
    "sms": {
        "people_account.phone",
        "people_contact.phone",
        "people_phonechange.new_phone",
        "people_phonechange.old_phone",
        "messages_phonetext.phone",
    },
    "email": {"people_account.email"},
}
# Sessions are found by their key (plumbing.leaks.scan.HAS_TO says the same of the table).
HAS_TO = {'"django_session"': {"people_accountsession.session_key"}}
TELLING = re.compile(r"[0-9]{8}|[\u3400-\u9fff]{2}|@|\\u|%[0-9A-Fa-f]{2}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Recorder:
    """What this process sealed, and everything it said."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - open as long as the process
        self.one_at_a_time = threading.Lock()  # tests speak from several threads
        self.sealed: dict[tuple[str, str], None] = {}
        self.seen: set[int] = set()
        self.test = ""
        self.is_on = True

    def say(self, party: str, place: str, text: str) -> None:
        """Keep a text that could hold a value; the same text at the same place once."""
        text = UUID.sub("", text)
        if not self.is_on or not TELLING.search(text):
            return
        key = hash((place, text))
        if key not in self.seen:
            self.seen.add(key)
            with self.one_at_a_time:
                self.file.write(json.dumps([party, place, self.test, text]) + "\n")

    def findings(self) -> list[str]:
        """The places where a sealed value stood in clear, with the test that ran."""
        from fenqi.plumbing.leaks import Sought

        sought = Sought()
        for (label, holds), value in self._values():
            sought.add(value, label=label, holds=holds)
        self.file.seek(0)
        found: Counter[str] = Counter()
        for line in self.file:
            party, place, test, text = json.loads(line)
            labels = sought.find(text)
            for table, known in HAS_TO.items():
                labels -= known if table in place else set()
            if labels and not labels & TOLD.get(party, set()):
                found[f"{place}: a value of {', '.join(sorted(labels))} (in {test})"] += 1
        return [f"{place} × {times}" for place, times in sorted(found.items())]

    def _values(self) -> Iterator[tuple[tuple[str, str], str]]:
        from django.apps import apps

        from fenqi.plumbing.sealed import SealedTextField

        holds = {
            field.context: field.holds
            for model in apps.get_models()
            for field in model._meta.concrete_fields
            if isinstance(field, SealedTextField)
        }
        for context, value in self.sealed:
            if context in holds:
                yield (context, holds[context]), value


def listen(recorder: Recorder) -> None:
    """Stand where values are sealed, where statements and requests leave, and where logs and error pages are made."""
    from django.core.handlers.base import BaseHandler
    from django.db import connections
    from django.db.backends.signals import connection_created

    from fenqi.plumbing import sealed

    seal = sealed.seal

    def sealing(value: str | bytes, *, context: str) -> bytes:
        if isinstance(value, str) and recorder.is_on:
            recorder.sealed[context, value] = None
        return seal(value, context=context)

    sealed.seal = sealing

    def statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if recorder.is_on:
            place = f"a parameter of {_shortly(sql)}"
            recorder.say("", f"the text of {_shortly(sql)}", str(sql))
            for text in _texts(params):
                recorder.say("", place, text)
        return execute(sql, params, many, context)

    def connected(connection: Any, **_given: Any) -> None:
        if statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(statement)

    connection_created.connect(connected, weak=False)
    for connection in connections.all(initialized_only=True):
        connected(connection)

    send = httpx.Client.send

    def sending(client: httpx.Client, request: httpx.Request, **how: Any) -> httpx.Response:
        if "x-fenqi-signature" in request.headers:
            address = urlsplit(str(request.url))
            party = address.path.split("/")[1]
            recorder.say(party, f"a request to {party}", request.content.decode())
            recorder.say(
                "", f"the address or a header of a request to {party}", f"{request.url} {request.headers}"
            )
        return send(client, request, **how)

    httpx.Client.send = sending
    get_response = BaseHandler.get_response

    def answering(handler: Any, request: Any) -> Any:
        response = get_response(handler, request)
        if response.status_code in {400, 403, 404, 405, 500} and not response.streaming:
            text = response.content.decode(errors="replace")
            for typed in (*request.GET.values(), *_posted(request), request.path):
                text = text.replace(typed, "")
            recorder.say("", f"a page that answers {response.status_code}", text)
        return response

    BaseHandler.get_response = answering
    logging.getLogger().addHandler(Ears(recorder))


class Ears(logging.Handler):
    """Hears every log record that reaches the root."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        # A test's own switches of the sandbox are no traffic of the product's.
        if "/sandbox/api/" not in (said := self.format(record)):
            self.recorder.say("", f"the log {record.name}", said)


def _posted(request: Any) -> Iterator[str]:
    with contextlib.suppress(Exception):
        yield from request.POST.values()


def _shortly(sql: Any) -> str:
    return " ".join(str(sql).split())[:48]


def _texts(value: Any) -> Iterator[str]:
    """Every text in a statement's parameters."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple, set)):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, (bytes, memoryview)):
        with contextlib.suppress(UnicodeDecodeError):
            yield bytes(value).decode()
    elif hasattr(value, "obj"):
        yield json.dumps(value.obj, ensure_ascii=False, default=str)
    elif type(value) is int and value > 10**10:
        yield str(value)


class WholeRun:
    """The plugin: one recorder a process; the controller of several processes gathers what they found."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.found: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.recorder.test = item.nodeid
        self.recorder.is_on = item.get_closest_marker("puts_in_clear") is None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.found += getattr(node, "workeroutput", {}).get("leaks", [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.recorder.is_on = False
        self.found += self.recorder.findings()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["leaks"] = self.found
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.found:
            terminalreporter.section("sealed values in clear", red=True)
            for line in self.found[:MOST_TOLD]:
                terminalreporter.line(line)
            terminalreporter.line(f"{len(self.found)} places in this run")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "puts_in_clear: seals a value and shows it in clear on purpose")
    if os.environ.get("FENQI_TEST_LEAKS", "1") == "1":
        plugin = WholeRun()
        listen(plugin.recorder)
        config.pluginmanager.register(plugin, "whole-run")
