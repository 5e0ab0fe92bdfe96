"""Staff at the console, and the shoppers whose things wait there."""

from __future__ import annotations

import pytest
from django.test import Client

from fenqi.people import seed
from tests.people.conftest import applicant, named, parties, shopper  # noqa: F401 - fixtures shared with people


@pytest.fixture(autouse=True)
def members(settings, parties):  # noqa: F811
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    seed.load_demo_staff()


@pytest.fixture
def staff():
    """staff("lin") is a browser signed in at the staff's door."""
    passwords = {name: password for name, password, _roles in seed.demo_staff()}

    def enter(name: str) -> Client:
        browser = Client()
        response = browser.post("/ops/sign-in/", {"name": name, "password": passwords[name]})
        assert response.status_code == 302, response.content.decode()[:500]
        return browser

    return enter
