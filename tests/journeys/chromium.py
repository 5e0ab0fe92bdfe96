"""The story's browser, once more, as a real Chromium at a phone's size: same words, real taps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup

from fenqi.cli.story import browser as plain
from fenqi.cli.story.browser import NotOnThePage
from tests.support.browser import PHONE, Faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chrome
    from playwright.sync_api import Locator, Response, ViewportSize


class Chromium(plain.Browser):
    """Reads the page as it is rendered; types, ticks and taps as a thumb would."""

    def __init__(
        self,
        chrome: Chrome,
        base_url: str,
        *,
        allowed: tuple[str, ...],
        size: ViewportSize = PHONE,
    ) -> None:
        self.base_url = base_url
        self.context = chrome.new_context(
            base_url=base_url, viewport=size, locale="zh-CN", has_touch=size == PHONE, is_mobile=size == PHONE
        )
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(20_000)
        self.faults = Faults(self.tab, allowed)
        self.url, self.status, self.content = base_url, 0, b""
        self.page = BeautifulSoup("", "html.parser")

    def close(self) -> None:
        self.context.close()

    def open(self, address: str, *, expect: int = 200) -> Chromium:
        return self._read(self.tab.goto(urljoin(self.url, address)), expect)

    def fetch(self, address: str) -> bytes:
        return self.context.request.get(urljoin(self.url, address)).body()

    def _read(self, response: Response | None, expect: int | None) -> Chromium:
        self.tab.wait_for_load_state()
        self.url = self.tab.url
        self.status = response.status if response is not None else 200
        self.page = BeautifulSoup(self.tab.content(), "html.parser")
        answered = response is not None and response.request.redirected_from is None
        if answered and expect is not None and self.status != expect:
            raise NotOnThePage(f"{self.path} answered {self.status}: {self.text[:400]}")
        self._fits()
        return self

    def _fits(self) -> None:
        """Nothing sticks out sideways on a phone."""
        wide = self.tab.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 1 and "/ops/" not in self.url:
            raise NotOnThePage(f"{self.path} is {wide} px wider than the phone")

    def submit(
        self,
        form_id: str,
        *,
        button: str | None = None,
        files: Any = None,
        expect: int | None = 200,
        **typed: Any,
    ) -> Chromium:
        form = self.tab.locator(f"form#{form_id}")
        if form.count() == 0:
            raise NotOnThePage(f"{self.path} has no form#{form_id}: {self.text[:600]}")
        for name, value in typed.items():
            self._type(form, name, value)
        press = self._button(form, form_id, button)
        with self.tab.expect_navigation(wait_until="load") as navigation:
            press.click()
        return self._read(navigation.value, expect)

    def _button(self, form: Locator, form_id: str, button: str | None) -> Locator:
        own = form.locator("button:not([type=button]), input[type=submit]").or_(
            self.tab.locator(f'button[form="{form_id}"]')
        )
        if button is not None:
            named = own.and_(self.tab.locator(f'[value="{button}"]'))
            return named.first if named.count() else own.filter(has_text=button).first
        return own.and_(self.tab.locator(":visible")).first

    def _type(self, form: Locator, name: str, value: Any) -> None:
        for folded in form.locator(f"details:not([open]):has([name='{name}']) > summary").all():
            folded.click()
        controls = form.locator(f"[name='{name}']")
        if controls.count() == 0:
            raise NotOnThePage(f"{self.path} has no field {name}")
        kind = controls.first.evaluate("c => c.tagName === 'SELECT' ? 'select' : c.type")
        if kind == "select":
            controls.first.select_option(value)
        elif kind in {"checkbox", "radio"}:
            wanted = value if isinstance(value, list) else [value]
            for control in controls.all():
                is_wanted = control.get_attribute("value") in wanted or (
                    value == "on" and controls.count() == 1
                )
                if is_wanted:
                    control.check(force=True)
                elif kind == "checkbox":
                    control.uncheck(force=True)
        elif kind != "hidden":
            controls.first.fill(str(value))
