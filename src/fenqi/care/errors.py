"""What care refuses, in words."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, Refusal


class TextMissing(Refusal):
    """A message without words."""

    code = "text_missing"


class TextTooLong(Refusal):
    """A message longer than people read."""

    code = "text_too_long"


class ReasonMissing(Refusal):
    """A switch is moved for a reason, which is kept."""

    code = "reason_missing"


class EntryNotProven(Conflict):
    """The mall's repayment entry stays open until the finance app or a pay link has taken a repayment."""

    code = "entry_not_proven"
