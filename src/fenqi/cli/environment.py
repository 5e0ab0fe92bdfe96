"""What a command needs around it: a database, Django, translations."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def database() -> Iterator[str]:
    """DATABASE_URL as given, or the embedded server for as long as the command runs."""
    url = os.environ.get("DATABASE_URL")
    if url:
        yield url
        return
    from fenqi.config import embedded

    with embedded.server() as url:
        os.environ["DATABASE_URL"] = url
        try:
            yield url
        finally:
            del os.environ["DATABASE_URL"]


def start_django(*, as_owner: bool = False) -> None:
    """Set Django up once. `as_owner`: for migrations and rights, not as the application's role."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fenqi.config.settings")
    if as_owner:
        os.environ["FENQI_AS_OWNER"] = "1"
    import click
    import django

    from fenqi.config.keys import SecretsMissing
    from fenqi.plumbing import translations

    try:
        translations.compile_stale()
        django.setup()
    except SecretsMissing as e:
        raise click.ClickException(f"{e} (docs/guides/operating.md says what they are for)") from e
