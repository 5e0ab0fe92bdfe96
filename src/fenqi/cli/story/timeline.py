"""What happened, when, how much, and what is left: printed while the story plays and kept for checking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One line of the timeline; amounts in fen."""

    on: datetime.date
    what: str
    amount_fen: int | None = None
    owed_fen: int | None = None
    bank_fen: int | None = None


@dataclass(kw_only=True)
class Timeline:
    """The moments so far; `show` is called for each."""

    show: Callable[[Moment], None] = lambda _moment: None
    moments: list[Moment] = field(default_factory=list)

    def add(self, moment: Moment) -> None:
        self.moments.append(moment)
        self.show(moment)
