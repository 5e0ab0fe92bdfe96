"""The worker hears of work the moment it is there, and a page can watch a day-end go by."""

import datetime
import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection, transaction

from fenqi.jobs import queries, services, worker
from fenqi.plumbing import business_date, outbox
from fenqi.plumbing.models import Announcement

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = datetime.date(2026, 11, 22)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def open_date():
    business_date.start(TODAY)


def wait_until(condition, *, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def worker_process(transactional_db):
    """`fenqi worker` against the test's database."""
    at = connection.settings_dict
    url = f"postgresql://{at['USER']}@/{at['NAME']}?host={at['HOST']}&port={at['PORT'] or 5432}"
    process = subprocess.Popen(
        [sys.executable, "-m", "fenqi", "worker"], env={**os.environ, "DATABASE_URL": url}
    )
    try:
        announce()
        assert wait_until(all_delivered, seconds=20), "the worker did not start"
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        finally:
            process.kill()
            process.wait()


def announce():
    with transaction.atomic():
        outbox.publish("nobody.listens", borrower_id=1)


def all_delivered():
    return not Announcement.objects.filter(delivered_at__isnull=True).exists()


class TestDayEndInTheBackground:
    def test_moves_the_business_date_and_tells_how_far_it_is(self):
        run_id = services.start_dayend(to=TODAY + 3 * DAY)
        assert queries.progress(run_id).state == "waiting"
        worker.drain()
        progress = queries.progress(run_id)
        assert (progress.state, progress.share, progress.on) == ("done", 1.0, TODAY + 3 * DAY)

    def test_a_second_click_is_the_same_run(self):
        assert services.start_dayend(to=TODAY + DAY) == services.start_dayend(to=TODAY + DAY)

    @pytest.mark.parametrize("days", [0, -1, 401])
    def test_the_date_moves_forward_only(self, days):
        with pytest.raises(services.DateNotAhead) as refusal:
            services.start_dayend(to=TODAY + days * DAY)
        assert refusal.value.field == "to"

    def test_an_unknown_run_is_not_found(self):
        with pytest.raises(queries.RunUnknown):
            queries.progress(0)


class TestWorkerProcess:
    def test_hears_of_an_announcement_and_of_a_job_by_itself(self, worker_process):
        announce()
        assert wait_until(all_delivered, seconds=20)
        run_id = services.start_dayend(to=TODAY + DAY)
        assert wait_until(lambda: queries.progress(run_id).state != "waiting", seconds=20)
        assert wait_until(lambda: queries.progress(run_id).is_over, seconds=20)
        assert queries.progress(run_id).state == "done"
