"""What the database itself refuses: the application works as a role that may not change what only grows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

# The tables that only grow, named by the contexts that own them: `append_only = True` on a model's class.
PLUMBING = {"plumbing_auditrecord", "plumbing_gateanswer"}


def append_only_tables() -> set[str]:
    """Tables of models that carry `append_only = True` on the class, and plumbing's own."""
    return PLUMBING | {
        model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)
    }


def grant(*, role: str | None = None, with_truncate: bool = False) -> None:
    """
    Make the application's role and give it its rights; run as the owner after migrations.

    `with_truncate` is for test databases, which are emptied between tests.
    """
    role = role or settings.DATABASE_ROLE
    name = connection.ops.quote_name(role)
    rights = "SELECT, INSERT, UPDATE, DELETE" + (", TRUNCATE" if with_truncate else "")
    statements: list[Any] = [
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {name}",
    ]
    statements += [
        f"REVOKE UPDATE, DELETE ON {connection.ops.quote_name(table)} FROM {name}"
        for table in sorted(append_only_tables() & set(connection.introspection.table_names()))
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if not cursor.fetchone():
            # Roles are the whole server's: somebody setting up another database of it may be making this one just now.
            cursor.execute(
                f"DO $$ BEGIN CREATE ROLE {name} NOLOGIN;"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        cursor.execute(f"GRANT {name} TO CURRENT_USER")
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def as_owner() -> Iterator[None]:
    """
    The one way to end what only grows: inside a transaction, with the owner's rights, for the deletion the law asks for.

    The application's role is a guard against its own mistakes; whoever deletes by this says so in the audit trail.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (role,) = cursor.fetchone()
        cursor.execute("SET LOCAL ROLE NONE")
        yield
        cursor.execute(f"SET LOCAL ROLE {connection.ops.quote_name(role)}")
