"""Calls that begin together, or one that has to wait for another; each in a thread and on a connection of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.02


def at_once(*calls: Callable[[], Any], seconds: int = 30) -> list[Any]:
    """Let the calls loose together; what each answered or refused with, in order. None may take longer than `seconds`."""
    answers: list[Any] = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def run(place: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            answers[place] = call()
        except Exception as e:
            answers[place] = e
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=seconds)
        assert not thread.is_alive()
    return answers


def held_up(call: Callable[[], Any], *, by: Callable[[], Any], seconds: float = 10) -> Any:
    """What `call` answers that waits for a lock of `by`: whose transaction ends only when somebody is seen waiting."""
    answers: list[Any] = []

    def run() -> None:
        answers.extend(at_once(call))

    waiter = threading.Thread(target=run)
    with transaction.atomic(), connection.cursor() as cursor:
        by()
        waiter.start()
        for _look in range(round(seconds / LOOK_EVERY_SECONDS)):
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")
            if cursor.rowcount:
                break
            waiter.join(LOOK_EVERY_SECONDS)
        else:
            raise AssertionError("nobody had to wait")
    waiter.join()
    return answers[0]
