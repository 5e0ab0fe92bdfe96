"""The page a contact sees says who, what for, what never, how long; and is right about what became of them."""

import re

import pytest
from django.test import Client
from django.utils import translation

from fenqi.messages import templates
from fenqi.messages.conduct import MONEY_WORDS
from fenqi.people import services
from fenqi.people.models import Relationship
from tests.house.trees import SOURCE
from tests.support.pages import soup

SAYS = {
    "zh-hans": {
        "who": "王** 申请分期时把您填写为第一联系人（配偶）",
        "what for": "核实申请人身份；仅当按规则联系不上申请人时",
        "never": "不会向您催收",
        "no guarantor": "不是担保人",
        "how long": "全部结清 30 天后删除",
        "a no": "拒绝或不回复都不会影响您，我们也不会告诉申请人原因",
    },
    "en": {
        "who": "王** named you as first contact",
        "what for": "to verify the applicant's identity; and, only when the applicant cannot be reached",
        "never": "you are never asked to pay",
        "no guarantor": "not a guarantor",
        "how long": "deleted 30 days after the applicant has settled everything",
        "a no": "we never tell the applicant why",
    },
}


def text_of(token, language="zh-hans"):
    page = Client().get(f"/contact/{token}/", headers={"accept-language": language})
    return re.sub(r"\s+", " ", soup(page).get_text(" ", strip=True))


def plain(text):
    return text.replace(" ", "").replace("’", "'").lower()


@pytest.mark.parametrize("language", SAYS)
@pytest.mark.parametrize("what", SAYS["en"])
def test_says_it_before_asking(named, language, what):
    *_rest, token = named()
    assert plain(SAYS[language][what]) in plain(text_of(token, language))


def test_nobodys_name_or_number_in_clear(named):
    *_rest, token = named()
    text = text_of(token)
    for clear in ("王小明", "13800001234", "13900005678"):
        assert clear not in text


def test_the_same_link_leads_back_and_out(named):
    borrower_id, contact_id, token = named()
    services.answer_contact(token=token, answer="accept")
    assert "您已同意" in text_of(token)
    services.forget_contact(borrower_id=borrower_id, contact_id=contact_id, why="结清满 30 天")
    gone = text_of(token)
    assert "不再使用" in gone
    assert "李" not in gone


def test_what_is_sent_to_a_contact_speaks_of_no_money():
    to_contacts = [one for one in templates.TEMPLATES.values() if one.kind is templates.Kind.CONTACT]
    assert len(to_contacts) >= 2
    for template in to_contacts:
        for language in ("zh-hans", "en"):
            with translation.override(language):
                assert not MONEY_WORDS.search(str(template.sms))


def test_a_phone_book_is_never_asked_for():
    """One person is typed at a time; no script of ours can read a phone's contacts."""
    scripts = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.js"))
    assert "contacts" not in re.findall(r"navigator\.(\w+)", scripts)
    form = (SOURCE / "web/templates/web/people/contact.html").read_text(encoding="utf-8")
    assert "file" not in re.findall(r'type="(\w+)"', form)


def test_the_relationship_comes_from_a_list():
    assert {one.value for one in Relationship} == {
        "parent", "spouse", "child", "sibling", "relative", "colleague", "friend",
    }  # fmt: skip
