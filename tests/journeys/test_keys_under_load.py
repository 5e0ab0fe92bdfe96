"""
A rotation killed in the middle, as a process, while the shop is open: nobody notices, it goes on, everything opens and everybody is found.
"""

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


# Every account is found by its phone, in a process that has only read which keys there are.
FIND_ALL = """
from fenqi.cli.environment import start_django
start_django()
from fenqi.people.models import Account, PhoneIndex
from fenqi.people.queries import find_borrower_by_phone
accounts = list(Account.objects.all())
for account in accounts:
    assert find_borrower_by_phone(account.phone) == account.borrower_id, account.borrower_id
assert len({account.phone for account in accounts}) == len(accounts)
print(len(accounts), PhoneIndex.objects.count())
"""


class Newcomers(threading.Thread):
    """Somebody new signs in and reads what is held about them; until told to stop."""

    def __init__(self, stack: Stack, prefix: str, stop: threading.Event) -> None:
        super().__init__()
        self.stack, self.prefix, self.stop = stack, prefix, stop
        self.rounds, self.failure = 0, None

    def run(self) -> None:
        sandbox = Sandbox(self.stack.sandbox_url)
        try:
            while not self.stop.is_set():
                phone = f"{self.prefix}{self.rounds:04d}"
                page = Browser(self.stack.web_url)
                page.open("/sign-in/?next=/me/privacy/")
                page.submit("phone-form", phone=phone)
                page.submit("code-form", code=sandbox.newest(phone, r"(\d{6})"), button=None)
                page.sees(f"{phone[:3]}****{phone[-4:]}")
                page.close()
                self.rounds += 1
        except Exception as e:
            self.failure = e
        finally:
            sandbox.close()


@contextmanager
def newcomers(stack: Stack) -> Iterator[list[Newcomers]]:
    """Two doors where people keep coming in, and a book of contacts long enough that a rotation can be killed in it."""
    stop = threading.Event()
    doors = [Newcomers(stack, prefix, stop) for prefix in ("1380010", "1380020")]
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute(
            "INSERT INTO people_contactnaming (phone_index, borrower_id, named_at)"
            " SELECT sha256(n::text::bytea), n, now() FROM generate_series(1, %s) AS n",
            [ROWS],
        )
    for door in doors:
        door.start()
    try:
        yield doors
    finally:
        stop.set()
        for door in doors:
            door.join(60)


def indexes(stack: Stack) -> dict[str, tuple[str, int]]:
    """Name of each index key → its state and how many indexes stand under it."""
    lines = done(fenqi(stack, "-m", "fenqi", "keys", "list", "--index")).splitlines()
    return {name: (state, int(count)) for name, state, count in (line.split("\t") for line in lines)}


def bare(stack: Stack) -> int:
    with psycopg.connect(stack.database_url) as database:
        found = database.execute(
            "SELECT count(*) FROM people_contactnaming WHERE octet_length(phone_index) = 32"
        ).fetchone()
    return found[0]


def found(stack: Stack) -> tuple[int, int]:
    """(accounts, indexes of phones), once every account was found by its phone and no phone had two."""
    accounts, phones = done(fenqi(stack, "-c", FIND_ALL)).split()
    return int(accounts), int(phones)


@pytest.mark.timeout(300)
def test_an_index_key_killed_in_the_middle_while_people_come_in():
    with whole_product(open_on=datetime.date(2026, 2, 5)) as stack:
        with newcomers(stack) as doors:
            killed = fenqi(stack, "-m", "fenqi", "keys", "rotate", "--index")
            deadline = time.monotonic() + 90
            while bare(stack) > ROWS * 0.8:
                assert time.monotonic() < deadline
                assert killed.poll() is None, killed.communicate()
                time.sleep(0.02)
            killed.send_signal(signal.SIGKILL)
            killed.communicate()
            half_way = indexes(stack)
            assert half_way["i1"][0] == "coming"
            assert half_way["i0"][1] > 0 < half_way["i1"][1]
            before = [door.rounds for door in doors]
            while not all(door.rounds > rounds for door, rounds in zip(doors, before, strict=True)):
                assert time.monotonic() < deadline  # people come in half-way, with nobody at work on it
                time.sleep(0.1)
            assert found(stack)[0] >= sum(before)

            assert "indexes moved to i1" in done(fenqi(stack, "-m", "fenqi", "keys", "rotate", "--index"))
            after = indexes(stack)
            assert after["i0"] == ("older", 0)
            assert after["i1"][0] == "newest"
            assert "retired" in done(fenqi(stack, "-m", "fenqi", "keys", "retire", "i0"))
            assert indexes(stack)["i0"] == ("retired", 0)
        accounts, phones = found(stack)
        assert accounts == phones > sum(before)
    assert [door.failure for door in doors] == [None, None]
