"""What workers do between requests, each safe to repeat and cheap when nothing waits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError

from fenqi.bureau import export
from fenqi.mall import services as mall
from fenqi.messages import services as messages
from fenqi.partners import hooks
from fenqi.payments import services as payments
from fenqi.plumbing import clock, outbox
from fenqi.purchases import services as purchases
from fenqi.servicing import services as servicing

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable

log = logging.getLogger(__name__)
MOST_ROUNDS = 1000

AT_ONCE: tuple[Callable[[], int], ...] = (
    outbox.deliver,
    purchases.run_waiting,
    servicing.hand_over_notices,
    messages.deliver_due,
)


def drain_outbox() -> int:
    """
    Hand out announcements, take waiting things further, deliver messages, until nothing is left; tells how much was done.

    Each may make work for another, so they take turns until a whole round finds nothing.
    """
    done = 0
    for _round in range(MOST_ROUNDS):
        of_this_round = sum(_one(chore) for chore in AT_ONCE)
        if not of_this_round:
            break
        done += of_this_round
    return done


def ask_unknown() -> int:
    """Ask the channel what became of open movements, and send what never left."""
    return _one(payments.ask_unknown) + _one(payments.send_intended)


def tell_partners() -> int:
    """Hand over what partners want to be told; whose address is slow holds up nobody's letters."""
    return _one(hooks.deliver_due)


def expire_reservations() -> int:
    """Give goods back to the shelf whose order was not paid in time."""
    return _one(lambda: mall.expire_reservations(clock.wall()))


def report_credit(on: datetime.date) -> int:
    """Tell borrowers what a closed date did to their credit record, and the bureau what changed before it."""
    return _one(lambda: sum(export.report(on).values()))


def take_bills(on: datetime.date) -> int:
    """Compare the channel's bills up to a closed date with what we know: money nobody asked for is not lost."""
    return _one(lambda: payments.take_bills(to=on))


def finish_orders() -> int:
    """Orders that only wait for time: received parcels nobody confirmed, returns no longer possible."""
    return _one(lambda: mall.finish_orders(clock.now()))


def _one(chore: Callable[[], int]) -> int:
    """One chore that fails must not keep the others from their turn."""
    try:
        return int(chore() or 0)
    except (OperationalError, InterfaceError):
        raise  # the connection is gone: begin again with a new one
    except Exception:
        log.exception("a chore failed")
        return 0
