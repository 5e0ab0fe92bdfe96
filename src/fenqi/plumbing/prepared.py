"""
Prepared statements for the few paths where the driver's care costs more than the statement: planned once a connection,
parameters as text, several sent together and answered at the end.

Django's cursor binds parameters in the client and psycopg's looks at the type of every value each time; both are right
everywhere else. The statements take part in the transaction that is open, and in autocommit all that are sent together
are one transaction.
"""

from __future__ import annotations

import hashlib
import select
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import pq
from psycopg.adapt import Transformer

Row = tuple[Any, ...]
Call = tuple["Statement", dict[str, Any]]

DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Statement:
    """A statement with `%(name)s` for its parameters; `types` names the PostgreSQL type of each, once and for all."""

    def __init__(self, text: str, types: dict[str, str]) -> None:
        numbers = _Numbers(types)
        self.sql = (text % numbers).encode()
        self.names = tuple(numbers)
        self.name = b"fenqi_" + hashlib.md5(self.sql, usedforsecurity=False).hexdigest()[:20].encode()


class _Numbers(dict[str, str]):
    """Gives each name its number where it is first met."""

    def __init__(self, types: dict[str, str]) -> None:
        super().__init__()
        self._types = types

    def __missing__(self, name: str) -> str:
        self[name] = number = f"${len(self) + 1}::{self._types[name]}"
        return number


class _Session:
    """What is known of one connection: the statements it has prepared, and how it reads answers."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.prepared: set[bytes] = set()
        self.reader = Transformer.from_context(raw)
        self.waiting = select.poll()
        self.waiting.register(raw.pgconn.socket, select.POLLIN)


_sessions: WeakKeyDictionary[psycopg.Connection[Any], _Session] = WeakKeyDictionary()
BEGIN = Statement("BEGIN", {})


def run(*calls: Call) -> list[list[Row]]:
    """
    Send statements together and tell the rows of each. What one refuses, none after it does.

    Inside `atomic` the transaction begins with the first of them, in the same trip. Raises: Django's database errors.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    session = _sessions.get(raw)
    if session is None:
        session = _sessions[raw] = _Session(raw)
    if connection.queries_logged:  # in tests and benches, which count statements
        connection.queries_log.extend({"sql": one.sql.decode(), "time": "0"} for one, _values in calls)
    with connection.wrap_database_errors:
        try:
            return _send(raw, session, calls)
        except psycopg.errors.InvalidSqlStatementName:
            # A pooler gave us another server connection, or somebody has dropped all statements.
            session.prepared.clear()
            if not raw.autocommit:
                raise
            return _send(raw, session, calls)


def _send(raw: psycopg.Connection[Any], session: _Session, calls: tuple[Call, ...]) -> list[list[Row]]:
    pgconn = raw.pgconn
    if not raw.autocommit and pgconn.transaction_status == pq.TransactionStatus.IDLE:
        return _together(raw, session, [(BEGIN, {}), *calls])[1:]
    if len(calls) > 1:
        return _together(raw, session, calls)
    [(statement, values)] = calls
    _prepare(raw, session, statement)
    return [_rows(raw, session, pgconn.exec_prepared(statement.name, _texts(statement, values)))]


def _together(
    raw: psycopg.Connection[Any], session: _Session, calls: list[Call] | tuple[Call, ...]
) -> list[list[Row]]:
    pgconn = raw.pgconn
    parameters = [_texts(statement, values) for statement, values in calls]
    for statement, _values in calls:
        _prepare(raw, session, statement)
    try:
        pgconn.enter_pipeline_mode()
        for (statement, _values), texts in zip(calls, parameters, strict=True):
            pgconn.send_query_prepared(statement.name, texts)
        pgconn.pipeline_sync()
        while pgconn.flush():
            select.select([], [pgconn.socket], [])
        results = []
        for _call in calls:
            results.append(_next_result(session, pgconn))
            _next_result(session, pgconn)  # the end of this statement's answer
        _next_result(session, pgconn)  # the end of all
        pgconn.exit_pipeline_mode()
    except BaseException:
        raw.close()  # who knows which answers are still on their way
        raise
    return [_rows(raw, session, result) for result in results]


def _next_result(session: _Session, pgconn: pq.abc.PGconn) -> pq.abc.PGresult | None:
    """libpq would wait for it too, but then no other thread could run: not even the one whose lock we wait for."""
    while pgconn.is_busy():
        session.waiting.poll()
        pgconn.consume_input()
    return pgconn.get_result()


def _prepare(raw: psycopg.Connection[Any], session: _Session, statement: Statement) -> None:
    if statement.name not in session.prepared:
        result = raw.pgconn.prepare(statement.name, statement.sql)
        if result.status not in DONE:
            raise psycopg.errors.error_from_result(result)
        session.prepared.add(statement.name)


def _rows(raw: psycopg.Connection[Any], session: _Session, result: pq.abc.PGresult | None) -> list[Row]:
    if result is None or result.status not in DONE:
        if result is None:
            raise psycopg.OperationalError("the connection is lost")
        raise psycopg.errors.error_from_result(result)
    if result.status == pq.ExecStatus.COMMAND_OK:
        return []
    session.reader.set_pgresult(result)
    return session.reader.load_rows(0, result.ntuples, tuple)


def _texts(statement: Statement, values: dict[str, Any]) -> list[bytes | None]:
    texts = [
        None if (value := values[name]) is None else str(value).encode()  # True and False are read too
        for name in statement.names
    ]
    if b"\0" in b"".join(filter(None, texts)):
        raise psycopg.DataError("a text with NUL (0x00) cannot be stored")
    return texts
