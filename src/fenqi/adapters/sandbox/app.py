"""The sandbox as a WSGI application: peers behind signatures and faults, pages and switches in the open."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox import (
    authenticator,
    channel,
    control,
    faults,
    lenders,
    pages,
    partner,
    phone,
    registers,
    texts,
)
from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json, to_wsgi
from fenqi.adapters.sandbox.sender import Sender
from fenqi.adapters.sandbox.store import Store
from fenqi.plumbing import signing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)
DATE_HEADER = "x-fenqi-business-date"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a handler works with: the store, the business date of the caller (ISO), and the faults that hit."""

    store: Store
    on: str
    faults: dict[str, float] = field(default_factory=dict)


class Sandbox:
    """All outside parties over one store."""

    def __init__(self, *, path: str, secret: str) -> None:
        self.store = Store(path)
        self._secret = secret
        self._sender = Sender(self.store, secret)
        self._sender.start()
        self._peers = Routes()
        for part in (channel, lenders, texts, registers):
            self._peers.extend(part.routes)
        self._open = Routes()
        for part in (control, pages, authenticator, partner):
            self._open.extend(part.routes)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request.from_environ(environ)
        try:
            answer = self._answer(request)
        except Refused as refused:
            answer = as_json({"error": refused.code, **refused.details}, status=refused.status)
            answer = self._signed(answer)
        except Exception:
            log.exception("%s %s", request.method, request.path)
            answer = as_json({"error": "broken"}, status=500)
        self._sender.wake()
        return to_wsgi(answer, start_response)

    def _answer(self, request: Request) -> Answer:
        if request.path == "/healthz":
            return as_json({"status": "ok"})
        call = Call(store=self.store, on=request.headers.get(DATE_HEADER) or time.strftime("%Y-%m-%d"))
        found = self._open.find(request.method, request.path)
        if found:
            handler, parts = found
            return handler(call, request, **parts)
        found = self._peers.find(request.method, request.path)
        if found is None:
            if request.path.startswith("/sandbox/"):
                return phone.missing(request)
            raise Refused("no_such_address", status=404)
        return self._serve_peer(request, call, *found)

    def _serve_peer(
        self, request: Request, call: Call, handler: Callable[..., Answer], parts: dict[str, str]
    ) -> Answer:
        try:
            signing.verify(
                request.path.encode() + b"\n" + request.body,
                signature=request.headers.get(signing.SIGNATURE_HEADER.lower()),
                time=request.headers.get(signing.TIME_HEADER.lower()),
                secret=self._secret,
                at=int(time.time()),
            )
        except signing.BadSignature as e:
            raise Refused("bad_signature", status=401, reason=str(e)) from e
        name = request.path.split("/")[1]
        active = faults.take(self.store, f"{name}:{parts['lender']}" if "lender" in parts else name)
        if "outage" in active:
            return as_json({"error": "outage"}, status=503)
        if "timeout" in active:
            time.sleep(active["timeout"])
            return as_json({"error": "timeout"}, status=504)
        if "delay" in active:
            time.sleep(active["delay"])
        answer = handler(Call(store=call.store, on=call.on, faults=active), request, **parts)
        if "lost_answer" in active:
            return Answer(status=502)
        return self._signed(answer)

    def _signed(self, answer: Answer) -> Answer:
        headers = signing.sign(answer.body, secret=self._secret, at=int(time.time()))
        return Answer(status=answer.status, body=answer.body, headers={**answer.headers, **headers})
