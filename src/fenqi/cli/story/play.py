"""Play the story from its first step to its last on a running stack."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from fenqi.cli.story import afterwards, privacy, repaying, shopping
from fenqi.cli.story.browser import Browser
from fenqi.cli.story.world import Sandbox, StoryDiffers, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.cli.stack import Stack
    from fenqi.cli.story.timeline import Timeline

STEPS: list[Callable[[World], None]] = [*shopping.STEPS, *repaying.STEPS, *afterwards.STEPS, *privacy.STEPS]

# Played from this many days ago, the story ends about today.
BEGINS_DAYS_AGO = 290


def first_day(today: datetime.date) -> datetime.date:
    """The business date the story begins on."""
    return today - datetime.timedelta(days=BEGINS_DAYS_AGO)


def new_world(stack: Stack, timeline: Timeline, new_browser: Callable[[str], Browser] | None = None) -> World:
    """The people of the story. Numbers are made up and pass every check digit."""
    make = new_browser or (lambda _screen: Browser(stack.web_url))
    return World(
        stack=stack,
        timeline=timeline,
        shopper=make("phone"),
        staff=make("desk"),
        new_browser=lambda: make("phone"),
        sandbox=Sandbox(stack.sandbox_url),
        phone="13800138000",
        contact_phone="13900139000",
        card="6217000010001234569",
        name="王小明",
        contact_name="李阿姨",
        id_number="110105199003077577",
    )


def play_story(
    stack: Stack,
    timeline: Timeline,
    *,
    on_step: Callable[[str], None],
    new_browser: Callable[[str], Browser] | None = None,
) -> dict[str, object]:
    """
    Every step in order. Gives what a visitor wants to know afterwards: phones and cards to go on with.

    Raises: StoryDiffers, naming the step.
    """
    world = new_world(stack, timeline, new_browser)
    try:
        for number, step in enumerate(STEPS, 1):
            title = (step.__doc__ or step.__name__).strip().splitlines()[0]
            on_step(title)
            try:
                step(world)
            except AssertionError as e:
                raise StoryDiffers(f"step {number} ({step.__name__}): {e}") from e
            stack.check()
    finally:
        world.shopper.close()
        world.staff.close()
        world.sandbox.close()
    return {
        "shopper's phone": world.phone,
        "first contact's phone": world.contact_phone,
        "bank card": world.card,
        "staff": "admin / fenqi-demo, codes at /sandbox/authenticator/",
        "business date": world.today.isoformat(),
    }
