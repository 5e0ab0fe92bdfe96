"""Staff at the door, with both factors, as they come in."""

from __future__ import annotations

from typing import Any

from fenqi.people import demo_staff, totp


def totp_code(name: str) -> str:
    """The demo member's next unspent code: a code opens once, so a second sign-in within the minute takes the next one."""
    from fenqi.people.models import StaffMember
    from fenqi.plumbing import clock

    spent = StaffMember.objects.values_list("totp_last_step", flat=True).get(name=name)
    step = int(clock.wall().timestamp()) // totp.STEP_SECONDS
    return totp.code_at(demo_staff.member(name).totp_secret, max(spent + 1, step - 1))


def typed(name: str) -> dict[str, str]:
    """What a member of the demo's staff types at the door."""
    return {"name": name, "password": demo_staff.member(name).password, "totp": totp_code(name)}


def enter(browser: Any, name: str) -> Any:
    """Sign a member of the demo's staff in; gives the same browser (django.test.Client)."""
    answer = browser.post("/ops/sign-in/", typed(name))
    assert answer.status_code == 302, answer.content.decode()[:500]
    return browser
