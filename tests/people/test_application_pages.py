"""Identity, contact and card as pages: what was typed stays, the sentence stands at the field, nothing is lost."""

import pytest

from fenqi.people import queries, services
from fenqi.people.models import BankCard, Contact, Identity
from tests.people import fakes
from tests.people.browsing import (
    CARD,
    CONTACT,
    FRIEND,
    GOOD_ID,
    IDENTITY,
    PHONE,
    error_at,
    id_number,
    sign_in,
)
from tests.people.test_identity import photo
from tests.support.pages import make_stale, soup


class TestIdentity:
    def test_passes_and_goes_on(self, signed_in):
        application = "0190a000-0000-7000-8000-000000000001"
        response = signed_in.post(f"/checkout/identity/?application={application}", IDENTITY)
        assert response["Location"] == f"/checkout/next/?application={application}"
        borrower_id = queries.find_borrower_by_phone(PHONE)
        for code in ("identity", "face", "lender_sharing", "bureau_query", "bureau_reporting"):
            assert queries.has_consent(borrower_id=borrower_id, text_code=code)
        assert signed_in.get("/checkout/identity/")["Location"] == "/me/"

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("real_name", "", "请输入真实姓名"),
            ("real_name", "Wang Xiaoming", "不要有空格"),
            ("real_name", "王<b>明", "中文姓名"),
            ("real_name", "王" * 200, "太长"),
            ("id_number", "", "请输入身份证号"),
            ("id_number", "110105900307759", "15 位"),
            ("id_number", GOOD_ID[:17], "18 位"),
            ("id_number", GOOD_ID[:17] + ("0" if GOOD_ID[17] != "0" else "1"), "校验不符"),
            ("id_number", id_number("99010519900307759"), "地区码"),
            ("id_number", id_number("11010519901307759"), "出生日期不存在"),
            ("id_number", id_number("11010520301007759"), "今天之后"),
            ("id_number", id_number("11010520150307759"), "未满 18"),
            ("id_number", "x" * 5000, "太长"),
            ("valid_until", "", "有效期"),
            ("valid_until", "昨天", "日期格式"),
            ("valid_until", "2020-01-01", "已过期"),
            ("valid_until", "2099-01-01", "不合理"),
            ("is_student", "", "在校学生"),
            ("is_student", "maybe", "在校学生"),
            ("method", "magic", "核验方式"),
            ("agree_identity", "", "需要您同意"),
            ("agree_face", "", "单独同意"),
            ("agree_lender_sharing", "", "全款支付"),
            ("agree_bureau_query", "", "授权"),
            ("agree_bureau_reporting", "", "授权"),
        ],
    )
    def test_bad_input_at_the_field(self, signed_in, field, typed, words):
        response = signed_in.post("/checkout/identity/", IDENTITY | {field: typed})
        assert response.status_code in (422, 429)
        page = soup(response)
        found = error_at(response, field) or " ".join(e.get_text() for e in page.select(".error"))
        assert words in found
        for name in ("real_name", "id_number", "valid_until"):
            assert page.select_one(f'[name="{name}"]').get("value", "") == (
                typed if name == field else IDENTITY[name]
            )
        for name in ("agree_identity", "agree_bureau_query"):
            assert page.select_one(f'[name="{name}"]').has_attr("checked") == (name != field)
        assert not Identity.objects.exists()
        assert fakes.Identity.asked == []

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "上传照片"),
            (b"not a picture", "JPEG、PNG 或 HEIC"),
            (photo()[:3000], "不完整"),
            (photo(size=(90, 90)), "太小"),
            (b"\xff\xd8" + b"\0" * (10 * 1024 * 1024), "10 MB"),
            (b"\0\0\0\x18ftypheic" + b"\0" * 99, "不完整"),
            (photo(form="HEIF")[:700], "不完整"),
        ],
    )
    def test_a_bad_photo(self, signed_in, content, words):
        from django.core.files.uploadedfile import SimpleUploadedFile as Upload

        files = {
            "front": Upload("a.jpg", content, "image/jpeg"),
            "back": Upload("b.jpg", photo(), "image/jpeg"),
        }
        response = signed_in.post("/checkout/identity/", IDENTITY | {"method": "photos"} | files)
        assert words in error_at(response, "front")
        assert not Identity.objects.exists()

    def test_photos_wait_for_a_person(self, signed_in):
        from django.core.files.uploadedfile import SimpleUploadedFile as Upload

        files = {
            "front": Upload("a.jpg", photo(), "image/jpeg"),
            "back": Upload("b.png", photo(form="PNG"), "image/png"),
        }
        signed_in.post("/checkout/identity/", IDENTITY | {"method": "photos", "agree_face": ""} | files)
        page = soup(signed_in.get("/checkout/identity/"))
        assert page.select_one('[data-role="identity-state"]')["data-state"] == "review"

    def test_an_outage_keeps_everything(self, signed_in):
        fakes.Identity.answers["王小明"] = "RETRY"
        try:
            response = signed_in.post("/checkout/identity/", IDENTITY, follow=True)
        finally:
            del fakes.Identity.answers["王小明"]
        assert "已加密保存" in soup(response).get_text()
        assert signed_in.post("/checkout/identity/retry/").status_code == 302
        assert queries.person(queries.find_borrower_by_phone(PHONE)).identity_status == "passed"

    def test_the_register_says_no(self, signed_in):
        response = signed_in.post("/checkout/identity/", IDENTITY | {"real_name": "查无此人"})
        assert "不一致" in error_at(response, "real_name")

    @pytest.mark.parametrize(("language", "words"), [("zh-hans", "今天的核验次数已用完"), ("en", "today")])
    def test_asked_too_often_today(self, signed_in, language, words):
        response = signed_in.post(
            "/checkout/identity/",
            IDENTITY | {"real_name": "超次数"},
            headers={"Accept-Language": language},
        )
        page = soup(response)
        assert response.status_code == 422
        assert words in page.select_one('[data-role="form-error"]').get_text()
        assert page.select_one('[name="id_number"]')["value"] == GOOD_ID
        assert queries.person(queries.find_borrower_by_phone(PHONE)).identity_status == "limit"

    def test_nobody_else_sees_it(self, client):
        assert client.get("/checkout/identity/")["Location"].startswith("/sign-in/")
        assert client.post("/checkout/identity/", IDENTITY)["Location"].startswith("/sign-in/")
        assert not Identity.objects.exists()


class TestContact:
    def test_from_naming_to_approval(self, identified, client):
        from django.test import Client

        application = "0190a000-0000-7000-8000-000000000001"
        address = f"/checkout/contact/?application={application}"
        page = soup(identified.post(address, CONTACT, follow=True))
        assert page.select_one('[data-role="contact-state"]')["data-state"] == "invited"
        assert FRIEND not in page.get_text()

        friend = Client()
        link = fakes.Texts.last(FRIEND, "people.contact_link")["path"]
        asked = friend.get(link)
        assert "王**" in soup(asked).get_text()
        assert "王小明" not in asked.content.decode()
        assert "noindex" in asked["X-Robots-Tag"]
        answered = soup(friend.post(link, {"answer": "accept"}, follow=True))
        assert answered.select_one('[data-role="contact-page"]')["data-state"] == "accepted"
        page = soup(identified.get(address))
        assert page.select_one('[data-role="contact-state"]')["data-state"] == "accepted"

        row = queries.contact_queue()[0]
        services.review_contact(
            staff="staff:lin",
            borrower_id=row.borrower_id,
            contact_id=Contact.objects.get().id,
            approve=True,
            reason="电话核实",
        )
        assert identified.get(address)["Location"] == f"/checkout/next/?application={application}"
        withdrawn = soup(friend.post(link, {"answer": "withdraw"}, follow=True))
        assert withdrawn.select_one('[data-role="contact-page"]')["data-state"] == "withdrawn"
        assert soup(identified.get(address)).select_one('[data-role="contact-not-confirmed"]')

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("name", "", "请输入联系人姓名"),
            ("name", "李<img src=x onerror=alert(1)>", "不能含数字或符号"),
            ("name", "李" * 60, "太长"),
            ("relationship", "", "请选择与联系人的关系"),
            ("relationship", "boss", "请选择与联系人的关系"),
            ("phone", "", "请输入手机号"),
            ("phone", PHONE, "不能是您本人"),
            ("phone", "010-88886666", "座机"),
            ("phone", "+44 7700 900123", "中国大陆"),
            ("confirm", "", "请先告知对方"),
        ],
    )
    def test_bad_input_at_the_field(self, identified, field, typed, words):
        response = identified.post("/checkout/contact/", CONTACT | {field: typed})
        assert words in error_at(response, field)
        page = soup(response)
        for name in ("name", "phone"):
            assert page.select_one(f'[name="{name}"]').get("value", "") == (
                typed if name == field else CONTACT[name]
            )
        assert b"<img src=x" not in response.content
        assert not Contact.objects.exists()
        assert all(one["template"] != "people.contact_link" for one in fakes.Texts.sent)

    @pytest.mark.parametrize("first", [None, "accept", "decline"])
    def test_the_contact_has_their_data_deleted_at_once(self, identified, first):
        from django.test import Client

        identified.post("/checkout/contact/", CONTACT)
        friend, link = Client(), fakes.Texts.last(FRIEND, "people.contact_link")["path"]
        if first:
            friend.post(link, {"answer": first})
            assert soup(friend.get(link)).select_one("#contact-delete")
        page = soup(friend.post(link, {"answer": "delete"}, follow=True))
        assert page.select_one('[data-role="contact-page"]')["data-state"] == "deleted"
        kept = Contact.objects.get()
        assert (kept.name, kept.phone, kept.relationship, kept.status) == ("", "", "", "deleted")
        assert page.select('[data-role="contact-uses"] li')  # what was done stays to be seen
        again = identified.post("/checkout/contact/", CONTACT)
        assert "暂时无法使用" in error_at(again, "phone")  # it was a no: they are left alone

    @pytest.mark.parametrize("token", ["x", "a" * 44, "%F0%9F%98%80", "..%2f..%2fetc", "a" * 3000])
    def test_a_made_up_link(self, client, token):
        for response in (
            client.get(f"/contact/{token}/"),
            client.post(f"/contact/{token}/", {"answer": "accept"}),
        ):
            assert response.status_code == 404

    @pytest.mark.parametrize("answer", ["", "yes", "approve"])
    def test_a_made_up_answer(self, identified, answer):
        identified.post("/checkout/contact/", CONTACT)
        link = fakes.Texts.last(FRIEND, "people.contact_link")["path"]
        response = identified.post(link, {"answer": answer})
        assert response.status_code == 422
        assert Contact.objects.get().status == "invited"

    def test_a_second_answer_changes_nothing(self, identified):
        identified.post("/checkout/contact/", CONTACT)
        link = fakes.Texts.last(FRIEND, "people.contact_link")["path"]
        identified.post(link, {"answer": "decline"})
        response = identified.post(link, {"answer": "accept"})
        assert response.status_code == 409
        assert "已回复过" in soup(response).select_one('[data-role="contact-problem"]').get_text()
        assert Contact.objects.get().status == "declined"


class TestCards:
    def bind(self, client, **changes):
        facts = {"number": CARD, "phone": PHONE} | changes
        client.post("/checkout/card/", facts)
        code = fakes.Texts.last(facts["phone"], "people.code")["code"]
        return client.post("/checkout/card/code/?next=/finance/", facts | {"code": code})

    def test_bound_and_goes_on(self, identified):
        assert self.bind(identified)["Location"] == "/finance/"
        assert "0012" in soup(identified.get("/me/cards/")).select_one('[data-role="card"]').get_text()

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("number", "", "请输入银行卡号"),
            ("number", "6217000010000013", "校验不符"),
            ("number", "6217", "16 至 19 位"),
            ("number", "not a card", "只能有数字"),
            ("number", "6" * 300, "太长"),
            ("phone", "", "请输入手机号"),
            ("phone", "88886666", "座机"),
        ],
    )
    def test_bad_input_at_the_field(self, identified, field, typed, words):
        facts = {"number": CARD, "phone": PHONE} | {field: typed}
        response = identified.post("/checkout/card/", facts)
        assert words in error_at(response, field)
        for name in facts:
            assert soup(response).select_one(f'[name="{name}"]').get("value", "") == facts[name]
        assert not BankCard.objects.exists()

    def test_refused_by_the_bank(self, identified):
        fakes.Cards.answers[CARD] = "FAIL"
        response = self.bind(identified)
        assert "核验未通过" in error_at(response, "number")

    def test_an_outage_keeps_the_form(self, identified):
        fakes.Cards.answers[CARD] = "RETRY"
        response = self.bind(identified)
        assert response.status_code == 503
        page = soup(response)
        assert "无需重新获取验证码" in page.select_one('[data-role="form-error"]').get_text()
        assert page.select_one('[name="number"]')["value"] == CARD

    def test_before_the_identity_one_is_sent_there(self, signed_in):
        assert signed_in.get("/checkout/card/")["Location"].startswith("/checkout/identity/")

    def test_a_stranger_cannot_unbind_it(self, identified):
        from django.test import Client

        self.bind(identified)
        stranger = Client()
        sign_in(stranger, phone=FRIEND)
        card_id = BankCard.objects.get().id
        assert stranger.post(f"/me/cards/{card_id}/unbind/").status_code == 404
        assert BankCard.objects.get().status == "active"

    def test_a_card_changes_only_with_a_fresh_code(self, identified):
        from fenqi.people.models import SignInCode

        self.bind(identified)
        card_id = BankCard.objects.get().id
        make_stale(identified)
        asked = identified.post(
            f"/me/cards/{card_id}/unbind/", headers={"Referer": "http://testserver/me/cards/"}
        )
        assert asked["Location"] == "/me/confirm/?next=%2Fme%2Fcards%2F"
        SignInCode.objects.all().delete()
        identified.post("/me/confirm/", {"next": "/me/cards/"})
        code = fakes.Texts.last(PHONE, "people.code")["code"]
        assert (
            identified.post("/me/confirm/", {"next": "/me/cards/", "code": code})["Location"] == "/me/cards/"
        )
        identified.post(f"/me/cards/{card_id}/unbind/")
        assert BankCard.objects.get().status == "unbound"
