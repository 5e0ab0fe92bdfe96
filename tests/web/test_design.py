"""The design system keeps its own promises: contrast in light and dark, layers, no colour outside the tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fenqi.web

FOLDER = Path(fenqi.web.__file__).parent / "static" / "fenqi"
TOKENS = (FOLDER / "tokens.css").read_text(encoding="utf-8")
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")

# (text or edge, what it stands on, least contrast)
PAIRS = [
    *[
        (ink, ground, 4.5)
        for ink in ("ink", "quiet", "accent", "late", "good")
        for ground in ("ground", "card")
    ],
    *[("quiet", "sunken", 4.5), ("on-accent", "accent", 4.5), ("on-accent", "accent-pressed", 4.5)],
    *[
        ("warn", "card", 4.5),
        ("warn", "warn-soft", 4.5),
        ("late", "late-soft", 4.5),
        ("good", "good-soft", 4.5),
    ],
    *[
        ("accent", "accent-soft", 4.5),
        ("quiet", "accent-soft", 4.5),
        ("ink", "info-soft", 4.5),
        ("on-badge", "badge", 4.5),
    ],
    *[("edge", ground, 3.0) for ground in ("card", "ground")],
]


def palettes() -> dict[str, dict[str, str]]:
    light, dark = TOKENS.split("prefers-color-scheme: dark")
    day = dict(COLOUR.findall(light))
    return {"light": day, "dark": day | dict(COLOUR.findall(dark))}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_everything_can_be_read(mode, ink, ground, least):
    colours = palettes()[mode]

    assert contrast(colours[ink], colours[ground]) >= least, f"{ink} on {ground}, {mode}"


@pytest.mark.parametrize("sheet", sorted(FOLDER.rglob("*.css")), ids=lambda path: path.name)
def test_only_the_tokens_name_colours(sheet):
    if sheet.name == "tokens.css":
        return
    text = re.sub(r"@media print \{.*?\n    \}", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"@layer print \{.*", "", text, flags=re.S)
    named = re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", text)

    assert named == []


@pytest.mark.parametrize("sheet", sorted((FOLDER / "areas").glob("*.css")), ids=lambda path: path.name)
def test_areas_stay_in_their_layer(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S).strip()

    assert text.startswith("@layer areas {")
    assert text.count("@layer") == 1


def test_every_part_in_the_guide_exists():
    """A class that README.md names is one the style sheets know."""
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")
    sheets = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.css"))
    named = set(re.findall(r"(?<![\w/])\.([a-z][a-z-]+)\b(?!\.(?:css|html|js|py|txt))", guide))
    named -= {"css", "html", "js", "py", "txt", "md", "ics"}

    assert sorted(name for name in named if f".{name}" not in sheets and name != "dialog") == []
