"""The sandbox's own memory: one SQLite connection, one writer at a time, emptied in a moment."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = """
CREATE TABLE account (
    number TEXT PRIMARY KEY, bank TEXT NOT NULL, holder TEXT NOT NULL, id_number TEXT NOT NULL, phone TEXT NOT NULL,
    kind TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'OPEN', balance_fen INTEGER NOT NULL DEFAULT 0,
    misses INTEGER NOT NULL DEFAULT 0,
    CHECK (kind <> 'card' OR balance_fen >= 0)
);
CREATE INDEX account_phone ON account (phone);
CREATE TABLE posting (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, business_on TEXT NOT NULL, account TEXT NOT NULL REFERENCES account,
    counter TEXT NOT NULL, amount_fen INTEGER NOT NULL, balance_fen INTEGER NOT NULL, text TEXT NOT NULL,
    reference TEXT NOT NULL
);
CREATE INDEX posting_account ON posting (account, id);
CREATE TABLE card_check (reference TEXT PRIMARY KEY, content TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE card_token (token TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account);
CREATE TABLE mandate (
    number TEXT PRIMARY KEY, reference TEXT UNIQUE NOT NULL, account TEXT NOT NULL REFERENCES account,
    payee TEXT NOT NULL, max_fen INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE movement (
    reference TEXT PRIMARY KEY, serial TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, refunded_fen INTEGER NOT NULL DEFAULT 0, account TEXT, subject TEXT NOT NULL,
    business_on TEXT NOT NULL, state TEXT NOT NULL, failure TEXT NOT NULL DEFAULT '', original TEXT NOT NULL DEFAULT '',
    phone TEXT NOT NULL DEFAULT '', return_url TEXT NOT NULL DEFAULT '', notice_url TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL, finish_at REAL
);
CREATE TABLE text (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, reference TEXT NOT NULL, recipient TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '', body TEXT NOT NULL, shown_at TEXT NOT NULL, at REAL NOT NULL,
    UNIQUE (kind, reference)
);
CREATE INDEX text_recipient ON text (kind, recipient, id);
CREATE TABLE identity_check (reference TEXT PRIMARY KEY, content TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE lender_request (
    lender TEXT NOT NULL, reference TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (lender, reference)
);
CREATE TABLE lender_offer (
    offer_id TEXT PRIMARY KEY, lender TEXT NOT NULL, amount_fen INTEGER NOT NULL, offer TEXT NOT NULL
);
CREATE TABLE lender_loan (
    lender TEXT NOT NULL, reference TEXT NOT NULL, loan_number TEXT UNIQUE NOT NULL, amount_fen INTEGER NOT NULL,
    returned_fen INTEGER NOT NULL DEFAULT 0, business_on TEXT NOT NULL, state TEXT NOT NULL, serial TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '', rows TEXT NOT NULL, phone TEXT NOT NULL, is_own INTEGER NOT NULL,
    PRIMARY KEY (lender, reference)
);
CREATE TABLE bureau_batch (batch_id TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE bureau_row (
    account TEXT NOT NULL, month TEXT NOT NULL, status TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (account, month)
);
CREATE TABLE notice (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, body TEXT NOT NULL, copies INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL, delivered INTEGER NOT NULL DEFAULT 0, last_status INTEGER
);
CREATE TABLE fault (
    peer TEXT NOT NULL, kind TEXT NOT NULL, times_left INTEGER, seconds REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (peer, kind)
);
CREATE TABLE switch (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """Statements run inside `with store.change() as db:`; the block is one transaction, and only one runs at a time."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'account'").fetchone():
            self._db.executescript(SCHEMA)
        self._kept: dict[str, sqlite3.Connection] = {}

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction; rolled back when the block raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Read all rows."""
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """Read the first row."""
        with self._lock:
            return self._db.execute(statement, values).fetchone()

    def forget_everything(self) -> None:
        """Empty every table."""
        with self.change() as db:
            db.execute("PRAGMA defer_foreign_keys = ON")
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                db.execute(f"DELETE FROM {name}")  # noqa: S608 - names from our own schema

    def keep(self, name: str) -> None:
        """Remember everything as it is now, for as long as this process runs."""
        with self._lock:
            copy = self._kept.setdefault(name, sqlite3.connect(":memory:", check_same_thread=False))
            self._db.backup(copy)

    def bring_back(self, name: str) -> bool:
        """Everything as it was when it was kept under this name; False when nothing was."""
        with self._lock:
            if name not in self._kept:
                return False
            self._kept[name].backup(self._db)
            return True
