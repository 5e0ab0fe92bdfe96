"""
Drawings of the goods: `draw("phone", "leaf", camera="ring")` is an SVG of about 4 kB, our own, per model and colour.

Nothing here knows the database; the catalogue says which drawing and which details a product has.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fenqi.mall.pictures import appliances, everyday, screens, wearables
from fenqi.mall.pictures.paint import COLOURS, Brush

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES: dict[str, Callable[..., None]] = {
    name: getattr(module, name)
    for module, names in (
        (screens, "phone fold_book fold_flip tablet television"),
        (appliances, "fridge washer aircon_wall aircon_tower purifier robot cooker oven kettle fan"),
        (wearables, "watch_round watch_square band earbuds headphones"),
        (
            everyday,
            "powerbank charger backpack suitcase thermos toothbrush lamp scale hairdryer speaker umbrella",
        ),
    )
    for name in names.split()
}


class NoSuchPicture(KeyError):
    """The name is not one of a drawing."""


def draw(shape: str, colour: str, **details: Any) -> str:
    """An SVG of 400 × 400. Raises: KeyError for an unknown shape or colour."""
    brush = Brush(colour=COLOURS[colour][2])
    SHAPES[shape](brush, **details)
    return brush.svg()


@lru_cache(maxsize=512)
def draw_named(name: str) -> str:
    """
    The drawing a variant's `picture` names: shape, colour, then details, as in `phone.leaf.camera-ring.mood-dusk`.

    Raises: NoSuchPicture.
    """
    shape, _, rest = name.partition(".")
    colour, *pairs = rest.split(".")
    try:
        details = {key: _value(value) for key, value in (pair.split("-", 1) for pair in pairs)}
        return draw(shape, colour, **details)
    except (KeyError, TypeError, ValueError) as e:
        raise NoSuchPicture(name) from e


def name_of(shape: str, colour: str, **details: Any) -> str:
    """The name under which `draw_named` finds the same drawing again."""
    return ".".join([shape, colour, *(f"{key}-{value}".lower() for key, value in sorted(details.items()))])


def _value(text: str) -> bool | int | str:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() else text
