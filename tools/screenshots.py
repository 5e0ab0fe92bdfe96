"""
Take the pictures of docs/pictures: the story in a real browser, stopped where a page is worth showing.

Run as `python tools/screenshots.py [FOLDER]` from the checkout; it starts and stops everything it needs.
"""

from __future__ import annotations

import datetime
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from tests.journeys.chromium import Chromium  # noqa: E402
from tests.support.browser import ARGUMENTS, DESK, PHONE, chromium  # noqa: E402

from fenqi.cli.stack import running  # noqa: E402
from fenqi.cli.story import repaying, shopping  # noqa: E402
from fenqi.cli.story.play import new_world  # noqa: E402
from fenqi.cli.story.timeline import Timeline  # noqa: E402
from fenqi.people import demo_staff, totp  # noqa: E402

BEGINS_ON = datetime.date(2026, 2, 5)


class Album:
    """Where the pictures go; each is taken once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, browser: Chromium, name: str, *, whole: bool = False) -> None:
        browser.tab.wait_for_timeout(300)
        browser.tab.evaluate("window.scrollTo(0, 0)")
        path = self.folder / f"{name}.png"
        browser.tab.screenshot(path=path, full_page=whole)
        with Image.open(path) as shot:  # pages have few colours: a palette is a third of the size
            few = shot.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        print("took", name, flush=True)


def main() -> None:
    album = Album(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
    os.environ |= {"FENQI_MODE": "demo", "FENQI_AUTO_REVIEW": "0"}
    with tempfile.TemporaryDirectory(prefix="fenqi-album-") as home, sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        with running(Path(home), open_on=BEGINS_ON) as stack:

            def browser(screen: str) -> Chromium:
                size = DESK if screen == "desk" else PHONE
                return Chromium(chrome, stack.web_url, size=size, allowed=(stack.web_url,))

            play(album, new_world(stack, Timeline(), browser))
        chrome.close()


def play(album: Album, world) -> None:
    """The way from the shelf to the bills, with a picture where one is wanted."""
    page, staff = world.shopper, world.staff
    album.take(page.open("/"), "home")
    album.take(page.open("/p/qingyu-15/"), "product")
    shopping.fill_the_cart(world)
    album.take(page.open("/cart/"), "cart")
    shopping.go_to_checkout(world)
    album.take(page, "checkout")
    page.submit("checkout-form", button="installments", financed=shopping.phone_lines(page))
    album.take(page, "board")
    shopping.choose_plan(world, lender=shopping.LENDER, term=shopping.TERM)
    shopping.go_on_to(world, "identity-form")
    album.take(page, "identity")
    shopping.prove_identity(world)
    album.take(page, "contact")
    shopping.ask_contact(world)
    approve(album, world)
    shopping.wait_for(page, "form#card-form")
    shopping.bind_card(world)
    album.take(page, "agreement")
    shopping.sign_agreement(world)
    album.take(page, "confirm")
    shopping.confirm_payment(world)
    album.take(page, "bills-first")
    repaying.first_debit(world)
    album.take(page.open(world.known["order"]), "bills", whole=False)
    album.take(page.open(f"{world.known['order']}settle/"), "settle")
    album.take(page.open("/finance/"), "finance")
    album.take(page.open("/finance/credit/"), "credit")
    album.take(page.open("/help/"), "help")
    album.take(staff.open("/ops/books/"), "ops-books")


def approve(album: Album, world) -> None:
    """A reviewer looks at the contact's evidence and approves."""
    staff = world.staff
    staff.open("/ops/")
    member = demo_staff.member("admin")
    code = totp.code_at(member.totp_secret, int(time.time()) // totp.STEP_SECONDS)
    staff.submit("staff-sign-in", name=member.name, password=member.password, totp=code)
    staff.open("/ops/queues/contacts/")
    if not staff.has("form#decision-form"):
        staff.open(staff.link("/ops/queues/contacts/?"))
    album.take(staff, "ops-queue")
    staff.submit("decision-form", button="approve", reason="本人已确认，关系相符")


if __name__ == "__main__":
    main()
