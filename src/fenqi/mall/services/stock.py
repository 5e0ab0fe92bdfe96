"""The shelf. Nothing else in the house writes Stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import SoldOut
from fenqi.mall.models import Stock

if TYPE_CHECKING:
    from collections.abc import Mapping


def take(*, quantities: Mapping[str, int]) -> None:
    """
    Take goods off the shelf, all or nothing, inside the caller's transaction.

    Each variant is one conditional UPDATE: PostgreSQL checks and takes under the row's lock, so the last piece goes to
    one buyer however many ask at once. Variants are taken in the order of their sku, so that two orders that
    share goods wait for each other instead of locking each other out.

    Raises: SoldOut (details: sku); the caller's transaction must then be rolled back.
    """
    _insist_on_transaction()
    for sku in sorted(quantities):
        wanted = quantities[sku]
        taken = Stock.objects.filter(sku=sku, available__gte=wanted).update(available=F("available") - wanted)
        if not taken:
            raise SoldOut(_("这款商品的库存不足，请减少件数或换一款。"), field="lines", sku=sku)


def put_back(*, quantities: Mapping[str, int]) -> None:
    """Return goods to the shelf, in the same order of rows as `take`."""
    _insist_on_transaction()
    for sku in sorted(quantities):
        Stock.objects.filter(sku=sku).update(available=F("available") + quantities[sku])


def _insist_on_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("stock changes inside the transaction of the order")
