"""Staff at the door, with both factors, as they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.test import Client

from fenqi.people import demo_staff, totp

if TYPE_CHECKING:
    from playwright.sync_api import Page


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


def desk_of(name: str) -> Client:
    """A browser of theirs, signed in."""
    return enter(Client(), name)


def type_at_door(page: Page, name: str, place: str) -> None:
    """Sign them in on the way to a place, in a tab of a real browser."""
    page.goto(place)
    sent = typed(name)
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(sent["password"])
    page.get_by_label("动态码").fill(sent["totp"])
    page.get_by_role("button", name="登录", exact=True).click()
