"""Who signs out leaves nothing in the browser."""

from __future__ import annotations

import pytest
from django.test import Client

from fenqi.plumbing.middleware import WAYS_OUT
from tests.trust import doors


@pytest.mark.django_db
@pytest.mark.parametrize("way", sorted(WAYS_OUT))
def test_the_browser_is_told_to_forget(way):
    answer = Client().post(way)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in Client().get("/").headers


def test_every_way_out_is_among_them():
    assert {f"/{route}" for route, _pattern in doors.routes() if route.endswith("sign-out/")} == WAYS_OUT
