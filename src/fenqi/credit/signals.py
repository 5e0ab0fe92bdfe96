"""
Signs of haste and cash-out: figures over time, read by one statement; thresholds and windows are rule data.

What they are read from is written when somebody applies: the models of goods, and a keyed hash of the address. A figure that
cannot be read (an order whose goods or address nobody told us) is None, which refers.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from fenqi.credit.models import AddressUse, Application, ApplicationGoods
from fenqi.plumbing import clock, index_keys, sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fenqi.credit.orders import OrderSummary

_READ = """
WITH goods AS (
    SELECT g.order_id, g.model, max(g.quantity) AS quantity, bool_or(g.is_instant_resale) AS resells, max(g.applied_at) AS at
    FROM credit_applicationgoods g
    JOIN credit_application a ON a.borrower_id = g.borrower_id AND a.id = g.application_id
    WHERE g.borrower_id = ANY(%(accounts)s) AND g.applied_at > %(goods_since)s AND a.state NOT IN ('cancelled', 'declined')
    GROUP BY g.order_id, g.model
), own AS (
    SELECT model FROM credit_applicationgoods WHERE borrower_id = %(borrower_id)s AND application_id = %(application_id)s
), orders AS (
    SELECT order_id, max(started_at) AS at FROM credit_application
    WHERE borrower_id = ANY(%(accounts)s) AND started_at > %(month_since)s
    GROUP BY order_id
)
SELECT
    (SELECT count(*) FROM own),
    (SELECT max(units) FROM (
        SELECT sum(quantity) AS units FROM goods
        WHERE model IN (SELECT model FROM own) AND at > %(same_model_since)s GROUP BY model
    ) by_model),
    (SELECT coalesce(sum(quantity), 0) FROM goods WHERE resells AND at > %(resale_since)s),
    (SELECT count(*) FROM orders WHERE at > %(day_since)s),
    (SELECT count(*) FROM orders),
    (SELECT count(*) FROM credit_addressuse
     WHERE address_index = ANY(%(address_indexes)s) AND used_at > %(address_since)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signals:
    """Figures of one application, of its person and its address; None is not known."""

    same_model_units: int | None
    resale_units: int | None
    applications_day: int | None
    applications_month: int | None
    address_applicants: int | None


def leave_traces(*, application: Application, order: OrderSummary) -> None:
    """Write down what later applications are compared with; the address only as its keyed hash."""
    now = clock.now()
    quantities: dict[str, tuple[int, bool]] = {}
    for line in order.financed:
        if line.model:
            before, resells = quantities.get(line.model, (0, False))
            quantities[line.model] = (before + line.quantity, resells or line.is_instant_resale)
    ApplicationGoods.objects.bulk_create(
        ApplicationGoods(
            borrower_id=application.borrower_id,
            application_id=application.id,
            model=model,
            order_id=application.order_id,
            quantity=quantity,
            is_instant_resale=resells,
            applied_at=now,
        )
        for model, (quantity, resells) in quantities.items()
    )
    if application.address_index is not None:
        AddressUse.objects.update_or_create(
            address_index=application.address_index,
            borrower_id=application.borrower_id,
            defaults={"used_at": now},
        )


def address_index(address: str) -> bytes | None:
    """The keyed hash of an address, the same for every way of spacing and punctuating it; None for none."""
    plain = re.sub(r"[\s\W_]+", "", unicodedata.normalize("NFKC", address)).lower()
    return sealed.blind_index(plain, purpose="delivery_address") if plain else None


def read(*, application: Application, accounts: Sequence[int], windows: Mapping[str, int]) -> Signals:
    """The figures of an application, counted over all accounts of its person; one statement."""
    now = clock.now()

    def days(name: str) -> datetime.datetime:
        return now - datetime.timedelta(days=windows[name])

    since = {"same_model_since": days("same_model_days"), "resale_since": days("resale_days")}
    with connection.cursor() as cursor:
        cursor.execute(
            _READ,
            {
                **since,
                "accounts": list(accounts),
                "borrower_id": application.borrower_id,
                "application_id": application.id,
                "address_indexes": index_keys.forms(bytes(application.address_index or b"")),
                "goods_since": min(since.values()),
                "month_since": days("applications_month_days"),
                "day_since": now - datetime.timedelta(hours=windows["applications_day_hours"]),
                "address_since": days("address_days"),
            },
        )
        own, same_model, resale, a_day, a_month, at_address = cursor.fetchone()
    return Signals(
        same_model_units=int(same_model) if own and same_model is not None else None,
        resale_units=int(resale) if own else None,
        applications_day=a_day,
        applications_month=a_month,
        address_applicants=at_address if application.address_index is not None else None,
    )
