"""Every run has a PostgreSQL of its own in a temporary folder (or the one in DATABASE_URL), used as the application's role."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

_home = os.environ.get("FENQI_TEST_HOME") or tempfile.mkdtemp(prefix="fenqi-test-")
os.environ["FENQI_HOME"] = _home
os.environ["FENQI_MODE"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = (
    "fenqi.config.settings"  # here, not in the ini file: settings read the server started below
)
os.environ["FENQI_AS_OWNER"] = (
    "1"  # the test database is made by the owner; the tests work as the application's role
)
os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
)  # the browser driver keeps a loop running in this thread

from fenqi.config import embedded  # noqa: E402 - the environment comes first


def without_durability(url: str) -> None:
    """What a power cut would lose is of no use afterwards anyway; emptying a hundred tables is four times quicker."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as owner:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            owner.execute(f"ALTER SYSTEM SET {name} = off")
        owner.execute("SELECT pg_reload_conf()")


_server = None
if "DATABASE_URL" not in os.environ:
    _server = embedded.server(Path(_home) / "pg", throwaway=True)
    os.environ["DATABASE_URL"] = _server.__enter__()
    without_durability(os.environ["DATABASE_URL"])

from fenqi.plumbing import translations  # noqa: E402

translations.compile_stale()

import django  # noqa: E402

django.setup()

pytest_plugins = ["tests.support.sandbox", "tests.support.browser", "tests.support.whole_run"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None:
        _server.__exit__(None, None, None)
        shutil.rmtree(_home, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Then work as the application's role, which may not change what only grows."""
    from django.conf import settings
    from django.db import connection

    from fenqi.plumbing import db

    with django_db_blocker.unblock():
        db.grant(with_truncate=True)
        del os.environ["FENQI_AS_OWNER"]
        connection.settings_dict["OPTIONS"]["options"] = f"-c role={settings.DATABASE_ROLE}"
        connection.close()
    yield
    with django_db_blocker.unblock():
        connection.settings_dict["OPTIONS"].pop("options")
        connection.close()


@pytest.fixture(autouse=True)
def source_language() -> Iterator[None]:
    """Every test begins in Chinese, whatever language the one before it ended in."""
    from django.utils import translation

    with translation.override("zh-hans"):
        yield
