"""Sign-in and the devices one is signed in on, as pages: a sentence at the field, and never a way to anywhere else."""

import re

import pytest

from fenqi.people import queries
from tests.people import fakes
from tests.people.browsing import FRIEND, PHONE, error_at, sign_in
from tests.support.pages import soup


class TestSignIn:
    def test_leads_back_to_where_one_was(self, client):
        assert client.get("/me/privacy/")["Location"] == "/sign-in/?next=%2Fme%2Fprivacy%2F"
        assert sign_in(client, target="/me/privacy/")["Location"] == "/me/privacy/"

    @pytest.mark.parametrize(
        "target",
        ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "/sign-out/"],
    )
    def test_never_leads_elsewhere(self, client, target):
        assert sign_in(client, target=target)["Location"] == "/me/"

    def test_begins_a_new_session_and_keeps_the_cart(self, client):
        client.get("/sign-in/")
        session = client.session
        session["cart"] = {"sku": 1}
        session.save()
        planted = session.session_key
        client.cookies["fenqi_session"] = planted
        sign_in(client)
        assert client.session.session_key != planted
        assert client.session["cart"] == {"sku": 1}

    def test_another_person_in_the_same_browser_finds_nothing(self, client):
        sign_in(client)
        session = client.session
        session["cart"] = {"sku": 1}
        session.save()
        sign_in(client, phone=FRIEND)
        assert "cart" not in client.session

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("", "请输入手机号"),
            ("138", "11 位"),
            ("12345678901", "前三位"),
            ("010-88886666", "座机"),
            ("+1 415 555 0100", "中国大陆"),
            ("📱13800001234", "只能有数字"),
            ("' OR 1=1 --", "只能有数字"),
            ("<script>alert(1)</script>", "只能有数字"),
            ("1" * 500, "太长"),
        ],
    )
    def test_a_bad_phone(self, client, typed, words):
        response = client.post("/sign-in/", {"phone": typed})
        assert words in error_at(response, "phone")
        assert soup(response).select_one('[name="phone"]')["value"] == typed.strip("\n") if typed else True
        assert b"<script>alert" not in response.content
        assert fakes.Texts.sent == []

    @pytest.mark.parametrize(
        ("typed", "words"),
        [("", "请输入短信验证码"), ("12345", "6 位"), ("abcdef", "6 位"), ("999999999", "6 位")],
    )
    def test_a_bad_code(self, client, typed, words):
        client.post("/sign-in/", {"phone": PHONE})
        response = client.post("/sign-in/code/", {"phone": PHONE, "code": typed})
        assert words in error_at(response, "code")
        assert soup(response).select_one('#code-form [name="phone"]')["value"] == PHONE

    def test_a_wrong_code_five_times(self, client):
        client.post("/sign-in/", {"phone": PHONE})
        right = fakes.Texts.last(PHONE, "people.code")["code"]
        bad = f"{(int(right) + 1) % 10**6:06d}"
        said = [
            error_at(client.post("/sign-in/code/", {"phone": PHONE, "code": bad}), "code") for _ in range(5)
        ]
        assert all("不对或已过期" in one for one in said[:4])
        assert "已作废" in said[4]
        assert "已作废" in error_at(client.post("/sign-in/code/", {"phone": PHONE, "code": right}), "code")

    def test_in_english(self, client):
        response = client.post("/sign-in/", {"phone": "138"}, headers={"Accept-Language": "en"})
        assert not re.search(r"[\u4e00-\u9fff]", error_at(response, "phone"))
        assert "11 digits" in error_at(response, "phone")

    def test_asking_twice_goes_on_with_the_first_code(self, client):
        client.post("/sign-in/", {"phone": PHONE})
        again = client.post("/sign-in/", {"phone": PHONE})
        assert again.status_code == 200
        assert soup(again).select_one("form#code-form")
        assert len(fakes.Texts.sent) == 1

    def test_a_spent_code_is_not_offered_again(self, client):
        sign_in(client)
        client.post("/sign-out/")
        again = client.post("/sign-in/", {"phone": PHONE})
        assert again.status_code == 429
        assert "秒后再获取" in error_at(again, "phone")

    def test_without_the_forms_secret_nothing_happens(self):
        from django.test import Client

        strict = Client(enforce_csrf_checks=True)
        assert strict.post("/sign-in/", {"phone": PHONE}).status_code == 403
        assert fakes.Texts.sent == []


class TestSessions:
    def test_one_device_ends_another(self, client, settings):
        from django.test import Client

        from fenqi.people.models import SignInCode

        sign_in(client)
        SignInCode.objects.all().delete()
        other = Client()
        sign_in(other)
        ids = [item["value"] for item in soup(client.get("/me/devices/")).select('[name="which"]')]
        client.post("/me/devices/end/", {"which": ids[0]})
        assert other.get("/me/").status_code == 302
        assert client.get("/me/").status_code == 200

    def test_a_stranger_cannot_end_it(self, client):
        from django.test import Client

        sign_in(client)
        borrower_id = queries.find_borrower_by_phone(PHONE)
        session_id = queries.sessions(borrower_id=borrower_id)[0].id
        stranger = Client()
        sign_in(stranger, phone=FRIEND)
        assert stranger.post("/me/devices/end/", {"which": str(session_id)}).status_code == 404
        assert client.get("/me/").status_code == 200

    def test_signing_out_ends_it(self, client):
        sign_in(client)
        client.post("/sign-out/")
        assert client.get("/me/").status_code == 302


@pytest.mark.parametrize("path", ["/me/", "/me/cards/", "/me/devices/", "/checkout/contact/", "/sign-in/"])
def test_pages_ask_the_database_little(identified, path, django_assert_max_num_queries):
    identified.get("/me/")  # takes the notice of the step before out of the session
    with django_assert_max_num_queries(8):
        identified.get(path)
