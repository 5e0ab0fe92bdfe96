"""What privacy refuses, by name."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, Refusal


class StillNeeded(Conflict):
    """Something is unfinished, so the account cannot end yet; the sentence names it."""

    code = "still_needed"


class CorrectionUnclear(Refusal):
    """The correction does not say what is wrong or what it should be."""

    code = "correction_unclear"


class CorrectionStanding(Conflict):
    """The same was asked before and waits for an answer, or has been answered."""

    code = "correction_standing"
