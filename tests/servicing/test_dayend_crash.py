"""A day-end killed in any step and run again leaves the books of an undisturbed one, row by row."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest
from django.db import connection

from fenqi.servicing import dayend, services, verification
from tests.servicing import due_book, whole_tables
from tests.servicing.collecting import collect_all
from tests.servicing.due_book import DUE_2, ONE_DAY

pytestmark = pytest.mark.django_db(transaction=True)

AT_STATEMENTS = (1, 2, 3, 5)
NEXT = DUE_2 + ONE_DAY


@pytest.fixture
def due(sandbox, transactional_db, settings):
    """The state before the due date's day-end, with every context's own steps."""
    due_book.make()
    return whole_tables.keep()


def die_in(step: str, at_statement: int) -> bool:
    """Run a day-end in a process of its own that is killed at a statement of a step; whether it was."""
    connection.close()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    try:
        seen = {"step": "", "statements": 0}

        def progress(_on, name, _share):
            seen.update(step=name, statements=0)

        def killer(execute, sql, params, many, context):
            if seen["step"] == step:
                seen["statements"] += 1
                if seen["statements"] == at_statement:
                    os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(killer):
            services.run_dayend(to=NEXT, progress=progress, collect=collect_all)
    finally:
        os._exit(0)


def run_again():
    """As an operator would: while the server has not yet noticed that the killed run is gone, ask once more."""
    for _attempt in range(20):
        try:
            return services.run_dayend(to=NEXT, collect=collect_all)
        except dayend.DayEndRunning:
            continue
    raise AssertionError("the killed run still holds the day-end's lock")


def test_killed_in_every_step_and_run_again(due) -> None:
    services.run_dayend(to=NEXT, collect=collect_all)
    undisturbed = whole_tables.books()
    names = [name for name, _step in dayend.steps(collect_all)]
    assert verification.verify(workers=1) == []
    for table in ("ledger_transfer", "servicing_bucketmove", "servicing_notice", "bureau_creditrow"):
        assert len(undisturbed[table]) > len(due[table]), f"nothing of {table} to compare"

    killed: Counter[str] = Counter()
    for name in names:
        for at_statement in AT_STATEMENTS:
            whole_tables.bring_back(due)
            if not die_in(name, at_statement):
                break
            killed[name] += 1
            run_again()
            assert whole_tables.differing(whole_tables.books(), undisturbed) == {}, (
                f"killed in {name} at statement {at_statement}"
            )
    assert set(killed) == set(names), "a step in which nothing was killed proves nothing"
    assert killed["collections"] == len(AT_STATEMENTS)
