"""Every bad input the trade knows, in Chinese and in English: a plain sentence at the field, the rest of the form kept."""

from __future__ import annotations

import datetime
import re

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile

from fenqi.people.models import Contact, ContactInvite, Identity
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
from tests.support.pages import soup

HAN = re.compile(r"[\u3400-\u9fff]")
BY_PHOTOS = IDENTITY | {"method": "photos"}
HUGE = b"\xff\xd8" + b"\0" * (10 * 1024 * 1024)


def upload(content):
    return SimpleUploadedFile("a.jpg", content, "image/jpeg")


# (what, where, form, field, what is typed, words in Chinese, words in English)
TABLE = [
    ("a 15-digit ID", "/checkout/identity/", IDENTITY, "id_number", "110105900307759", "15 位旧身份证号已停用", "15-digit"),
    ("too short an ID", "/checkout/identity/", IDENTITY, "id_number", GOOD_ID[:17], "应为 18 位", "18 places"),
    ("letters in an ID", "/checkout/identity/", IDENTITY, "id_number", "ABCDEFGHIJKLMNOPQR", "应为 18 位", "18 places"),
    ("no such area", "/checkout/identity/", IDENTITY, "id_number", id_number("99010519900307759"), "地区码", "area"),
    ("no such day", "/checkout/identity/", IDENTITY, "id_number", id_number("11010519900230759"), "出生日期不存在", "birth"),
    ("wrong checksum", "/checkout/identity/", IDENTITY, "id_number", "11010519491231002" + "1", "校验不符", "check character"),
    ("born in the future", "/checkout/identity/", IDENTITY, "id_number", id_number("11010520301007759"), "今天之后", "future|after today"),
    ("under age", "/checkout/identity/", IDENTITY, "id_number", id_number("11010520150307759"), "未满 18 周岁", "18"),
    ("a card that has run out", "/checkout/identity/", IDENTITY, "valid_until", "2020-01-01", "已过期", "expired"),
    ("a name of another script", "/checkout/identity/", IDENTITY, "real_name", "Wang", "中文姓名", "Chinese"),
    ("kana", "/checkout/identity/", IDENTITY, "real_name", "山田あきら", "中文姓名", "Chinese"),
    ("a name with spaces", "/checkout/identity/", IDENTITY, "real_name", "王 小明", "不要有空格", "space"),
    ("a huge photo", "/checkout/identity/", BY_PHOTOS, "front", HUGE, "10 MB", "10 MB"),
    ("a truncated photo", "/checkout/identity/", BY_PHOTOS, "front", photo()[:3000], "不完整", "incomplete|damaged"),
    ("a truncated HEIC", "/checkout/identity/", BY_PHOTOS, "front", photo(form="HEIF")[:700], "不完整", "incomplete|damaged"),
    ("no photo at all", "/checkout/identity/", BY_PHOTOS, "front", b"", "请上传照片", "Upload"),
    ("no picture", "/checkout/identity/", BY_PHOTOS, "front", b"MZ\x90\0" * 200, "JPEG、PNG 或 HEIC", "JPEG, PNG or HEIC"),
    *(
        (f"{what} at {where}", where, form, field, typed, zh, en)
        for where, form, field in (
            ("/sign-in/", {"next": "/me/"}, "phone"),
            ("/checkout/contact/", CONTACT, "phone"),
            ("/checkout/card/", {"number": CARD}, "phone"),
        )
        for what, typed, zh, en in (
            ("a landline", "010-88886666", "座机", "landline"),
            ("a foreign phone", "+1 415 555 0100", "中国大陆", "mainland"),
            ("an emoji", "📱13800001234", "只能有数字", "digits"),
        )
    ),
    ("the applicant as contact", "/checkout/contact/", CONTACT, "phone", PHONE, "不能是您本人", "yourself"),
]  # fmt: skip


@pytest.fixture
def at(client):
    """at(address): a browser in front of it."""

    def there(address):
        if address != "/sign-in/":
            sign_in(client)
        if address in ("/checkout/contact/", "/checkout/card/"):
            assert client.post("/checkout/identity/", IDENTITY).status_code == 302
        return client

    return there


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("address", "form", "field", "typed", "zh", "en"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_is_told_at_the_field_and_the_rest_is_kept(at, address, form, field, typed, zh, en, language):
    browser = at(address)
    filled = form | {"back": upload(photo())} if form is BY_PHOTOS else dict(form)
    filled[field] = upload(typed) if isinstance(typed, bytes) else typed
    before = Identity.objects.count(), Contact.objects.count(), len(fakes.Texts.sent)
    answer = browser.post(address, filled, headers={"Accept-Language": language})
    assert answer.status_code in (422, 429), answer.status_code
    sentence = error_at(answer, field)
    assert re.search(zh if language == "zh-hans" else en, sentence), sentence
    assert bool(HAN.search(sentence)) == (language == "zh-hans")
    page = soup(answer)
    for name, value in form.items():
        control = page.select_one(f'[name="{name}"]')
        if name == field or control is None or control.get("type") in ("hidden", "file"):
            continue
        assert kept(page, name) == value, name
    assert (Identity.objects.count(), Contact.objects.count(), len(fakes.Texts.sent)) == before


def kept(page: BeautifulSoup, name: str) -> str:
    """What a control still holds."""
    controls = page.select(f'[name="{name}"]')
    if controls[0].name == "select":
        return controls[0].select_one("option[selected]")["value"]
    if controls[0].get("type") in ("radio", "checkbox"):
        return next((one["value"] for one in controls if one.has_attr("checked")), "")
    return controls[0].get("value", "")


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "链接已过期"), ("en", "expired")])
def test_an_expired_link_says_so(at, client, language, words):
    at("/checkout/contact/").post("/checkout/contact/", CONTACT)
    link = fakes.Texts.last(FRIEND, "people.contact_link")["path"]
    ContactInvite.objects.update(expires_at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    page = soup(client.get(link, headers={"Accept-Language": language}))
    assert words in page.get_text()
    answer = client.post(link, {"answer": "accept"}, headers={"Accept-Language": language})
    assert answer.status_code == 410
    assert Contact.objects.get().status == "invited"


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "不对或已过期"), ("en", "wrong or has expired")])
def test_a_replayed_code_opens_nothing(client, language, words):
    sign_in(client)
    spent = fakes.Texts.last(PHONE, "people.code")["code"]
    client.post("/sign-out/")
    answer = client.post(
        "/sign-in/code/", {"phone": PHONE, "code": spent}, headers={"Accept-Language": language}
    )
    assert words in error_at(answer, "code")
    assert soup(answer).select_one('#code-form [name="phone"]')["value"] == PHONE
    assert client.get("/me/").status_code == 302


@pytest.mark.parametrize("name", ["阿不都热依木·买买提", "阿不都•买买提", "𠮷田", "买买提·吐尔逊·阿卜杜拉"])
def test_names_of_minorities_and_rare_characters_pass(at, name):
    browser = at("/checkout/identity/")
    assert browser.post("/checkout/identity/", IDENTITY | {"real_name": name}).status_code == 302
    assert Identity.objects.get().real_name == name.replace("•", "·")
