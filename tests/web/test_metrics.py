"""Operators see what waits; nobody else does."""

import pytest
from django.db import transaction

from fenqi.plumbing import outbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_counts_what_waits(client):
    with transaction.atomic():
        outbox.publish("nobody.listens", borrower_id=1)
    figures = client.get("/metrics").content.decode()
    assert "fenqi_announcements_waiting 1\n" in figures
    assert "# TYPE fenqi_movements_open gauge\n" in figures


@pytest.mark.parametrize(
    ("token", "given", "status"), [("", "", 403), ("t0k", "t0k", 200), ("t0k", "no", 403)]
)
def test_outside_a_demo_a_token_is_needed(client, settings, token, given, status):
    settings.DEMO, settings.METRICS_TOKEN = False, token
    assert client.get("/metrics", headers={"Authorization": f"Bearer {given}"}).status_code == status
