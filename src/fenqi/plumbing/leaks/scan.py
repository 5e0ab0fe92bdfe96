"""Collect every sealed value of the database, then look for them in every other column of every table, and in files."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from psycopg import sql

from fenqi.plumbing.leaks.sought import Sought
from fenqi.plumbing.sealed import CannotUnseal, sealed_models, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ROWS_AT_ONCE = 2000
LONGEST_PIECE = 1 << 20  # of a line in a file
MOST_PLACES = 1000  # findings told one by one; the rest is counted

# Texts of the house: a short name that stands there too cannot be told from a word of ours.
HOUSE_TEXTS = frozenset(
    {
        "care_entrycohort",
        "credit_lender",
        "credit_publishedplan",
        "django_migrations",
        "ledger_book",
        "ledger_ledgeraccount",
        "mall_category",
        "mall_product",
        "mall_variant",
        "people_consenttext",
        "people_staffmember",
        "plumbing_ruledatum",
    }
)
# Whole numbers of four bytes, dates, switches and ids hold no phone, name or card.
TELL_NOTHING = (
    "bool", "int2", "int4", "float4", "float8", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "oid",
)  # fmt: skip
# Ours, random, 19 digits long.
NOT_SOUGHT_IN = frozenset({"borrower_id"})
# Where a value stands in clear because it has to: the sessions are found by their key.
HAS_TO = {"django_session.session_key": {"people_accountsession.session_key"}}

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, t.typname, coalesce(a.attnum = ANY (i.indkey), false)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%'
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1, 2, a.attnum
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sealed value in clear: where it stands, and which columns seal it. Never the value itself."""

    place: str
    key: str
    sealed_in: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.place} [{self.key}]: a value of {', '.join(self.sealed_in)}"


@dataclass(kw_only=True)
class Scan:
    """What was looked for and what was found."""

    sought: int = 0
    too_short: int = 0
    rows: int = 0
    lines: int = 0
    findings: list[Finding] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        self.count[finding.place] += 1
        if len(self.findings) < MOST_PLACES:
            self.findings.append(finding)


@dataclass(frozen=True)
class Table:
    """A table as the catalogue describes it; `columns` are those that can hold text."""

    schema: str
    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def scan_database(*, also: Mapping[str, str] | None = None) -> tuple[Scan, Sought]:
    """
    Every sealed value, sought in every column that is not sealed, over one snapshot of the database.

    `also`: values that are kept nowhere, such as a card's number, with what a finding calls them.

    Also a finding: a value in a sealed column that does not open. Needs about 60 bytes of memory a value.
    """
    scan = Scan()
    with _one_snapshot():
        sought = Sought()
        for value, label in (also or {}).items():
            sought.add(value, label=label)
        for finding in sealed_values(sought):
            scan.add(finding)
        tables = list(_tables())
        for table in tables:
            if table.name in HOUSE_TEXTS:
                for _key, cells in _rows(table):
                    sought.learn("\n".join(map(_text, cells)))
        for table in tables:
            _scan_table(table, sought, scan)
    scan.sought, scan.too_short = len(sought), sought.too_short
    return scan, sought


@contextlib.contextmanager
def _one_snapshot() -> Iterator[None]:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def sealed_values(sought: Sought) -> Iterator[Finding]:
    """Add every value of every sealed column; gives those that are not sealed as they should be."""
    for model, fields in sealed_models():
        key = tuple(str(one.column) for one in model._meta.pk_fields)
        table = Table("public", model._meta.db_table, key, tuple(str(one.column) for one in fields))
        for row_key, cells in _rows(table):
            for one, sealed in zip(fields, cells, strict=True):
                if sealed is None:
                    continue
                try:
                    value = unseal(sealed, context=one.context)
                except (CannotUnseal, IndexError, UnicodeDecodeError):
                    yield Finding(place=one.context, key=row_key, sealed_in=("itself: it does not open",))
                else:
                    sought.add(value, label=one.context, holds=one.holds)


def sealed_columns() -> set[tuple[str, str]]:
    """(table, column) of everything that is sealed, files included."""
    found = {(model._meta.db_table, str(one.column)) for model, fields in sealed_models() for one in fields}
    return found | {("plumbing_sealedfile", "sealed")}


def _tables() -> Iterator[Table]:
    skipped = sealed_columns()
    known: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for schema, table, column, kind, is_key in cursor.fetchall():
            key, columns = known.setdefault((schema, table), ([], []))
            if is_key:
                key.append(column)
            if (table, column) not in skipped and kind not in TELL_NOTHING and column not in NOT_SOUGHT_IN:
                columns.append(column)
    for (schema, table), (key, columns) in known.items():
        yield Table(schema, table, tuple(key), tuple(columns))


def _rows(table: Table) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(key as text, the columns' values) of every row, a stretch at a time."""
    key = [sql.SQL("{}::text").format(sql.Identifier(one)) for one in table.key] or [sql.SQL("ctid::text")]
    statement = sql.SQL("SELECT {key}, {columns} FROM {table}").format(
        key=sql.SQL("concat_ws(' ', {})").format(sql.SQL(", ").join(key)),
        columns=sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        table=sql.Identifier(table.schema, table.name),
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                yield row[0], row[1:]


def _scan_table(table: Table, sought: Sought, scan: Scan) -> None:
    if not table.columns:
        return
    is_house = table.name in HOUSE_TEXTS
    for key, cells in _rows(table):
        scan.rows += 1
        if not sought.find("\n".join(map(_text, cells)), is_house=is_house):
            continue
        for column, cell in zip(table.columns, cells, strict=True):
            place = f"{table.name}.{column}"
            labels = sought.find(_text(cell), is_house=is_house) - HAS_TO.get(place, set())
            if labels:
                # The key may be what gives the value away.
                shown = key if not sought.find(key) else "a row whose key is such a value"
                scan.add(Finding(place=place, key=shown, sealed_in=tuple(sorted(labels))))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, (bytes, memoryview)):
        return bytes(cell).decode(errors="ignore")
    return cell if isinstance(cell, str) else str(cell)


def scan_file(path: Path, sought: Sought, scan: Scan) -> None:
    """Look for the values in a file of text; a finding names the line."""
    with path.open(encoding="utf-8", errors="replace") as file:
        pieces = iter(lambda: file.readline(LONGEST_PIECE), "")
        for number, line in enumerate(pieces, 1):
            scan.lines += 1
            labels = sought.find(line)
            if labels:
                scan.add(Finding(place=path.name, key=f"line {number}", sealed_in=tuple(sorted(labels))))
