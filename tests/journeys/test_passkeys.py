"""Passkeys with a real browser and a device the browser pretends to have: shopper and staff, on small and large screens."""

from __future__ import annotations

import datetime
import re
from urllib.parse import urlsplit

import pytest

from fenqi.jobs import worker
from fenqi.people import queries, seed
from fenqi.plumbing import business_date
from tests.support.browser import DESK, Faults
from tests.support.staff import type_at_door

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE, SMALL = "13800001234", {"width": 360, "height": 740}


@pytest.fixture
def site(chrome, sandbox, live_server, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.PASSKEY_DOMAIN, settings.PASSKEY_ORIGINS = "localhost", [live_server.url]
    business_date.start(datetime.date(2026, 11, 22))
    seed.load()
    opened = []

    def browser(size, language="zh-CN"):
        page = chrome.new_context(viewport=size, locale=language, base_url=live_server.url).new_page()
        page.set_default_timeout(15_000)
        opened.append((page, Faults(page, (live_server.url,))))
        return page

    yield browser
    faults = [fault for _page, heard in opened for fault in heard.found]
    for page, _heard in opened:
        page.context.close()
    # A refusal is shown as a page with status 422, which the browser's console notes.
    assert [fault for fault in faults if "422" not in fault] == []


def device(page, *, verifies=True):
    """A device in the browser; gives (session, id) to look into it."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    return cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def at_hand(cdp, authenticator, *, is_touched):
    """Whether whoever holds the device touches it when it asks, or lets it wait."""
    cdp.send(
        "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": authenticator, "enabled": is_touched}
    )


def text_to(sandbox, phone, pattern):
    worker.drain()
    return [found[1] for text in sandbox.texts(to=phone) if (found := re.search(pattern, text))][-1]


def by_code(page, sandbox):
    page.goto("/sign-in/?next=/me/passkeys/")
    page.get_by_label("手机号").fill(PHONE)
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("短信验证码").fill(text_to(sandbox, PHONE, r"(\d{6})"))
    page.get_by_role("button", name="登录").click()
    arrives(page, "/me/passkeys/")


def arrives(page, path):
    """There, not only named in the address of the page before."""
    page.wait_for_url(lambda url: urlsplit(url).path == path)


def fits(page):
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 1, page.url


def test_a_shopper_adds_one_signs_in_and_confirms_with_it(site, sandbox):
    page = site(SMALL)
    cdp, authenticator = device(page)
    by_code(page, sandbox)
    fits(page)
    page.get_by_label("给它起个名字").fill("口袋里的手机")
    page.get_by_label("给它起个名字").press("Enter")
    page.wait_for_selector('[data-role="passkey"]')
    fits(page)
    assert "口袋里的手机" in page.locator('[data-role="passkey"]').inner_text()
    assert "通行密钥" in text_to(sandbox, PHONE, r"(新增了一个通行密钥)")

    page.goto("/me/")
    page.get_by_role("button", name="退出登录").click()
    at_hand(cdp, authenticator, is_touched=False)
    with page.expect_response("**/sign-in/passkey/question/"):
        page.goto("/sign-in/?next=/me/devices/")
    fits(page)
    page.wait_for_timeout(500)  # the field's offer stands, and the button comes first
    at_hand(cdp, authenticator, is_touched=True)
    page.get_by_role("button", name="用通行密钥登录").focus()
    page.keyboard.press("Enter")
    arrives(page, "/me/devices/")
    assert "用通行密钥登录" in page.content()

    page.goto("/me/confirm/?next=/me/email/")
    fits(page)
    page.get_by_role("button", name="用通行密钥确认").click()
    arrives(page, "/me/email/")

    page.goto("/me/passkeys/")
    page.get_by_role("button", name="在这台设备上添加").click()
    told = page.locator('form#passkey-add [data-role="passkey-problem"]')
    told.filter(has_text="已经添加过").wait_for()
    page.get_by_role("button", name="移除 口袋里的手机").click()
    page.wait_for_selector('[data-role="empty"]')
    assert queries.passkeys(queries.find_borrower_by_phone(PHONE)) == []


def test_the_field_offers_it_too(site, sandbox):
    """Without the button: the browser fills in a passkey as it fills in a phone."""
    page = site(SMALL)
    cdp, authenticator = device(page)
    by_code(page, sandbox)
    page.get_by_role("button", name="在这台设备上添加").click()
    page.wait_for_selector('[data-role="passkey"]')
    page.goto("/me/")
    page.get_by_role("button", name="退出登录").click()

    at_hand(cdp, authenticator, is_touched=False)
    with page.expect_response("**/sign-in/passkey/question/"):
        page.goto("/sign-in/?next=/me/devices/")
    assert page.get_by_label("手机号").get_attribute("autocomplete") == "tel-national webauthn"
    page.get_by_label("手机号").fill(PHONE)  # nothing is in the way of whoever types
    assert page.locator('[data-role="passkey-problem"]').is_hidden()
    at_hand(cdp, authenticator, is_touched=True)
    page.reload()
    arrives(page, "/me/devices/")
    assert "用通行密钥登录" in page.content()


def test_an_offer_is_renewed_before_its_question_is_stale(site, sandbox):
    page = site(SMALL)
    cdp, authenticator = device(page)
    at_hand(cdp, authenticator, is_touched=False)
    page.clock.install()
    asked = []
    page.on("request", lambda request: request.url.endswith("/question/") and asked.append(request.url))
    with page.expect_response("**/sign-in/passkey/question/"):
        page.goto("/sign-in/")
    page.wait_for_timeout(300)
    with page.expect_response("**/sign-in/passkey/question/"):
        page.clock.fast_forward("01:01")
    assert len(asked) == 2
    assert page.locator('[data-role="passkey-problem"]').is_hidden()


def test_a_device_with_nothing_for_us_says_so_and_the_code_still_works(site, sandbox):
    page = site(SMALL)
    device(page)
    page.goto("/sign-in/")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.locator('[data-role="passkey-problem"]').filter(has_text="没有可用的通行密钥").wait_for()
    fits(page)
    by_code(page, sandbox)


def test_a_device_that_does_not_check_who_holds_it_is_not_taken(site, sandbox):
    page = site(SMALL)
    device(page, verifies=False)
    by_code(page, sandbox)
    page.get_by_role("button", name="在这台设备上添加").click()
    page.locator('[data-role="passkey-problem"]').filter(has_text="没有完成").wait_for()
    assert queries.passkeys(queries.find_borrower_by_phone(PHONE)) == []


def test_a_copied_key_whose_counter_goes_back_is_refused(site, sandbox):
    page = site(SMALL)
    cdp, authenticator = device(page)
    by_code(page, sandbox)
    page.get_by_role("button", name="在这台设备上添加").click()
    page.wait_for_selector('[data-role="passkey"]')
    [copy] = cdp.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    page.goto("/me/confirm/?next=/me/email/")
    page.get_by_role("button", name="用通行密钥确认").click()
    arrives(page, "/me/email/")

    cdp.send(
        "WebAuthn.removeCredential", {"authenticatorId": authenticator, "credentialId": copy["credentialId"]}
    )
    cdp.send(
        "WebAuthn.addCredential", {"authenticatorId": authenticator, "credential": copy | {"signCount": 0}}
    )
    page.goto("/me/confirm/?next=/me/email/")
    page.get_by_role("button", name="用通行密钥确认").click()
    page.locator('[data-role="passkey-problem"]').filter(has_text="没有认出").wait_for()
    assert text_to(sandbox, PHONE, r"(可能被复制)")


def test_staff_set_one_up_and_come_in_by_it_alone(site):
    page = site(DESK)
    device(page)
    type_at_door(page, "lin", "/ops/")
    page.wait_for_selector('[data-role="desks"]')
    page.goto("/ops/second-factor/")
    page.get_by_label("给它起个名字").fill("工位")
    page.get_by_role("button", name="添加通行密钥").click()
    codes = page.locator('[data-role="recovery-codes"] code')
    codes.first.wait_for()
    assert codes.count() == 10
    page.goto("/ops/")
    page.get_by_role("button", name="退出").click()
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_selector('[data-role="desks"]')
    assert queries.ways_in("lin").passkeys[0].used_at is not None


def test_the_pages_speak_english_too(site):
    page = site(SMALL, "en-US")
    device(page)
    page.goto("/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.locator('[data-role="passkey-problem"]').filter(has_text="holds no passkey").wait_for()
    fits(page)
