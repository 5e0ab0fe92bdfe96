"""Applicant, contact and reviewer in three browsers, the outside parties over HTTP: who says what, and who learns what."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session

from fenqi.jobs import worker
from fenqi.people import queries, seed
from fenqi.people.id_number import check_character
from fenqi.plumbing import audit, business_date, rule_data
from tests.journeys.looking import look_at, words_of
from tests.support.browser import DESK, Faults
from tests.support.browser import PHONE as SCREEN
from tests.support.staff import type_at_door

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

APPLICANT, OTHER_APPLICANT = "13800001234", "13800004321"
CONTACT, OTHER_CONTACT = "13900005678", "13900008765"
NAMES = ("赵一一", "孙二二", "周三三")


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

    def let_time_pass(self, *, minutes):
        """Every signed-in browser was confirmed this long ago."""
        for session in Session.objects.all():
            facts = session.get_decoded()
            for key in ("signed_in_at", "step_up_at"):
                if key in facts:
                    then = datetime.datetime.fromisoformat(facts[key])
                    facts[key] = (then - datetime.timedelta(minutes=minutes)).isoformat()
            session.session_data = Session.objects.encode(facts)
            session.save()

    def fill_contact(self, page, name, phone):
        """Name somebody on the page in front and send it."""
        page.get_by_label("联系人姓名").fill(name)
        page.get_by_label("与您的关系").select_option(label="配偶")
        page.get_by_label("联系人手机号").fill(phone)
        page.locator("#id_confirm").check()
        page.get_by_role("button", name="发送确认短信").click()

    def applicant(self, phone, sequence, *, name="阿不都热依木·买买提江"):
        """A browser whose owner signed in and passed the real-name check."""
        page = self.browser()
        page.goto("/sign-in/?next=/checkout/identity/")
        page.get_by_label("手机号").fill(phone)
        page.get_by_role("button", name="获取验证码").click()
        page.get_by_label("短信验证码").fill(self.text_to(phone, r"(\d{6})"))
        page.get_by_role("button", name="登录").click()
        first_17 = f"11010519900307{sequence}"
        look_at(page, "identity")
        page.get_by_label("真实姓名").fill(name)
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
        look_at(page, "contact")
        self.fill_contact(page, "李芳", phone)
        page.wait_for_selector('[data-role="contact-state"][data-state="invited"]')
        look_at(page, "contact-wait")
        return self.text_to(phone, r"(/contact/[\w-]+/)")

    def answer(self, link, button):
        page = self.browser({"width": 360, "height": 780})
        page.goto(link)
        look_at(page, "contact-asked")
        page.get_by_role("button", name=button).click()
        page.wait_for_selector('[data-role="contact-answered"]')
        look_at(page, f"contact-{page.locator('[data-role=contact-page]').get_attribute('data-state')}")
        return page

    def is_fine(self):
        """No script failed, nothing was fetched elsewhere, nothing broke the content policy; the trail is whole."""
        answered_422 = "the server responded with a status of 422"  # bad input, said at the field
        found = [one for fault in self.faults for one in fault.found if answered_422 not in one]
        assert found == []
        assert audit.verify() is None


def actions(*, borrower_id):
    """What the audit trail says of a person, oldest first: (action, reason)."""
    return [(one.action, one.reason) for one in reversed(audit.trail(subject=f"account:{borrower_id}"))]


# What an applicant never reads about a contact: that somebody refused, withdrew, or does not know them.
TOO_MUCH = ("拒绝", "撤回", "不认识", "举报")


def test_a_contact_accepts_a_reviewer_approves_and_the_contact_leaves(people):
    applicant = people.applicant(APPLICANT, "759")
    link = people.name(applicant, CONTACT)
    contact = people.answer(link, "同意")
    assert "不承担任何还款责任" in words_of(contact)

    reviewer = people.browser(DESK)
    type_at_door(reviewer, "lin", "/ops/queues/contacts/")
    reviewer.wait_for_selector('[data-role="evidence"]')
    assert CONTACT not in reviewer.content()
    reviewer.get_by_role("button", name="本人已同意，关系合理").click()
    assert reviewer.get_by_label("理由（会留在审计记录里）").input_value() == "本人已同意，关系合理"
    reviewer.get_by_role("button", name="通过").first.click()
    reviewer.wait_for_selector('[data-role="empty"]')

    applicant.goto("/checkout/contact/")
    assert applicant.url.endswith("/me/")
    borrower_id = queries.find_borrower_by_phone(APPLICANT)
    assert queries.contact_state(borrower_id) == "approved"
    done = [one for one in actions(borrower_id=borrower_id) if one[0].startswith("people.contact.")]
    assert done == [
        ("people.contact.named", ""),
        ("people.contact.accept", ""),
        ("people.contact.approved", "本人已同意，关系合理"),
    ]

    contact.reload()
    uses = contact.locator('[data-role="contact-uses"] li').all_inner_texts()
    assert len(uses) == 1 and "发送确认短信" in uses[0], uses  # the reviewer saw masks only
    contact.get_by_role("button", name="撤回同意").click()
    contact.wait_for_selector('[data-state="withdrawn"]')
    look_at(contact, "contact-withdrawn")
    applicant.goto("/checkout/contact/")
    look_at(applicant, "contact-again")
    told = applicant.locator('[data-role="contact-not-confirmed"]').inner_text()
    assert "未能确认" in told
    assert not [word for word in TOO_MUCH if word in words_of(applicant)]
    assert not [word for text in people.sandbox.texts(to=APPLICANT) for word in TOO_MUCH if word in text]
    people.is_fine()


def test_a_contact_declines_and_the_applicant_names_another(people):
    applicant = people.applicant(APPLICANT, "759")
    link = people.name(applicant, CONTACT)
    contact = people.answer(link, "拒绝")
    assert "也不会告诉申请人原因" in words_of(contact)
    applicant.goto("/checkout/contact/")
    told = words_of(applicant)
    assert "未能确认，请换一位联系人。您的订单仍为您保留。" in told
    assert not [word for word in TOO_MUCH if word in told]

    # The same person is not asked again, in words that say nothing either.
    sent = len(people.sandbox.texts(to=CONTACT))
    people.fill_contact(applicant, "李芳", CONTACT)
    error = applicant.locator(".has-error .error").first
    error.wait_for()
    assert not [word for word in TOO_MUCH if word in words_of(applicant)], words_of(applicant)
    assert applicant.get_by_label("联系人姓名").input_value() == "李芳"
    look_at(applicant, "contact-refused")
    worker.drain()
    assert len(people.sandbox.texts(to=CONTACT)) == sent

    people.answer(people.name(applicant, OTHER_CONTACT), "同意")
    applicant.goto("/checkout/contact/")
    applicant.wait_for_selector('[data-role="contact-state"][data-state="accepted"]')
    # The first link keeps saying what was answered, and cannot be turned into a yes.
    contact.goto(link)
    assert contact.get_by_role("button", name="同意", exact=True).count() == 0
    people.is_fine()


def test_a_stranger_says_so_and_the_next_reviewer_knows(people):
    first = people.applicant(APPLICANT, "759")
    stranger = people.answer(people.name(first, CONTACT), "我不认识此人")
    assert "已停止使用您的信息" in words_of(stranger)
    first.goto("/checkout/contact/")
    assert not [word for word in TOO_MUCH if word in words_of(first)]
    borrower_id = queries.find_borrower_by_phone(APPLICANT)
    assert ("people.contact.unknown_person", "") in actions(borrower_id=borrower_id)

    second = people.applicant(OTHER_APPLICANT, "768")
    link = people.name(second, CONTACT)
    people.answer(link, "同意")
    row = queries.contact_queue()[0]
    file = queries.contact_file(borrower_id=row.borrower_id, contact_id=UUID(row.id))
    assert (file.named_by_others, file.reported_by) == (1, 1)
    people.is_fine()


def test_one_person_named_by_several_sees_each_and_answers_each(people):
    """Up to the rule's limit; each page speaks of one applicant only, and one answer says nothing for another."""
    most = rule_data.value("contact_rules", on=business_date.current())["named_by_at_most"]
    links, applicants = [], []
    for number in range(most):
        applicants.append(people.applicant(f"1380000200{number}", f"7{number}1", name=NAMES[number]))
        links.append(people.name(applicants[-1], CONTACT))
    assert len(set(links)) == most

    contact = people.browser({"width": 360, "height": 780})
    for link, name in zip(links, NAMES, strict=False):
        contact.goto(link)
        said = words_of(contact)
        assert f"{name[0]}**" in said or f"{name[0]}*" in said
        assert not [other for other in NAMES if other != name and f"{other[0]}*" in said]
    contact.goto(links[0])
    contact.get_by_role("button", name="拒绝").click()
    contact.wait_for_selector('[data-state="declined"]')
    contact.goto(links[1])
    contact.get_by_role("button", name="同意", exact=True).click()
    contact.wait_for_selector('[data-state="accepted"]')
    assert [queries.contact_state(queries.find_borrower_by_phone(f"1380000200{n}")) for n in (1, 2)] == [
        "accepted",
        "invited",
    ]

    one_more = people.applicant("13800002009", "791", name="钱七七")
    one_more.goto("/checkout/contact/")
    people.fill_contact(one_more, "李芳", CONTACT)
    one_more.locator(".has-error .error").first.wait_for()
    told = words_of(one_more)
    assert not [name for name in NAMES if name[0] + "*" in told]
    look_at(one_more, "contact-named-by-many")
    people.is_fine()


def test_a_card_changes_only_after_a_fresh_code(people):
    """A phone left on the table: signed in a while ago is not enough to add a card."""
    page = people.applicant(APPLICANT, "759")
    people.let_time_pass(minutes=11)
    page.goto("/me/cards/")
    look_at(page, "cards")
    page.goto("/me/cards/add/")
    assert "/me/confirm/" in page.url
    look_at(page, "confirm")
    assert "13800001234" not in page.content() and "138****1234" in page.content()
    page.get_by_role("button", name="获取验证码").click()
    code = people.text_to(APPLICANT, r"(\d{6})")
    page.get_by_label("短信验证码").fill(f"{(int(code) + 1) % 10**6:06d}")
    page.get_by_role("button", name="确认", exact=True).click()
    page.locator(".has-error .error").first.wait_for()
    look_at(page, "confirm-wrong")
    page.get_by_label("短信验证码").fill(code)
    page.get_by_role("button", name="确认", exact=True).click()
    page.wait_for_url("**/me/cards/add/**")
    look_at(page, "card-add")
    people.is_fine()


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
