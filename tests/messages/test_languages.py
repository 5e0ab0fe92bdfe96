"""Everybody is written to in the language they chose, whoever queued it and whatever language that one's page was in."""

from __future__ import annotations

import datetime

import pytest
from django.conf import settings as configured
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from fenqi.messages import services
from fenqi.messages.models import Message, PhoneText
from fenqi.messages.services import Letter
from fenqi.people import services as people
from fenqi.people.models import Account
from fenqi.plumbing import business_date, clock
from fenqi.plumbing.ids import new_borrower_id
from tests.people import fakes
from tests.support.sandbox import TODAY
from tests.web.finance_cases import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
DUE = {"amount_fen": 44_979, "due_on": "2026-12-08", "link": "/pay/abc/"}
CHINESE, ENGLISH = "zh-hans", "en"


@pytest.fixture(autouse=True)
def books(sandbox):
    business_date.start(TODAY)


def an_account(phone="13800000001", **facts):
    borrower_id = new_borrower_id()
    Account.objects.create(borrower_id=borrower_id, phone=phone, opened_at=clock.now(), **facts)
    return borrower_id


def letter(borrower_id, reference="r-1"):
    return Letter(
        borrower_id=borrower_id, template="due_soon", context=DUE, reference=reference, channels=["sms"]
    )


def choose(browser, language):
    assert browser.post("/i18n/setlang/", {"language": language, "next": "/"}).status_code == 302


class TestWhatIsQueued:
    @pytest.mark.parametrize("page", [CHINESE, ENGLISH])
    def test_is_in_the_reader_s_language_whatever_page_it_was_queued_on(self, page):
        says = {
            an_account("13800000001"): CHINESE,  # never chose
            an_account("13800000002", language=CHINESE): CHINESE,
            an_account("13800000003", language=ENGLISH): ENGLISH,
        }
        with translation.override(page):
            services.send_many([letter(borrower_id) for borrower_id in says])
        assert dict(Message.objects.values_list("borrower_id", "language")) == says

    def test_of_many_readers_by_one_statement(self):
        many = [an_account(f"138000{number:05d}", language=ENGLISH) for number in range(30)]
        with CaptureQueriesContext(connection) as asked:
            services.send_many([letter(borrower_id) for borrower_id in many])
        assert sum("people_account" in one["sql"] for one in asked.captured_queries) == 1
        assert set(Message.objects.values_list("language", flat=True)) == {ENGLISH}

    def test_by_the_worker_after_the_choice_arrives_in_it(self, sandbox):
        borrower_id = an_account()
        choose(signed_in(borrower_id), ENGLISH)
        services.send_many([letter(borrower_id)])
        choose(signed_in(borrower_id), CHINESE)
        services.send_many([letter(borrower_id, "r-2")])
        at_ten = timezone.make_aware(datetime.datetime.combine(TODAY, datetime.time(10)))
        services.deliver_due(as_of=at_ten)
        first, second = sorted(sandbox.texts(to="13800000001"), key=lambda text: "Dec" in text)
        assert "12月8日" in first
        assert "Dec 8" in second

    def test_the_database_knows_the_languages(self):
        borrower_id = an_account()
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(borrower_id=borrower_id).update(language="tlh")


class TestChoosing:
    def language_of(self, borrower_id):
        return Account.objects.get(borrower_id=borrower_id).language

    def test_on_a_page_is_kept_with_the_account(self):
        borrower_id = an_account()
        browser = signed_in(borrower_id)
        for language in (ENGLISH, CHINESE):
            choose(browser, language)
            assert self.language_of(borrower_id) == language
            assert browser.get("/me/")["Content-Language"] == language

    @pytest.mark.parametrize("nonsense", ["", "tlh", "en-GB", "x" * 500, "\x00"])
    def test_of_a_language_we_do_not_speak_changes_nothing(self, nonsense):
        borrower_id = an_account(language=ENGLISH)
        choose(signed_in(borrower_id), nonsense)
        assert self.language_of(borrower_id) == ENGLISH

    def test_of_a_guest_touches_nobody(self):
        borrower_id = an_account()
        choose(Client(), ENGLISH)
        assert self.language_of(borrower_id) == ""

    @pytest.fixture
    def texts(self, settings):
        settings.FENQI_PORTS = {**settings.FENQI_PORTS, "texts": "tests.people.fakes.Texts"}
        fakes.Texts.sent.clear()

    def sign_in(self, browser, phone="13800000001"):
        people.send_code(phone=phone)
        code = fakes.Texts.last(phone, "people.code")["code"]
        assert browser.post("/sign-in/code/", {"phone": phone, "code": code}).status_code == 302

    def test_before_signing_in_is_carried_over(self, texts):
        browser = Client()
        choose(browser, ENGLISH)
        self.sign_in(browser)
        assert Account.objects.get().language == ENGLISH

    def test_of_another_browser_does_not_undo_it(self, texts):
        borrower_id = an_account(language=CHINESE)
        people_index(borrower_id)
        browser = Client()
        choose(browser, ENGLISH)
        self.sign_in(browser)
        assert self.language_of(borrower_id) == CHINESE

    def test_speaks_in_a_new_browser(self, texts):
        people_index(an_account(language=ENGLISH))
        browser = Client()
        self.sign_in(browser)
        assert browser.cookies[configured.LANGUAGE_COOKIE_NAME].value == ENGLISH
        assert browser.get("/me/")["Content-Language"] == ENGLISH


def people_index(borrower_id):
    """The phone's way in to an account made by hand."""
    from fenqi.people.models import PhoneIndex
    from fenqi.people.services.codes import phone_index

    PhoneIndex.objects.create(
        phone_index=phone_index(Account.objects.get(borrower_id=borrower_id).phone), borrower_id=borrower_id
    )


class TestTextsToOthers:
    def test_a_code_is_in_the_language_of_the_page_that_asked(self):
        with translation.override(ENGLISH):
            people.send_code(phone="13800000009")
        assert PhoneText.objects.get().language == ENGLISH
