"""Phones, tablets and televisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.mall.pictures.paint import darker, is_pale, lighter, mixed

if TYPE_CHECKING:
    from fenqi.mall.pictures.paint import Brush


def wallpaper(brush: Brush, x: float, y: float, width: float, height: float, r: float, mood: str) -> None:
    """Hills in the evening or the morning, tinted by the product's colour."""
    tint = brush.colour
    skies = {
        "dusk": ("#1d2b4a", "#7a5d86", "#f0a98a"),
        "morning": ("#bfe0ea", "#e6efe0", "#f8e3c0"),
        "night": ("#0b1524", "#17324a", "#2f6d73"),
        "sea": ("#9fd3e6", "#5aa9c9", "#e9f3ee"),
    }
    top, middle, low = (mixed(sky, tint, 0.18) for sky in skies[mood])
    brush.rect(x, y, width, height, brush.linear((0, top), (0.55, middle), (1, low)), r)
    brush.begin("translate(0 0)", clip_path=brush.clip_rect(x, y, width, height, r))
    brush.circle(x + width * 0.7, y + height * 0.34, width * 0.11, lighter(low, 0.45), opacity=0.9)
    for step, (depth, share) in enumerate(((0.62, 0.25), (0.72, 0.5), (0.84, 0.75))):
        top_y, bend = y + height * depth, height * 0.1
        brush.path(
            f"M{x:.0f} {top_y:.0f}c{width * 0.2:.0f} {-bend:.0f} {width * 0.35:.0f} {-bend * (1.4 - step * 0.5):.0f} "
            f"{width * 0.55:.0f} {bend * 0.2:.0f}s{width * 0.3:.0f} {-bend * 0.6:.0f} {width * 0.45:.0f} {-bend * 0.3:.0f}"
            f"V{y + height:.0f}H{x:.0f}z",
            mixed(middle, darker(top, 0.55), share),
        )
    brush.end()


def _glare(brush: Brush, d: str, strength: float = 0.2) -> None:
    brush.path(
        d,
        brush.linear(
            (0, "#ffffff", strength), (0.8, "#ffffff", 0.02), (1, "#ffffff", 0), across=(0, 0, 1, 1)
        ),
    )


def _lens(brush: Brush, x: float, y: float, r: float) -> None:
    brush.circle(x, y, r, "#0d1013", stroke=lighter(brush.colour, 0.25), stroke_width=1.6)
    brush.circle(
        x,
        y,
        r * 0.66,
        brush.radial((0, "#31465c"), (0.55, "#141c26"), (1, "#06080a"), at=(0.36, 0.34), reach=0.7),
    )
    brush.circle(x - r * 0.24, y - r * 0.26, r * 0.15, "#cfe3f5", opacity=0.85)


def _back_of_phone(brush: Brush, camera: str) -> None:
    frame = brush.linear(
        (0, lighter(brush.colour, 0.35)),
        (0.5, darker(brush.colour, 0.35)),
        (1, lighter(brush.colour, 0.15)),
        across=(0, 0, 1, 0),
    )
    brush.rect(0, 0, 152, 312, frame, 27)
    brush.rect(3, 3, 146, 306, brush.body(0.28, 0.2), 24)
    _glare(brush, "M8 30C8 14 16 6 30 6H90L8 190z", 0.3 if not is_pale(brush.colour) else 0.6)
    island = brush.linear(
        (0, lighter(brush.colour, 0.18)), (1, darker(brush.colour, 0.18)), across=(0, 0, 1, 1)
    )
    rim = {"stroke": darker(brush.colour, 0.25), "stroke_width": 1, "stroke_opacity": 0.6}
    if camera == "ring":
        brush.circle(76, 70, 50, island, **rim)
        brush.circle(76, 70, 45, darker(brush.colour, 0.78))
        for dx, dy in ((-18, -18), (18, -18), (-18, 18)):
            _lens(brush, 76 + dx, 70 + dy, 14.5)
        brush.circle(94, 88, 5, "#f6efd9")
    elif camera == "bar":
        brush.rect(12, 26, 128, 46, island, 23, **rim)
        for x in (36, 76, 112):
            _lens(brush, x, 49, 15)
        brush.circle(134, 34, 2.6, "#f6efd9")
    elif camera == "dual":
        _lens(brush, 36, 40, 18)
        _lens(brush, 36, 84, 18)
        brush.circle(66, 40, 4.5, "#f6efd9")
    else:
        brush.rect(14, 16, 74, 78, island, 20, **rim)
        for x, y in ((34, 37), (34, 73), (68, 55)):
            _lens(brush, x, y, 14)
        brush.circle(68, 29, 4, "#f6efd9")
    brush.circle(76, 262, 7, "none", stroke=lighter(brush.colour, 0.4), stroke_width=1.6, opacity=0.7)


def _front_of_phone(brush: Brush, mood: str, height: float = 312, width: float = 152) -> None:
    frame = brush.linear(
        (0, darker(brush.colour, 0.3)), (0.12, lighter(brush.colour, 0.4)), (0.5, darker(brush.colour, 0.2)), (1, lighter(brush.colour, 0.2)),
        across=(0, 0, 1, 0),
    )  # fmt: skip
    brush.rect(0, 0, width, height, frame, 27)
    brush.rect(2.5, 2.5, width - 5, height - 5, "#080a0b", 25)
    wallpaper(brush, 6.5, 6.5, width - 13, height - 13, 21, mood)
    brush.circle(width / 2, 20, 5, "#07090a")
    # The clock and two widgets: enough to read it as a screen.
    brush.rect(width / 2 - 34, 52, 68, 17, "#ffffff", 4, opacity=0.85)
    brush.rect(width / 2 - 22, 76, 44, 5, "#ffffff", 2.5, opacity=0.6)
    for step in range(4):
        brush.rect(18 + step * (width - 60) / 3, height - 46, 24, 24, "#ffffff", 7, opacity=0.32)
    brush.rect(width / 2 - 22, height - 14, 44, 3, "#ffffff", 1.5, opacity=0.8)
    _glare(brush, f"M{width * 0.5:.0f} 6H{width - 26}Q{width - 8} 8 {width - 8} 26V150z", 0.16)


def phone(brush: Brush, *, camera: str = "ring", mood: str = "dusk") -> None:
    brush.shadow(200, 366, 150)
    brush.begin("translate(66 36) rotate(-3 76 156)")
    _back_of_phone(brush, camera)
    brush.end()
    brush.begin("translate(176 48) rotate(3 76 156)")
    brush.rect(-7, 6, 152, 308, "#0b100e", 28, opacity=0.16)
    _front_of_phone(brush, mood)
    brush.end()


def fold_book(brush: Brush, *, mood: str = "dusk") -> None:
    """Open like a book, one half seen at an angle."""
    brush.shadow(200, 352, 160)
    brush.path("M44 66Q44 52 58 50L196 36V352L58 344Q44 342 44 328z", darker(brush.colour, 0.2))
    brush.path("M356 66Q356 52 342 50L204 36V352L342 344Q356 342 356 328z", brush.body())
    brush.path(
        "M50 68Q50 57 60 56L198 42H202L340 56Q350 57 350 68V326Q350 337 340 338L202 346H198L60 338Q50 337 50 326z",
        "#080a0b",
    )
    brush.begin("translate(0 0)")
    wallpaper(brush, 56, 58, 288, 276, 12, mood)
    brush.end()
    brush.rect(
        186,
        44,
        28,
        300,
        brush.linear((0, "#000000", 0), (0.5, "#000000", 0.4), (1, "#ffffff", 0.05), across=(0, 0, 1, 0)),
    )
    brush.rect(76, 92, 92, 60, "#ffffff", 12, opacity=0.28)
    brush.rect(232, 92, 92, 120, "#ffffff", 12, opacity=0.22)
    brush.circle(330, 74, 4, "#07090a")
    _glare(brush, "M60 56L196 42V180L60 300z", 0.14)


def fold_flip(brush: Brush, *, mood: str = "sea") -> None:
    """Half closed, standing by itself; the cover shows a small screen."""
    brush.shadow(200, 342, 140)
    brush.begin("translate(114 36)")
    brush.rect(0, 0, 172, 150, brush.body(), 26, stroke=brush.edge, stroke_width=1)
    brush.rect(14, 14, 144, 104, "#0a0c0e", 18)
    wallpaper(brush, 18, 18, 136, 96, 14, mood)
    _lens(brush, 44, 92, 15)
    _lens(brush, 82, 92, 15)
    brush.rect(96, 34, 46, 14, "#ffffff", 4, opacity=0.85)
    _glare(brush, "M14 30Q14 14 30 14H100L14 110z", 0.18)
    brush.rect(
        20,
        148,
        132,
        14,
        brush.linear(
            (0, darker(brush.colour, 0.4)), (0.5, lighter(brush.colour, 0.35)), (1, darker(brush.colour, 0.5))
        ),
        6,
    )
    brush.path(
        "M0 172Q0 162 12 162H160Q172 162 172 172L186 282Q188 300 168 300H4Q-16 300-14 282z",
        darker(brush.colour, 0.3),
    )
    brush.path(
        "M2 170Q3 165 12 165H160Q169 165 170 170L182 268Q184 288 166 288H6Q-12 288-10 268z",
        brush.body(0.15, 0.35),
    )
    brush.end()


def tablet(brush: Brush, *, mood: str = "morning", keyboard: bool = False, pen: bool = False) -> None:
    brush.shadow(200, 334 if not keyboard else 350, 178)
    if keyboard:
        brush.path(
            "M36 288H364L388 336Q390 344 380 344H20Q10 344 12 336z",
            brush.linear((0, darker(brush.colour, 0.5)), (1, darker(brush.colour, 0.3))),
        )
        for row in range(4):
            brush.path(
                f"M{52 - row * 6} {296 + row * 10}H{348 + row * 6}",
                stroke=lighter(brush.colour, 0.3),
                stroke_width=5,
                stroke_dasharray="17 3",
                opacity=0.35,
            )
        brush.rect(154, 334, 92, 6, lighter(brush.colour, 0.25), 3, opacity=0.5)
    frame = brush.linear(
        (0, lighter(brush.colour, 0.35)),
        (0.5, darker(brush.colour, 0.25)),
        (1, lighter(brush.colour, 0.1)),
        across=(0, 0, 1, 1),
    )
    brush.rect(30, 60, 340, 232, frame, 20)
    brush.rect(33, 63, 334, 226, "#080a0b", 18)
    wallpaper(brush, 44, 74, 312, 204, 8, mood)
    brush.rect(64, 96, 84, 26, "#ffffff", 6, opacity=0.85)
    brush.rect(64, 130, 56, 7, "#ffffff", 3.5, opacity=0.6)
    brush.rect(64, 160, 110, 74, "#ffffff", 12, opacity=0.28)
    brush.rect(184, 160, 70, 74, "#ffffff", 12, opacity=0.2)
    for step in range(6):
        brush.rect(120 + step * 28, 250, 20, 20, "#ffffff", 6, opacity=0.4)
    brush.circle(200, 68.5, 2.4, "#26303a")
    _glare(brush, "M190 74H340Q356 74 356 90V240z", 0.14)
    if pen:
        brush.begin("rotate(28 372 200)")
        brush.rect(
            360,
            84,
            11,
            220,
            brush.linear((0, "#ffffff"), (0.5, "#e7eae8"), (1, "#b5bcb8"), across=(0, 0, 1, 0)),
            5,
        )
        brush.path("M360 302H371L366.5 318Q365.5 321 364.5 318z", "#8b938f")
        brush.end()


def television(brush: Brush, *, mood: str = "night", stand: str = "legs", thin: bool = False) -> None:
    bezel = 3 if thin else 5
    brush.shadow(200, 322, 176, 10)
    if stand == "legs":
        for x, lean in ((84, -16), (316, 16)):
            brush.path(
                f"M{x - 5} 282L{x + lean - 8} 318H{x + lean + 8}L{x + 5} 282z",
                brush.linear((0, "#3b4146"), (1, "#17191c")),
            )
    elif stand == "centre":
        brush.path("M184 280H216L222 308H178z", brush.linear((0, "#2c3034"), (1, "#4a5056")))
        brush.rect(120, 306, 160, 10, brush.linear((0, "#6b7278"), (1, "#25282b")), 5)
    brush.rect(20, 80, 360, 206, brush.linear((0, "#3a3f44"), (1, "#0f1113")), 6)
    brush.rect(20 + bezel, 80 + bezel, 360 - 2 * bezel, 202 - 2 * bezel, "#050607", 3)
    wallpaper(brush, 20 + bezel, 80 + bezel, 360 - 2 * bezel, 199 - 2 * bezel, 2, mood)
    for step in range(4):
        brush.rect(44 + step * 82, 212, 72, 44, "#ffffff", 5, opacity=0.16 + 0.1 * (step == 0))
    brush.rect(44, 106, 90, 18, "#ffffff", 4, opacity=0.8)
    brush.rect(44, 132, 130, 8, "#ffffff", 4, opacity=0.4)
    _glare(brush, "M200 84H376V250z", 0.1)
    brush.rect(188, 281, 24, 2, "#8c949a", 1)
