"""A consent names its text, and ends as easily as it was given."""

import datetime

import pytest

from fenqi.people import queries, refusals, seed, services
from fenqi.people.services.consents import TextChanged


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
