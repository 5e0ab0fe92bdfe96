"""How often one address may ask: a count per minute in the process's own memory, so that no database row is hot."""

from __future__ import annotations

import threading
import time

from django.utils.translation import gettext as _

from fenqi.plumbing.errors import TooMany

_MOST_ADDRESSES = 50_000
_lock = threading.Lock()
_minute = 0
_counts: dict[str, int] = {}


class TooFast(TooMany):
    """More requests a minute than the rule allows one address."""

    code = "rate_limited"


def count(address: str, *, most: int) -> None:
    """Count one request. Raises: TooFast."""
    global _minute
    now = int(time.monotonic() // 60)
    with _lock:
        if now != _minute or len(_counts) > _MOST_ADDRESSES:
            _minute = now
            _counts.clear()
        _counts[address] = asked = _counts.get(address, 0) + 1
    if asked > most:
        raise TooFast(_("请求太频繁，请一分钟后再试。"), retry_after=60 - int(time.monotonic() % 60))
