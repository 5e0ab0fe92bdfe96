"""A rotation killed in the middle, as a process, while the shop is open: nobody notices, it goes on, everything opens."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from fenqi.cli.story.browser import Browser
from fenqi.cli.story.world import Sandbox
from tests.support.stack import whole_product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fenqi.cli.stack import Stack

PHONES = ("13800007001", "13800007002", "13800007003")
ROWS = 30_000  # copies of one address, so that a rotation lasts long enough to be killed

# Opens every sealed value there is, in a process that has never seen the old key.
OPEN_ALL = """
from fenqi.cli.environment import start_django
start_django(as_owner=True)
from django.db import connection
from fenqi.plumbing import rotation, sealed
opened = 0
for place in rotation.places():
    with connection.cursor() as cursor:
        cursor.execute(place.statement("SELECT {read} FROM {table}"))
        for row in cursor.fetchall():
            start = len(place.key) + len(place.beside)
            for value, context in zip(row[start:], place.contexts(row[:start]), strict=True):
                if value is not None:
                    sealed.unseal_bytes(value, context=context)
                    opened += 1
print(opened)
"""


def fenqi(stack: Stack, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | {"FENQI_HOME": str(stack.home), "DATABASE_URL": stack.database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process: subprocess.Popen[str]) -> str:
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint[-3000:]
    return said


class Shopper(threading.Thread):
    """Changes their address and looks at it, and at what is held about them, until told to stop."""

    def __init__(self, stack: Stack, sandbox: Sandbox, phone: str, stop: threading.Event) -> None:
        super().__init__()
        self.page, self.phone, self.stop = Browser(stack.web_url), phone, stop
        self.rounds, self.failure = 0, None
        self.page.open("/sign-in/?next=/me/addresses/new/")
        self.page.submit("phone-form", phone=phone)
        self.page.submit("code-form", code=sandbox.newest(phone, r"(\d{6})"), button=None)
        place = {"province": "浙江省", "city": "杭州市", "district": "西湖区", "street": "文三路 90 号"}
        self.page.submit("address-form", recipient="收件人零", phone=phone, **place)
        self.page.open("/me/addresses/")
        self.mine = self.page.find('[data-role="address"] a[href^="/me/addresses/"]')["href"]

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                name = f"收件人{'甲乙丙丁'[self.rounds % 4]}"
                self.page.open(self.mine)
                self.page.submit("address-form", recipient=name)
                self.page.open("/me/addresses/")
                self.page.sees(name)
                self.page.open("/me/privacy/")
                self.page.sees(f"{self.phone[:3]}****{self.phone[-4:]}")
                self.rounds += 1
        except Exception as e:
            self.failure = e
        finally:
            self.page.close()


@contextmanager
def load(stack: Stack) -> Iterator[list[Shopper]]:
    stop, sandbox = threading.Event(), Sandbox(stack.sandbox_url)
    shoppers = [Shopper(stack, sandbox, phone, stop) for phone in PHONES]
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute(
            "INSERT INTO mall_address SELECT a.borrower_id + n, a.id, a.recipient, a.phone, a.province, a.city,"
            " a.district, a.street, a.is_default, a.added_at FROM (SELECT * FROM mall_address LIMIT 1) AS a,"
            " generate_series(1, %s) AS n",
            [ROWS],
        )
    for shopper in shoppers:
        shopper.start()
    try:
        yield shoppers
    finally:
        stop.set()
        for shopper in shoppers:
            shopper.join(60)
        sandbox.close()


def left_under(stack: Stack, key: str) -> int:
    with psycopg.connect(stack.database_url) as database:
        label = bytes([len(key)]) + key.encode()
        found = database.execute(
            "SELECT count(*) FROM mall_address WHERE substring(street from 1 for %s) = %s",
            [len(label), label],
        ).fetchone()
    return found[0]


def listed(stack: Stack) -> dict[str, int]:
    """Values sealed under each data key, the newest first."""
    lines = done(fenqi(stack, "-m", "fenqi", "keys", "list")).splitlines()
    return {line.split("\t")[0]: int(line.split("\t")[2]) for line in lines}


@pytest.mark.timeout(300)
def test_killed_in_the_middle_under_real_traffic():
    with whole_product(open_on=datetime.date(2026, 2, 5)) as stack, load(stack) as shoppers:
        (old,) = listed(stack)
        killed = fenqi(stack, "-m", "fenqi", "keys", "rotate")
        deadline = time.monotonic() + 60
        while left_under(stack, old) > ROWS * 0.8:
            assert time.monotonic() < deadline
            assert killed.poll() is None
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        half_way = listed(stack)
        assert len(half_way) == 2
        assert all(half_way.values())

        said = done(fenqi(stack, "-m", "fenqi", "keys", "rotate"))
        assert "sealed anew" in said
        after = listed(stack)
        assert set(after) == set(half_way)  # no third key
        assert after[old] == 0
        assert "retired" in done(fenqi(stack, "-m", "fenqi", "keys", "retire", old))
        assert list(listed(stack)) == [next(iter(half_way))]
        assert int(done(fenqi(stack, "-c", OPEN_ALL))) > 3 * ROWS
        before = [shopper.rounds for shopper in shoppers]
        time.sleep(2)
        assert all(shopper.rounds > rounds for shopper, rounds in zip(shoppers, before, strict=True))
    assert [shopper.failure for shopper in shoppers] == [None] * len(shoppers)
