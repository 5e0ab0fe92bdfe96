"""
One signed conversation with an outside party over HTTP.

Requests are signed over path and body, answers over their body, both by `plumbing.signing`. Everything that leaves it open
whether the other side has done what was asked is `Silent`; only a call that never left us is `Unreachable`.
"""

from __future__ import annotations

import json
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db import connection

from fenqi.plumbing import signing

if TYPE_CHECKING:
    import datetime

DATE_HEADER = "X-Fenqi-Business-Date"
MOST_CONNECTIONS = 32


class Silent(Exception):
    """No answer that can be trusted: it may have been done or not."""


class Unreachable(Silent):
    """The call did not leave us: it was not done."""


class Refused(Exception):
    """The party understood and will not do it; `code` is its own word."""

    def __init__(self, code: str, details: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class CalledInsideTransaction(RuntimeError):
    """A programming error: locks would be held while somebody else takes their time."""


def forbid_transaction() -> None:
    """Raises: CalledInsideTransaction. The transaction that a test case wraps around itself does not count."""
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise CalledInsideTransaction("outside calls are made when no transaction is open")


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
    # The environment's proxies are for browsing; a peer's address is configured whole.
    return httpx.Client(limits=limits, trust_env=False)


def hang_up() -> None:
    """Close the kept connections; the next call opens new ones."""
    _client().close()
    _client.cache_clear()


class Peer:
    """The party of this name in settings.FENQI_PEERS."""

    def __init__(self, name: str) -> None:
        self._name = name

    def ask(
        self,
        path: str,
        content: dict[str, Any],
        *,
        on: datetime.date | None = None,
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        """
        POST `content` to a path below the party's address and give the answer.

        Raises: Silent, Unreachable, Refused.
        """
        forbid_transaction()
        url = settings.FENQI_PEERS[self._name]
        if not url:
            raise Unreachable(f"no address is set for {self._name}")
        url += path
        body = json.dumps(content, ensure_ascii=False).encode()
        signed = urlsplit(url).path.encode() + b"\n" + body
        headers = signing.sign(signed, secret=settings.PEER_SECRET, at=int(time.time()))
        headers["Content-Type"] = "application/json"
        if on:
            headers[DATE_HEADER] = on.isoformat()
        try:
            response = _client().post(
                url, content=body, headers=headers, timeout=timeout_seconds or settings.PEER_TIMEOUT_SECONDS
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as e:
            raise Unreachable(f"{self._name}: {type(e).__name__}") from e
        except httpx.HTTPError as e:
            raise Silent(f"{self._name}: {type(e).__name__}") from e
        return self._read(response)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code >= 500:
            raise Silent(f"{self._name}: {response.status_code}")
        try:
            signing.verify(
                response.content,
                signature=response.headers.get(signing.SIGNATURE_HEADER),
                time=response.headers.get(signing.TIME_HEADER),
                secret=settings.PEER_SECRET,
                at=int(time.time()),
            )
            answer = json.loads(response.content)
        except (signing.BadSignature, ValueError) as e:
            raise Silent(f"{self._name}: an answer that is not theirs ({e})") from e
        if response.status_code >= 400:
            raise Refused(str(answer.pop("error", response.status_code)), answer)
        return answer
