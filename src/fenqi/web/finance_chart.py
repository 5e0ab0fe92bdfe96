"""The repayment chart: bars of principal and cost per installment, as geometry a template draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fenqi.servicing.views import InstallmentView

WIDTH, HEIGHT, BASE = 340, 120, 100
GAP_SHARE = 4  # a gap is a quarter of a bar's step


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One installment: the lower part is principal, the upper part interest, fee and penalty. Whole pixels."""

    number: int
    x: int
    width: int
    principal_y: int
    principal_height: int
    cost_y: int
    cost_height: int
    is_paid: bool
    has_label: bool


def bars(installments: Sequence[InstallmentView]) -> list[Bar]:
    """Bars in a box of WIDTH × HEIGHT with the base line at BASE; the tallest installment fills it."""
    if not installments:
        return []
    tallest = max(one.total_fen for one in installments) or 1
    step = WIDTH // len(installments)
    width = max(step - step // GAP_SHARE, 2)
    every = max(1, len(installments) // 12)
    drawn = []
    for position, one in enumerate(installments):
        principal_height = one.principal_fen * (BASE - 8) // tallest
        cost_fen = one.total_fen - one.principal_fen
        # A cost too small for a pixel is still seen.
        cost_height = max(cost_fen * (BASE - 8) // tallest, 2) if cost_fen > 0 else 0
        drawn.append(
            Bar(
                number=one.number,
                x=position * step + (step - width) // 2,
                width=width,
                principal_y=BASE - principal_height,
                principal_height=principal_height,
                cost_y=BASE - principal_height - cost_height,
                cost_height=cost_height,
                is_paid=one.paid_on is not None,
                has_label=position % every == 0 or position == len(installments) - 1,
            )
        )
    return drawn
