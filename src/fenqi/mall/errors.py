"""Why the mall may say no. Messages are for the shopper; `details` for machines."""

from fenqi.plumbing.errors import Conflict, NotFound, Refusal


class SoldOut(Conflict):
    """There is less on the shelf than was asked for. details: sku."""

    code = "sold_out"


class NotOnSale(Conflict):
    """The variant is no longer offered. details: sku."""

    code = "not_on_sale"


class QuantityWrong(Refusal):
    """Quantities are whole numbers from 1 to 99."""

    code = "quantity_wrong"


class CartFull(Refusal):
    """A cart holds at most MOST_LINES different things."""

    code = "cart_full"


class NothingChosen(Refusal):
    """An order needs at least one line, a return too."""

    code = "nothing_chosen"


class AddressMissing(Refusal):
    """The address does not exist or belongs to somebody else."""

    code = "address_missing"


class TooManyAddresses(Refusal):
    """An address book holds at most MOST_ADDRESSES."""

    code = "too_many_addresses"


class PriceChanged(Conflict):
    """The sum differs from what the shopper saw. details: total_fen."""

    code = "price_changed"


class OrderNotFound(NotFound):
    """No such order, or it belongs to somebody else."""

    code = "order_not_found"


class OrderClosed(Conflict):
    """The order is cancelled or otherwise past what was asked. details: state."""

    code = "order_closed"


class PartPaidAlready(Conflict):
    """This part of the order was paid by another payment; the second one must go back. details: reference."""

    code = "part_paid_already"


class ReturnNotPossible(Refusal):
    """The line is returned already, the order is not paid, or the days are over."""

    code = "return_not_possible"


class ReturnNotFound(NotFound):
    """No such return, or it belongs to somebody else."""

    code = "return_not_found"
