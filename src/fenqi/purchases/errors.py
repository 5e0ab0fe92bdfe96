"""Everything purchases refuses, by name, with the words a person reads."""

from __future__ import annotations

from fenqi.plumbing.errors import Conflict, NotFound, Refusal


class PurchaseUnknown(NotFound):
    """No such purchase of this person."""

    code = "purchase_unknown"


class NotReadyToPay(Conflict):
    """The agreement is not signed, or the order is no longer to be paid."""

    code = "not_ready_to_pay"


class MethodMissing(Refusal):
    """No way to pay the part that is due at once was chosen."""

    code = "method_missing"


class CannotCancel(Conflict):
    """The lender is paying out at this moment."""

    code = "cannot_cancel"
