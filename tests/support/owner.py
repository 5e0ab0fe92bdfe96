"""What the owner of the database may, and the application may not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def as_owner() -> Iterator[Any]:
    """A cursor of the owner's; everything on this connection is the owner's meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        try:
            yield cursor
        finally:
            cursor.execute(f"SET ROLE {settings.DATABASE_ROLE}")
