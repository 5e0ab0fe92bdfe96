"""Statements prepared once take part in the caller's transaction, refuse what cannot be stored, and come back after a loss."""

from __future__ import annotations

import threading

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from fenqi.plumbing import prepared

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = prepared.Statement(
    "INSERT INTO plumbing_ruledatum (name, valid_from, value, source)"
    " VALUES (%(name)s, '2026-01-01', '1', %(source)s) RETURNING name",
    {"name": "text", "source": "text"},
)
COUNT = prepared.Statement("SELECT count(*) FROM plumbing_ruledatum WHERE name = %(name)s", {"name": "text"})
LOCK = prepared.Statement("SELECT pg_advisory_xact_lock(%(key)s)", {"key": "bigint"})


def insert(name: str) -> tuple[prepared.Statement, dict[str, str]]:
    return INSERT, {"name": name, "source": "test"}


def count(name: str) -> int:
    return prepared.run((COUNT, {"name": name}))[0][0][0]


def test_statements_sent_together_are_one_transaction():
    with pytest.raises(IntegrityError):
        prepared.run(insert("one"), insert("two"), insert("one"))
    assert (count("one"), count("two")) == (0, 0)


def test_it_begins_the_transaction_of_atomic():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        prepared.run(insert("one"))
        1 / 0  # noqa: B018
    assert count("one") == 0
    with transaction.atomic():
        prepared.run(insert("one"))
    assert count("one") == 1


def test_a_savepoint_takes_a_refusal_back():
    with transaction.atomic():
        prepared.run(insert("one"))
        with pytest.raises(IntegrityError), transaction.atomic():
            prepared.run(insert("one"))
        prepared.run(insert("two"))
    assert (count("one"), count("two")) == (1, 1)


def test_a_text_that_cannot_be_stored_is_refused_whole():
    with pytest.raises(DataError):
        prepared.run(insert("cut\0off"))
    assert count("cut") == 0


def test_statements_that_were_dropped_are_prepared_again():
    assert count("one") == 0
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert count("one") == 0


def test_who_waits_for_a_lock_lets_the_other_threads_run():
    waiting, done = threading.Event(), []

    def second() -> None:
        try:
            with transaction.atomic():
                waiting.set()
                prepared.run((LOCK, {"key": 77}), (COUNT, {"name": "one"}))
                done.append(True)
        finally:
            connection.close()

    other = threading.Thread(target=second)
    with transaction.atomic():
        prepared.run((LOCK, {"key": 77}), (COUNT, {"name": "one"}))
        other.start()
        waiting.wait(timeout=10)
        other.join(timeout=0.2)
        assert not done
        prepared.run(insert("one"))
    other.join(timeout=10)
    assert done
