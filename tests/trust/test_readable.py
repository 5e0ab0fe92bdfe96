"""Every page at the narrowest phone, in both languages: nothing sticks out, and what is read is words of that language."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from fenqi.people import demo_staff
from tests.support.browser import tab_of
from tests.support.staff import desk_of
from tests.trust import doors, marked

pytestmark = [pytest.mark.browser, pytest.mark.puts_in_clear]

NARROW = {"width": 360, "height": 780}
NO_PAGES = {"/help/chat/messages/"}  # a part of one
# What people, banks and colleagues are called and what somebody wrote: it stays as it is in any language.
WRITTEN = {
    *(marked.NAME, marked.CONTACT_NAME, marked.RECIPIENT, marked.STREET, marked.SAID, marked.DISPUTED),
    *(member.shown_name for member in demo_staff.MEMBERS),
    *("我的手机", "云汉银行", "北京市", "朝阳区", "手环"),
    *("忘记密码", "核对", "核实", "已核实", "付款人备注"),
}
HAN = re.compile(r"[\u3400-\u9fff]")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}")
CODE = re.compile(r"\b(?:[a-z]+_[a-z_]+|None|True|False)\b")

LOOK = """
() => {
  const root = document.documentElement, wrong = [], text = [];
  document.querySelectorAll('details').forEach(one => one.open = true);
  if (root.scrollWidth - root.clientWidth > 1) wrong.push(`${root.scrollWidth - root.clientWidth} px too wide`);
  if ([...document.querySelectorAll('[tabindex]')].some(one => one.tabIndex > 0)) wrong.push('an order of its own for the keyboard');
  if (document.querySelectorAll('h1').length !== 1) wrong.push(`${document.querySelectorAll('h1').length} headings of the first order`);
  for (const one of document.querySelectorAll('input:not([type=hidden], [hidden]), select, textarea'))
    if (!one.labels?.length && !one.getAttribute('aria-label')) wrong.push(`no label: ${one.outerHTML.slice(0, 60)}`);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const by = walk.currentNode.parentElement, own = by.closest('[lang]').lang;
    if (own === root.lang && by.checkVisibility() && walk.currentNode.data.trim()) text.push(walk.currentNode.data.trim());
  }
  return [wrong, text];
}
"""


def unwritten(text: str) -> str:
    """A text without what people wrote; a masked name keeps its first character."""
    for said in sorted(WRITTEN, key=len, reverse=True):
        text = text.replace(said, "")
    return re.sub(r"[\u3400-\u9fff]\*+", "", text)


def problems(tab, *, is_english: bool) -> list[str]:
    wrong, texts = tab.evaluate(LOOK)
    for text in texts:
        if UUID.search(text):
            wrong.append(f"a key: {text[:60]}")
        if CODE.search(text):
            wrong.append(f"a code: {text[:60]}")
        if is_english and HAN.search(unwritten(text)):
            wrong.append(f"Chinese: {text[:60]}")
    return wrong


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_reads_well_on_a_narrow_phone(a, chrome, live_server, language):
    console = [address for listed in doors.STAFF.values() for address, _allowed in listed]
    visits = (
        (a.browser, [*doors.OWN.values(), *doors.PERSONAL.values()]),
        (Client(), [*doors.OPEN.values(), *doors.KEY.values()]),
        (desk_of("admin"), console),
    )
    wrong, seen = [], 0
    for client, addresses in visits:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        tab = tab_of(chrome, live_server.url, client, viewport=NARROW)
        for address in addresses:
            place = address.format(**a.names, payment=a.names["reference"])
            answer = client.get(place)
            if answer.status_code != 200 or "text/html" not in answer["Content-Type"] or address in NO_PAGES:
                continue  # a file, a door for forms only, or the way to a page that is seen anyhow
            tab.goto(place, wait_until="load")
            seen += 1
            wrong += [f"{place}: {one}" for one in problems(tab, is_english=language == "en")]
        tab.context.close()
    assert wrong == []
    assert seen > 90
