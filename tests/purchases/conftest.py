"""Every specification here has a shop, lenders and a channel."""

from __future__ import annotations

import pytest

from tests.purchases import shopping


@pytest.fixture
def shop(sandbox, transactional_db, settings):
    """The shop is open; the sandbox peers are empty and well."""
    shopping.open_shop(settings)
    return sandbox


@pytest.fixture
def shopper(shop):
    """A shopper who has passed every check, with ¥10,000.00 on the bound card; the borrower id."""
    borrower_id = shopping.a_shopper()
    shop.set_balance(shopping.CARD, 1_000_000)
    return borrower_id
