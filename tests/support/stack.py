"""The whole product as processes of its own, for journeys."""

from __future__ import annotations

import datetime
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fenqi.cli import stack as processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fenqi.cli.stack import Stack


@contextmanager
def whole_product(*, open_on: datetime.date) -> Iterator[Stack]:
    """PostgreSQL, sandbox, web and worker in a temporary folder, as `make demo` runs them."""
    folder = Path(tempfile.mkdtemp(prefix="fenqi-journey-"))
    before = {
        name: os.environ.pop(name, None)
        for name in ("DATABASE_URL", "FENQI_HOME", "FENQI_MODE", "FENQI_AS_OWNER")
    }
    os.environ["FENQI_MODE"] = "demo"
    try:
        with processes.running(folder, open_on=open_on) as stack:
            yield stack
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
