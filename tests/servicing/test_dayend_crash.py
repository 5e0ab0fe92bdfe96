"""A day-end killed in any step and run again leaves the books of an undisturbed one."""

from __future__ import annotations

import datetime
import os
import signal

import pytest
from django.db import connection

from fenqi.servicing import dayend, services, verification
from tests.servicing.books import ANNUITY, FLAT, FREE, OPENED, a_loan, start
from tests.servicing.collecting import collect_all, collect_none

pytestmark = pytest.mark.django_db(transaction=True)

DUE_1 = datetime.date(2026, 2, 8)
ONE_DAY = datetime.timedelta(days=1)

TABLES = {
    "plumbing_businessdate": "*",
    "ledger_book": "*",
    "ledger_transfer": "borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account, amount_fen,"
    " business_date, source",
    "ledger_daytotal": "*",
    "ledger_closedday": "business_date, transfers",
    "ledger_ledgeraccount": "*",
    "servicing_termssheet": "*",
    "servicing_loan": "*",
    "servicing_loannumber": "*",
    "servicing_loanevent": "borrower_id, loan_id, sequence, kind, happened_on, amount_fen, source, reference",
    "servicing_eventreference": "reference, borrower_id, loan_id, sequence, kind, amount_fen",
    "servicing_loaninstallment": "*",
    "servicing_debitinstruction": "borrower_id, loan_id, due_on, business_date, number, book_id, amount_fen, state,"
    " debit_id, failure, sequence",
    "servicing_bucketmove": "*",
    "servicing_notice": "borrower_id, template, key, loan_id, lender_code, on_date, due_on, amount_fen",
    "servicing_dayendrun": "business_date, state",
    "servicing_dayendstep": "business_date, name, state",
    "servicing_bookday": "*",
    "servicing_lendersettlement": "*",
}


def dump(*, whole: bool) -> dict[str, list[bytes]]:
    """The rows of every table of the books; without moments of the clock unless `whole`."""
    kept = {}
    with connection.cursor() as cursor:
        for table, columns in TABLES.items():
            chosen = "*" if whole else columns
            with cursor.copy(f"COPY (SELECT {chosen} FROM {table}) TO STDOUT") as copy:
                kept[table] = sorted(bytes(row) for row in copy)
    return kept


def restore(kept: dict[str, list[bytes]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        for table, rows in kept.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write(row)


def die_in(step: str, at_statement: int) -> bool:
    """Run a day-end in a process of its own that is killed at a statement of a step; whether it was."""
    connection.close()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        connection.close()
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
            services.run_dayend(to=DUE_1 + ONE_DAY, progress=progress, collect=collect_all)
    finally:
        os._exit(0)


def run_again():
    """As an operator would: while the server has not yet noticed that the killed run is gone, ask once more."""
    for _attempt in range(20):
        try:
            return services.run_dayend(to=DUE_1 + ONE_DAY, collect=collect_all)
        except dayend.DayEndRunning:
            continue
    raise AssertionError("the killed run still holds the day-end's lock")


@pytest.fixture
def due_book(transactional_db, settings):
    """A book on a due date: loans on schedule, one late, one that the engine has to book."""
    settings.DAYEND_STEPS = []
    start()
    for terms in (ANNUITY, FLAT, FREE):
        a_loan(terms, 123_400)
    late = a_loan(FREE, 90_000, on=OPENED)
    odd = a_loan(ANNUITY, 200_000)
    services.run_dayend(to=DUE_1 - 3 * ONE_DAY, collect=collect_none)
    services.record_repayment(borrower_id=odd[0], loan_id=odd[1], amount_fen=5_000, reference="a part")
    services.record_repayment(borrower_id=late[0], loan_id=late[1], amount_fen=30_000, reference="early")
    services.run_dayend(to=DUE_1, collect=collect_none)
    return dump(whole=True)


def test_killed_in_every_step_and_run_again(due_book) -> None:
    services.run_dayend(to=DUE_1 + ONE_DAY, collect=collect_all)
    undisturbed = dump(whole=False)
    names = [name for name, _step in dayend.steps(collect_all)]
    assert verification.verify(workers=1) == []

    killed = 0
    for name in names:
        for at_statement in (1, 2, 3, 4, 6, 8):
            restore(due_book)
            if not die_in(name, at_statement):
                break
            killed += 1
            run_again()
            again = dump(whole=False)
            for table in TABLES:
                assert again[table] == undisturbed[table], (
                    f"killed in {name} at statement {at_statement}: {table}"
                )
    assert killed >= 2 * len(names)
