"""Where a context finds the outside party it speaks to: a dotted path in settings.FENQI_PORTS."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@lru_cache(maxsize=32)
def _make(path: str) -> Any:
    return import_string(path)()


def get(name: str) -> Any:
    """The adapter for a port; its shape is the Protocol in the context's ports.py."""
    return _make(settings.FENQI_PORTS[name])
