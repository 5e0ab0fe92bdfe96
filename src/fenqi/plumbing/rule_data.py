"""
Dated rule parameters: `rule_data/*.json` ships the defaults with their sources, the table overrides them from a date on.

A file is `{"name": {"source": "…", "values": {"2026-01-01": value, …}}}`.
"""

from __future__ import annotations

import datetime
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from fenqi.plumbing.models import RuleDatum

FOLDER = Path(__file__).parent / "rule_data"


class UnknownRule(KeyError):
    """No rule of this name is valid on this date."""


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, Any]]:
    """Every rule in the files, by name."""
    rules: dict[str, dict[str, Any]] = {}
    for file in sorted(FOLDER.glob("*.json")):
        for name, rule in json.loads(file.read_text(encoding="utf-8")).items():
            if name in rules:
                raise ValueError(f"rule {name} stands twice, again in {file.name}")
            rules[name] = rule
    return rules


def value(name: str, *, on: datetime.date) -> Any:
    """The value valid on a date. Raises: UnknownRule."""
    row = (
        RuleDatum.objects.filter(name=name, valid_from__lte=on)
        .order_by("-valid_from")
        .values_list("valid_from", "value")
        .first()
    )
    dated = [
        (datetime.date.fromisoformat(day), kept)
        for day, kept in shipped().get(name, {"values": {}})["values"].items()
        if datetime.date.fromisoformat(day) <= on
    ]
    if row:
        dated.append(row)
    if not dated:
        raise UnknownRule(f"{name} on {on}")
    return max(dated, key=lambda pair: pair[0])[1]


def values(*names: str, on: datetime.date) -> dict[str, Any]:
    """The values of several rules valid on a date, in one statement. Raises: UnknownRule."""
    found: dict[str, tuple[datetime.date, Any]] = {}
    for name in names:
        for day, kept in shipped().get(name, {"values": {}})["values"].items():
            since = datetime.date.fromisoformat(day)
            if since <= on and (name not in found or since > found[name][0]):
                found[name] = (since, kept)
    rows = RuleDatum.objects.filter(name__in=names, valid_from__lte=on).values_list(
        "name", "valid_from", "value"
    )
    for name, since, kept in rows:
        if name not in found or since >= found[name][0]:
            found[name] = (since, kept)
    missing = [name for name in names if name not in found]
    if missing:
        raise UnknownRule(f"{', '.join(missing)} on {on}")
    return {name: found[name][1] for name in names}
