"""Goods that resell at once: which categories they stand in is rule data (`mall.resale_categories`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenqi.mall.models import Product
from fenqi.plumbing import business_date, rule_data

if TYPE_CHECKING:
    from collections.abc import Collection


def instant_resale(slugs: Collection[str]) -> set[str]:
    """Those of these products that resell at once."""
    categories = rule_data.value("mall.resale_categories", on=business_date.current())
    found = Product.objects.filter(slug__in=list(slugs), category_id__in=categories)
    return set(found.values_list("slug", flat=True))
