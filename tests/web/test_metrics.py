"""Operators see what waits; nobody else does."""

import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from fenqi.plumbing import business_date, outbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_counts_what_waits(client):
    with transaction.atomic():
        outbox.publish("nobody.listens", borrower_id=1)
    figures = client.get("/metrics").content.decode()
    assert "fenqi_announcements_waiting 1\n" in figures
    assert "# TYPE fenqi_movements_open gauge\n" in figures


def test_counts_days_where_the_books_are_kept(client, monkeypatch):
    """At half past six in the morning of the 9th it is still the 8th in Greenwich."""
    business_date.start(datetime.date(2026, 2, 8))
    morning = datetime.datetime(2026, 2, 8, 22, 30, tzinfo=datetime.UTC)
    monkeypatch.setattr(timezone, "now", lambda: morning)
    assert "fenqi_business_date_behind_days 1\n" in client.get("/metrics").content.decode()


@pytest.mark.parametrize(
    ("token", "given", "status"), [("", "", 403), ("t0k", "t0k", 200), ("t0k", "no", 403)]
)
def test_outside_a_demo_a_token_is_needed(client, settings, token, given, status):
    settings.DEMO, settings.METRICS_TOKEN = False, token
    assert client.get("/metrics", headers={"Authorization": f"Bearer {given}"}).status_code == status
