"""A real Chromium at a phone's size, driven by Playwright; pages must keep their promises in it."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from django.test import Client
    from playwright.sync_api import Browser, Page

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Where the system's Chromium is; a missing one fails, it does not skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError("the browser tests need Chromium: run tools/browser.sh")


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """One browser for the run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        loop = asyncio._get_running_loop()
        yield browser
        asyncio._set_running_loop(loop)  # the last test may have been one without a browser
        browser.close()


def tab_of(chrome: Browser, url: str, client: Client, **how: Any) -> Page:
    """A tab that is signed in as a test client is; `how` goes to the browser (a size, a language). Close its context."""
    context = chrome.new_context(**{"viewport": PHONE, "locale": "zh-CN", "base_url": url, **how})
    host = urlsplit(url).hostname
    context.add_cookies(
        [
            {"name": name, "value": one.value, "domain": host, "path": "/"}
            for name, one in client.cookies.items()
        ]
    )
    return context.new_page()


class Faults:
    """What a person would not see but must not happen: script errors, broken resources, requests to strangers."""

    def __init__(self, page: Page, allowed: tuple[str, ...]) -> None:
        self.found: list[str] = []
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("console", lambda said: said.type == "error" and self.found.append(f"console: {said.text}"))
        page.on(
            "request",
            lambda request: (
                request.url.startswith((*allowed, "data:", "blob:"))
                or self.found.append(f"request to another host: {request.url}")
            ),
        )


@contextmanager
def without_loop() -> Iterator[None]:
    """
    Playwright keeps a loop marked as running in this thread for the rest of the run; what signs a document starts its own.

    Nothing of the browser may be used inside.
    """
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Function) -> Generator[None, object, object]:
    """
    Tests without a browser run as if there never was one, from before their database is opened until it is put back.

    Django keeps one connection for a thread and another for a loop in it: were the loop put away only after the test's
    transaction has begun, the test would work on the other connection, and what it writes would stay.
    """
    if "chrome" in item.fixturenames:
        return (yield)
    with without_loop():
        return (yield)
