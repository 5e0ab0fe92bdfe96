"""A browser for the story: pages, links and forms over HTTP, nothing a shopper could not do."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from bs4 import BeautifulSoup, Tag


class NotOnThePage(AssertionError):
    """What the story looks for is not there; says what the page shows instead."""


class Browser:
    """One person's browser: cookies, the page in front of them, the forms on it."""

    def __init__(self, base_url: str, *, language: str = "zh-hans") -> None:
        self.client = httpx.Client(
            base_url=base_url, follow_redirects=True, timeout=60, headers={"Accept-Language": language}
        )
        self.url = base_url
        self.status = 0
        self.page = BeautifulSoup("", "html.parser")
        self.content = b""

    def close(self) -> None:
        self.client.close()

    def open(self, address: str, *, expect: int = 200) -> Browser:
        """Go to an address (relative to the page in front)."""
        return self._show(self.client.get(urljoin(self.url, address)), expect)

    def _show(self, response: httpx.Response, expect: int | None) -> Browser:
        self.url, self.status, self.content = str(response.url), response.status_code, response.content
        if "html" in response.headers.get("content-type", ""):
            self.page = BeautifulSoup(response.text, "html.parser")
        if expect is not None and response.status_code != expect:
            raise NotOnThePage(f"{self.path} answered {response.status_code}: {self.text[:400]}")
        return self

    def fetch(self, address: str) -> bytes:
        """What a link leads to, without leaving the page: a PDF, a calendar."""
        return self.client.get(urljoin(self.url, address)).raise_for_status().content

    def link(self, words: str) -> str:
        """The address of the link that says `words` or carries them in its address. Raises: NotOnThePage."""
        for link in self.page.find_all("a", href=True):
            if words in link.get_text(" ", strip=True) or words in str(link["href"]):
                return str(link["href"])
        raise NotOnThePage(f"{self.path} has no link {words!r}: {self.text[:600]}")

    @property
    def path(self) -> str:
        """Where we are, without the host."""
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        """What a person reads."""
        main = self.page.find("main") or self.page
        return " ".join(main.get_text(" ", strip=True).split())

    def sees(self, *words: str) -> None:
        """Raises: NotOnThePage if one of the words is missing."""
        for word in words:
            if word not in self.text:
                raise NotOnThePage(f"{self.path} does not show {word!r}: {self.text[:600]}")

    def find(self, selector: str) -> Tag:
        """The first element of a CSS selector. Raises: NotOnThePage."""
        found = self.page.select_one(selector)
        if found is None:
            raise NotOnThePage(f"{self.path} has no {selector}: {self.text[:600]}")
        return found

    def has(self, selector: str) -> bool:
        return self.page.select_one(selector) is not None

    def fen(self, role: str) -> int:
        """The figure shown under `data-role`, in fen."""
        return int(str(self.find(f'[data-role="{role}"][data-fen]')["data-fen"]))

    def follow(self, words: str) -> Browser:
        """Tap the link that says `words` or carries them in its address."""
        return self.open(self.link(words))

    def box(self, name: str) -> str:
        """What ticking the box `name` would send."""
        return str(self.find(f'input[name="{name}"]').get("value", "on"))

    def fields(self, form: Tag) -> dict[str, Any]:
        """What the browser would send if nothing were typed."""
        values: dict[str, Any] = {}
        for control in form.select("input[name], select[name], textarea[name]"):
            name, kind = str(control["name"]), control.get("type", "text")
            if control.name == "select":
                chosen = control.select_one("option[selected]") or control.select_one("option")
                values[name] = chosen.get("value", "") if chosen else ""
            elif control.name == "textarea":
                values[name] = control.get_text()
            elif kind in {"checkbox", "radio"}:
                if control.has_attr("checked"):
                    values.setdefault(name, [])
                    values[name].append(control.get("value", "on"))
            elif kind not in {"file", "submit", "button"}:
                values[name] = control.get("value", "")
        return {
            name: value[0] if isinstance(value, list) and len(value) == 1 else value
            for name, value in values.items()
        }

    def submit(
        self,
        form_id: str,
        *,
        button: str | None = None,
        files: Any = None,
        expect: int | None = 200,
        **typed: Any,
    ) -> Browser:
        """
        Fill in and send the form `#form_id`; `button` presses the submit button with that value or words.

        A list as a value ticks several boxes; None leaves a field out. `expect=None` takes any answer.
        """
        form = self.find(f"form#{form_id}")
        values = self.fields(form) | typed
        buttons = form.select("button, input[type=submit]") + self.page.select(f'button[form="{form_id}"]')
        for candidate in buttons:
            if candidate.get("name") and (
                button is None or button in {candidate.get("value"), candidate.get_text(" ", strip=True)}
            ):
                if button is not None:
                    values[str(candidate["name"])] = candidate.get("value", "")
                break
        values = {name: value for name, value in values.items() if value is not None}
        action = urljoin(self.url, str(form.get("action") or self.url))
        if str(form.get("method", "get")).lower() == "get":
            return self._show(self.client.get(action, params=values), expect)
        headers = {"Referer": self.url, "Origin": "{0.scheme}://{0.netloc}".format(urlsplit(self.url))}
        return self._show(self.client.post(action, data=values, files=files, headers=headers), expect)
