"""
Outline icons as inline SVG bodies on a 24 × 24 grid, stroke only.

The drawings are lucide 1.62 (ISC licence, Lucide Icons and Contributors), one a line of icons.txt:
name, tab, body.
"""

from importlib.resources import files

_LINES = files("fenqi.plumbing").joinpath("icons.txt").read_text("utf-8").splitlines()

ICONS: dict[str, str] = dict(line.split("\t", 1) for line in _LINES)
