"""Things that stand in a kitchen, a bathroom or a living room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.mall.pictures.paint import darker, is_pale, lighter

if TYPE_CHECKING:
    from fenqi.mall.pictures.paint import Brush

GLASS = ((0, "#3b4a55"), (0.5, "#18212a"), (1, "#0b1014"))


def _panel(brush: Brush, x: float, y: float, width: float, height: float) -> None:
    """A dark strip with a few lit figures."""
    brush.rect(x, y, width, height, "#14191d", height / 2)
    brush.rect(x + width * 0.12, y + height * 0.36, width * 0.2, height * 0.28, "#9fe3c6", 2)
    for step in range(3):
        brush.circle(x + width * (0.55 + step * 0.14), y + height / 2, height * 0.12, "#ffffff", opacity=0.7)


def _sheen(brush: Brush, x: float, y: float, width: float, height: float) -> None:
    strength = 0.55 if is_pale(brush.colour) else 0.28
    brush.rect(
        x, y, width, height, brush.linear((0, "#ffffff", strength), (1, "#ffffff", 0), across=(0, 0, 1, 0)), 6
    )


def fridge(brush: Brush, *, doors: int = 4) -> None:
    brush.shadow(200, 370, 130)
    brush.path("M292 34L308 46V360L292 368z", darker(brush.colour, 0.45))
    brush.rect(
        108,
        30,
        186,
        338,
        brush.linear(
            (0, lighter(brush.colour, 0.25)),
            (0.5, brush.colour),
            (1, darker(brush.colour, 0.22)),
            across=(0, 0, 1, 0),
        ),
        8,
    )
    seam = darker(brush.colour, 0.5)
    if doors == 4:
        lines, split = [214], True
    elif doors == 2:
        lines, split = [], True
    else:
        lines, split = [150, 246], False
    for y in lines:
        brush.rect(108, y, 186, 2.5, seam)
    if split:
        brush.rect(200, 30, 2.5, 338, seam)
        for x in (193, 206):
            brush.rect(x, 120, 3.5, 70, lighter(brush.colour, 0.5), 2, stroke=seam, stroke_width=0.6)
            if doors == 4:
                brush.rect(x, 236, 3.5, 60, lighter(brush.colour, 0.5), 2, stroke=seam, stroke_width=0.6)
    else:
        for y in (100, 168, 262):
            brush.rect(284, y, 4, 34, lighter(brush.colour, 0.5), 2)
    brush.rect(134, 72, 44, 60, brush.linear(*GLASS), 6)
    brush.rect(142, 82, 28, 8, "#9fe3c6", 2, opacity=0.9)
    brush.rect(142, 98, 20, 4, "#ffffff", 2, opacity=0.5)
    _sheen(brush, 114, 36, 50, 326)
    brush.rect(120, 366, 20, 6, "#26292b", 2)
    brush.rect(262, 366, 20, 6, "#26292b", 2)


def washer(brush: Brush, *, dryer: bool = False) -> None:
    brush.shadow(200, 352, 150)
    brush.path("M318 58L334 70V342L318 350z", darker(brush.colour, 0.45))
    brush.rect(
        82,
        54,
        238,
        296,
        brush.linear(
            (0, lighter(brush.colour, 0.3)),
            (0.5, brush.colour),
            (1, darker(brush.colour, 0.24)),
            across=(0, 0, 1, 1),
        ),
        14,
    )
    brush.rect(82, 54, 238, 54, darker(brush.colour, 0.12), 14, opacity=0.5)
    _panel(brush, 206, 68, 98, 26)
    brush.circle(
        168,
        81,
        17,
        brush.linear((0, lighter(brush.colour, 0.5)), (1, darker(brush.colour, 0.3))),
        stroke=brush.edge,
        stroke_width=1,
    )
    brush.rect(167, 66, 2.4, 10, "#0b6e4f", 1)
    brush.rect(98, 72, 44, 18, darker(brush.colour, 0.2), 5, opacity=0.7)
    ring = brush.linear((0, "#f2f4f4"), (0.5, "#9aa2a6"), (1, "#4b5357"), across=(0, 0, 1, 1))
    brush.circle(201, 226, 98, ring)
    brush.circle(201, 226, 88, "#1b2126")
    brush.circle(
        201,
        226,
        76,
        brush.radial((0, "#54656f"), (0.55, "#26323a"), (1, "#0c1114"), at=(0.4, 0.35), reach=0.75),
    )
    for turn in range(0, 360, 30):
        brush.begin(f"rotate({turn} 201 226)")
        brush.circle(201, 166, 3, "#0a0d10", opacity=0.7)
        brush.circle(201, 182, 2.4, "#0a0d10", opacity=0.6)
        brush.end()
    wash = "#e9b59a" if dryer else "#8fd0e6"
    brush.path(
        "M138 250C160 236 178 262 204 250S250 238 264 252C258 280 232 302 201 302S146 284 138 250z",
        wash,
        opacity=0.42,
    )
    brush.path("M146 196C156 168 178 154 206 152C186 166 166 184 158 210z", "#ffffff", opacity=0.28)
    brush.rect(282, 206, 12, 42, "#dfe4e4", 6, stroke="#8d969a", stroke_width=1)


def aircon_wall(brush: Brush) -> None:
    brush.path(
        "M58 118H342Q356 118 356 132V204Q356 226 334 230L66 230Q44 226 44 204V132Q44 118 58 118z",
        brush.linear((0, lighter(brush.colour, 0.5)), (0.6, brush.colour), (1, darker(brush.colour, 0.18))),
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.path("M60 206H340L330 226H70z", "#22292d")
    for y in (211, 217):
        brush.rect(72, y, 256, 2, "#59656b", 1)
    brush.rect(44, 196, 312, 1.6, darker(brush.colour, 0.3), opacity=0.5)
    brush.rect(300, 168, 34, 14, "#1a2024", 4, opacity=0.85)
    brush.rect(306, 172, 14, 6, "#9fe3c6", 1)
    brush.rect(60, 126, 280, 16, "#ffffff", 8, opacity=0.5)
    for step, x in enumerate((110, 170, 230, 290)):
        brush.stroke(f"M{x} 244c-10 18 10 30 0 50s8 26 0 {28 + step % 2 * 12}", "#8fc7e0", 5, opacity=0.5)


def aircon_tower(brush: Brush) -> None:
    brush.shadow(200, 372, 92)
    brush.rect(146, 24, 108, 346, brush.round_body(0.4, 0.3), 40)
    brush.rect(172, 60, 56, 172, "#1d2428", 22)
    for y in range(70, 226, 9):
        brush.rect(180, y, 40, 2.4, "#5c6a72", 1.2)
    brush.circle(200, 268, 18, "#14191d")
    brush.rect(191, 262, 18, 4, "#9fe3c6", 2)
    brush.rect(194, 271, 12, 3, "#ffffff", 1.5, opacity=0.6)
    brush.rect(150, 356, 100, 14, darker(brush.colour, 0.4), 6)


def purifier(brush: Brush) -> None:
    brush.shadow(200, 366, 108)
    brush.rect(116, 56, 168, 308, brush.round_body(0.35, 0.26), 26)
    brush.ellipse(200, 66, 74, 20, darker(brush.colour, 0.3))
    brush.ellipse(200, 64, 62, 15, "#171d20")
    for r in (52, 40, 28, 16):
        brush.ellipse(200, 64, r, r / 4.2, "none", stroke="#4d5a60", stroke_width=2)
    dot = darker(brush.colour, 0.42)
    for row in range(14):
        brush.path(
            f"M136 {210 + row * 10}H264",
            stroke=dot,
            stroke_width=4,
            stroke_dasharray="0.1 9.05",
            stroke_linecap="round",
            opacity=0.75,
        )
    brush.circle(200, 140, 27, "#12171a")
    brush.circle(200, 140, 27, "none", stroke="#58d39b", stroke_width=3)
    brush.rect(187, 134, 26, 5, "#ffffff", 2.5)
    brush.rect(192, 144, 16, 3.4, "#9fe3c6", 1.7)


def robot(brush: Brush, *, dock: bool = False) -> None:
    brush.shadow(200, 322, 158)
    if dock:
        brush.rect(
            122,
            54,
            156,
            206,
            brush.linear(
                (0, lighter(brush.colour, 0.35)), (1, darker(brush.colour, 0.25)), across=(0, 0, 1, 1)
            ),
            22,
        )
        brush.rect(122, 54, 156, 34, darker(brush.colour, 0.16), 17, opacity=0.6)
        brush.rect(140, 108, 56, 70, "#cfe6ee", 8, opacity=0.55)
        brush.rect(204, 108, 56, 70, "#8f9aa0", 8, opacity=0.5)
        brush.rect(188, 66, 24, 6, "#9fe3c6", 3)
    brush.path("M66 258V284C66 312 126 330 200 330S334 312 334 284V258z", darker(brush.colour, 0.5))
    brush.ellipse(
        200,
        256,
        134,
        56,
        brush.linear(
            (0, lighter(brush.colour, 0.4)),
            (0.5, brush.colour),
            (1, darker(brush.colour, 0.25)),
            across=(0, 0, 1, 1),
        ),
        stroke=brush.edge,
        stroke_width=1,
    )
    brush.ellipse(200, 254, 104, 42, "none", stroke=darker(brush.colour, 0.3), stroke_width=1.4, opacity=0.6)
    brush.path("M160 232V246C160 254 178 260 200 260S240 254 240 246V232z", "#1b2024")
    brush.ellipse(200, 232, 40, 15, brush.linear((0, "#59646b"), (1, "#23292d")))
    brush.ellipse(200, 284, 17, 6, darker(brush.colour, 0.5), opacity=0.7)
    brush.path("M96 296C126 314 160 320 200 320", stroke="#9aa5ab", stroke_width=3, opacity=0.6)


def cooker(brush: Brush) -> None:
    brush.shadow(200, 342, 142)
    brush.path(
        "M76 168Q76 148 96 148H304Q324 148 324 168L318 300Q316 338 276 338H124Q84 338 82 300z",
        brush.round_body(0.35, 0.3),
    )
    brush.path(
        "M70 160Q72 92 200 88Q328 92 330 160Q330 172 316 172H84Q70 172 70 160z",
        brush.linear((0, lighter(brush.colour, 0.4)), (1, darker(brush.colour, 0.14))),
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.rect(168, 76, 64, 18, darker(brush.colour, 0.5), 9)
    brush.ellipse(268, 110, 16, 5, darker(brush.colour, 0.45))
    brush.rect(138, 206, 124, 84, brush.linear(*GLASS), 16)
    brush.rect(160, 220, 50, 16, "#9fe3c6", 3)
    brush.rect(160, 244, 80, 5, "#ffffff", 2.5, opacity=0.5)
    for x in (168, 200, 232):
        brush.circle(x, 268, 8, "#2b343a", stroke="#76838b", stroke_width=1)
    brush.path(
        "M96 120Q130 100 190 98", stroke="#ffffff", stroke_width=6, stroke_linecap="round", opacity=0.4
    )


def oven(brush: Brush) -> None:
    brush.shadow(200, 322, 166)
    brush.rect(
        44,
        100,
        312,
        216,
        brush.linear((0, lighter(brush.colour, 0.28)), (1, darker(brush.colour, 0.24)), across=(0, 0, 1, 1)),
        14,
    )
    brush.rect(58, 116, 216, 184, brush.linear(*GLASS), 8)
    brush.rect(
        74,
        132,
        184,
        152,
        brush.radial(
            (0, "#f0b26a", 0.75), (0.6, "#8a5426", 0.4), (1, "#1a1512", 0.2), at=(0.5, 0.4), reach=0.7
        ),
        6,
    )
    brush.ellipse(166, 258, 70, 12, "#2b3136")
    brush.path("M112 252C112 214 220 214 220 252z", "#d8934c")
    brush.path("M122 246C126 224 160 220 176 221C150 226 136 234 132 248z", "#f5d09a", opacity=0.6)
    brush.rect(278, 122, 8, 172, "#dfe4e4", 4, stroke="#8d969a", stroke_width=0.8)
    brush.rect(298, 122, 46, 30, "#12171a", 5)
    brush.rect(305, 132, 32, 9, "#9fe3c6", 2)
    for y in (190, 244):
        brush.circle(
            321,
            y,
            19,
            brush.linear((0, lighter(brush.colour, 0.5)), (1, darker(brush.colour, 0.35))),
            stroke=brush.edge,
            stroke_width=0.8,
        )
        brush.rect(320, y - 15, 2.4, 10, "#0b6e4f", 1)
    brush.path("M66 124H150L66 226z", "#ffffff", opacity=0.1)


def kettle(brush: Brush) -> None:
    brush.shadow(196, 352, 112)
    brush.path(
        "M270 128C330 120 344 160 336 214C330 256 306 274 280 276L284 254C304 250 312 236 314 208C318 170 308 152 276 154z",
        darker(brush.colour, 0.55),
    )
    brush.path("M134 120L92 104Q84 102 86 112L122 176z", darker(brush.colour, 0.16))
    brush.path("M130 110H270L288 312Q290 336 266 336H134Q110 336 112 312z", brush.round_body(0.4, 0.34))
    brush.path(
        "M128 112Q132 78 200 76Q268 78 272 112z",
        brush.linear((0, lighter(brush.colour, 0.35)), (1, darker(brush.colour, 0.25))),
    )
    brush.circle(200, 70, 9, darker(brush.colour, 0.6))
    brush.rect(104, 336, 192, 14, "#22282b", 7)
    brush.rect(176, 302, 48, 5, "#9fe3c6", 2.5, opacity=0.9)


def fan(brush: Brush) -> None:
    brush.shadow(200, 374, 84)
    brush.rect(195, 196, 10, 160, brush.round_body(), 4)
    brush.ellipse(200, 362, 66, 12, darker(brush.colour, 0.2))
    brush.ellipse(
        200,
        358,
        66,
        12,
        brush.linear((0, lighter(brush.colour, 0.4)), (1, darker(brush.colour, 0.1))),
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.circle(
        200,
        134,
        110,
        brush.radial((0, "#ffffff", 0.15), (1, "#9fb2bb", 0.2)),
        stroke=brush.edge,
        stroke_width=5,
    )
    for turn in range(0, 360, 51):
        brush.begin(f"rotate({turn} 200 134)")
        brush.path(
            "M200 134C180 98 184 58 206 40C232 58 232 98 206 130z",
            brush.colour,
            opacity=0.75,
            stroke=brush.edge,
            stroke_width=0.5,
        )
        brush.end()
    for r in (92, 72, 52):
        brush.circle(200, 134, r, "none", stroke=brush.edge, stroke_width=1.2, opacity=0.6)
    for turn in range(0, 180, 15):
        brush.begin(f"rotate({turn} 200 134)")
        brush.path("M200 26V242", stroke=brush.edge, stroke_width=0.8, opacity=0.5)
        brush.end()
    brush.circle(200, 134, 24, brush.body(0.4, 0.2), stroke=brush.edge, stroke_width=1)
    brush.rect(188, 282, 24, 40, "#14191d", 8)
    brush.circle(200, 294, 4, "#9fe3c6")
