"""
What a process remembers of small tables, for as long as they say the same.

Every read asks for the tables' stamp first: the versions of all their rows, which any insert, update and delete changes.
One short statement then takes the place of all the others, and what another process changes counts from the next read on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from fenqi.plumbing import prepared

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

MOST_KEPT = 64
"""Answers kept of one stamp (one for each date, for example)."""


class Unchanged(Generic[Key, Answer]):
    """
    The answers of `read`, each read once while none of `tables` changes. They are shared: nobody may change them.

    Reference tables only: the stamp looks at every row.
    """

    def __init__(self, *, tables: tuple[str, ...], read: Callable[[Key], Answer]) -> None:
        rows = " UNION ALL ".join(
            f"SELECT {position} AS t, xmin, ctid FROM {table}"  # noqa: S608 - names of ours
            for position, table in enumerate(tables)
        )
        self._stamp = prepared.Statement(
            f"SELECT md5(string_agg(t || ' ' || xmin || ctid, '' ORDER BY t, ctid)) FROM ({rows}) AS rows",  # noqa: S608
            {},
        )
        self._read = read
        self._known: tuple[str | None, dict[Key, Answer]] = (None, {})

    def get(self, key: Key) -> Answer:
        """The answer for a key, as the tables stand now."""
        [[(stamp,)]] = prepared.run((self._stamp, {}))
        # Taken out before reading: what is read may be newer than the stamp, and is then read again next time.
        known, answers = self._known
        if known != stamp or len(answers) >= MOST_KEPT:
            answers = {}
            self._known = (stamp, answers)
        if key not in answers:
            answers[key] = self._read(key)
        return answers[key]
