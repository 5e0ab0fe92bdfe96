"""At the end: what of the people in the story stands in clear somewhere it need not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from fenqi.cli.story.shopping import EMAIL, STREET
from fenqi.cli.story.world import StoryDiffers, command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fenqi.cli.story.world import World

# What the outside parties keep of what they were told, by the table of their store, and what each has to know.
KNOWN_TO = {
    "account": {"name", "id_number", "phone", "card"},
    "card_check": {"name", "id_number", "phone", "card"},
    "card_token": {"card"},
    "mandate": {"card"},
    "posting": {"card", "phone"},  # a wallet is named by its phone
    "movement": {"card", "phone"},
    "identity_check": {"name", "id_number"},
    "lender_request": {"name", "id_number", "phone"},
    "lender_loan": {"phone"},
    "text": {"phone", "contact_phone", "email"},
}


def nothing_in_clear(world: World) -> None:
    """Nothing of theirs is in clear in the database, in a log, or with a party that need not know it."""
    logs = sorted((world.stack.home / "logs").glob("*.log"))
    said = command(world, "audit", "leaks", *(word for log in logs for word in ("--log", str(log))))
    if "leaks: 0 places" not in said:
        raise StoryDiffers(f"fenqi audit leaks: {said}")
    if "looked for 0 values" in said:
        raise StoryDiffers("fenqi audit leaks had nothing to look for")
    told = {
        f"{table} knows the {fact}"
        for table, text in _kept_outside(world)
        for fact, value in _facts(world).items()
        if value in text and fact not in KNOWN_TO.get(table, set())
    }
    if told:
        raise StoryDiffers(f"outside parties: {', '.join(sorted(told))}")
    world.note("nothing of theirs stands in clear: database, logs, outside parties")


def _facts(world: World) -> dict[str, str]:
    return {
        "name": world.name,
        "id_number": world.id_number,
        "phone": world.phone,
        "card": world.card,
        "contact_name": world.contact_name,
        "contact_phone": world.contact_phone,
        "street": STREET,
        "email": EMAIL,
    }


def _kept_outside(world: World) -> Iterator[tuple[str, str]]:
    """(table, row as text) of everything the outside parties keep."""
    store = world.stack.home / "sandbox.sqlite3"
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names from the store's own schema
                # JSON kept with escapes is read as what it says.
                text = " ".join(map(str, row))
                yield table, text + text.encode().decode("unicode_escape", errors="ignore")


STEPS: list[Callable[[World], None]] = [nothing_in_clear]
