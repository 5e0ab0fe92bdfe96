"""What the story looks at besides the pages: phones and accounts of the sandbox, the staff's clock, and the books."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from fenqi.cli.story.browser import Browser, NotOnThePage

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.cli.stack import Stack
    from fenqi.cli.story.timeline import Timeline

PATIENCE_SECONDS = 30


class StoryDiffers(AssertionError):
    """A step came out otherwise than it should."""


def expect(what: str, found: Any, wanted: Any) -> None:
    """Raises: StoryDiffers, saying what was expected and what was found."""
    if found != wanted:
        raise StoryDiffers(f"{what}: expected {wanted!r}, found {found!r}")


def until(what: str, ask: Callable[[], Any]) -> Any:
    """Ask again until the answer is true; other processes are at work. Raises: StoryDiffers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = ask()
        except NotOnThePage:
            answer = None
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise StoryDiffers(f"{what}: did not happen within {PATIENCE_SECONDS} s")
        time.sleep(0.1)


def wait_for(page: Browser, selector: str) -> None:
    """Stay on a page that looks again by itself, as a browser would, until it shows `selector`."""

    def shown() -> bool:
        if page.has(selector):
            return True
        refresh = page.page.select_one('meta[http-equiv="refresh"]')
        following = re.search(r"url=(\S+)", str(refresh["content"])) if refresh else None
        page.open(following.group(1) if following else page.url)
        return page.has(selector)

    until(f"{selector} after {page.path}", shown)


class Sandbox:
    """The phones and bank accounts of everybody in the story."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=20)

    def close(self) -> None:
        self.client.close()

    def texts(self, phone: str, kind: str = "sms") -> list[dict[str, Any]]:
        """Messages a phone received, oldest first."""
        answer = self.client.get("/sandbox/api/texts", params={"kind": kind, "to": phone})
        return answer.raise_for_status().json()["texts"]

    def newest(self, phone: str, pattern: str, *, after: int = 0, kind: str = "sms") -> str:
        """The first group of `pattern` in the newest SMS (or mail to an address) that carries it, waiting for it to arrive."""

        def look() -> str | None:
            for text in reversed(self.texts(phone, kind)[after:]):
                found = re.search(pattern, text["body"])
                if found:
                    return found.group(1)
            return None

        return until(f"a message to {phone} like {pattern}", look)

    def balance(self, card: str) -> int:
        """What an account holds, in fen."""
        answer = self.client.get(f"/sandbox/api/accounts/{card}/balance").raise_for_status()
        return answer.json()["balance_fen"]

    def merchant_net(self) -> int:
        """What the channel holds for the house: everything it took in less everything it paid out."""
        answer = self.client.get("/sandbox/api/movements").raise_for_status().json()
        signs = {"payment": 1, "charge": 1, "debit": 1, "refund": -1, "payout": -1}
        return sum(
            signs[movement["kind"]] * movement["amount_fen"]
            for movement in answer["movements"]
            if movement["state"] == "SUCCEEDED"
        )

    def set_balance(self, card: str, fen: int) -> None:
        """Top up or spend until the account holds this."""
        self.client.post(
            f"/sandbox/api/accounts/{card}/balance", json={"balance_fen": fen}
        ).raise_for_status()


def command(world: World, *arguments: str) -> str:
    """What a `fenqi` command says when run beside the running product."""
    environment = os.environ | {
        "FENQI_MODE": "demo",
        "FENQI_HOME": str(world.stack.home),
        "DATABASE_URL": world.stack.database_url,
    }
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "fenqi", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@dataclass(kw_only=True)
class World:
    """Everything a step needs: who is who, their browsers, and what earlier steps found out."""

    stack: Stack
    timeline: Timeline
    shopper: Browser
    staff: Browser
    new_browser: Callable[[], Browser]
    sandbox: Sandbox
    phone: str
    contact_phone: str
    card: str
    name: str
    contact_name: str
    id_number: str
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        """The business date, as the running product tells it."""
        answer = httpx.get(f"{self.stack.web_url}/readyz", timeout=10).raise_for_status()
        return datetime.date.fromisoformat(answer.json()["business_date"])

    def note(self, what: str, *, amount_fen: int | None = None, owed_fen: int | None = None) -> None:
        """A line of the timeline, with what the card's account holds now."""
        from fenqi.cli.story.timeline import Moment

        bank = self.sandbox.balance(self.card) if self.known.get("card_bound") else None
        self.timeline.add(
            Moment(on=self.today, what=what, amount_fen=amount_fen, owed_fen=owed_fen, bank_fen=bank)
        )
