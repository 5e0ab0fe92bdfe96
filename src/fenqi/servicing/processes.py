"""Work in processes of their own. Imports nothing of Django, so that a fresh process can read it before Django is set up."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any

Call = tuple[str, tuple[Any, ...]]
"""A function as `module.name` and its arguments."""


def spread(calls: list[Call], *, workers: int, settings: dict[str, Any]) -> Iterator[Any]:
    """Make the calls, so many at a time; the answers come in order. `settings` are the database's."""
    with ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(settings,),
    ) as pool:
        paths, arguments = zip(*calls, strict=True)
        yield from pool.map(call, paths, arguments)


def call(path: str, arguments: tuple[Any, ...]) -> Any:
    """Call `module.name`."""
    module, _dot, name = path.rpartition(".")
    return getattr(import_module(module), name)(*arguments)


def _begin(settings: dict[str, Any]) -> None:
    import django

    django.setup()
    from django.db import connections

    connections["default"].settings_dict.update(settings)
