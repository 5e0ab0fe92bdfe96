"""The outside parties for tests: one sandbox process a run, on a free port, emptied before each test that uses it."""

from __future__ import annotations

import datetime
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fenqi.plumbing import signing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

START_WITHIN_SECONDS = 30
# Cards that pass the check digit.
CARDS = ("6217000010000000011", "6214830010000000014", "6225880010000000019")
LOST_CARD, EXPIRED_CARD = "6217000010000010028", "6217000010000010036"


class SandboxPeers:
    """What a test can see and switch on the other side."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _get(self, path: str, **query: str) -> Any:
        response = self._client.get(f"/sandbox/api/{path}", params=query)
        response.raise_for_status()
        return response.json()

    def _post(self, path: str, **content: Any) -> Any:
        response = self._client.post(f"/sandbox/api/{path}", json=content)
        response.raise_for_status()
        return response.json()

    def reset(self) -> None:
        """As on the first day; notices wait until a test sends or delivers them."""
        self._post("reset")
        self._post("notices", sending=False)

    def keep(self, name: str) -> None:
        """Remember everything as it is now."""
        self._post("keep", name=name)

    def bring_back(self, name: str) -> None:
        """Everything as it was when it was kept under this name."""
        self._post("bring-back", name=name)

    def fault(self, peer: str, kind: str, *, times: int | None = None, seconds: float | None = None) -> None:
        """Let a party misbehave, for some requests or until `heal`."""
        self._post("faults", peer=peer, kind=kind, times=times, seconds=seconds)

    def heal(self, peer: str, kind: str) -> None:
        """Switch a fault off."""
        self._post("faults", peer=peer, kind=kind, on=False)

    def settle(self) -> int:
        """Finish what a fault kept waiting."""
        return self._post("settle")["settled"]

    def notices(self) -> list[dict[str, Any]]:
        """Every notice the channel has or had to send; `body` is exactly what goes over the wire."""
        return self._get("notices")["notices"]

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers the channel sends a notice with."""
        from django.conf import settings

        return signing.sign(body, secret=settings.PEER_SECRET, at=int(time.time()))

    def texts(self, *, to: str | None = None, kind: str = "sms") -> list[str]:
        """The bodies of what was sent, oldest first."""
        found = self._get("texts", kind=kind, **({"to": to} if to else {}))["texts"]
        return [text["body"] for text in found]

    def heard(self, partner: str) -> list[dict[str, Any]]:
        """The notices a partner's address took: `body` as it came, its signature as `subject`, its time as `shown_at`."""
        return self._get("texts", kind="hook", to=partner)["texts"]

    def stray(self, account: str, fen: int, *, on: datetime.date) -> dict[str, Any]:
        """A card pays the merchant a sum it never asked for; how the channel tells it."""
        return self._post("strays", account=account, amount_fen=fen, on=on.isoformat())

    def balance(self, account: str) -> int:
        """Fen on an account; house accounts are `settlement` and `lender:<code>`."""
        return self._get(f"accounts/{account}/balance")["balance_fen"]

    def set_balance(self, account: str, fen: int) -> None:
        """Top up or spend until the account holds this."""
        self._post(f"accounts/{account}/balance", balance_fen=fen)

    def statement(self, account: str) -> list[dict[str, Any]]:
        """Every posting of an account, oldest first."""
        return self._get(f"accounts/{account}/statement")["postings"]

    def movements(self) -> list[dict[str, Any]]:
        """Every movement of money the channel knows."""
        return self._get("movements")["movements"]

    def page(self, path: str) -> httpx.Response:
        """A page of the sandbox itself."""
        return self._client.get(path)

    def press(self, path: str, **form: str) -> httpx.Response:
        """Send a form of the sandbox's pages; redirects are not followed."""
        return self._client.post(path, data=form)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxPeers]:
    from django.conf import settings

    from fenqi.adapters import peer

    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "fenqi", "sandbox", "--port", str(port)],
        env={**os.environ, "FENQI_SECRET_PEERS": settings.PEER_SECRET, "FENQI_SANDBOX_STORE": ":memory:"},
        stdout=subprocess.DEVNULL,
    )
    peers = SandboxPeers(f"http://127.0.0.1:{port}")
    deadline = time.monotonic() + START_WITHIN_SECONDS
    try:
        while True:
            try:
                httpx.get(f"{peers.url}/healthz", timeout=1, trust_env=False)
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield peers
    finally:
        peers.close()
        peer.hang_up()
        process.terminate()
        process.wait(10)


@pytest.fixture
def sandbox(sandbox_process: SandboxPeers, settings: Any) -> SandboxPeers:
    """The outside parties, empty; the adapters of this test speak to them."""
    settings.SANDBOX_URL = sandbox_process.url
    settings.FENQI_PEERS = {name: f"{sandbox_process.url}/{name}" for name in settings.FENQI_PEERS}
    sandbox_process.reset()
    return sandbox_process


TODAY = datetime.date(2026, 11, 22)


@dataclass(frozen=True)
class Cardholder:
    """A borrower with one bound card."""

    borrower_id: int
    phone: str
    number: str
    card_id: UUID


@pytest.fixture
def cardholder(sandbox: SandboxPeers, transactional_db: None) -> Any:
    """cardholder(fen) is a borrower whose card holds this much; the business date is TODAY."""
    from fenqi.adapters.channel import Channel
    from fenqi.people.models import Account, BankCard
    from fenqi.plumbing import business_date, clock
    from fenqi.plumbing.ids import new_borrower_id, new_id

    business_date.start(TODAY)

    def make(fen: int = 100_000, *, index: int = 0) -> Cardholder:
        borrower_id, card_id = new_borrower_id(), new_id()
        phone, number = f"1380000000{index}", CARDS[index]
        answer = Channel().check_card(
            reference=f"card-{card_id}",
            holder_name="王小明",
            id_number="11010519491231002X",
            card_number=number,
            phone=phone,
        )
        Account.objects.create(borrower_id=borrower_id, phone=phone, opened_at=clock.now())
        BankCard.objects.create(
            borrower_id=borrower_id,
            id=card_id,
            number_index=bytes(32),
            phone=phone,
            tail=number[-4:],
            bank=answer.bank,
            status="active",
            serial=answer.serial,
            asked_at=clock.now(),
            bound_at=clock.now(),
        )
        sandbox.set_balance(number, fen)
        return Cardholder(borrower_id, phone, number, card_id)

    return make
