"""What every queue offers the console."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable
    from uuid import UUID

    from fenqi.people.services import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line: `key` finds it again together with the borrower."""

    borrower_id: int
    key: str
    title: str
    note: str
    since: datetime.datetime
    amount_fen: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A card of facts. A fact is (label, value) or, for money, (label, fen as int)."""

    heading: Any
    facts: list[tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """One rule as it was read: what it says, the figure it saw against its threshold, and what came of it."""

    words: str
    figure: Any
    threshold: Any
    label: Any
    tone: str
    is_fired: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Everything beside the decision."""

    title: str
    sections: list[Section]
    warnings: list[Any] = field(default_factory=list)
    timeline: list[tuple[datetime.datetime, Any]] = field(default_factory=list)
    photos: list[tuple[Any, str]] = field(default_factory=list)
    rules: list[RuleRow] = field(default_factory=list)
    notice: Any = ""
    link: str = ""
    is_waiting: bool = True


_WAITS = _("已提交，等待另一位同事复核。")


def second_pair(proposal_id: UUID | None, notice: Any = _WAITS) -> dict[str, Any]:
    """What evidence says while the decision waits for a colleague."""
    if proposal_id is None:
        return {}
    return {"notice": notice, "link": f"/ops/proposals/{proposal_id}/"}


class Decide(Protocol):
    """Carry the decision out; raises a Refusal when it cannot be. A queue with `codes` is told the one chosen as `reason_code`."""

    def __call__(
        self, *, staff: str, borrower_id: int, key: str, approve: bool, reason: str, **chosen: str
    ) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """One kind of thing that waits for a person."""

    code: str
    label: Any
    roles: tuple[Role, ...]
    rows: Callable[[], list[Row]]
    evidence: Callable[[int, str], Evidence]
    decide: Decide
    approve_label: Any
    refuse_label: Any
    approve_reasons: tuple[Any, ...]
    refuse_reasons: tuple[Any, ...]
    empty: Any
    codes: Callable[[], list[tuple[str, Any]]] | None = None
    """Kinds of reason to choose from, beside the reason in words: (code, words)."""
