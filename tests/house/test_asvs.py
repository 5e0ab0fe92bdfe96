"""The security list names each requirement of ASVS 5.0, levels 1 and 2, once, and no test that does not exist."""

from __future__ import annotations

import re

import pytest

from tests.house.trees import ROOT

PAGE = ROOT / "docs" / "reference" / "asvs.md"
NUMBERS = ROOT / "tests" / "house" / "asvs_5_0.txt"  # number and level of each, from the standard
STATES = {"met", "partly", "not here", "n/a"}


def rows() -> list[list[str]]:
    """[number, level, what, state, shown by] of each line."""
    lines = re.findall(r"^\| (\d+\.\d+\.\d+ \|.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def required() -> list[tuple[str, str]]:
    return [tuple(line.split()) for line in NUMBERS.read_text().splitlines()]


def test_each_requirement_stands_there_once_in_its_order():
    assert [(row[0], row[1]) for row in rows()] == required()
    assert len(required()) == 253


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_says_its_state_and_shows_or_explains_it(row):
    _number, _level, what, state, shown = row
    assert what
    assert state in STATES
    assert shown
    for path in re.findall(r"`((?:tests|docs)/[^`]+)`", shown):
        assert exists(path), f"{path} is not there"


def exists(path: str) -> bool:
    name, *inside = path.split("::")
    file = ROOT / name
    if not file.is_file():
        return False
    text = file.read_text(encoding="utf-8")
    return all(re.search(rf"^\s*(?:class|def) {part}\b", text, re.MULTILINE) for part in inside)


def test_counts_what_it_says():
    told = re.search(r"\| met \|.*\n.*\n\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", PAGE.read_text("utf-8"))
    found = [row[3] for row in rows()]
    assert [int(one) for one in told.groups()] == [
        found.count(state) for state in ("met", "partly", "not here", "n/a")
    ]
