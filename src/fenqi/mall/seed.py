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
    categories, products, variants, stock = [], [], [], []
    for position, file in enumerate(sorted(FOLDER.glob("*.toml"))):
        shelf = tomllib.loads(file.read_text(encoding="utf-8"))
        name_zh, name_en = shelf["name"]
        category = Category(
            code=shelf["code"], name_zh=name_zh, name_en=name_en, icon=shelf["icon"], position=position
        )
        categories.append(category)
        for place, entry in enumerate(shelf["product"]):
            product = _product(category, place, entry)
            products.append(product)
            for variant in _variants(product, entry):
                variants.append(variant)
                stock.append(Stock(sku=variant.sku, available=entry["stock"]))
    for rows in (categories, products, variants):
        _upsert(rows)
    Stock.objects.bulk_create(stock, ignore_conflicts=True)
    Product.objects.exclude(slug__in=[row.slug for row in products]).update(is_on_sale=False)
    Variant.objects.exclude(sku__in=[row.sku for row in variants]).update(is_on_sale=False)


def _upsert(rows: list[Any]) -> None:
    model = type(rows[0])
    key = model._meta.pk.name
    fields = [field.name for field in model._meta.concrete_fields if field.name != key]
    model._default_manager.bulk_create(rows, update_conflicts=True, unique_fields=[key], update_fields=fields)


def _product(category: Category, place: int, entry: dict[str, Any]) -> Product:
    shape, details = _drawing(entry)
    specs = [line.split("|") for line in entry["specs"]]
    words = [*entry["name"], *entry["tagline"], *entry["text"], category.name_zh, category.name_en]
    words += [word for spec in specs for word in spec]
    return Product(
        slug=entry["slug"],
        category=category,
        name_zh=entry["name"][0],
        name_en=entry["name"][1],
        tagline_zh=entry["tagline"][0],
        tagline_en=entry["tagline"][1],
        description_zh=entry["text"][0],
        description_en=entry["text"][1],
        specs=specs,
        attributes=entry["is"],
        search_text=normal(" ".join(words)),
        price_from_fen=min(option[2] for option in entry["options"]) * 100,
        picture=name_of(shape, entry["colours"][0], **details),
        position=place,
        is_featured=entry.get("featured", False),
        is_on_sale=True,
        listed_on=OPENED_ON + datetime.timedelta(weeks=30 - place * 2 - category.position),
    )


def _variants(product: Product, entry: dict[str, Any]) -> list[Variant]:
    shape, details = _drawing(entry)
    choices = [(colour, option) for colour in entry["colours"] for option in entry["options"]]
    rows = []
    for position, (colour, (option_zh, option_en, price_yuan)) in enumerate(choices):
        sku = f"{entry['slug']}-{colour}"
        if len(entry["options"]) > 1:
            sku += "-" + re.sub(r"[^a-z0-9]+", "-", option_en.lower().replace(" ", "")).strip("-")
        rows.append(
            Variant(
                sku=sku,
                product=product,
                colour=colour,
                colour_zh=COLOURS[colour][0],
                colour_en=COLOURS[colour][1],
                option_zh=option_zh,
                option_en=option_en,
                price_fen=price_yuan * 100,
                picture=name_of(shape, colour, **details),
                position=position,
                is_on_sale=True,
            )
        )
    return rows


def _drawing(entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    details = dict(entry["draw"])
    return details.pop("shape"), details
