"""A consent names its text, and ends as easily as it was given."""

import datetime
import hashlib

import pytest

from fenqi.people import queries, refusals, seed, services
from fenqi.people.models import Consent, ConsentText, IdentityCheck
from fenqi.people.services.consent_gate import ask_consent
from fenqi.people.services.consents import TextChanged
from fenqi.plumbing.models import GateAnswer
from tests.people import fakes
from tests.people.test_identity import photo, submit


def give(borrower_id, text_code="bureau_query"):
    return services.record_consent(borrower_id=borrower_id, text_code=text_code, channel="web", evidence={})


def test_given_once_withdrawn_and_given_again(shopper):
    borrower_id = shopper()
    first = give(borrower_id)
    assert give(borrower_id) == first
    assert queries.has_consent(borrower_id=borrower_id, text_code="bureau_query")
    assert queries.borrowers_who_agreed(text_code="bureau_query", borrower_ids={borrower_id, 1}) == {
        borrower_id
    }
    services.withdraw_consent(borrower_id=borrower_id, text_code="bureau_query", channel="web")
    services.withdraw_consent(borrower_id=borrower_id, text_code="bureau_query", channel="web")
    assert not queries.has_consent(borrower_id=borrower_id, text_code="bureau_query")
    assert give(borrower_id) != first
    assert [one.withdrawn_at is None for one in queries.given(borrower_id=borrower_id, language="zh")] == [
        True,
        False,
    ]


def test_an_unknown_text(shopper):
    with pytest.raises(refusals.ConsentUnknown):
        give(shopper(), "everything")


def test_a_published_text_does_not_change():
    seed.load()
    with pytest.raises(TextChanged):
        services.publish_text(
            code="identity",
            version=1,
            title_zh="另一份",
            title_en="x",
            body_zh="x",
            body_en="x",
            published_on=datetime.date(2026, 1, 1),
        )


class TestFace:
    """A face check rests on its own consent; no image is ever kept, and what is kept goes with the consent."""

    def passed(self, shopper):
        borrower_id = shopper()
        give(borrower_id, "face")
        assert submit(borrower_id) == "PASS"
        return borrower_id

    def test_withdrawn_its_serial_goes(self, shopper):
        borrower_id = self.passed(shopper)
        assert IdentityCheck.objects.get(borrower_id=borrower_id).serial
        services.withdraw_consent(borrower_id=borrower_id, text_code="face", channel="web")
        assert IdentityCheck.objects.get(borrower_id=borrower_id).serial == ""
        assert queries.person(borrower_id).is_identified  # what was concluded stands

    def test_withdrawn_no_other_check_is_made(self, shopper):
        borrower_id = shopper()
        give(borrower_id, "face")
        services.withdraw_consent(borrower_id=borrower_id, text_code="face", channel="web")
        with pytest.raises(refusals.ConsentWithdrawn) as caught:
            submit(borrower_id)
        assert caught.value.field == "agree_face"
        assert fakes.Identity.asked == []
        give(borrower_id, "face")
        assert submit(borrower_id) == "PASS"

    def test_withdrawn_while_the_party_was_out_it_is_not_asked_again(self, shopper):
        borrower_id = shopper()
        give(borrower_id, "face")
        assert submit(borrower_id, real_name="请重试") == "RETRY"
        services.withdraw_consent(borrower_id=borrower_id, text_code="face", channel="web")
        with pytest.raises(refusals.ConsentWithdrawn):
            services.retry_identity(borrower_id=borrower_id)
        assert len(fakes.Identity.asked) == 1

    def test_photos_need_no_face(self, shopper):
        borrower_id = shopper()
        give(borrower_id, "face")
        services.withdraw_consent(borrower_id=borrower_id, text_code="face", channel="web")
        assert submit(borrower_id, face=False, front=photo(), back=photo()) == "REVIEW"


def test_the_gate_keeps_its_answers(shopper):
    borrower_id = shopper()
    assert not ask_consent(
        borrower_id=borrower_id, text_code="lender_sharing", subject="application:1"
    ).allowed
    give(borrower_id, "lender_sharing")
    assert ask_consent(borrower_id=borrower_id, text_code="lender_sharing", subject="application:1").allowed
    kept = GateAnswer.objects.filter(gate="consent", subject="application:1").order_by("id")
    assert [(one.allowed, one.rule_id) for one in kept] == [
        (False, "consent.lender_sharing"),
        (True, "consent.lender_sharing"),
    ]


def test_a_consent_says_which_words_when_over_which_channel_and_how(shopper):
    borrower_id = shopper()
    services.record_consent(
        borrower_id=borrower_id, text_code="marketing", channel="web", evidence={"form": "privacy-page"}
    )
    kept = Consent.objects.get(borrower_id=borrower_id)
    text = ConsentText.objects.get(code="marketing", version=kept.text_version)
    assert (kept.text_hash, kept.channel, kept.evidence) == (text.text_hash, "web", {"form": "privacy-page"})
    assert kept.given_at
    words = "\x00".join([text.code, str(text.version), text.title_zh, text.body_zh, text.body_en])
    assert hashlib.sha256(words.encode()).hexdigest() == kept.text_hash
