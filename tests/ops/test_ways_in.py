"""Staff set up a second factor before anything else, prove themselves before they change it, and lose nothing when a device is lost."""

import datetime
import json

import pytest
from django.test import Client

from fenqi.people import queries, totp
from fenqi.people.models import StaffMember
from fenqi.plumbing import clock
from tests.support.authenticator import Device
from tests.support.pages import make_stale, soup
from tests.support.staff import totp_code

HERE = "http://testserver"


@pytest.fixture(autouse=True)
def site(settings):
    settings.PASSKEY_DOMAIN, settings.PASSKEY_ORIGINS = "testserver", [HERE]


def newcomer(name="lin"):
    """A browser signed in by password alone; the member has no second factor."""
    StaffMember.objects.filter(name=name).update(totp_secret="")
    browser = Client()
    answer = browser.post("/ops/sign-in/", {"name": name, "password": "review-the-demo"})
    assert answer["Location"] == "/ops/second-factor/"
    return browser


def set_up(browser):
    """Type the code of the secret on the page."""
    secret = (
        soup(browser.get("/ops/second-factor/")).select_one('[data-role="totp-secret"]').text.replace(" ", "")
    )
    code = totp.code_at(secret, int(clock.wall().timestamp()) // totp.STEP_SECONDS)
    return browser.post("/ops/second-factor/totp/", {"code": code})


def question(browser, address):
    return json.loads(browser.post(address).content)["question"]


class TestFirstTime:
    def test_leads_to_setting_up_and_nowhere_else(self):
        browser = newcomer()
        for path in ("/ops/", "/ops/queues/identity/", "/ops/look-up/", "/ops/password/"):
            assert browser.get(path)["Location"] == "/ops/second-factor/"
        page = soup(browser.get("/ops/second-factor/"))
        assert page.select_one('[data-role="second-factor-needed"]')
        assert page.select_one(".qr svg path")

    def test_codes_on_gives_recovery_codes_once_and_opens_the_desks(self):
        browser = newcomer()
        done = set_up(browser)
        codes = [one.text for one in soup(done).select('[data-role="recovery-codes"] code')]
        assert len(codes) == 10
        assert codes[0] not in browser.get("/ops/second-factor/").content.decode()
        assert browser.get("/ops/queues/identity/").status_code == 200

    def test_a_wrong_code_keeps_the_secret_on_the_page(self):
        browser = newcomer()
        before = soup(browser.get("/ops/second-factor/")).select_one('[data-role="totp-secret"]').text
        answer = browser.post("/ops/second-factor/totp/", {"code": "000000"})
        assert answer.status_code == 422
        assert "动态码不对" in soup(answer).get_text()
        assert soup(answer).select_one('[data-role="totp-secret"]').text == before

    def test_the_secret_waits_sealed(self):
        browser = newcomer()
        secret = soup(browser.get("/ops/second-factor/")).select_one('[data-role="totp-secret"]').text
        assert secret.replace(" ", "") not in str(browser.session.items())

    def test_somebody_else_who_knew_the_password_is_out_when_a_factor_is_set(self):
        thief, browser = newcomer(), newcomer()
        set_up(browser)
        assert browser.get("/ops/").status_code == 200
        assert thief.get("/ops/")["Location"].startswith("/ops/sign-in/")

    def test_a_passkey_is_enough(self):
        browser = newcomer()
        asked = question(browser, "/ops/second-factor/passkeys/question/")
        done = browser.post(
            "/ops/second-factor/passkeys/add/", {"answer": Device(HERE).make(asked), "name": "台式机"}
        )
        assert len(soup(done).select('[data-role="recovery-codes"] code')) == 10
        assert browser.get("/ops/").status_code == 200
        # The password alone opens nothing from now on.
        answer = Client().post("/ops/sign-in/", {"name": "lin", "password": "review-the-demo"})
        assert answer.status_code == 422


class TestPasskeyAtTheDoor:
    def test_comes_in_without_a_password(self, staff):
        browser, device = staff("lin"), Device(HERE)
        asked = question(browser, "/ops/second-factor/passkeys/question/")
        browser.post("/ops/second-factor/passkeys/add/", {"answer": device.make(asked), "name": "x"})
        guest = Client()
        guest.get("/ops/sign-in/")
        asked = question(guest, "/ops/sign-in/passkey/question/")
        answer = guest.post(
            "/ops/sign-in/passkey/", {"answer": device.sign(asked), "next": "/ops/queues/identity/"}
        )
        assert answer["Location"] == "/ops/queues/identity/"
        assert guest.get("/ops/queues/identity/").status_code == 200

    def test_an_answer_seen_on_the_way_opens_no_other_browser(self, staff):
        browser, device = staff("lin"), Device(HERE)
        asked = question(browser, "/ops/second-factor/passkeys/question/")
        browser.post("/ops/second-factor/passkeys/add/", {"answer": device.make(asked), "name": "x"})
        guest, thief = Client(), Client()
        answer = device.sign(question(guest, "/ops/sign-in/passkey/question/"))
        thief.post("/ops/sign-in/passkey/question/")
        refused = thief.post("/ops/sign-in/passkey/", {"answer": answer})
        assert refused.status_code == 422
        assert "没有认出" in soup(refused).get_text()

    def test_never_leads_elsewhere(self):
        refused = Client().post("/ops/sign-in/passkey/", {"answer": "x", "next": "https://evil.example/ops/"})
        assert "evil.example" not in refused.content.decode()


class TestFreshProof:
    DOORS = (
        "/ops/second-factor/totp/",
        "/ops/second-factor/totp/off/",
        "/ops/second-factor/passkeys/question/",
        "/ops/second-factor/passkeys/add/",
        "/ops/second-factor/codes/",
    )

    def test_changes_ask_for_both_factors_once_more(self, staff):
        browser = staff("lin")
        make_stale(browser)
        for door in self.DOORS:
            assert browser.post(door)["Location"] == "/ops/confirm/?next=%2Fops%2Fsecond-factor%2F"
        refused = browser.post("/ops/confirm/", {"password": "review-the-demo", "totp": "000000"})
        assert refused.status_code == 422
        sent = {"password": "review-the-demo", "totp": totp_code("lin"), "next": "/ops/second-factor/"}
        assert browser.post("/ops/confirm/", sent)["Location"] == "/ops/second-factor/"
        assert browser.get("/ops/second-factor/").status_code == 200

    def test_a_passkey_proves_it_too(self, staff):
        browser, device = staff("lin"), Device(HERE)
        asked = question(browser, "/ops/second-factor/passkeys/question/")
        browser.post("/ops/second-factor/passkeys/add/", {"answer": device.make(asked), "name": "x"})
        make_stale(browser)
        answer = device.sign(question(browser, "/ops/confirm/passkey/question/"))
        sent = {"answer": answer, "next": "/ops/second-factor/"}
        assert browser.post("/ops/confirm/passkey/", sent)["Location"] == "/ops/second-factor/"
        assert browser.get("/ops/second-factor/").status_code == 200
        make_stale(browser)
        assert browser.post("/ops/confirm/passkey/", sent).status_code == 422

    def test_someone_elses_passkey_is_not_removed(self, staff):
        browser, device = staff("zhou"), Device(HERE)
        asked = question(browser, "/ops/second-factor/passkeys/question/")
        browser.post("/ops/second-factor/passkeys/add/", {"answer": device.make(asked), "name": "x"})
        [kept] = queries.ways_in("zhou").passkeys
        assert staff("lin").post(f"/ops/second-factor/passkeys/{kept.id}/remove/").status_code == 404
        assert queries.ways_in("zhou").passkeys == [kept]


class TestPassword:
    def test_is_changed_and_other_browsers_are_out(self, staff):
        here, other = staff("lin"), staff("lin")
        sent = {
            "password": "review-the-demo",
            "totp": totp_code("lin"),
            "new_password": "vier weisse Kraniche",
        }
        key = here.session.session_key
        assert here.post("/ops/password/", sent).status_code == 302
        assert here.get("/ops/").status_code == 200
        assert here.session.session_key != key
        assert other.get("/ops/")["Location"].startswith("/ops/sign-in/")

    def test_problems_stand_at_their_field(self, staff):
        browser = staff("lin")
        sent = {"password": "review-the-demo", "totp": totp_code("lin"), "new_password": "kurz"}
        answer = browser.post("/ops/password/", sent)
        assert answer.status_code == 422
        assert "至少 12 位" in soup(answer).select_one("#id_new_password_error").text
        assert "kurz" not in answer.content.decode()


class TestSessions:
    @pytest.mark.parametrize("change", [{"is_active": False}, {"is_locked": True}, {"session_round": 9}])
    def test_end_at_once(self, staff, change):
        browser = staff("lin")
        assert browser.get("/ops/queues/identity/").status_code == 200
        StaffMember.objects.filter(name="lin").update(**change)
        assert browser.get("/ops/queues/identity/")["Location"].startswith("/ops/sign-in/")

    def test_roles_are_those_of_this_moment(self, staff):
        browser = staff("lin")
        StaffMember.objects.filter(name="lin").update(roles=["service"])
        assert browser.get("/ops/queues/identity/").status_code == 403
        assert browser.get("/ops/shipping/").status_code == 200

    @pytest.mark.parametrize("over", ["ends_at", "seen_at"])
    def test_end_when_open_too_long_or_idle_too_long(self, staff, over):
        browser = staff("lin")
        session = browser.session
        session[over] = "2020-01-01T00:00:00+00:00"
        session.save()
        assert browser.get("/ops/")["Location"].startswith("/ops/sign-in/")
        assert "staff" not in browser.session

    def test_the_limits_are_rule_data(self, staff):
        session = staff("lin").session
        assert session["idle_seconds"] == 30 * 60
        assert session.get_expiry_age() == 8 * 3600

    def test_being_there_is_noted(self, staff):
        browser = staff("lin")
        session = browser.session
        session["seen_at"] = (clock.wall() - datetime.timedelta(minutes=10)).isoformat()
        session.save()
        browser.get("/ops/")
        assert browser.session["seen_at"] > session["seen_at"]
