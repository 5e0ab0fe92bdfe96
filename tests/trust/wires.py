"""What leaves us: the traffic to the outside parties."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fenqi.adapters import peer
from fenqi.messages.texts import Texts as RealTexts
from tests.people import fakes

if TYPE_CHECKING:
    from collections.abc import Iterator


class Texts(fakes.Texts):
    """Sends for real, and shows the test what was sent."""

    def send_to_phone(self, **sent: Any) -> None:
        super().send_to_phone(**sent)
        RealTexts().send_to_phone(**sent)

    def send_to_email(self, **sent: Any) -> None:
        super().send_to_email(**sent)
        RealTexts().send_to_email(**sent)

    def tell(self, **sent: Any) -> None:
        super().tell(**sent)
        RealTexts().tell(**sent)


@contextmanager
def listening() -> Iterator[list[tuple[str, str]]]:
    """(path, body) of every request to an outside party."""
    heard: list[tuple[str, str]] = []

    def hear(request: Any) -> None:
        body = request.read().decode()
        text = json.dumps(json.loads(body), ensure_ascii=False) if body else ""
        heard.append((urlsplit(str(request.url)).path, text + str(request.url) + str(request.headers)))

    hooks = peer._client().event_hooks
    peer._client().event_hooks = {**hooks, "request": [*hooks["request"], hear]}
    try:
        yield heard
    finally:
        peer._client().event_hooks = hooks
