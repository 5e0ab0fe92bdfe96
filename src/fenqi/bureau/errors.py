"""What the credit record refuses, in words."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, Refusal


class DisputeReasonMissing(Refusal):
    """A dispute says what is wrong."""

    code = "dispute_reason_missing"


class DisputeReasonTooLong(Refusal):
    """Longer than the field that travels to the bureau."""

    code = "dispute_reason_too_long"


class DisputeAnswerMissing(Refusal):
    """The borrower is owed an answer in words."""

    code = "dispute_answer_missing"


class AlreadyDisputed(Conflict):
    """This month is being checked already."""

    code = "already_disputed"


class AlreadyAnswered(Conflict):
    """Somebody else answered first."""

    code = "already_answered"
