"""A phone left unlocked: what moves money asks once more who holds it, gives back what was typed, and happens once."""

from __future__ import annotations

import datetime
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session

from fenqi.jobs import worker
from fenqi.payments import queries as payments
from fenqi.people import queries as people
from fenqi.people.models import SignInCode
from fenqi.plumbing import clock
from fenqi.standby import services as standby
from fenqi.standby.models import StandbyDraw
from tests.journeys.looking import look_at
from tests.journeys.test_passkeys import arrives, device
from tests.support.browser import Faults
from tests.support.pages import LONG_AGO
from tests.support.sandbox import CARDS
from tests.web import finance_cases as case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, SMALL = "13800001234", {"width": 360, "height": 740}
WAYS = ("code", "passkey")
# What a bad connection makes of one tap.
SENT_TWICE = """
(() => {
  const form = document.querySelector('#standby-draw-confirm');
  const send = () => fetch(form.action, {method: 'POST', body: new FormData(form)});
  return Promise.all([send(), send()]).then(answers => answers.map(answer => answer.status));
})()
"""


@pytest.fixture
def borrower(settings, sandbox, live_server):
    """Somebody with two cards, nothing on them, and a standby line; texts go to the sandbox's phone."""
    ports = settings.FENQI_PORTS
    case.open_shop(settings, with_sandbox=True)
    borrower_id = case.a_person(PHONE, card=CARDS[0])
    SignInCode.objects.update(sent_at=clock.wall() - datetime.timedelta(minutes=10))  # one code a minute
    case.a_card(borrower_id, CARDS[1], PHONE)
    SignInCode.objects.update(sent_at=clock.wall() - datetime.timedelta(minutes=10))
    for card in CARDS[:2]:
        sandbox.set_balance(card, 0)
    standby.apply(borrower_id=borrower_id, agrees=True, on=case.TODAY, evidence={})
    settings.FENQI_PORTS = {**settings.FENQI_PORTS, "texts": ports["texts"]}
    settings.PASSKEY_DOMAIN, settings.PASSKEY_ORIGINS = "localhost", [live_server.url]
    return borrower_id


@pytest.fixture
def page(chrome, live_server):
    page = chrome.new_context(viewport=SMALL, locale="zh-CN", base_url=live_server.url).new_page()
    page.set_default_timeout(15_000)
    faults = Faults(page, (live_server.url,))
    yield page
    page.context.close()
    assert [
        fault for fault in faults.found if "422" not in fault
    ] == []  # a refusal is a page with that status


@pytest.fixture
def phone(sandbox):
    """The newest code that came to the phone."""

    def newest():
        worker.drain()
        return [found[1] for text in sandbox.texts(to=PHONE) if (found := re.search(r"(\d{6})", text))][-1]

    return newest


def sign_in(page, phone, *, with_passkey):
    if with_passkey:
        device(page)
    page.goto("/sign-in/?next=/me/passkeys/")
    page.get_by_label("手机号").fill(PHONE)
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("短信验证码").fill(phone())
    page.get_by_role("button", name="登录").click()
    arrives(page, "/me/passkeys/")
    if with_passkey:
        page.get_by_role("button", name="在这台设备上添加").click()
        page.wait_for_selector('[data-role="passkey"]')


def let_the_proof_grow_old():
    for session in Session.objects.all():
        facts = session.get_decoded() | {"signed_in_at": LONG_AGO}
        facts.pop("step_up_at", None)
        session.session_data = Session.objects.encode(facts)
        session.save()


def prove(page, phone, way):
    """On the page that asks who it is."""
    arrives(page, "/me/confirm/")
    look_at(page, f"step-up-{way}")
    page.set_viewport_size(SMALL)
    if way == "passkey":
        page.get_by_role("button", name="用通行密钥确认").click()
        return
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("短信验证码").fill(phone())
    page.get_by_role("button", name="确认", exact=True).click()


@pytest.mark.parametrize("way", WAYS)
def test_a_draw_of_standby_cash(borrower, page, phone, sandbox, way):
    sign_in(page, phone, with_passkey=way == "passkey")
    before = sandbox.balance(CARDS[1])
    page.goto("/finance/standby/draw/")
    page.get_by_label("支用金额（元）").fill("1000")
    page.locator('input[name="installments"]').nth(1).check()
    months = page.locator('input[name="installments"]:checked').input_value()
    page.get_by_role("button", name="看要付多少").click()
    page.wait_for_selector("#standby-draw-confirm")
    page.locator('#standby-draw-confirm input[name="method"]').nth(1).check()
    let_the_proof_grow_old()
    page.get_by_role("button", name=re.compile("确认支用")).click()

    prove(page, phone, way)
    arrives(page, "/finance/standby/draw/")
    assert StandbyDraw.objects.count() == 0  # back on the page, nothing has left yet
    assert page.get_by_label("支用金额（元）").input_value() == "1000"
    assert page.locator('#standby-draw input[name="installments"]:checked').input_value() == months
    chosen = page.locator('#standby-draw-confirm input[name="method"]:checked')
    assert (
        chosen.input_value()
        == page.locator('#standby-draw-confirm input[name="method"]').nth(1).input_value()
    )
    look_at(page, f"draw-again-{way}")
    page.evaluate(SENT_TWICE)
    page.get_by_role("button", name=re.compile("确认支用")).click()
    page.wait_for_url(re.compile(r"/finance/standby/draws?/[\w-]{36}/"))

    (draw,) = StandbyDraw.objects.all()
    assert draw.installments == int(months)
    assert sandbox.balance(CARDS[1]) == before + 100_000


@pytest.mark.parametrize("way", WAYS)
def test_another_card_for_automatic_repayment(borrower, page, phone, way):
    first, second = people.cards(borrower)
    sign_in(page, phone, with_passkey=way == "passkey")
    page.goto("/finance/account/autopay/")
    page.get_by_label("打开自动还款").check()
    page.locator(f'input[name="card"][value="{first.id}"]').check()
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("text=自动还款已打开")
    let_the_proof_grow_old()
    page.locator(f'input[name="card"][value="{second.id}"]').check()
    page.get_by_role("button", name="保存").click()

    prove(page, phone, way)
    arrives(page, "/finance/account/autopay/")
    assert payments.autopay(borrower).card_id == first.id  # confirming who one is changes nothing by itself
    assert page.locator('input[name="card"]:checked').input_value() == str(second.id)
    assert page.get_by_label("打开自动还款").is_checked()
    assert page.locator('[data-role="unsaved"]').is_visible()
    look_at(page, f"autopay-again-{way}")
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("text=自动还款已打开")
    assert payments.autopay(borrower).card_id == second.id
    assert page.locator('[data-role="unsaved"]').count() == 0


def test_a_wrong_code_moves_nothing_and_keeps_the_way_back(borrower, page, phone):
    sign_in(page, phone, with_passkey=False)
    let_the_proof_grow_old()
    page.goto("/finance/standby/draw/?amount=1000&installments=3")
    arrives(page, "/me/confirm/")
    page.get_by_role("button", name="获取验证码").click()
    right = phone()
    page.get_by_label("短信验证码").fill(f"{(int(right) + 1) % 10**6:06d}")
    with page.expect_response(lambda answer: answer.status == 422):
        page.get_by_role("button", name="确认", exact=True).click()
    page.get_by_label("短信验证码").fill(right)
    page.get_by_role("button", name="确认", exact=True).click()
    arrives(page, "/finance/standby/draw/")
    assert parse_qs(urlsplit(page.url).query) == {"amount": ["1000"], "installments": ["3"]}
    assert StandbyDraw.objects.count() == 0
