"""A little SVG brush: colours with their light and dark sides, gradients, shadows. Everything on a 400 × 400 stage."""

from __future__ import annotations

from dataclasses import dataclass, field

# key: (name zh, name en, hex)
COLOURS = {
    "ink": ("曜石黑", "Obsidian", "#2a2e33"),
    "mist": ("雾白", "Mist White", "#eceeec"),
    "leaf": ("松青", "Pine Green", "#44705f"),
    "dawn": ("晨粉", "Dawn Pink", "#e6bfb6"),
    "lake": ("湖蓝", "Lake Blue", "#7ba3c4"),
    "sand": ("沙金", "Sand Gold", "#d8c4a2"),
    "lilac": ("丁香紫", "Lilac", "#b9add4"),
    "titanium": ("原色钛", "Titanium", "#9b9a94"),
    "amber": ("琥珀", "Amber", "#b9713a"),
    "berry": ("莓红", "Berry Red", "#a83c48"),
    "navy": ("深海蓝", "Deep Navy", "#2f4261"),
    "white": ("象牙白", "Ivory", "#f4f2ec"),
    "silver": ("银灰", "Silver", "#c3c8cb"),
    "graphite": ("石墨灰", "Graphite", "#565c62"),
    "mint": ("薄荷", "Mint", "#a9d3bf"),
    "orange": ("橘彩", "Tangerine", "#e0824a"),
    "butter": ("奶油黄", "Butter", "#efdca2"),
    "oak": ("橡木", "Oak", "#b58e63"),
}

STAGE = 400


def mixed(colour: str, other: str, share: float) -> str:
    """`colour` with `share` (0 to 1) of `other` stirred in."""
    a, b = (_channels(c) for c in (colour, other))
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in zip(a, b, strict=True))


def lighter(colour: str, share: float) -> str:
    return mixed(colour, "#ffffff", share)


def darker(colour: str, share: float) -> str:
    return mixed(colour, "#0b100e", share)


def is_pale(colour: str) -> bool:
    """Pale things need darker edges to stand out from the stage."""
    red, green, blue = _channels(colour)
    return red * 299 + green * 587 + blue * 114 > 185_000


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _attributes(pairs: dict[str, object]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_number(value) if isinstance(value, (int, float)) else value}"'
        for name, value in pairs.items()
        if value is not None
    )


@dataclass
class Brush:
    """Collects shapes; `svg()` is the picture."""

    colour: str
    _defs: list[str] = field(default_factory=list)
    _body: list[str] = field(default_factory=list)

    def linear(
        self,
        *stops: tuple[float, str] | tuple[float, str, float],
        across: tuple[int, int, int, int] = (0, 0, 0, 1),
    ) -> str:
        """A linear gradient (stops: place, colour, opacity) from corner to corner of the shape; to be used as a fill."""
        x1, y1, x2, y2 = across
        return self._gradient(f'linearGradient id="%s" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"', stops)

    def radial(
        self,
        *stops: tuple[float, str] | tuple[float, str, float],
        at: tuple[float, float] = (0.5, 0.5),
        reach: float = 0.5,
    ) -> str:
        """A radial gradient around `at`."""
        return self._gradient(f'radialGradient id="%s" cx="{at[0]}" cy="{at[1]}" r="{reach}"', stops)

    def _gradient(self, opening: str, stops: tuple[tuple[float, ...], ...]) -> str:
        name = f"g{len(self._defs)}"
        inner = "".join(
            f'<stop offset="{_number(100 * stop[0])}%" stop-color="{stop[1]}"'
            + (f' stop-opacity="{stop[2]}"' if len(stop) > 2 else "")
            + "/>"
            for stop in stops
        )
        self._defs.append(f"<{opening % name}>{inner}</{opening.split()[0]}>")
        return f"url(#{name})"

    def body(self, light: float = 0.22, dark: float = 0.28) -> str:
        """The product's own colour as a surface lit from above left."""
        return self.linear(
            (0, lighter(self.colour, light)),
            (0.45, self.colour),
            (1, darker(self.colour, dark)),
            across=(0, 0, 1, 1),
        )

    def round_body(self, light: float = 0.35, dark: float = 0.4) -> str:
        """The product's own colour as an upright cylinder."""
        return self.linear(
            (0, darker(self.colour, dark * 0.7)),
            (0.18, self.colour),
            (0.36, lighter(self.colour, light)),
            (0.6, self.colour),
            (1, darker(self.colour, dark)),
            across=(0, 0, 1, 0),
        )

    @property
    def edge(self) -> str:
        """An outline that shows on the stage, in light and dark."""
        return darker(self.colour, 0.22 if is_pale(self.colour) else 0.45)

    def shadow(self, x: float, y: float, width: float, height: float = 14, strength: float = 0.3) -> None:
        """What the thing throws on the floor."""
        fill = self.radial((0, "#0b100e", strength), (0.6, "#0b100e", strength * 0.35), (1, "#0b100e", 0))
        self.ellipse(x, y, width, height, fill)

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, r: float = 0, **more: object
    ) -> None:
        self._add("rect", x=x, y=y, width=width, height=height, rx=r or None, fill=fill, **more)

    def circle(self, x: float, y: float, r: float, fill: str, **more: object) -> None:
        self._add("circle", cx=x, cy=y, r=r, fill=fill, **more)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str, **more: object) -> None:
        self._add("ellipse", cx=x, cy=y, rx=rx, ry=ry, fill=fill, **more)

    def path(self, d: str, fill: str = "none", **more: object) -> None:
        self._add("path", d=d, fill=fill, **more)

    def stroke(self, d: str, colour: str, width: float, **more: object) -> None:
        self._add("path", d=d, fill="none", stroke=colour, stroke_width=width, stroke_linecap="round", **more)

    def begin(self, transform: str, **more: object) -> None:
        """What follows, until `end`, is moved, turned or clipped."""
        self._body.append(f'<g transform="{transform}"{_attributes(more)}>')

    def end(self) -> None:
        self._body.append("</g>")

    def clip_rect(self, x: float, y: float, width: float, height: float, r: float) -> str:
        """A window with round corners; give it to `begin(clip_path=…)`."""
        name = f"c{len(self._defs)}"
        self._defs.append(
            f'<clipPath id="{name}"><rect{_attributes({"x": x, "y": y, "width": width, "height": height, "rx": r})}/></clipPath>'
        )
        return f"url(#{name})"

    def _add(self, tag: str, **pairs: object) -> None:
        self._body.append(f"<{tag}{_attributes(pairs)}/>")

    def svg(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {STAGE} {STAGE}" width="{STAGE}" height="{STAGE}">'
            f"<defs>{''.join(self._defs)}</defs>{''.join(self._body)}</svg>"
        )
