"""What servicing refuses, by name."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, NotFound, Refusal


class LoanNotFound(NotFound):
    """No such loan, or it is somebody else's."""

    code = "loan_not_found"


class AmountNotPositive(Refusal):
    """Money that is received or given is more than nothing."""

    code = "amount_not_positive"


class AmountTooLarge(Refusal):
    """More than any payment or loan here can be."""

    code = "amount_too_large"


class WrongCurrency(Refusal):
    """The money is not of the loan's currency."""

    code = "wrong_currency"


class ReferenceReused(Conflict):
    """The reference was recorded for another loan, amount or kind of event."""

    code = "reference_reused"


class ClosedPeriod(Refusal):
    """The date lies in a period whose books are final, or before the loan began."""

    code = "closed_period"


class FutureDate(Refusal):
    """Nothing is recorded before it has happened."""

    code = "future_date"


class EventRefused(Refusal):
    """The loan's rules do not allow this event."""

    code = "event_refused"


class ServicedByLender(Refusal):
    """The lender keeps this loan's books; it is paid at the lender's."""

    code = "serviced_by_lender"


class NothingToSettle(Refusal):
    """The loan owes nothing."""

    code = "nothing_to_settle"


class OfferExpired(Conflict):
    """The settlement quote is past its date."""

    code = "offer_expired"


class OfferOutdated(Conflict):
    """Something happened on the loan since the quote was made."""

    code = "offer_outdated"


class NothingOverpaid(Refusal):
    """There is no surplus to give back."""

    code = "nothing_overpaid"


class NoCardToPay(Refusal):
    """Money is to be sent to a card, and there is none."""

    code = "no_card_to_pay"


class NothingToLetGo(Refusal):
    """There is nothing of this kind, or not so much, to give up."""

    code = "nothing_to_let_go"
