"""The exported ledger is accepted by beancount itself: every account open, every entry balanced, every balance as asserted."""

from __future__ import annotations

import datetime

import pytest
from beancount import loader

from fenqi.ledger import queries
from fenqi.servicing import services
from tests.servicing.books import ANNUITY, OPENED, a_loan, start
from tests.servicing.collecting import collect_all

pytestmark = pytest.mark.django_db

CLOSED = datetime.date(2026, 2, 10)


@pytest.fixture
def book(settings) -> None:
    settings.DAYEND_STEPS = []
    start()
    a_loan(ANNUITY, 499_900, lender_share_bp=7_000)
    services.run_dayend(to=CLOSED + datetime.timedelta(days=1), collect=collect_all)


@pytest.mark.parametrize("from_on", [OPENED, datetime.date(2026, 2, 1)])
def test_it_finds_nothing_wrong(book, from_on) -> None:
    entries, errors, _options = loader.load_string("".join(queries.export_beancount(from_on, CLOSED)))
    assert errors == []
    assert {type(entry).__name__ for entry in entries} == {"Open", "Transaction", "Balance"}


def test_it_finds_a_fen_that_was_changed(book) -> None:
    text = "".join(queries.export_beancount(OPENED, CLOSED))
    assert "  389.80 CNY" in text
    _entries, errors, _options = loader.load_string(text.replace("  389.80 CNY", "  389.81 CNY", 1))
    assert errors
