"""References make writes safe to repeat: the same reference with the same content gets the first answer again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.errors import Conflict

KEYS_AT_ONCE = 1_000


class ReferenceReused(Conflict):
    """A reference came back with other content."""

    code = "reference_reused"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """`is_new`: do the work and call `settle`; otherwise `result` is what the first one answered."""

    scope: str
    key: str
    is_new: bool
    result: Any

    def settle(self, result: dict[str, Any]) -> None:
        """Keep the answer for those who repeat the request."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE plumbing_reference SET result = %s WHERE scope = %s AND key = %s",
                [json.dumps(result, default=str), self.scope, self.key],
            )


def claim(*, scope: str, key: str, content: dict[str, Any], borrower_id: int | None = None) -> Claim:
    """
    Take a reference inside the caller's transaction; a second caller waits until the first has committed or rolled back.

    Raises: ReferenceReused; RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("claim() belongs inside the transaction of the write")
    digest = _digest(content)
    with connection.cursor() as cursor:
        # The insert of a second caller blocks on the first one's uncommitted row: that is the queue.
        cursor.execute(
            """
            INSERT INTO plumbing_reference (scope, key, content_hash, borrower_id)
            VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
            """,
            [scope, key, digest, borrower_id],
        )
        if cursor.rowcount:
            return Claim(scope=scope, key=key, is_new=True, result=None)
        cursor.execute(
            "SELECT content_hash, borrower_id, result FROM plumbing_reference WHERE scope = %s AND key = %s",
            [scope, key],
        )
        kept_digest, kept_borrower_id, result = cursor.fetchone()
    if bytes(kept_digest) != digest or kept_borrower_id != borrower_id:
        raise ReferenceReused(_("这个编号已用于另一笔请求，没有重复处理。"), scope=scope, key=key)
    return Claim(
        scope=scope, key=key, is_new=False, result=json.loads(result) if isinstance(result, str) else result
    )


def changed(*, scope: str, contents: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """Of references and what they should have been taken for: the keys taken for something else, or never taken."""
    waiting = iter(contents)
    while some := list(islice(waiting, KEYS_AT_ONCE)):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT key, content_hash FROM plumbing_reference WHERE scope = %s AND key = ANY(%s)",
                [scope, [key for key, _content in some]],
            )
            kept = {key: bytes(content_hash) for key, content_hash in cursor.fetchall()}
        yield from (key for key, content in some if kept.get(key) != _digest(content))


def _digest(content: dict[str, Any]) -> bytes:
    canonical = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()
