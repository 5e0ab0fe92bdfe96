"""Who presses a button is not always who reads the text: texts to others go out in their language, or in Chinese."""

import pytest
from django.utils import translation

from fenqi.people import services
from fenqi.people.models import Account, Identity, PhoneChange
from tests.people.fakes import Texts

OLD, NEW, CONTACT = "13800001234", "13900001111", "13900005678"


def spoken(template):
    """The language of every text of this kind."""
    return [one["language"] for one in Texts.sent if one["template"] == template]


@pytest.fixture(params=["zh-hans", "en"])
def page(request):
    """The language of the page on which the button is."""
    with translation.override(request.param):
        yield request.param


def test_a_contact_is_asked_in_chinese_whatever_the_applicant_reads(page, named):
    named(contact_phone=CONTACT)
    assert spoken("people.contact_link") == ["zh-hans"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
class TestAPhoneThatChanges:
    @pytest.fixture
    def mine(self, applicant, language):
        borrower_id = applicant(OLD)
        services.choose_language(borrower_id=borrower_id, language=language)
        return borrower_id

    def test_both_numbers_read_the_account_s(self, mine, page, language):
        services.send_code(phone=NEW, purpose="change_phone")
        services.change_phone(
            borrower_id=mine,
            new_phone=NEW,
            code=Texts.last(NEW, "people.code")["code"],
            id_number_tail=Identity.objects.get(borrower_id=mine).id_number[-6:],
        )
        assert Account.objects.get().phone == NEW
        assert spoken("people.phone_moved") == spoken("people.phone_moved_here") == [language]

    def test_a_stranger_s_or_a_reviewer_s_page_says_nothing_about_it(self, mine, page, language):
        services.send_code(phone=NEW, purpose="lost_phone")
        services.ask_phone_move(
            old_phone=OLD,
            new_phone=NEW,
            code=Texts.last(NEW, "people.code")["code"],
            real_name="王小明",
            id_number=Identity.objects.get(borrower_id=mine).id_number,
        )
        assert spoken("people.phone_move_asked") == [language]
        change = PhoneChange.objects.get()
        services.refuse_phone_move(
            staff="staff:lin", borrower_id=mine, change_id=change.id, reason="不是本人"
        )
        assert spoken("people.phone_move_refused") == [language]
