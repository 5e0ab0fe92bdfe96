"""Applicant, contact and reviewer in three browsers, the outside parties over HTTP: who says what, and who learns what."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from fenqi.jobs import worker
from fenqi.people import queries, seed
from fenqi.people.id_number import check_character
from fenqi.plumbing import audit, business_date
from tests.support.browser import PHONE as SCREEN
from tests.support.browser import Faults
from tests.support.staff import totp_code

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

APPLICANT, OTHER_APPLICANT, CONTACT = "13800001234", "13800004321", "13900005678"


@pytest.fixture
def people(chrome, sandbox, live_server, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    business_date.start(datetime.date(2026, 11, 22))
    seed.load()
    everybody = People(chrome, sandbox, live_server.url)
    yield everybody
    # An open browser keeps its connection, and that the server's thread with its session at the database.
    for page in everybody.pages:
        page.context.close()


class People:
    """Somebody's browser each, and the phones their texts arrive on."""

    def __init__(self, chrome, sandbox, url):
        self.chrome, self.sandbox, self.url = chrome, sandbox, url
        self.faults: list[Faults] = []
        self.pages: list[Page] = []

    def browser(self, size=None):
        page = self.chrome.new_context(viewport=size or SCREEN, locale="zh-CN", base_url=self.url).new_page()
        self.faults.append(Faults(page, (self.url,)))
        self.pages.append(page)
        return page

    def text_to(self, phone, pattern):
        worker.drain()
        found = [re.search(pattern, text) for text in self.sandbox.texts(to=phone)]
        return [match[1] for match in found if match][-1]

    def applicant(self, phone, sequence):
        """A browser whose owner signed in and passed the real-name check."""
        page = self.browser()
        page.goto("/sign-in/?next=/checkout/identity/")
        page.get_by_label("手机号").fill(phone)
        page.get_by_role("button", name="获取验证码").click()
        page.get_by_label("短信验证码").fill(self.text_to(phone, r"(\d{6})"))
        page.get_by_role("button", name="登录").click()
        first_17 = f"11010519900307{sequence}"
        page.get_by_label("真实姓名").fill("阿不都热依木·买买提江")
        page.get_by_label("身份证号").fill(first_17 + check_character(first_17))
        page.get_by_label("证件有效期至").fill("2036-05-01")
        page.get_by_label("不是").check()
        for name in ("identity", "face", "lender_sharing", "bureau_query", "bureau_reporting"):
            page.locator(f"#id_agree_{name}").check()
        page.get_by_role("button", name="提交认证").click()
        page.wait_for_url("**/me/")
        return page

    def name(self, page, phone):
        """Name the contact; their phone's link."""
        page.goto("/checkout/contact/")
        page.get_by_label("联系人姓名").fill("李芳")
        page.get_by_label("与您的关系").select_option(label="配偶")
        page.get_by_label("联系人手机号").fill(phone)
        page.locator("#id_confirm").check()
        page.get_by_role("button", name="发送确认短信").click()
        page.wait_for_selector('[data-role="contact-state"][data-state="invited"]')
        return self.text_to(phone, r"(/contact/[\w-]+/)")

    def answer(self, link, button):
        page = self.browser()
        page.goto(link)
        page.get_by_role("button", name=button).click()
        page.wait_for_selector('[data-role="contact-answered"]')
        return page


def test_a_contact_accepts_a_reviewer_approves_and_the_contact_leaves(people):
    applicant = people.applicant(APPLICANT, "759")
    link = people.name(applicant, CONTACT)
    contact = people.answer(link, "同意")

    reviewer = people.browser({"width": 1280, "height": 800})
    reviewer.goto("/ops/queues/contacts/")
    reviewer.get_by_label("账号").fill("lin")
    reviewer.get_by_label("密码").fill("review-the-demo")
    reviewer.get_by_label("动态码").fill(totp_code("lin"))
    reviewer.get_by_role("button", name="登录").click()
    reviewer.wait_for_selector('[data-role="evidence"]')
    assert CONTACT not in reviewer.content()
    reviewer.keyboard.press("a")
    reviewer.keyboard.press("Escape")
    reviewer.keyboard.press("a")
    reviewer.wait_for_selector('[data-role="empty"]')

    applicant.goto("/checkout/contact/")
    assert applicant.url.endswith("/me/")
    borrower_id = queries.find_borrower_by_phone(APPLICANT)
    assert queries.contact_state(borrower_id) == "approved"

    contact.reload()
    contact.get_by_role("button", name="撤回同意").click()
    contact.wait_for_selector('[data-state="withdrawn"]')
    applicant.goto("/checkout/contact/")
    told = applicant.locator('[data-role="contact-not-confirmed"]').inner_text()
    assert "未能确认" in told
    assert "撤回" not in told
    assert audit.verify() is None
    assert [fault.found for fault in people.faults if fault.found] == []


def test_a_stranger_says_so_and_the_next_reviewer_knows(people):
    first = people.applicant(APPLICANT, "759")
    stranger = people.answer(people.name(first, CONTACT), "我不认识此人")
    assert "已停止使用您的信息" in stranger.content()
    first.goto("/checkout/contact/")
    assert "不认识" not in first.content()

    second = people.applicant(OTHER_APPLICANT, "768")
    link = people.name(second, CONTACT)
    people.answer(link, "同意")
    row = queries.contact_queue()[0]
    file = queries.contact_file(borrower_id=row.borrower_id, contact_id=UUID(row.id))
    assert (file.named_by_others, file.reported_by) == (1, 1)


def test_the_identity_party_is_down_and_comes_back(people):
    people.sandbox.fault("identity", "outage")
    page = people.browser()
    page.goto("/sign-in/?next=/checkout/identity/")
    page.get_by_label("手机号").fill(APPLICANT)
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("短信验证码").fill(people.text_to(APPLICANT, r"(\d{6})"))
    page.get_by_role("button", name="登录").click()
    page.get_by_label("真实姓名").fill("王小明")
    page.get_by_label("身份证号").fill("11010519491231002X")
    page.get_by_label("长期有效").check()
    page.get_by_label("不是").check()
    for name in ("identity", "face", "lender_sharing", "bureau_query", "bureau_reporting"):
        page.locator(f"#id_agree_{name}").check()
    page.get_by_role("button", name="提交认证").click()
    page.wait_for_selector('[data-role="identity-state"][data-state="retry"]')
    people.sandbox.heal("identity", "outage")
    page.get_by_role("button", name="再试一次").click()
    page.wait_for_url("**/me/")
    assert queries.person(queries.find_borrower_by_phone(APPLICANT)).is_identified
