"""Staff at the console, and the shoppers whose things wait there."""

from __future__ import annotations

import pytest

from fenqi.people import seed
from tests.people.conftest import applicant, named, parties, shopper  # noqa: F401 - fixtures shared with people
from tests.support.staff import desk_of


@pytest.fixture(autouse=True)
def members(settings, parties):  # noqa: F811
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    seed.load_demo_staff()


@pytest.fixture
def staff():
    """staff("lin") is a browser signed in at the staff's door."""
    return desk_of
