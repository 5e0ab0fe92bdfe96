"""Everything credit refuses, by name, with the words a person reads."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, NotAllowed, NotFound, PeerUnavailable, Refusal


class AmountTooSmall(Refusal):
    """Less than the smallest amount that may be paid by installments."""

    code = "amount_too_small"


class AmountImpossible(Refusal):
    """No amount of money, or more than any plan serves."""

    code = "amount_impossible"


class PlanAboveCap(Refusal):
    """A plan that costs more than its cap allows is not published."""

    code = "plan_above_cap"


class PlanUnknown(NotFound):
    """No plan of this code is offered on this amount today."""

    code = "plan_unknown"


class QuoteUnknown(NotFound):
    """No quote with this id."""

    code = "quote_unknown"


class QuoteChanged(Conflict):
    """The same plan no longer costs what was shown; `details["changes"]` says what differs."""

    code = "quote_changed"


class LenderSilent(PeerUnavailable):
    """The lender does not answer now; what was begun waits."""

    code = "lender_silent"


class ApplicationUnknown(NotFound):
    """No such application of this person."""

    code = "application_unknown"


class ApplicationMovedOn(Conflict):
    """The application is no longer where this step expects it."""

    code = "application_moved_on"


class ReadingTooShort(Refusal):
    """The page was not open for as long as the rule asks."""

    code = "reading_too_short"


class PageNotOurs(Refusal):
    """The form does not come from a page we issued for this agreement."""

    code = "page_not_ours"


class AgreementNotAccepted(Refusal):
    """The box was not ticked."""

    code = "agreement_not_accepted"


class CardMissing(Refusal):
    """No bound card of this person was chosen."""

    code = "card_missing"


class AgreementUnknown(NotFound):
    """No such agreement of this person."""

    code = "agreement_unknown"


class DecisionNotOpen(NotAllowed):
    """Only an application that waits for a person can be decided by one."""

    code = "decision_not_open"


class ReasonMissing(Refusal):
    """A decision by a person needs its reason in words."""

    code = "reason_missing"


class ExposureExceeded(Conflict):
    """What the person owes and may come to owe would exceed a limit."""

    code = "exposure_exceeded"


class OverrideImpossible(NotAllowed):
    """The decision rests on a rule nobody may decide against, or is no decision of ours."""

    code = "override_impossible"


class ReviewNotOpen(NotAllowed):
    """This decision cannot be reviewed by a person, or was already."""

    code = "review_not_open"


class MeansUnreadable(Refusal):
    """Income or monthly dues that cannot be read as an amount."""

    code = "means_unreadable"


class ConsentMissing(Refusal):
    """Without this consent it is not done."""

    code = "credit_consent_missing"


class ListUnreadable(Refusal):
    """No such list, or no number that can stand on one."""

    code = "list_unreadable"


class ListEntryUnknown(NotFound):
    """No such entry on a list."""

    code = "list_entry_unknown"
