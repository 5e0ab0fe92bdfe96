"""Small things of every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.mall.pictures.paint import darker, lighter, mixed

if TYPE_CHECKING:
    from fenqi.mall.pictures.paint import Brush


def powerbank(brush: Brush) -> None:
    brush.shadow(200, 356, 112)
    brush.begin("rotate(-8 200 200)")
    brush.rect(118, 62, 164, 282, brush.round_body(0.35, 0.3), 30)
    brush.rect(118, 62, 164, 40, darker(brush.colour, 0.2), 20, opacity=0.35)
    brush.rect(142, 70, 40, 12, "#14181b", 6)
    brush.rect(206, 70, 24, 12, "#14181b", 6)
    brush.rect(242, 70, 24, 12, "#14181b", 6)
    brush.rect(168, 128, 64, 34, "#10151a", 8)
    brush.rect(180, 140, 26, 10, "#9fe3c6", 2)
    brush.rect(212, 140, 8, 10, "#ffffff", 2, opacity=0.6)
    brush.circle(200, 296, 9, "none", stroke=lighter(brush.colour, 0.45), stroke_width=2)
    brush.end()


def charger(brush: Brush) -> None:
    brush.shadow(196, 332, 130)
    brush.stroke("M250 250C330 270 350 320 280 328S120 306 92 340", lighter(brush.colour, 0.1), 11)
    brush.stroke("M250 248C330 268 350 318 280 326", "#ffffff", 2.5, opacity=0.4)
    brush.path("M262 92L300 76V116L262 128z", "#c6ccd0")
    brush.path("M262 168L300 158V196L262 204z", "#c6ccd0")
    brush.rect(104, 62, 160, 186, brush.body(0.4, 0.22), 30, stroke=brush.edge, stroke_width=0.8)
    brush.rect(150, 232, 26, 10, "#1a1f22", 5)
    brush.rect(192, 232, 26, 10, "#1a1f22", 5)
    brush.rect(128, 88, 14, 110, "#ffffff", 7, opacity=0.35)
    brush.rect(166, 128, 60, 12, darker(brush.colour, 0.3), 6, opacity=0.6)
    brush.rect(80, 332, 40, 18, darker(brush.colour, 0.25), 5)
    brush.rect(62, 336, 20, 10, "#aeb6ba", 3)


def backpack(brush: Brush) -> None:
    brush.shadow(200, 368, 128)
    brush.stroke("M170 52Q170 24 200 24T230 52", darker(brush.colour, 0.4), 10)
    brush.stroke("M112 130Q72 200 92 320", darker(brush.colour, 0.45), 18)
    brush.stroke("M288 130Q328 200 308 320", darker(brush.colour, 0.45), 18)
    brush.path(
        "M110 120Q114 48 200 46T290 120L300 322Q302 364 260 364H140Q98 364 100 322z", brush.body(0.28, 0.34)
    )
    brush.stroke("M122 138Q130 74 200 72T278 138", darker(brush.colour, 0.45), 3)
    brush.path(
        "M122 214Q122 196 140 196H260Q278 196 278 214V316Q278 340 254 340H146Q122 340 122 316z",
        brush.linear((0, lighter(brush.colour, 0.16)), (1, darker(brush.colour, 0.2))),
        stroke=darker(brush.colour, 0.4),
        stroke_width=1,
    )
    brush.stroke("M136 216H264", darker(brush.colour, 0.5), 4)
    brush.rect(256, 212, 6, 24, "#c9ced1", 3)
    brush.rect(182, 106, 36, 36, darker(brush.colour, 0.3), 8)
    brush.path(
        "M190 128c6-1 9-4 11-9 3 6 7 8 11 8",
        stroke="#ffffff",
        stroke_width=3,
        stroke_linecap="round",
        opacity=0.8,
    )


def suitcase(brush: Brush) -> None:
    brush.shadow(200, 376, 118)
    brush.rect(160, 18, 7, 70, "#9aa2a7", 3)
    brush.rect(233, 18, 7, 70, "#9aa2a7", 3)
    brush.rect(152, 12, 96, 16, "#2a3034", 8)
    brush.rect(104, 72, 192, 284, brush.round_body(0.3, 0.34), 26)
    for x in range(124, 290, 20):
        brush.rect(x, 86, 6, 256, darker(brush.colour, 0.32), 3, opacity=0.5)
        brush.rect(x + 6, 86, 2, 256, "#ffffff", 1, opacity=0.16)
    for x, y in ((104, 72), (266, 72), (104, 330), (266, 330)):
        brush.rect(x, y, 30, 26, darker(brush.colour, 0.4), 10, opacity=0.7)
    brush.rect(178, 190, 44, 26, "#e7eaea", 6)
    brush.path(
        "M188 207c5-1 8-4 10-8 2 5 6 7 11 7", stroke="#0b6e4f", stroke_width=2.6, stroke_linecap="round"
    )
    for x in (128, 256):
        brush.rect(x, 354, 18, 18, "#1e2225", 6)


def thermos(brush: Brush) -> None:
    brush.shadow(200, 374, 66)
    brush.rect(150, 96, 100, 276, brush.round_body(0.38, 0.42), 22)
    brush.rect(
        158,
        30,
        84,
        72,
        brush.linear((0, "#4b5358"), (0.3, "#aab2b6"), (0.6, "#5d666b"), (1, "#22282b"), across=(0, 0, 1, 0)),
        16,
    )
    brush.rect(150, 96, 100, 8, "#d7dcde", 2)
    brush.stroke("M176 40Q200 12 224 40", "#2a3034", 7)
    brush.rect(182, 216, 36, 36, "#ffffff", 18, opacity=0.18)
    brush.path(
        "M190 238c6-1 9-4 11-9 3 6 7 8 10 8",
        stroke="#ffffff",
        stroke_width=3,
        stroke_linecap="round",
        opacity=0.85,
    )


def toothbrush(brush: Brush) -> None:
    brush.shadow(200, 374, 84)
    brush.begin("rotate(10 200 200)")
    brush.rect(172, 150, 52, 212, brush.round_body(0.45, 0.3), 24)
    brush.rect(
        188,
        70,
        20,
        86,
        brush.linear((0, "#cfd5d8"), (0.4, "#ffffff"), (1, "#aab2b6"), across=(0, 0, 1, 0)),
        8,
    )
    brush.rect(184, 28, 28, 50, "#ffffff", 10, stroke="#b6bec2", stroke_width=1)
    for y in range(36, 72, 6):
        brush.rect(160, y, 24, 4, mixed(brush.colour, "#7ec8b0", 0.4), 2)
    brush.circle(198, 200, 13, darker(brush.colour, 0.12), stroke=darker(brush.colour, 0.3), stroke_width=1)
    for y in (236, 250, 264):
        brush.circle(198, y, 2.6, "#58d39b", opacity=0.85)
    brush.end()


def lamp(brush: Brush) -> None:
    brush.shadow(184, 362, 110)
    brush.path("M206 96L340 78L372 250H150z", brush.linear((0, "#ffe9b0", 0.6), (1, "#ffe9b0", 0)))
    brush.ellipse(160, 352, 82, 15, darker(brush.colour, 0.3))
    brush.ellipse(160, 346, 82, 15, brush.body(0.4, 0.15), stroke=brush.edge, stroke_width=0.8)
    brush.stroke("M160 342L96 196L196 78", darker(brush.colour, 0.25), 12)
    brush.stroke("M158 338L95 195L194 80", lighter(brush.colour, 0.35), 3)
    brush.circle(96, 196, 12, darker(brush.colour, 0.4))
    brush.begin("rotate(-8 268 78)")
    brush.rect(
        186,
        64,
        166,
        24,
        brush.linear((0, lighter(brush.colour, 0.35)), (1, darker(brush.colour, 0.2))),
        12,
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.rect(196, 84, 146, 6, "#fff6d8", 3)
    brush.end()
    brush.circle(160, 344, 5, "#58d39b")


def scale(brush: Brush) -> None:
    brush.shadow(200, 320, 160)
    brush.path(
        "M72 116H328Q344 116 348 132L372 282Q374 306 350 308H50Q26 306 28 282L52 132Q56 116 72 116z",
        darker(brush.colour, 0.4),
    )
    brush.path(
        "M74 108H326Q342 108 345 124L366 272Q368 294 346 296H54Q32 294 34 272L55 124Q58 108 74 108z",
        brush.linear((0, lighter(brush.colour, 0.35)), (1, darker(brush.colour, 0.12)), across=(0, 0, 1, 1)),
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.rect(150, 130, 100, 42, "#14191d", 12)
    brush.rect(166, 144, 34, 14, "#9fe3c6", 3)
    brush.rect(206, 144, 22, 14, "#9fe3c6", 3, opacity=0.6)
    for x in (104, 254):
        brush.rect(x, 196, 42, 80, "#cdd3d6", 8, opacity=0.75)
    brush.path("M80 116H210L60 280z", "#ffffff", opacity=0.18)


def hairdryer(brush: Brush) -> None:
    brush.shadow(190, 366, 110)
    brush.path("M158 200H226L246 344Q248 362 230 362H194Q178 362 176 346z", brush.round_body(0.35, 0.35))
    brush.path(
        "M96 128Q100 66 168 64H272V202H168Q100 198 96 128z",
        brush.body(0.4, 0.26),
        stroke=brush.edge,
        stroke_width=0.8,
    )
    brush.path("M272 76L330 90V176L272 190z", darker(brush.colour, 0.5))
    brush.rect(328, 86, 14, 94, "#20262a", 6)
    brush.ellipse(108, 132, 18, 46, "#1d2327")
    brush.path("M96 104H120M94 120H126M94 136H126M94 152H122", stroke="#6f7b81", stroke_width=2)
    brush.circle(204, 238, 8, "#14191d")
    brush.circle(208, 268, 8, "#14191d")
    brush.path("M136 84H258", stroke="#ffffff", stroke_width=7, stroke_linecap="round", opacity=0.4)


def speaker(brush: Brush) -> None:
    brush.shadow(200, 360, 108)
    brush.rect(108, 64, 184, 294, brush.round_body(0.28, 0.42), 60)
    dot = lighter(brush.colour, 0.3)
    for row in range(21):
        shift = 4 if row % 2 else 0
        brush.path(
            f"M{128 + shift} {128 + row * 9}H276",
            stroke=dot,
            stroke_width=3,
            stroke_dasharray="0.1 8.1",
            stroke_linecap="round",
            opacity=0.4,
        )
    brush.ellipse(200, 84, 74, 20, darker(brush.colour, 0.3))
    brush.ellipse(200, 81, 66, 16, brush.linear((0, "#3d464b"), (1, "#14191b")))
    brush.ellipse(200, 81, 56, 13, "none", stroke="#58d39b", stroke_width=2.5)
    brush.path(
        "M188 81H212M200 75V87", stroke="#ffffff", stroke_width=3, stroke_linecap="round", opacity=0.85
    )


def umbrella(brush: Brush) -> None:
    brush.shadow(210, 374, 50, 8)
    brush.stroke("M200 60V330Q200 362 228 362T256 334", "#4a4036", 9)
    brush.path(
        "M36 206C44 110 112 48 200 48S356 110 364 206C344 188 318 188 298 206C282 184 256 184 246 206C232 184 168 184 154 206C144 184 118 184 102 206C82 188 56 188 36 206z",
        brush.body(0.3, 0.3),
    )
    for d in (
        "M200 48C160 90 150 150 154 206",
        "M200 48C240 90 250 150 246 206",
        "M200 48C140 70 108 130 102 206",
        "M200 48C260 70 292 130 298 206",
    ):
        brush.stroke(d, darker(brush.colour, 0.35), 2, opacity=0.6)
    brush.path("M60 166C80 112 120 76 168 64C120 92 96 130 84 176z", "#ffffff", opacity=0.22)
    brush.rect(196, 30, 8, 22, "#4a4036", 4)
