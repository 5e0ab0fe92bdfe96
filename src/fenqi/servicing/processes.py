"""Work in processes of their own. Imports nothing of Django, so that a fresh process can read it before Django is set up."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from typing import Any


def spread(
    path: str, arguments: list[tuple[Any, ...]], *, workers: int, settings: dict[str, Any]
) -> Iterator[Any]:
    """Call the function `module.name` with each tuple of arguments, in order; `settings` are the database's."""
    with ProcessPoolExecutor(
        max_workers=workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(settings,),
    ) as pool:
        yield from pool.map(_call, [path] * len(arguments), arguments)


def _begin(settings: dict[str, Any]) -> None:
    import django

    django.setup()
    from django.db import connections

    connections["default"].settings_dict.update(settings)


def _call(path: str, arguments: tuple[Any, ...]) -> Any:
    module, _dot, name = path.rpartition(".")
    return getattr(import_module(module), name)(*arguments)
