"""`fenqi distribute` plans from the catalogue, in the order keys allow, and says when the extension is not there."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from django.db import connection

from fenqi.cli.distribute import FIRST, LOOKUPS, REFERENCE, Plan, distribute, extension, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan() -> Plan:
    with connection.cursor() as cursor:
        return make_plan(cursor)


def test_every_table_has_exactly_one_place(plan) -> None:
    lookups = [table for table, _column in plan.lookups]
    placed = [*plan.reference, *plan.owned, *lookups, *plan.local]
    assert sorted(placed) == sorted(set(placed))
    assert sorted(placed) == sorted(connection.introspection.table_names())
    assert set(lookups) == set(LOOKUPS), "a look-up that is no table any more"
    assert set(plan.reference) >= REFERENCE


def test_what_knows_a_borrower_is_spread_or_is_a_queue(plan) -> None:
    """A new look-up table has to be named; only what waits to be done or decided and sealed files stay on the coordinator."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'borrower_id'"
        )
        knowing = {row[0] for row in cursor.fetchall()}
    assert knowing & set(plan.local) == {
        "plumbing_announcement",
        "plumbing_proposal",
        "plumbing_sealedfile",
        "purchases_waitingstep",
    }
    assert not knowing & set(plan.reference)


def test_keys_point_where_a_spread_table_can_follow(plan) -> None:
    spread, whole = set(plan.owned), set(plan.reference)
    for key in plan.keys:
        if key.table in spread:
            assert key.target in spread | whole, key.name
        if key.table in whole:
            assert key.target in whole, key.name
        if key.target in spread:
            assert key.definition.startswith("FOREIGN KEY (borrower_id"), key.name


def test_look_ups_are_spread_by_a_column_of_every_unique_key(plan) -> None:
    for table, column in plan.lookups:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, table).values()
        assert all(column in one["columns"] for one in found if one["unique"] or one["primary_key"]), table


def test_the_order(plan) -> None:
    kinds = {
        "SET LOCAL": 0,
        "DROP CONSTRAINT": 1,
        "create_reference_table": 2,
        "create_distributed_table": 3,
        "ADD CONSTRAINT": 4,
    }
    statements = list(plan.statements())
    order = [next(n for word, n in kinds.items() if word in statement) for statement in statements]
    assert order == sorted(order)
    spread = [re.search(r"\('(\w+)', '(\w+)', colocate_with => '(\w+)'", one) for one in statements]
    spread = [one.groups() for one in spread if one]
    assert spread[0] == (FIRST, "borrower_id", "none")
    assert {beside for table, column, beside in spread[1:] if column == "borrower_id"} == {FIRST}
    dropped = {one.split()[5] for one in statements if "DROP" in one}
    assert dropped == {one.split()[5] for one in statements if "ADD" in one}


def test_taken_down_keys_come_back_as_they_were(plan) -> None:
    """The plain part of the plan runs on a server without the extension."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        for statement in plan.statements():
            if statement.startswith("ALTER TABLE"):
                cursor.execute(statement)
        again = make_plan(cursor)
    assert again == plan


def test_what_is_spread_already_is_left_alone(plan) -> None:
    with connection.cursor() as cursor:
        again = make_plan(
            cursor,
            done=frozenset([*plan.reference, *plan.owned, *(table for table, _column in plan.lookups)]),
        )
    assert [one for one in again.statements() if "create_" in one or "CONSTRAINT" in one] == []


def test_a_dry_run_prints_and_says_what_is_missing(plan, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "the test's own")
    with connection.cursor() as cursor:
        assert extension(cursor) == "missing"
    run = CliRunner().invoke(distribute, ["--dry-run"])
    assert run.exit_code == 0, run.output
    assert run.stdout.startswith("BEGIN;\nSET LOCAL")
    assert (
        "create_distributed_table('servicing_loan', 'borrower_id', colocate_with => 'people_account')"
        in run.stdout
    )
    assert "does not have the Citus extension" in run.stderr


def test_without_the_extension_nothing_is_done(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "the test's own")
    run = CliRunner().invoke(distribute, [])
    assert run.exit_code == 1
    assert "does not have the Citus extension" in run.stderr
    assert run.stdout == ""
