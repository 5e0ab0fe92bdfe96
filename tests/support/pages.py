"""What comes back to a browser, read; and a browser whose proof is no longer fresh."""

from __future__ import annotations

import csv
import io
from typing import Any

from bs4 import BeautifulSoup

LONG_AGO = "2020-01-01T00:00:00+00:00"


def soup(response: Any) -> BeautifulSoup:
    """The page of an answer, whatever its status."""
    return BeautifulSoup(response.content, "html.parser")


def page_of(response: Any) -> BeautifulSoup:
    """The page that was asked for; anything but it fails."""
    assert response.status_code == 200, response.content.decode()[:500]
    return soup(response)


def csv_rows(response: Any) -> list[dict[str, str]]:
    """The lines of a file of figures."""
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def make_stale(browser: Any) -> None:
    """The last proof of who sits there is long past: what matters asks for another one."""
    session = browser.session
    session["signed_in_at"] = LONG_AGO
    session.pop("step_up_at", None)
    session.save()
