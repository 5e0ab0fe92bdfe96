"""Help articles of our own: in both languages, related to each other, and found by the words people type."""

from __future__ import annotations

import pytest

from fenqi.care import help as help_centre
from fenqi.plumbing.errors import NotFound


def test_at_least_ten_and_the_same_in_both_languages():
    zh, en = help_centre.articles("zh"), help_centre.articles("en")
    assert len(zh) >= 10
    assert [one.slug for one in zh] == [one.slug for one in en]
    assert [one.related for one in zh] == [one.related for one in en]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_related_article_exists_and_is_another(language):
    for one in help_centre.articles(language):
        related = help_centre.related(one, language)
        assert len(related) == len(one.related) >= 2
        assert one not in related


@pytest.mark.parametrize(
    ("words", "language", "first"),
    [
        ("提前还款", "zh", "repay-early"),
        ("扣款失败", "zh", "autopay"),
        ("征信", "zh", "credit-record"),
        ("还款入口不见了", "zh", "entry-moved"),
        ("提前还能省多少利息", "zh", "repay-early"),
        ("standby", "en", "standby"),
        ("debit balance", "en", "autopay"),
        ("PENALTY", "en", "overdue"),
    ],
)
def test_finds_what_was_asked(words, language, first):
    assert help_centre.search(words, language)[0].slug == first


@pytest.mark.parametrize("words", ["", "   ", "qwertyuiop", "火星移民"])
def test_finds_nothing_where_nothing_is(words):
    assert help_centre.search(words, "zh") == []


def test_an_unknown_article_is_not_found():
    with pytest.raises(NotFound):
        help_centre.article("nothing", "zh")


def test_an_unknown_language_reads_chinese():
    assert help_centre.article("overdue", "fr").title == help_centre.article("overdue", "zh").title
