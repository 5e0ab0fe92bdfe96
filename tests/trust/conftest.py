"""A shop with a marked person in it, and somebody else."""

from __future__ import annotations

import pytest

from fenqi.care.seed import load as load_care
from fenqi.people import seed as people_seed
from tests.purchases import shopping
from tests.support.kept import once
from tests.trust import marked
from tests.web.finance_cases import signed_in


@pytest.fixture
def shop(sandbox, transactional_db, settings):
    """Open for business, outside parties in the sandbox, staff at their desks."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def open_for_business():
        shopping.open_shop(settings)
        load_care()
        people_seed.load_demo_staff()

    once("shop", open_for_business, sandbox=sandbox, settings=settings)
    return sandbox


@pytest.fixture
def a(shop, settings):
    """The marked person with one of everything."""
    return once("marked", lambda: marked.a_marked_person(shop), sandbox=shop, settings=settings)


@pytest.fixture
def b(a):
    """Somebody else with an account, a card and an address of their own."""
    return signed_in(shopping.a_shopper("13800009999", name="李雷"))
