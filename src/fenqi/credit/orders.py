"""What credit has to know of an order: enough to name it in an agreement. The mall is a neighbour, not a floor below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class GoodsLine:
    """One line of the order. `model` and whether it resells at once are for signals; an agreement does not name them."""

    name: str
    quantity: int
    amount_fen: int
    model: str = ""
    is_instant_resale: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSummary:
    """
    The order's number, the lines to be paid by installments, and the sum of the rest, which is paid at once.

    `address` is where the goods go, in clear: it is hashed on arrival and never kept.
    """

    number: str
    financed: tuple[GoodsLine, ...]
    full_amount_fen: int
    address: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the application that is kept."""
        return {
            "number": self.number,
            "financed": [[line.name, line.quantity, line.amount_fen] for line in self.financed],
            "full_amount_fen": self.full_amount_fen,
        }


def from_json(kept: dict[str, Any]) -> OrderSummary:
    """The kept form back."""
    return OrderSummary(
        number=kept["number"],
        financed=tuple(
            GoodsLine(name=name, quantity=quantity, amount_fen=fen)
            for name, quantity, fen in kept["financed"]
        ),
        full_amount_fen=kept["full_amount_fen"],
    )
