"""Disk full, database gone: the day-end stops with the step's name and goes on from there, to the same books."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from fenqi.servicing import dayend, queries, services
from fenqi.servicing.models import DayEndStep
from tests.servicing import due_book, whole_tables
from tests.servicing.collecting import collect_all
from tests.servicing.due_book import DUE_2, ONE_DAY

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = DUE_2 + ONE_DAY


@pytest.fixture
def due(sandbox, transactional_db, settings):
    """The state before the due date's day-end, and the books it leaves when nothing disturbs it."""
    due_book.make()
    before = whole_tables.keep()
    services.run_dayend(to=NEXT, collect=collect_all)
    undisturbed = whole_tables.books()
    whole_tables.bring_back(before)
    return before, undisturbed


def step_names():
    return [name for name, _step in dayend.steps(collect_all)]


def when(step, do):
    """A progress that does something when a step begins."""

    def progress(_on, name, _share):
        if name == step:
            do()

    return progress


def pid_of_the_dayend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def ask_from_outside(statement, *values):
    """As somebody else at the same server."""
    given = connection.settings_dict
    with psycopg.connect(
        dbname=given["NAME"],
        host=given["HOST"],
        port=given["PORT"] or None,
        user=given["USER"] or None,
        autocommit=True,
    ) as other:
        other.execute(statement, values)


def stopped_in(step, progress):
    """Run until it stops, which it must, and in this step."""
    try:
        services.run_dayend(to=NEXT, progress=progress, collect=collect_all)
    except dayend.DayEndError as stopped:
        assert (stopped.on, stopped.step) == (DUE_2, step)
        assert f"{DUE_2} stopped in step {step}: " in str(stopped)
        return stopped
    raise AssertionError(f"nothing stopped it in {step}")


def test_the_connection_is_cut_in_every_step(due):
    before, undisturbed = due
    for step in step_names():
        whole_tables.bring_back(before)

        stopped_in(
            step, when(step, lambda: ask_from_outside("SELECT pg_terminate_backend(%s)", pid_of_the_dayend()))
        )

        # The server is there for another connection, so that it could be noted.
        run = queries.dayend_runs(1)[0]
        assert (run.state, run.steps[-1].name, run.steps[-1].state) == ("failed", step, "failed")
        assert run.steps[-1].error
        assert services.run_dayend(to=NEXT, collect=collect_all) == [DUE_2]
        assert whole_tables.differing(whole_tables.books(), undisturbed) == {}, step


# Steps that add rows, so that their tables have to grow.
GROWING = {
    "debits": "servicing_debitinstruction",
    "collections": "servicing_loanevent",
    "arrears": "servicing_bucketmove",
    "credit_rows": "bureau_creditrow",
    "accrual": "servicing_bookday",
    "close": "ledger_daytotal",
    "reminders": "servicing_notice",
}


@contextmanager
def a_small_disk():
    """A small file system for the tables that grow, and what fills it up; None where none may be mounted."""
    place = Path(tempfile.mkdtemp(prefix="fenqi-small-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=48m,mode=0777", "tmpfs", str(place)]
    may_mount = shutil.which("mount") is not None
    if not may_mount or subprocess.run(command, capture_output=True, check=False).returncode:
        place.rmdir()
        yield None
        return
    space = place / "space"
    space.mkdir()
    owner = Path(f"/proc/{pid_of_the_dayend()}").stat()
    os.chown(space, owner.st_uid, owner.st_gid)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
            for table in GROWING.values():
                cursor.execute(f"ALTER TABLE {table} SET TABLESPACE small")
        connection.close()
        yield place / "filler"
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            for table in GROWING.values():
                cursor.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            cursor.execute("CHECKPOINT")
            cursor.execute("DROP TABLESPACE small")
        connection.close()
        # A process of the server may still hold a file open that is gone by now.
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


@pytest.fixture
def every_row_takes_a_page(transactional_db):
    """So that a table has to grow with the next row already: rows as large as a page."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        for table in GROWING.values():
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN ballast text")
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN ballast SET STORAGE PLAIN")
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN ballast SET DEFAULT repeat('x', 7900)")
    connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        for table in GROWING.values():
            cursor.execute(f"ALTER TABLE {table} DROP COLUMN ballast")
    connection.close()


def without_spare_pages(table):
    """A bulk load leaves empty pages at a table's end, which the next rows would take."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute(f"VACUUM FULL {table}")
    connection.close()


def fill(filler):
    """Leave nothing of the small disk."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def test_the_disk_is_full_in_a_step(every_row_takes_a_page, due):
    """On a small file system of its own; where none may be mounted, by the limit of a process as in the next test."""
    before, undisturbed = due
    with a_small_disk() as filler:
        complaint = "No space left on device" if filler else "could not extend file"
        for step in GROWING:
            whole_tables.bring_back(before)
            without_spare_pages(GROWING[step])

            stopped = stopped_in(step, when(step, lambda: fill(filler) if filler else no_file_may_grow()))

            assert complaint in str(stopped)
            if filler:
                filler.unlink()
            else:
                connection.close()
            kept = DayEndStep.objects.get(business_date=DUE_2, name=step)
            assert (kept.state, complaint in kept.error) == ("failed", True)
            services.run_dayend(to=NEXT, collect=collect_all)
            assert whole_tables.differing(whole_tables.books(), undisturbed) == {}, step


def no_file_may_grow():
    """The server's process for this connection may not write to any file: what it adds does not fit anywhere."""
    with connection.cursor() as cursor:
        # Its own part of the log is written by another process then.
        cursor.execute("SET synchronous_commit = off")
    pid = pid_of_the_dayend()
    owner = Path(f"/proc/{pid}").stat().st_uid
    child = os.fork()
    if not child:
        try:
            if owner != os.getuid():
                os.setuid(owner)
            _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def test_no_page_may_be_added_in_a_step(every_row_takes_a_page, due):
    """The same by the limit of a process, wherever tests run without the right to mount anything."""
    before, undisturbed = due
    for step in GROWING:
        whole_tables.bring_back(before)
        without_spare_pages(GROWING[step])

        stopped = stopped_in(step, when(step, no_file_may_grow))

        assert "could not extend file" in str(stopped)
        connection.close()
        services.run_dayend(to=NEXT, collect=collect_all)
        assert whole_tables.differing(whole_tables.books(), undisturbed) == {}, step
