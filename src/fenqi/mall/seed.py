"""Puts the catalogue (catalogue/*.toml) on the shelves. Safe to run again: texts and prices follow the files, stock stays."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction

from fenqi.mall.models import Category, Product, Stock, Variant
from fenqi.mall.pictures import name_of
from fenqi.mall.pictures.paint import COLOURS
from fenqi.mall.queries.catalogue import normal

FOLDER = Path(__file__).parent / "catalogue"

# The shelves opened on this day; products were listed a week apart, the first of each file last.
OPENED_ON = datetime.date(2026, 3, 1)


@transaction.atomic
def load() -> None:
    """Load or refresh every shelf; what is no longer in the files is taken off sale, never deleted."""
    seen_products: list[str] = []
    seen_variants: list[str] = []
    for position, file in enumerate(sorted(FOLDER.glob("*.toml"))):
        shelf = tomllib.loads(file.read_text(encoding="utf-8"))
        category, _ = Category.objects.update_or_create(
            code=shelf["code"],
            defaults={
                "name_zh": shelf["name"][0],
                "name_en": shelf["name"][1],
                "icon": shelf["icon"],
                "position": position,
            },
        )
        for place, entry in enumerate(shelf["product"]):
            seen_products.append(entry["slug"])
            seen_variants += _load_product(category, place, entry)
    Product.objects.exclude(slug__in=seen_products).update(is_on_sale=False)
    Variant.objects.exclude(sku__in=seen_variants).update(is_on_sale=False)


def _load_product(category: Category, place: int, entry: dict[str, Any]) -> list[str]:
    details = dict(entry["draw"])
    shape = details.pop("shape")
    specs = [line.split("|") for line in entry["specs"]]
    words = [*entry["name"], *entry["tagline"], *entry["text"], category.name_zh, category.name_en]
    words += [word for spec in specs for word in spec]
    product, _ = Product.objects.update_or_create(
        slug=entry["slug"],
        defaults={
            "category": category,
            "name_zh": entry["name"][0],
            "name_en": entry["name"][1],
            "tagline_zh": entry["tagline"][0],
            "tagline_en": entry["tagline"][1],
            "description_zh": entry["text"][0],
            "description_en": entry["text"][1],
            "specs": specs,
            "attributes": entry["is"],
            "search_text": normal(" ".join(words)),
            "price_from_fen": min(option[2] for option in entry["options"]) * 100,
            "picture": name_of(shape, entry["colours"][0], **details),
            "position": place,
            "is_featured": entry.get("featured", False),
            "is_on_sale": True,
            "listed_on": OPENED_ON + datetime.timedelta(weeks=30 - place * 2 - category.position),
        },
    )
    skus = []
    choices = [(colour, option) for colour in entry["colours"] for option in entry["options"]]
    for position, (colour, (option_zh, option_en, price_yuan)) in enumerate(choices):
        sku = f"{entry['slug']}-{colour}"
        if len(entry["options"]) > 1:
            sku += "-" + re.sub(r"[^a-z0-9]+", "-", option_en.lower().replace(" ", "")).strip("-")
        skus.append(sku)
        Variant.objects.update_or_create(
            sku=sku,
            defaults={
                "product": product,
                "colour": colour,
                "colour_zh": COLOURS[colour][0],
                "colour_en": COLOURS[colour][1],
                "option_zh": option_zh,
                "option_en": option_en,
                "price_fen": price_yuan * 100,
                "picture": name_of(shape, colour, **details),
                "position": position,
                "is_on_sale": True,
            },
        )
        Stock.objects.get_or_create(sku=sku, defaults={"available": entry["stock"]})
    return skus
