"""The staff's side of the story: coming in with both factors."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fenqi.cli.story.world import until
from fenqi.people import demo_staff, totp

if TYPE_CHECKING:
    from fenqi.cli.story.browser import Browser
    from fenqi.cli.story.world import World

MANAGER = "admin"


def at_desk(world: World) -> Browser:
    """The manager's browser at the console, signed in; a code used before is refused, the next one is not."""
    desk = world.staff.open("/ops/")

    def inside() -> bool:
        if desk.has("form#staff-sign-in"):
            member = demo_staff.member(MANAGER)
            code = totp.code_at(member.totp_secret, int(time.time()) // totp.STEP_SECONDS)
            desk.submit("staff-sign-in", name=member.name, password=member.password, totp=code, expect=None)
        return not desk.has("form#staff-sign-in")

    until("the manager is at the desk", inside)
    return desk.open("/ops/")
