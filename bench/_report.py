"""How every benchmark ends: its figures for people, then one line of JSON for programs."""

from __future__ import annotations

import json
from typing import Any


def report(bench: str, *, ratios: dict[str, tuple[float, float]], **figures: Any) -> None:
    """
    Print each ratio beside its aim, then the other figures, then everything as one line of JSON.

    An aim is the most a ratio may be; what should be large is given by the caller as its inverse or in `figures`.
    """
    for name, (value, aim) in ratios.items():
        print(f"{name:28} {value:10.3f}   aim {aim:g}")
    for name, figure in figures.items():
        print(f"{name:28} {figure!s:>10}")
    rounded = {name: [round(value, 3), aim] for name, (value, aim) in ratios.items()}
    print(json.dumps({"bench": bench, "ratios": rounded, **figures}))
