"""Every person-owned table can be distributed by borrower (docs/decisions/0008): kept over the catalogue, without any extension."""

import pytest
from django.db import connection

from tests.house.trees import ROOT, SOURCE

pytestmark = pytest.mark.django_db


def _rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _primary_keys() -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for table, column in _rows("""
        SELECT c.relname, a.attname
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
        WHERE i.indisprimary AND n.nspname = 'public' AND c.relkind IN ('r', 'p')
        ORDER BY c.relname, k.position
    """):
        keys.setdefault(table, []).append(column)
    return keys


def _tables() -> list[str]:
    return [row[0] for row in _rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def _owned() -> list[str]:
    """Look-up tables (a value gives the borrower), local queues and reference tables carry borrower_id elsewhere."""
    return [
        row[0]
        for row in _rows("""
            SELECT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'borrower_id'
        """)
        if _primary_keys().get(row[0], [""])[0] == "borrower_id"
    ]


def test_every_table_has_a_primary_key():
    assert [table for table in _tables() if table not in _primary_keys()] == []


def test_the_owner_is_a_bigint_that_is_never_missing():
    wrong = _rows("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'borrower_id'
          AND (data_type <> 'bigint')
    """)
    assert wrong == []
    owned = _owned()
    assert len(owned) >= 20
    nullable = _rows("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'borrower_id' AND is_nullable = 'YES'
    """)
    assert [table for (table,) in nullable if table in owned] == []


def test_unique_constraints_of_owned_tables_begin_with_the_owner():
    found = []
    for table, index, first in _rows("""
        SELECT c.relname, x.relname, a.attname
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indisunique AND n.nspname = 'public'
    """):
        if table in _owned() and first != "borrower_id":
            found.append(f"{table}.{index}")
    assert found == []


def test_foreign_keys_between_owned_tables_begin_with_the_owner():
    found = []
    owned = set(_owned())
    for table, name, target, first in _rows("""
        SELECT c.relname, k.conname, t.relname, a.attname
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f'
    """):
        if table in owned and target in owned and first != "borrower_id":
            found.append(f"{table}.{name}")
        if table not in owned and target in owned:
            found.append(f"{table}.{name} points from a reference table to an owned one")
    assert found == []


def test_no_sequence_fills_an_owned_table():
    found = [
        f"{table}.{column}"
        for table, column in _rows("""
            SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND (is_identity = 'YES' OR column_default LIKE 'nextval%')
        """)
        if table in _owned()
    ]
    assert found == []


def test_no_trigger_no_deferred_and_no_exclusion_constraint_on_an_owned_table():
    """What a spread table cannot have, or what would be needed for correctness on one server only."""
    owned = _owned()
    triggers = _rows("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
    assert [one for one in triggers if one[0] in owned] == []
    constraints = _rows(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE contype = 'x' OR (contype IN ('u', 'p') AND condeferrable)"
    )
    assert [one for one in constraints if one[0] in owned] == []


def test_no_default_of_an_owned_table_is_drawn_at_random():
    """Keys are the natural key or its hash, so that a step run again finds what it wrote."""
    found = _rows("""
        SELECT c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attrdef d
        JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        JOIN pg_class c ON c.oid = d.adrelid
        WHERE pg_get_expr(d.adbin, d.adrelid) ~ '\\m(random|gen_random_uuid|uuidv7|uuid_generate|nextval|clock_timestamp)'
    """)
    assert [one for one in found if one[0] in _owned()] == []


def test_keys_between_tables_come_in_migrations_of_their_own():
    """So tables can be spread first and keys added after."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(SOURCE.glob("*/migrations/*.py"))
        if "FOREIGN KEY" in (text := path.read_text(encoding="utf-8")) and "CreateModel" in text
    ]
    assert found == []
