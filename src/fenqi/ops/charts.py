"""Charts as geometry a template draws as SVG: whole pixels in a box of WIDTH × HEIGHT. The figures stand in a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH, HEIGHT = 340, 150
TOP, BASE = 16, 126
MOST_LABELS = 12


@dataclass(frozen=True, kw_only=True)
class Part:
    """A coloured piece of a column; `tone` counts the series."""

    tone: int
    y: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column with its label under the base line (empty where labels would touch)."""

    x: int
    width: int
    middle: int
    label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Trail:
    """One line: the points of a polyline, and where it ends."""

    tone: int
    points: str
    end_x: int
    end_y: int


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A label under the base line."""

    x: int
    label: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What the template draws; `top` is the value of the upper line, as text."""

    title: Any
    top: str
    legend: tuple[tuple[int, Any], ...]
    columns: tuple[Column, ...] = ()
    trails: tuple[Trail, ...] = ()
    ticks: tuple[Tick, ...] = ()


def columns(
    *, title: Any, series: Sequence[Any], rows: Sequence[tuple[str, Sequence[int]]], top: Any
) -> Chart | None:
    """
    Stacked columns, a part a series; negative values are drawn as nothing, the table has them.

    `rows` are (label, one value a series); `top` writes the largest sum. None where there is nothing to draw.
    """
    highest = max((sum(max(value, 0) for value in values) for _label, values in rows), default=0)
    if highest <= 0:
        return None
    step = WIDTH // max(len(rows), 4)
    width = max(min(step * 3 // 4, 40), 2)
    every = -(-len(rows) // MOST_LABELS)
    drawn = []
    for place, (label, values) in enumerate(rows):
        y, parts = BASE, []
        for tone, value in enumerate(values):
            height = max(value, 0) * (BASE - TOP) // highest
            # What is not nothing is seen.
            height = max(height, 1) if value > 0 else 0
            y -= height
            if height:
                parts.append(Part(tone=tone, y=y, height=height))
        x = place * step + (step - width) // 2
        drawn.append(
            Column(
                x=x,
                width=width,
                middle=x + width // 2,
                label=label if place % every == 0 else "",
                parts=tuple(parts),
            )
        )
    return Chart(title=title, top=top(highest), legend=tuple(enumerate(series)), columns=tuple(drawn))


def lines(
    *, title: Any, rows: Sequence[tuple[str, Sequence[Decimal]]], ticks: Sequence[str], top: Any
) -> Chart | None:
    """A line a row over common steps; None where every value is nothing."""
    highest = max((value for _label, values in rows for value in values), default=Decimal(0))
    if highest <= 0:
        return None
    step = (WIDTH - 20) // max(len(ticks) - 1, 1)
    trails, legend = [], []
    for tone, (label, values) in enumerate(rows):
        places = [
            (10 + step * place, BASE - int(value * (BASE - TOP) / highest))
            for place, value in enumerate(values)
        ]
        trails.append(
            Trail(
                tone=tone,
                points=" ".join(f"{x},{y}" for x, y in places),
                end_x=places[-1][0],
                end_y=places[-1][1],
            )
        )
        legend.append((tone, label))
    return Chart(
        title=title,
        top=top(highest),
        legend=tuple(legend),
        trails=tuple(trails),
        ticks=tuple(Tick(x=10 + step * place, label=label) for place, label in enumerate(ticks)),
    )
