"""
The keys of blind indexes, and the forms one value has under them.

The first key is FENQI_SECRET_INDEX; every later one stands in the database, wrapped by the master key, and is laid over those before:
index = HMAC(newest, … HMAC(first, value)). So an index moves to a new key by itself: nothing is opened for it, and what is kept nowhere
in clear (a card's number) moves too. Who knows an older key alone can compute no index that stands anywhere.

An index says the key it stands under: the first one's are 32 bare bytes, later ones bear its name before them. While a rotation runs
(plumbing.index_rotation) values move bucket by bucket, by the first byte of their hash; a whole bucket moves in one transaction, in
every table at once, so a value has one form at any moment and the database's own constraints keep it single. Look-ups ask for both
forms (`forms`); whoever writes takes the one that stands and keeps its bucket from moving until they commit (`standing`).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from psycopg.pq import TransactionStatus

from fenqi.plumbing import ciphers, data_keys

TABLE, MOVED = "plumbing_indexkey", "plumbing_indexmoved"
FIRST = "i0"
BUCKETS, SIZE = 256, 32
BUCKET_LOCKS = 4_601_138
"""The first half of the advisory lock of a bucket; the second is the bucket."""


@dataclass(frozen=True, slots=True)
class IndexKey:
    """A named key; `is_retired` when nothing is accepted any more that is marked by it alone."""

    name: str
    material: bytes
    is_retired: bool = False

    @property
    def label(self) -> bytes:
        """How an index under this key begins."""
        return b"" if self.name == FIRST else ciphers.label(self.name)

    def over(self, digest: bytes) -> bytes:
        """This key laid over what the ones before it made."""
        return hmac.new(self.material, digest, hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class Keys:
    """What this process knows: the keys every index stands under, oldest first, and the one they are moving to, if any."""

    stand: tuple[IndexKey, ...]
    coming: IndexKey | None

    def place_of(self, index: bytes) -> int | None:
        """How many of the standing keys lie over the first one in this index; None for none of ours."""
        for number, key in enumerate(self.stand):
            if len(index) == len(key.label) + SIZE and index.startswith(key.label):
                return number
        return None


class _Known:
    keys: Keys | None = None
    read_at = 0.0


def known() -> Keys:
    """The keys, looked at again every data_keys.SEEN_FOR_SECONDS."""
    if _Known.keys is None or time.monotonic() - _Known.read_at > data_keys.SEEN_FOR_SECONDS:
        _look()
    return _Known.keys or Keys((_first(),), None)


def refresh() -> Keys:
    """Look at the table now."""
    _Known.read_at = 0.0
    _look()
    return known()


def _first(is_retired: bool = False) -> IndexKey:
    return IndexKey(FIRST, settings.SECRETS["index"].encode(), is_retired)


def _look() -> None:
    if connection.connection is not None and not connection.connection.closed:
        status = connection.connection.info.transaction_status
        if status not in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            return  # in the middle of a command, or of a transaction that has failed: what is known must do
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, wrapped, done_at IS NULL, retired_at IS NOT NULL FROM plumbing_indexkey"
            " ORDER BY made_at, name"
        )
        rows = cursor.fetchall()
    stand, coming = [], None
    for name, wrapped, is_moving, is_retired in rows:
        if name == FIRST:
            stand.append(_first(is_retired))
        elif is_moving:
            coming = IndexKey(name, data_keys.unwrap(name, bytes(wrapped)).material)
        else:
            stand.append(IndexKey(name, data_keys.unwrap(name, bytes(wrapped)).material, is_retired))
    _Known.keys, _Known.read_at = Keys(tuple(stand), coming), time.monotonic()


def blind_index(value: str, *, purpose: str) -> bytes:
    """Bytes that find equal values without showing them; differs by purpose, so two columns cannot be joined."""
    key, *later = known().stand
    digest = _bare(key, value, purpose)
    for key in later:
        digest = key.over(digest)
    return key.label + digest


def _bare(first: IndexKey, value: str, purpose: str) -> bytes:
    return first.over(f"{purpose}\x00{value}".encode())


def first_index(value: str, *, purpose: str) -> bytes:
    """The index under the first key alone, the same through every rotation: never to be written into a table."""
    return _bare(_first(), value, purpose)


def turn(value: str, *, purpose: str) -> int:
    """The number of an advisory lock by which requests about one value wait for each other; no rotation changes it."""
    return int.from_bytes(first_index(value, purpose=purpose)[:8], "big", signed=True)


def marks(value: str, *, purpose: str) -> list[bytes]:
    """The signatures of a value that count, the newest first: under every key that is not retired."""
    key, *later = known().stand
    digest = _bare(key, value, purpose)
    found = [] if key.is_retired else [digest]
    for key in later:
        digest = key.over(digest)
        found += [] if key.is_retired else [digest]
    return found[::-1]


def forms(index: bytes) -> list[bytes]:
    """Under what an index may be found now: as it stands, and while a rotation runs as it will stand too."""
    keys = known()
    place = keys.place_of(index)
    if place is None:
        return [index]
    digest, last = index[-SIZE:], keys.stand[-1]
    for key in keys.stand[place + 1 :]:
        digest = key.over(digest)
    found = [last.label + digest]
    if keys.coming is not None:
        found.append(keys.coming.label + keys.coming.over(digest))
    return found


def standing(index: bytes) -> bytes:
    """The form to write; inside a transaction it stays so until that ends."""
    now, *coming = forms(index)
    key = known().coming
    if key is None or not coming:
        return now
    bucket = now[-SIZE]
    with connection.cursor() as cursor:
        # Two statements: the second must see what the mover committed while the first one waited.
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [BUCKET_LOCKS, bucket])
        cursor.execute("SELECT 1 FROM plumbing_indexmoved WHERE key = %s AND bucket = %s", [key.name, bucket])
        return coming[0] if cursor.fetchone() is not None else now


def is_same(kept: bytes | memoryview, index: bytes) -> bool:
    """Whether a kept index is this one, in any of its forms; compared in constant time."""
    return sum(hmac.compare_digest(bytes(kept), form) for form in forms(index)) > 0


def add() -> str:
    """Make the key that values will move to; tells its name. Raises: IntegrityError while another one is moved to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM plumbing_indexkey")
        key = ciphers.Key(f"i{cursor.fetchone()[0]}", ciphers.new_material("aes"))
        cursor.execute(
            "INSERT INTO plumbing_indexkey (name, wrapped, made_at) VALUES (%s, %s, clock_timestamp())",
            [key.name, data_keys.wrap(key)],
        )
    _Known.read_at = 0.0
    return key.name
