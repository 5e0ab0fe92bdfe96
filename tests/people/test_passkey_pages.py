"""Passkeys on the shopper's pages: the door, the list, the confirmation; what asks for one, and what a session then is."""

import json

import pytest
from django.test import Client

from fenqi.people import queries
from tests.people.fakes import Texts
from tests.support.authenticator import Device
from tests.support.pages import make_stale, soup

HERE = "http://testserver"
PHONE = "13800001234"


@pytest.fixture(autouse=True)
def site(settings):
    settings.PASSKEY_DOMAIN, settings.PASSKEY_ORIGINS = "testserver", [HERE]


def by_code(phone=PHONE):
    from fenqi.people.models import SignInCode

    SignInCode.objects.update(sent_at="2026-01-01T00:00Z")
    browser = Client()
    browser.post("/sign-in/", {"phone": phone})
    code = Texts.last(phone, "people.code")["code"]
    assert browser.post("/sign-in/code/", {"phone": phone, "code": code}).status_code == 302
    return browser


def question(browser, address):
    return json.loads(browser.post(address).content)["question"]


def with_passkey(phone=PHONE):
    browser, device = by_code(phone), Device(HERE)
    sent = {"answer": device.make(question(browser, "/me/passkeys/question/")), "name": "我的手机"}
    assert browser.post("/me/passkeys/add/", sent)["Location"] == "/me/passkeys/"
    return browser, device


def test_is_added_listed_and_removed(parties):
    browser, _device = with_passkey()
    shown = soup(browser.get("/me/passkeys/"))
    assert "我的手机" in shown.select_one('[data-role="passkey"]').get_text()
    assert "1 个" in soup(browser.get("/me/")).get_text()
    [kept] = queries.passkeys(queries.find_borrower_by_phone(PHONE))
    browser.post(f"/me/passkeys/{kept.id}/remove/")
    assert not soup(browser.get("/me/passkeys/")).select('[data-role="passkey"]')


def test_signs_in_and_stands_in_the_list_of_devices(parties):
    _browser, device = with_passkey()
    guest = Client()
    guest.get("/sign-in/?next=/orders/")
    planted = guest.session.session_key
    answer = device.sign(question(guest, "/sign-in/passkey/question/"))
    entered = guest.post("/sign-in/passkey/", {"answer": answer, "next": "/orders/"})
    assert entered["Location"] == "/orders/"
    assert guest.session.session_key != planted
    assert "用通行密钥登录" in soup(guest.get("/me/devices/")).get_text()


def test_a_refused_one_leaves_the_other_way_open(parties):
    guest = Client()
    refused = guest.post("/sign-in/passkey/", {"answer": "{}", "next": "/orders/"})
    assert refused.status_code == 422
    assert soup(refused).select_one('[data-role="passkey-problem"]').get_text()
    assert soup(refused).select_one("form#phone-form input[name=next]")["value"] == "/orders/"


def test_confirms_in_place_of_a_code_and_the_session_gets_a_new_key(parties):
    browser, device = with_passkey()
    make_stale(browser)
    assert browser.post("/me/passkeys/question/")["Location"].startswith("/me/confirm/")
    assert soup(browser.get("/me/confirm/?next=/me/email/")).select_one("form#confirm-passkey")
    key = browser.session.session_key
    answer = device.sign(question(browser, "/me/confirm/passkey/question/"))
    sent = {"answer": answer, "next": "/me/email/"}
    assert browser.post("/me/confirm/passkey/", sent)["Location"] == "/me/email/"
    assert browser.session.session_key != key
    assert browser.get("/me/email/").status_code == 200
    # The line of this device still ends this very session.
    other = by_code()
    other.post("/me/devices/end/", {"which": "others"})
    assert browser.get("/me/")["Location"].startswith("/sign-in/")


def test_an_answer_confirms_once(parties):
    browser, device = with_passkey()
    make_stale(browser)
    answer = device.sign(question(browser, "/me/confirm/passkey/question/"))
    browser.post("/me/confirm/passkey/", {"answer": answer, "next": "/me/email/"})
    make_stale(browser)
    refused = browser.post("/me/confirm/passkey/", {"answer": answer, "next": "/me/email/"})
    assert refused.status_code == 422
    assert browser.get("/me/email/")["Location"].startswith("/me/confirm/")


def test_another_accounts_passkey_confirms_nothing_here(parties):
    browser, _device = with_passkey()
    _other, theirs = with_passkey("13800005555")
    make_stale(browser)
    answer = theirs.sign(question(browser, "/me/confirm/passkey/question/"))
    assert browser.post("/me/confirm/passkey/", {"answer": answer}).status_code == 422
    assert browser.get("/me/email/")["Location"].startswith("/me/confirm/")


@pytest.mark.parametrize(
    "door", ["/me/passkeys/add/", "/me/phone/", "/me/email/", "/me/privacy/export/", "/me/cards/add/"]
)
def test_what_matters_asks_first(parties, door):
    browser = by_code()
    make_stale(browser)
    if door == "/me/cards/add/":
        from fenqi.people import services
        from tests.people.browsing import id_number

        services.submit_identity(
            borrower_id=queries.find_borrower_by_phone(PHONE),
            real_name="王小明",
            id_number=id_number("11010519900307123"),
            face=True,
        )
    assert browser.post(door)["Location"].startswith("/me/confirm/")


@pytest.mark.parametrize("over", ["ends_at", "seen_at"])
def test_a_session_ends_when_it_is_old_or_idle(parties, over):
    browser = by_code()
    assert browser.session["idle_seconds"] == 14 * 86400
    session = browser.session
    session[over] = "2020-01-01T00:00:00+00:00"
    session.save()
    assert browser.get("/me/")["Location"].startswith("/sign-in/")


def test_the_devices_say_when_they_were_seen(parties):
    browser = by_code()
    session = browser.session
    session["seen_at"] = (
        "2026-11-22T00:00:00+00:00" if session["seen_at"] > "2026-11-22T01" else session["seen_at"]
    )
    session.save()
    browser.get("/me/")
    assert "最近在线" in soup(browser.get("/me/devices/")).get_text()


def test_a_site_without_a_domain_shows_no_button(parties, settings):
    settings.PASSKEY_DOMAIN = ""
    assert not soup(Client().get("/sign-in/")).select_one("form[data-passkey]")
    assert "不支持通行密钥" in soup(by_code().get("/me/passkeys/")).get_text()


class TestLostPhonePages:
    def test_from_the_door_to_the_request(self, applicant):
        from fenqi.people.models import PhoneChange

        borrower_id = applicant(PHONE)
        number = queries.id_number_for(borrower_id=borrower_id, reason="test")
        guest = Client()
        assert soup(guest.get("/sign-in/")).select_one('a[href="/sign-in/lost-phone/"]')
        sent = {"old_phone": PHONE, "new_phone": "13700001111"}
        assert soup(guest.post("/sign-in/lost-phone/", sent)).select_one("form#lost-phone-code-form")
        code = Texts.last("13700001111", "people.code")["code"]
        proof = sent | {"code": code, "real_name": "王小明", "id_number": number}
        done = guest.post("/sign-in/lost-phone/code/", proof)
        assert soup(done).select_one('[data-role="lost-phone-asked"]')
        change = PhoneChange.objects.get()
        link = Texts.last(PHONE, "people.phone_move_asked")["link"]
        assert "137****1111" in soup(guest.get(link)).get_text()
        assert PhoneChange.objects.get().status == "review"
        assert soup(guest.post(link)).select_one('[data-role="phone-move-stopped"]')
        assert PhoneChange.objects.get(id=change.id).status == "stopped"

    @pytest.mark.parametrize(
        ("typed", "field"),
        [
            ({"old_phone": "0571-8888", "new_phone": "13700001111"}, "old_phone"),
            ({"old_phone": PHONE, "new_phone": "📱"}, "new_phone"),
            ({"old_phone": "", "new_phone": ""}, "new_phone"),
        ],
    )
    def test_problems_stand_at_their_field_and_the_rest_is_kept(self, parties, typed, field):
        answer = Client().post("/sign-in/lost-phone/", typed)
        assert answer.status_code == 422
        assert soup(answer).select_one(f"#id_{field}_error")
        assert soup(answer).select_one("#id_old_phone").get("value", "") == typed["old_phone"]


def test_an_address_is_confirmed_by_a_press_not_by_a_look(parties):
    browser = by_code()
    browser.post("/me/email/", {"email": "w@example.com"})
    link = Texts.last("w@example.com", "people.email_link")["link"]
    borrower_id = queries.find_borrower_by_phone(PHONE)
    shown = soup(Client().get(link)).get_text()
    assert "***@example.com" in shown
    assert "w***" not in shown  # the whole name of the address is one letter
    assert not queries.person(borrower_id).has_email
    assert soup(Client().post(link)).select_one('[data-role="email-confirmed"]')
    assert queries.person(borrower_id).has_email
    browser.post("/me/email/", {"email": ""})
    assert not queries.person(borrower_id).has_email
