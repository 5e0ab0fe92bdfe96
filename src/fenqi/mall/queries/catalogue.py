"""Shelves, search and the page of a product."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from fenqi.mall.attributes import ATTRIBUTES, VALUES
from fenqi.mall.models import Category, Product, Stock, Variant
from fenqi.mall.pictures.paint import COLOURS
from fenqi.mall.queries.language import picture_url, worded
from fenqi.plumbing.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

PAGE_SIZE = 24
FEATURED = 4
PER_SHELF = 4
RELATED = 4

_ORDERINGS = {
    "": ("category__position", "position", "slug"),
    "price": ("price_from_fen", "slug"),
    "-price": ("-price_from_fen", "slug"),
    "-new": ("-listed_on", "position", "slug"),
}
_CARD_FIELDS = (
    "slug",
    "name_zh",
    "name_en",
    "tagline_zh",
    "tagline_en",
    "price_from_fen",
    "picture",
    "category_id",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryRow:
    """A shelf's name."""

    code: str
    name: str
    icon: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A product as it stands on a shelf."""

    slug: str
    name: str
    tagline: str
    price_from_fen: int
    picture_url: str
    category: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantRow:
    """A variant on its product's page."""

    sku: str
    colour: str
    colour_name: str
    option: str
    price_fen: int
    available: int
    picture_url: str

    @property
    def hex(self) -> str:
        """The colour itself, for a swatch."""
        return COLOURS[self.colour][2]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductPage:
    """Everything of a product but the installments: those are credit's."""

    slug: str
    name: str
    tagline: str
    description: str
    category: CategoryRow
    specs: tuple[tuple[str, str], ...]
    variants: tuple[VariantRow, ...]
    chosen: VariantRow
    related: tuple[Card, ...]

    @property
    def colours(self) -> tuple[VariantRow, ...]:
        """For every colour the variant to go to: with the chosen option where it exists."""
        return self._one_per("colour", keep="option")

    @property
    def options(self) -> tuple[VariantRow, ...]:
        """For every option the variant to go to: in the chosen colour where it exists."""
        return self._one_per("option", keep="colour")

    def _one_per(self, axis: str, *, keep: str) -> tuple[VariantRow, ...]:
        best: dict[str, VariantRow] = {}
        for variant in self.variants:
            key = getattr(variant, axis)
            if key not in best or getattr(variant, keep) == getattr(self.chosen, keep):
                best[key] = variant
        return tuple(best.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """The first page: a few featured goods, then a few of every shelf."""

    featured: tuple[Card, ...]
    shelves: tuple[tuple[CategoryRow, tuple[Card, ...]], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShelfFilter:
    """What a visitor narrows a shelf or a search by. Unknown values find nothing rather than everything."""

    text: str = ""
    category: str = ""
    least_fen: int | None = None
    most_fen: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Facet:
    """One attribute to filter by: its values with how many products each would leave."""

    code: str
    name: str
    values: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """One page of what was found."""

    cards: tuple[Card, ...]
    count: int
    page: int
    pages: int
    facets: tuple[Facet, ...]
    category: CategoryRow | None


class ProductNotFound(NotFound):
    """No such product, or it is no longer shown."""

    code = "product_not_found"


class CategoryNotFound(NotFound):
    """No such shelf."""

    code = "category_not_found"


def normal(text: str) -> str:
    """How texts are compared: full-width letters as half-width ones, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("\x00", "")).lower().split())


def categories() -> tuple[CategoryRow, ...]:
    """All shelves in order."""
    return tuple(_category(row) for row in Category.objects.order_by("position"))


def home() -> Home:
    """Two queries, however many shelves there are."""
    shelves = {row.code: row for row in categories()}
    products = list(_shown().order_by(*_ORDERINGS[""]).values(*_CARD_FIELDS, "is_featured"))
    cards = [(_card(row), row["is_featured"]) for row in products]
    return Home(
        featured=tuple(card for card, is_featured in cards if is_featured)[:FEATURED],
        shelves=tuple(
            (shelf_, tuple(card for card, _f in cards if card.category == code)[:PER_SHELF])
            for code, shelf_ in shelves.items()
        ),
    )


def shelf(wanted: ShelfFilter) -> Shelf:
    """
    Goods that fit, one page of them; every word of the text must stand somewhere in the product's names or texts.

    Raises: CategoryNotFound.
    """
    category = None
    found = _shown()
    if wanted.category:
        row = Category.objects.filter(code=wanted.category).first()
        if row is None:
            raise CategoryNotFound(_("没有这个分类。"))
        category = _category(row)
        found = found.filter(category_id=wanted.category)
    for word in normal(wanted.text).split():
        found = found.filter(search_text__contains=word)
    if wanted.least_fen is not None:
        found = found.filter(price_from_fen__gte=wanted.least_fen)
    if wanted.most_fen is not None:
        found = found.filter(price_from_fen__lte=wanted.most_fen)
    facets = _facets(found.values_list("attributes", flat=True))
    if wanted.attributes:
        found = found.filter(attributes__contains=dict(wanted.attributes))
    count = found.count()
    pages = max(1, -(-count // PAGE_SIZE))
    page = min(max(wanted.page, 1), pages)
    rows = found.order_by(*_ORDERINGS.get(wanted.sort, _ORDERINGS[""])).values(*_CARD_FIELDS)
    return Shelf(
        cards=tuple(_card(row) for row in rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]),
        count=count,
        page=page,
        pages=pages,
        facets=facets,
        category=category,
    )


def product_page(slug: str, *, variant: str = "") -> ProductPage:
    """
    A product with the variant asked for; without one, the first that is in stock.

    Raises: ProductNotFound.
    """
    product = _shown().select_related("category").filter(slug=slug).first()
    if product is None:
        raise ProductNotFound(_("没有这件商品，可能已经下架。"))
    variants = _variants(product)
    if not variants:
        raise ProductNotFound(_("没有这件商品，可能已经下架。"))
    in_stock = next((row for row in variants if row.available), variants[0])
    related = (
        _shown()
        .filter(category_id=product.category_id)
        .exclude(slug=slug)
        .order_by("position")
        .values(*_CARD_FIELDS)
    )
    return ProductPage(
        slug=slug,
        name=worded(product, "name"),
        tagline=worded(product, "tagline"),
        description=worded(product, "description"),
        category=_category(product.category),
        specs=tuple(_spec(spec) for spec in product.specs),
        variants=variants,
        chosen=next((row for row in variants if row.sku == variant), in_stock),
        related=tuple(_card(row) for row in related[:RELATED]),
    )


def _shown() -> QuerySet[Product]:
    return Product.objects.filter(is_on_sale=True)


def _variants(product: Product) -> tuple[VariantRow, ...]:
    rows = list(Variant.objects.filter(product=product, is_on_sale=True).order_by("position", "sku"))
    stock = dict(Stock.objects.filter(sku__in=[row.sku for row in rows]).values_list("sku", "available"))
    return tuple(
        VariantRow(
            sku=row.sku,
            colour=row.colour,
            colour_name=worded(row, "colour"),
            option=worded(row, "option"),
            price_fen=row.price_fen,
            available=stock.get(row.sku, 0),
            picture_url=picture_url(row.picture),
        )
        for row in rows
    )


def _spec(spec: list[str]) -> tuple[str, str]:
    name_zh, name_en, value_zh, value_en = spec
    row = {"name_zh": name_zh, "name_en": name_en, "value_zh": value_zh, "value_en": value_en}
    return worded(row, "name"), worded(row, "value")


def _category(row: Category) -> CategoryRow:
    return CategoryRow(code=row.code, name=worded(row, "name"), icon=row.icon)


def _card(row: dict[str, Any]) -> Card:
    return Card(
        slug=row["slug"],
        name=worded(row, "name"),
        tagline=worded(row, "tagline"),
        price_from_fen=row["price_from_fen"],
        picture_url=picture_url(row["picture"]),
        category=row["category_id"],
    )


def _facets(rows: Iterable[dict[str, str]]) -> tuple[Facet, ...]:
    counted: dict[str, dict[str, int]] = {}
    for attributes in rows:
        for code, value in attributes.items():
            values = counted.setdefault(code, {})
            values[value] = values.get(value, 0) + 1
    return tuple(
        Facet(
            code=code,
            name=str(ATTRIBUTES[code]),
            # In the order in which attributes.py lists them, not by count: a filter should not move about.
            values=tuple(
                (value, str(label), counted[code][value])
                for value, label in VALUES[code].items()
                if value in counted[code]
            ),
        )
        for code in ATTRIBUTES
        if len(counted.get(code, {})) > 1
    )
