"""Watches, bands and what one listens with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.mall.pictures.paint import darker, lighter, mixed

if TYPE_CHECKING:
    from fenqi.mall.pictures.paint import Brush


def _strap(brush: Brush, width: float, colour: str, top: float, bottom: float) -> None:
    """Both halves of a strap, narrowing away from the case."""
    fill = brush.linear(
        (0, darker(colour, 0.35)),
        (0.3, lighter(colour, 0.18)),
        (0.7, colour),
        (1, darker(colour, 0.4)),
        across=(0, 0, 1, 0),
    )
    half, thin = width / 2, width / 2 - 9
    brush.path(
        f"M{200 - half} {top}L{200 - thin} 34Q{200 - thin} 22 {212 - thin} 22H{188 + thin}Q{200 + thin} 22 {200 + thin} 34L{200 + half} {top}z",
        fill,
    )
    brush.path(
        f"M{200 - half} {bottom}L{200 - thin} 366Q{200 - thin} 380 {214 - thin} 380H{186 + thin}Q{200 + thin} 380 {200 + thin} 366L{200 + half} {bottom}z",
        fill,
    )
    for y in (306, 324, 342):
        brush.ellipse(200, y, 5, 3.4, darker(colour, 0.6), opacity=0.7)


def watch_round(brush: Brush, *, steel: bool = False) -> None:
    brush.shadow(200, 384, 74, 8)
    _strap(brush, 104, brush.colour, 116, 284)
    metal = "#c9ced1" if steel else darker(brush.colour, 0.2)
    case = brush.linear((0, lighter(metal, 0.5)), (0.5, metal), (1, darker(metal, 0.5)), across=(0, 0, 1, 1))
    brush.rect(290, 176, 18, 18, darker(metal, 0.2), 6)
    brush.rect(290, 210, 14, 22, darker(metal, 0.3), 5)
    brush.circle(200, 200, 103, case)
    brush.circle(200, 200, 94, darker(metal, 0.72))
    brush.circle(200, 200, 84, brush.radial((0, "#152230"), (1, "#04070a"), at=(0.5, 0.4), reach=0.7))
    for turn in range(0, 360, 30):
        brush.begin(f"rotate({turn} 200 200)")
        brush.rect(198.6, 122, 2.8, 11 if turn % 90 == 0 else 6, "#ffffff", 1.4, opacity=0.8)
        brush.end()
    accent = lighter(brush.colour, 0.35)
    brush.circle(200, 244, 20, "none", stroke="#24384a", stroke_width=5)
    brush.path("M200 224A20 20 0 1 1 181 250", stroke=accent, stroke_width=5, stroke_linecap="round")
    brush.circle(162, 200, 15, "none", stroke="#24384a", stroke_width=4)
    brush.path("M162 185A15 15 0 0 1 175 207", stroke="#f0a35e", stroke_width=4, stroke_linecap="round")
    brush.stroke("M200 200L174 164", "#ffffff", 6)
    brush.stroke("M200 200L240 150", "#ffffff", 4)
    brush.stroke("M200 208L206 128", "#e2624a", 1.8)
    brush.circle(200, 200, 5, "#e2624a")
    brush.path("M136 150A84 84 0 0 1 262 144L170 270A84 84 0 0 1 136 150z", "#ffffff", opacity=0.07)


def watch_square(brush: Brush) -> None:
    brush.shadow(200, 384, 70, 8)
    _strap(brush, 112, brush.colour, 110, 290)
    case = brush.linear(
        (0, lighter(brush.colour, 0.5)),
        (0.5, darker(brush.colour, 0.15)),
        (1, darker(brush.colour, 0.55)),
        across=(0, 0, 1, 1),
    )
    brush.rect(282, 184, 14, 34, darker(brush.colour, 0.3), 6)
    brush.rect(116, 96, 168, 208, case, 44)
    brush.rect(124, 104, 152, 192, "#06090b", 37)
    brush.rect(148, 136, 48, 34, "#ffffff", 6)
    brush.rect(204, 136, 48, 34, lighter(brush.colour, 0.4), 6)
    brush.rect(148, 182, 70, 6, "#ffffff", 3, opacity=0.5)
    for x, colour, sweep in (
        (164, "#e2624a", "M164 226A20 20 0 1 1 144 246"),
        (208, "#58d39b", "M208 226A20 20 0 1 1 190 255"),
        (244, "#5ba7e0", ""),
    ):
        if sweep:
            brush.circle(x, 246, 20, "none", stroke=mixed(colour, "#06090b", 0.75), stroke_width=6)
            brush.path(sweep, stroke=colour, stroke_width=6, stroke_linecap="round")
        else:
            brush.rect(238, 228, 16, 38, mixed(colour, "#06090b", 0.7), 8)
            brush.rect(238, 242, 16, 24, colour, 8)
    brush.path("M140 106H230L126 260V142Q126 108 140 106z", "#ffffff", opacity=0.07)


def band(brush: Brush, *, wide: bool = False) -> None:
    half = 46 if wide else 36
    brush.shadow(200, 382, 54, 8)
    _strap(brush, half * 2 - 6, brush.colour, 108, 292)
    case = brush.linear((0, "#596168"), (0.5, "#23282c"), (1, "#0c0f11"), across=(0, 0, 1, 1))
    brush.rect(200 - half, 92, half * 2, 216, case, half * 0.82)
    brush.rect(205 - half, 97, half * 2 - 10, 206, "#050708", half * 0.7)
    x, width = 216 - half, half * 2 - 32
    brush.rect(x, 126, width, 26, "#ffffff", 5)
    brush.rect(x, 158, width, 26, lighter(brush.colour, 0.35), 5)
    brush.rect(x, 194, width * 0.7, 5, "#ffffff", 2.5, opacity=0.5)
    for step, (colour, share) in enumerate((("#e2624a", 0.8), ("#58d39b", 0.55), ("#5ba7e0", 0.9))):
        brush.rect(x, 222 + step * 18, width, 8, mixed(colour, "#050708", 0.75), 4)
        brush.rect(x, 222 + step * 18, width * share, 8, colour, 4)
    brush.path(
        f"M{208 - half} 120Q{210 - half} 100 {224 - half} 100H210L{206 - half} 240z", "#ffffff", opacity=0.1
    )


def earbuds(brush: Brush, *, stem: bool = True) -> None:
    brush.shadow(200, 346, 130)
    for x, flip in ((128, 1), (272, -1)):
        brush.begin(f"translate({x} 40) scale({flip} 1)")
        if stem:
            brush.path("M-6 54Q22 46 30 66L26 150Q24 166 10 166T-4 150z", brush.round_body(0.5, 0.3))
            brush.rect(2, 150, 16, 12, "#8e979b", 4, opacity=0.7)
        brush.circle(
            0,
            62,
            44,
            brush.radial(
                (0, lighter(brush.colour, 0.6)),
                (0.5, brush.colour),
                (1, darker(brush.colour, 0.4)),
                at=(0.35, 0.3),
                reach=0.8,
            ),
        )
        brush.ellipse(34, 78, 20, 24, brush.radial((0, "#5b6368"), (1, "#1b2023"), at=(0.4, 0.4), reach=0.7))
        brush.ellipse(-10, 48, 12, 8, "#20262a", opacity=0.75)
        brush.end()
    brush.path(
        "M84 262Q84 210 136 206H264Q316 210 316 262V288Q316 340 264 342H136Q84 340 84 288z",
        brush.body(0.35, 0.28),
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.path("M84 256H316V262H84z", darker(brush.colour, 0.35), opacity=0.6)
    brush.rect(186, 252, 28, 14, darker(brush.colour, 0.2), 7)
    brush.circle(200, 300, 3.4, "#58d39b")
    brush.path(
        "M104 250Q104 224 136 220H220", stroke="#ffffff", stroke_width=5, stroke_linecap="round", opacity=0.45
    )


def headphones(brush: Brush) -> None:
    brush.shadow(200, 368, 134)
    brush.stroke("M92 234C84 96 140 50 200 50S316 96 308 234", darker(brush.colour, 0.25), 26)
    brush.stroke("M92 220C88 104 140 58 200 58S312 104 308 220", lighter(brush.colour, 0.15), 10)
    brush.stroke("M118 110Q148 62 200 60", "#ffffff", 4, opacity=0.35)
    for x, flip in ((92, 1), (308, -1)):
        brush.begin(f"translate({x} 272) scale({flip} 1)")
        brush.rect(18, -62, 44, 124, brush.linear((0, "#3b4348"), (1, "#14181a"), across=(0, 0, 1, 0)), 22)
        brush.rect(-34, -72, 66, 144, brush.body(0.35, 0.35), 32, stroke=brush.edge, stroke_width=0.8)
        brush.rect(-22, -54, 22, 108, "#ffffff", 11, opacity=0.16)
        brush.circle(0, 52, 3, "#58d39b")
        brush.end()
