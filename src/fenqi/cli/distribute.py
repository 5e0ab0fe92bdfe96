"""
`fenqi distribute`: make a plain database one that Citus spreads over several machines, by borrower.

The schema keeps the rules of docs/decisions/0008 from its first migration, so nothing is rewritten: keys between tables
are taken down, tables spread, keys put back, all in one transaction. What a table becomes is told by its primary key;
only the tables that others need whole on every machine, and the look-ups, are named here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fenqi.cli.environment import database, start_django

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

OWNER = "borrower_id"
FIRST = "people_account"
"""The first table to be spread: all others lie beside it."""

# From a value to its borrower, as large as what they look up: spread by the value.
LOOKUPS = {
    "credit_addressuse": "address_index",
    "credit_commitment": "person_index",
    "credit_personexposure": "person_index",
    "mall_ordernumber": "number",
    "payments_channelserial": "serial",
    "people_contactinvite": "token_hash",
    "people_contactnaming": "phone_index",
    "people_emaillink": "token_hash",
    "people_identityindex": "id_index",
    "people_passkeyindex": "credential_hash",
    "people_personaccount": "person_index",
    "people_phoneindex": "phone_index",
    "plumbing_reference": "key",
    "servicing_eventreference": "reference",
    "servicing_loannumber": "number",
    "servicing_paylink": "token_hash",
}

# Read by statements over spread tables: a whole copy on every machine. So is whatever a spread table's key points at.
REFERENCE = {
    "ledger_book",
    "ledger_closedday",
    "ledger_ledgeraccount",
    "plumbing_businessdate",
    "plumbing_ruledatum",
    "servicing_termssheet",
}


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A key between two tables, with its definition."""

    table: str
    name: str
    target: str
    definition: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What each table becomes; those in none of the three stay where they are (queues, outbox, runs, sessions)."""

    reference: tuple[str, ...]
    owned: tuple[str, ...]
    lookups: tuple[tuple[str, str], ...]
    keys: tuple[ForeignKey, ...]
    local: tuple[str, ...]

    def statements(self) -> Iterator[str]:
        """The SQL in its order."""
        # Keys between spread and whole tables ask for one connection a machine.
        yield "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
        for key in self.keys:
            yield f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}"
        for table in self.reference:
            yield f"SELECT create_reference_table('{table}')"
        for table in self.owned:
            beside = "none" if table == FIRST else FIRST
            yield f"SELECT create_distributed_table('{table}', '{OWNER}', colocate_with => '{beside}')"
        for table, column in self.lookups:
            yield f"SELECT create_distributed_table('{table}', '{column}', colocate_with => 'none')"
        for key in self.keys:
            yield f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}"


PRIMARY_KEYS = """
SELECT c.relname, a.attname
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname
"""
FOREIGN_KEYS = """
SELECT c.relname, k.conname, t.relname, pg_get_constraintdef(k.oid)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class t ON t.oid = k.confrelid
WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace
ORDER BY c.relname, k.conname
"""


def make_plan(cursor: CursorWrapper | Any, *, done: frozenset[str] = frozenset()) -> Plan:
    """Read the catalogue and say what each table becomes; `done` are those already spread."""
    cursor.execute(PRIMARY_KEYS)
    first_columns = dict(cursor.fetchall())
    cursor.execute(FOREIGN_KEYS)
    keys = [
        ForeignKey(table=row[0], name=row[1], target=row[2], definition=row[3]) for row in cursor.fetchall()
    ]
    owned = {table for table, column in first_columns.items() if column == OWNER}
    lookups = {table: column for table, column in LOOKUPS.items() if table in first_columns}
    reference = REFERENCE & set(first_columns)
    while targets := {
        key.target for key in keys if key.table in owned | reference and key.target not in owned | reference
    }:
        reference |= targets
    moved = (owned | reference | set(lookups)) - done
    return Plan(
        reference=tuple(sorted(reference - done)),
        owned=tuple(sorted(owned - done, key=lambda table: (table != FIRST, table))),
        lookups=tuple(sorted((table, column) for table, column in lookups.items() if table not in done)),
        keys=tuple(key for key in keys if key.table in moved or key.target in moved),
        local=tuple(sorted(set(first_columns) - owned - reference - set(lookups))),
    )


def extension(cursor: CursorWrapper | Any) -> str:
    """`installed`, `available` (its files are there, CREATE EXTENSION was not run) or `missing`."""
    cursor.execute("SELECT installed_version FROM pg_available_extensions WHERE name = 'citus'")
    row = cursor.fetchone()
    if row is None:
        return "missing"
    return "installed" if row[0] else "available"


def _done(cursor: CursorWrapper | Any) -> frozenset[str]:
    cursor.execute(
        "SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid"
        " WHERE p.partmethod = 'h' OR p.repmodel = 't'"
    )
    return frozenset(row[0] for row in cursor.fetchall())


HINTS = {
    "missing": "distribute: this server does not have the Citus extension; see docs/guides/growing.md",
    "available": "distribute: the Citus extension is there but not created in this database (CREATE EXTENSION citus);"
    " see docs/guides/growing.md",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the statements in their order and change nothing.")
def distribute(dry_run: bool) -> None:
    """Spread the tables over the machines of a Citus cluster, by borrower."""
    with database():
        start_django(as_owner=True)
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            state = extension(cursor)
            plan = make_plan(cursor, done=_done(cursor) if state == "installed" else frozenset())
            statements = list(plan.statements())
            if dry_run:
                _print(plan, statements)
            elif state == "installed":
                for statement in statements:
                    click.echo(statement)
                    cursor.execute(statement)
        if state != "installed":
            click.echo(HINTS[state], err=True)
            sys.exit(0 if dry_run else 1)
        if not dry_run:
            click.echo(f"distribute: {len(plan.owned)} tables by borrower, {len(plan.local)} stay")


def _print(plan: Plan, statements: list[str]) -> None:
    click.echo("BEGIN;")
    for statement in statements:
        click.echo(f"{statement};")
    click.echo("COMMIT;")
    click.echo(f"-- stay on the coordinator: {', '.join(plan.local)}")
