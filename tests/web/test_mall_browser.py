"""The mall in a real browser at a phone's width: real taps, nothing sticks out, nothing fails unseen."""

from __future__ import annotations

import pytest

from fenqi.mall import queries, seed, services
from fenqi.mall.services import Item
from fenqi.mall.services.addresses import AddressEntry
from tests.support.browser import PHONE, Faults

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

LI = 1001
LONG_HOME = AddressEntry(
    recipient="阿卜杜热合曼·买买提江",
    phone="13800138000",
    province="新疆维吾尔自治区",
    city="巴音郭楞蒙古自治州",
    district="库尔勒市",
    street="石化大道 123 号 人民新村南区 18 号楼 2 单元 1602 室",
)


@pytest.fixture
def tab(chrome, live_server):
    """A phone's tab on the mall."""
    seed.load()
    context = chrome.new_context(
        viewport=PHONE, locale="zh-CN", base_url=live_server.url, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.faults = Faults(page, (live_server.url,))
    yield page
    context.close()


def test_a_guest_chooses_a_variant_fills_the_cart_and_checks_out(tab):
    tab.goto("/")
    tab.get_by_role("link", name="青屿 15 ").first.tap()
    tab.locator("a.chip", has_text="松青").tap()
    tab.wait_for_url("**v=qingyu-15-leaf-12-256gb")
    tab.locator("a.chip", has_text="16+512GB").tap()
    tab.wait_for_url("**v=qingyu-15-leaf-16-512gb")
    assert tab.locator('[data-role="price"]').inner_text() == "¥5,599.00"

    tab.get_by_role("button", name="加入购物车").tap()
    tab.get_by_role("link", name="去购物车").tap()
    tab.get_by_role("button", name="加一件").tap()
    tab.locator('[data-role="cart-total"][data-fen="1119800"]').wait_for()
    tab.locator('[name="line"]').tap()
    tab.locator('[data-role="cart-total"][data-fen="0"]').wait_for()
    tab.locator('[name="line"]').tap()
    tab.locator('[data-role="cart-total"][data-fen="1119800"]').wait_for()
    tab.get_by_role("button", name="去结算").tap()
    tab.wait_for_url("**/checkout/")

    assert tab.faults.found == []


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 360), ("en", 360), ("zh-hans", 1280)])
def test_nothing_sticks_out_sideways(tab, client, live_server, language, width):
    """With the longest address there is, a full cart, and an order of two ways to pay."""
    address_id = services.save_address(borrower_id=LI, entry=LONG_HOME)
    order_id = services.place_order(
        borrower_id=LI,
        lines=[Item(sku="washer-dryer-12-graphite", quantity=1), Item(sku="band-8-ink", quantity=99)],
        financed_skus=["washer-dryer-12-graphite"],
        address_id=address_id,
        reference="r",
    )
    services.add_to_cart(borrower_id=LI, sku="qingyu-fold-3-ink-16gb-1tb", quantity=99)
    number = queries.order(borrower_id=LI, order_id=order_id).number
    session = client.session
    session["borrower_id"] = LI
    session.save()
    tab.context.add_cookies(
        [
            {"name": "fenqi_session", "value": session.session_key, "url": live_server.url},
            {"name": "fenqi_language", "value": language, "url": live_server.url},
        ]
    )
    tab.set_viewport_size({"width": width, "height": 844})
    wide = []
    for path in (
        "/",
        "/categories/",
        "/c/televisions/?size=65",
        "/search?q=nothing+at+all",
        "/p/qingyu-fold-3/",
        "/cart/",
        "/me/addresses/",
        "/me/addresses/new/",
        "/orders/",
        f"/orders/{number}/",
        f"/orders/{number}/cancel/",
    ):
        tab.goto(path)
        if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
    assert wide == []
    assert tab.faults.found == []
