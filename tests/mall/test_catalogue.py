"""The shelves as they are shipped, and how they are searched."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from django.utils import translation

from fenqi.mall import pictures, queries, seed
from fenqi.mall.attributes import ATTRIBUTES, VALUES
from fenqi.mall.models import Category, Product, Stock, Variant
from fenqi.mall.queries import ShelfFilter
from fenqi.mall.queries.catalogue import CategoryNotFound, ProductNotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelves():
    seed.load()


def found(**wanted):
    return [card.slug for card in queries.shelf(ShelfFilter(**wanted)).cards]


def prices(**wanted):
    return [card.price_from_fen for card in queries.shelf(ShelfFilter(**wanted)).cards]


class TestWhatIsShipped:
    def test_is_enough_to_walk_about_in(self, shelves):
        assert Category.objects.count() == 6
        assert Product.objects.count() >= 44
        assert queries.product_page("qingyu-15").chosen.price_fen == 499_900
        assert queries.product_page("band-8").chosen.price_fen == 12_900

    def test_loading_again_changes_no_stock_and_makes_no_doubles(self, shelves):
        before = Variant.objects.count()
        Stock.objects.filter(sku="band-8-ink").update(available=7)

        seed.load()

        assert Variant.objects.count() == before
        assert Stock.objects.get(sku="band-8-ink").available == 7

    def test_every_variant_has_stock_and_a_drawing_of_its_own_colour(self, shelves):
        assert set(Variant.objects.values_list("sku", flat=True)) == set(
            Stock.objects.values_list("sku", flat=True)
        )
        for name in set(Variant.objects.values_list("picture", flat=True)):
            drawing = pictures.draw_named(name)
            ET.fromstring(drawing)
            assert len(drawing) < 8_000, name

    def test_every_attribute_has_words(self, shelves):
        for product in Product.objects.all():
            for code, value in product.attributes.items():
                assert code in ATTRIBUTES, product.slug
                assert value in VALUES[code], product.slug

    def test_is_told_in_both_languages(self, shelves):
        with translation.override("en"):
            page = queries.product_page("band-8")
            texts = [
                page.name,
                page.tagline,
                page.description,
                *(text for spec in page.specs for text in spec),
            ]
        assert not any("\u4e00" <= letter <= "\u9fff" for text in texts for letter in text)


class TestSearch:
    def test_finds_part_of_a_name_in_either_language(self, shelves):
        assert "band-8" in found(text="手环")
        assert "band-8" in found(text="BAND")
        assert "band-8" in found(text="ｂａｎｄ 8")

    def test_every_word_must_stand_somewhere(self, shelves):
        assert found(text="手环 定位") == ["band-8-pro"]
        assert found(text="手环 冰箱") == []

    @pytest.mark.parametrize("text", ["%%", "_", "\\", "'; DROP TABLE mall_product; --"])
    def test_takes_every_sign_literally(self, shelves, text):
        assert found(text=text) == []

    def test_narrows_by_shelf_price_and_attribute(self, shelves):
        assert set(found(category="phones", attributes={"kind": "foldable"})) == {
            "qingyu-fold-3",
            "qingyu-flip-2",
        }
        assert found(category="televisions", attributes={"size": "65", "panel": "oled"}) == ["tv-o65"]
        assert all(10_000 <= price <= 20_000 for price in prices(least_fen=10_000, most_fen=20_000))
        assert found(attributes={"kind": "nonsense"}) == []

    def test_counts_what_each_filter_would_leave(self, shelves):
        facets = {facet.code: facet for facet in queries.shelf(ShelfFilter(category="televisions")).facets}
        assert [(value, count) for value, _label, count in facets["size"].values] == [
            ("43", 1),
            ("55", 1),
            ("65", 3),
            ("75", 1),
            ("85", 1),
        ]

    def test_an_unknown_shelf_or_product_is_not_found(self, shelves):
        with pytest.raises(CategoryNotFound):
            queries.shelf(ShelfFilter(category="nonsense"))
        with pytest.raises(ProductNotFound):
            queries.product_page("nonsense")


class TestSorting:
    def test_by_price_both_ways(self, shelves):
        rising = prices(sort="price")

        assert rising == sorted(rising)
        assert prices(sort="-price")[0] == max(Product.objects.values_list("price_from_fen", flat=True))
        assert prices(sort="-price") == sorted(prices(sort="-price"), reverse=True)

    def test_newest_first(self, shelves):
        dates = dict(Product.objects.values_list("slug", "listed_on"))
        order = [dates[slug] for slug in found(sort="-new")]

        assert order == sorted(order, reverse=True)

    def test_pages_do_not_overlap_and_end(self, shelves):
        seen = [slug for page in (1, 2, 3) for slug in found(sort="price", page=page)]

        assert len(seen) == len(set(seen)) == Product.objects.count()
        assert found(page=99) == found(page=3)


class TestVariants:
    def test_another_colour_keeps_the_chosen_size(self, shelves):
        page = queries.product_page("qingyu-15", variant="qingyu-15-leaf-16-512gb")

        assert page.chosen.price_fen == 559_900
        assert {variant.option for variant in page.colours} == {"16+512GB"}
        assert {variant.colour for variant in page.options} == {"leaf"}

    def test_shows_the_first_that_is_in_stock(self, shelves):
        Stock.objects.filter(sku="band-8-ink").update(available=0)

        assert queries.product_page("band-8").chosen.sku == "band-8-leaf"
        assert queries.product_page("band-8", variant="band-8-ink").chosen.available == 0


class TestPictures:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            "phone",
            "phone.nocolour",
            "nothing.ink",
            "phone.ink.mood-nonsense",
            "phone.ink.x-1",
            "fan.white.a",
        ],
    )
    def test_a_name_that_draws_nothing_is_refused(self, name):
        with pytest.raises(pictures.NoSuchPicture):
            pictures.draw_named(name)
