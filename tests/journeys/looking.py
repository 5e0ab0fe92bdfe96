"""What every page on a phone has to keep: nothing sticks out, the keyboard goes down the page, thumbs find the buttons."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

NARROW, USUAL = 360, 390
HEIGHT = 780
# Pictures for whoever works on the pages: FENQI_PICTURES=folder.
PICTURES = os.environ.get("FENQI_PICTURES")

WRONG = """
(() => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth - root.clientWidth > 1) wrong.push(`${root.scrollWidth - root.clientWidth} px too wide`);
  const seen = [...document.querySelectorAll('main a[href], main button, main input, main select, main textarea, main summary')]
    .filter(e => e.type !== 'hidden' && !e.disabled && e.checkVisibility() && !e.closest('details:not([open]) > :not(summary)'));
  if (seen.some(e => e.tabIndex > 0)) wrong.push('a tab index of its own');
  let before = -1;
  for (const e of seen) {
    const box = e.getBoundingClientRect();
    if (box.top < before - box.height - 8) wrong.push(`focus jumps up to ${e.outerHTML.slice(0, 60)}`);
    before = box.top;
  }
  for (const e of document.querySelectorAll('main button, main .button, main select, main input:not([type=checkbox]):not([type=radio]):not([type=hidden]):not([type=file])')) {
    const box = e.getBoundingClientRect();
    if (e.checkVisibility() && !e.disabled && box.height < 43.5 && !e.closest('.small, .cluster')) wrong.push(`${Math.round(box.height)} px high: ${e.outerHTML.slice(0, 60)}`);
  }
  if (document.querySelectorAll('h1').length !== 1) wrong.push(`${document.querySelectorAll('h1').length} headings of the first order`);
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!e.labels?.length && !e.getAttribute('aria-label')) wrong.push(`no label: ${e.outerHTML.slice(0, 60)}`);
  if (!document.documentElement.lang) wrong.push('no language');
  return wrong;
})()
"""


def look_at(page: Page, name: str) -> None:
    """Raises AssertionError with everything that is wrong with the page in front, at the narrowest phone and the usual one."""
    found = []
    for width in (USUAL, NARROW):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found += [f"{name} at {width} px: {wrong}" for wrong in page.evaluate(WRONG)]
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    assert found == [], "\n".join(found)


def words_of(page: Page) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", page.locator("main").inner_text())
