"""What the engine's commands print: tables for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import click


def yuan(fen: int) -> str:
    """4999.00 for 499900, with a comma every three digits."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def percent(rate: Decimal) -> str:
    """13.03 % for 0.130342…"""
    return f"{rate * 100:.2f} %"


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns aligned to the right, the width of Chinese characters counted as two."""
    lines = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo(
            "  ".join(" " * (width - _width(cell)) + cell for cell, width in zip(line, widths, strict=True))
        )


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print a list of names and values."""
    facts = list(facts)
    width = max(_width(name) for name, _ in facts)
    for name, value in facts:
        click.echo(f"{name}{' ' * (width - _width(name))}  {value}")


def print_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print comma-separated values: whole fen, ISO dates, decimals as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    click.echo(text.getvalue(), nl=False)


def print_json(form: Any) -> None:
    """Print JSON that people can read too."""
    click.echo(json.dumps(form, ensure_ascii=False, indent=2))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
