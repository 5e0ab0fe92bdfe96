"""Checks asked of the database: each a sentence and a statement that returns what is wrong, as rows that fill it in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection

Check = tuple[str, str]

MOST_NAMED = 1_000


def differences(checks: Iterable[Check]) -> Iterator[str]:
    """What the checks find, a sentence each; at most a thousand of each kind."""
    with connection.cursor() as cursor:
        for sentence, statement in checks:
            cursor.execute(f"{statement} LIMIT {MOST_NAMED}", [])
            for row in cursor.fetchall():
                yield sentence.format(*row)
