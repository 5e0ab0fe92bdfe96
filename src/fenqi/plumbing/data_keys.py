"""
Envelope keys: data keys seal the values and stand in the database, each wrapped by a master key that does not.

The master keys come from FENQI_SECRET_SEALING or `secrets.json`: the first wraps, all unwrap. A running process learns of a new data
key by itself, within SEEN_FOR_SECONDS or when it meets a value it cannot open, so a rotation needs no restart on any machine.
The table has no model: it is never emptied with the others (a value outlives a test's rows in no other way).
"""

from __future__ import annotations

import time
from base64 import b64decode
from functools import lru_cache

from django.conf import settings
from django.db import connection
from psycopg.pq import TransactionStatus

from fenqi.plumbing import ciphers
from fenqi.plumbing.ciphers import CannotUnseal, Key

TABLE = "plumbing_datakey"
WRAPPED = (TABLE, "plumbing_indexkey")
"""Where keys stand wrapped: those that seal, and those of plumbing.index_keys."""
SEEN_FOR_SECONDS = 2.0


class NoDataKey(Exception):
    """The database holds no data key yet: `fenqi migrate` makes the first."""


class _Known:
    """The data keys this process has unwrapped, oldest first; replaced whole, so that threads see one list or the other."""

    keys: dict[str, Key] = {}
    read_at = 0.0


def sealing() -> Key:
    """The key that seals now: the newest. Raises: NoDataKey, CannotUnseal."""
    if not _Known.keys or time.monotonic() - _Known.read_at > SEEN_FOR_SECONDS:
        _look()
    if not _Known.keys:
        raise NoDataKey("run `fenqi migrate` first")
    return next(reversed(_Known.keys.values()))


def find(name: str) -> Key:
    """The data key of a name. Raises: CannotUnseal."""
    if name not in _Known.keys:
        _look()
    try:
        return _Known.keys[name]
    except KeyError:
        raise CannotUnseal(f"no key named {name}") from None


def refresh() -> None:
    """Look at the table now."""
    _Known.read_at = 0.0
    _look()


def _look() -> None:
    if connection.connection is not None and not connection.connection.closed:
        status = connection.connection.info.transaction_status
        if status not in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            return  # in the middle of a command, or of a transaction that has failed: what is known must do
    _Known.keys = {name: unwrap(name, wrapped) for name, wrapped in wrapped_keys()}
    _Known.read_at = time.monotonic()


def wrapped_keys(table: str = TABLE) -> list[tuple[str, bytes]]:
    """(name, wrapped) of every data key, oldest first; or of the other table's."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, wrapped FROM {table} WHERE wrapped IS NOT NULL ORDER BY made_at, name"  # noqa: S608 - a constant
        )
        return [(name, bytes(wrapped)) for name, wrapped in cursor.fetchall()]


def unwrap(name: str, wrapped: bytes) -> Key:
    """A data key by the master key it names. Raises: CannotUnseal."""
    master = ciphers.name_of(wrapped)
    try:
        kek = masters()[master]
    except KeyError:
        raise CannotUnseal(
            f"data key {name} is wrapped by the master key {master}, which is not given"
        ) from None
    return Key(name, kek.unseal(wrapped, context=_context(name)))


def wrap(key: Key) -> bytes:
    """A data key as the table keeps it, under the first master key."""
    return next(iter(masters().values())).seal(key.material, context=_context(key.name))


def masters() -> dict[str, Key]:
    """The master keys by name, the one that wraps first."""
    return _parsed(settings.SEALING_KEYS())


@lru_cache(maxsize=4)
def _parsed(listed: str) -> dict[str, Key]:
    parted = (item.partition(":") for item in listed.split(","))
    return {name: Key(name, b64decode(material)) for name, _, material in parted}


def _context(name: str) -> str:
    return f"datakey:{name}"


def add(*, cipher: str | None = None) -> str:
    """Make a new data key, which seals from now on; tells its name. `cipher`: aes | sm4, else as FENQI_SEALING_CIPHER says."""
    cipher = cipher or settings.SEALING_CIPHER
    numbers = [int(name.rpartition(".")[2]) for name, _wrapped in wrapped_keys()]
    number = str(max(numbers, default=0) + 1)
    key = Key(number if cipher == "aes" else f"{cipher}.{number}", ciphers.new_material(cipher))
    key.seal(b"", context="")  # a cipher this machine lacks is told of here, not at the first value
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (name, wrapped, made_at) VALUES (%s, %s, clock_timestamp())",  # noqa: S608
            [key.name, wrap(key)],
        )
    _Known.read_at = 0.0
    return key.name


def forget(name: str) -> None:
    """Delete a data key: whatever is still sealed under it is lost."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE} WHERE name = %s", [name])  # noqa: S608 - a constant
    refresh()


def rewrap() -> int:
    """Wrap every key anew under the first master key; tells how many were under another. No value is touched."""
    first, moved = next(iter(masters())), 0
    for table in WRAPPED:
        for name, wrapped in wrapped_keys(table):
            if ciphers.name_of(wrapped) == first:
                continue
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {table} SET wrapped = %s WHERE name = %s",  # noqa: S608 - a constant
                    [wrap(unwrap(name, wrapped)), name],
                )
            moved += 1
    return moved


def masters_in_use() -> set[str]:
    """The names of the master keys something is wrapped by."""
    return {ciphers.name_of(wrapped) for table in WRAPPED for _name, wrapped in wrapped_keys(table)}
