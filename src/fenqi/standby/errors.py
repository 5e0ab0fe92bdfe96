"""What the standby line refuses, in words."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, Refusal


class NotEligible(Refusal):
    """A rule says no; `details["rules"]` names it."""

    code = "standby_not_eligible"


class NoLine(Refusal):
    """Nothing to draw from."""

    code = "standby_no_line"


class LineFrozen(Conflict):
    """No new draw while a bill is overdue."""

    code = "standby_line_frozen"


class AmountOutOfRange(Refusal):
    """Too little, not a whole multiple, or more than is available."""

    code = "standby_amount"


class TermUnknown(Refusal):
    """A number of installments nobody offered."""

    code = "standby_term"


class ConsentMissing(Refusal):
    """The agreement was not agreed to."""

    code = "standby_consent"
