"""The mall's pages over HTTP: what shoppers see, what bad input gets, how many queries a page costs."""

from __future__ import annotations

import gzip
import re

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenqi.credit import seed as credit_seed
from fenqi.mall import queries, seed, services
from fenqi.mall.models import CartLine, Order, Stock
from fenqi.mall.services import Item
from fenqi.mall.services.addresses import AddressEntry
from fenqi.servicing import services as servicing
from tests.servicing import books

pytestmark = pytest.mark.django_db

LI = 1001
WANG = 1002
PHONE = "qingyu-15-ink-12-256gb"
BAND = "band-8-ink"
HOME = AddressEntry(
    recipient="李雷",
    phone="13800138000",
    province="浙江省",
    city="杭州市",
    district="西湖区",
    street="文三路 90 号",
)
MOST_QUERIES = 7


@pytest.fixture(autouse=True)
def shelves():
    seed.load()


@pytest.fixture
def guest():
    return Client()


@pytest.fixture
def li():
    return signed_in(LI)


def signed_in(borrower_id):
    client = Client()
    session = client.session
    session["borrower_id"] = borrower_id
    session.save()
    return client


def page(answer):
    return BeautifulSoup(answer.content, "html.parser")


def sent(client, path):
    """How many bytes travel."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return len(b"".join(answer.streaming_content) if answer.streaming else answer.content)


def fen(answer, role):
    return [int(tag["data-fen"]) for tag in page(answer).select(f'[data-role="{role}"]')]


def errors(answer):
    return [tag.get_text(strip=True) for tag in page(answer).select(".error")]


def put(client, sku, quantity=1, go="add"):
    slug = "band-8" if sku.startswith("band-8") else "qingyu-15"
    return client.post(f"/p/{slug}/buy/", {"sku": sku, "quantity": quantity, "go": go})


def placed(borrower_id=LI, *, financed=(), **options):
    book = queries.addresses(borrower_id=borrower_id)
    address_id = book[0].id if book else services.save_address(borrower_id=borrower_id, entry=HOME)
    order_id = services.place_order(
        borrower_id=borrower_id,
        lines=[Item(sku=PHONE, quantity=1), Item(sku=BAND, quantity=1)],
        financed_skus=financed,
        address_id=address_id,
        reference=options.get("reference", "r"),
    )
    if options.get("is_paid"):
        services.mark_paid(borrower_id=borrower_id, order_id=order_id, part="full", reference="p")
    return queries.order(borrower_id=borrower_id, order_id=order_id)


class TestPages:
    PATHS = ("/", "/categories/", "/c/phones/", "/search?q=手环", "/p/qingyu-15/", "/cart/")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    def test_open_for_guests_in_both_languages(self, guest, path, language):
        guest.cookies["fenqi_language"] = language

        answer = guest.get(path)

        assert answer.status_code == 200
        html = page(answer)
        assert html.html["lang"] == ("en" if language == "en" else "zh-CN")
        if language == "en":
            text = html.body.get_text().replace("中文", "").replace("手环", "")
            assert not re.search(r"[\u4e00-\u9fff]", text), re.findall(r"[\u4e00-\u9fff]+", text)

    @pytest.mark.parametrize("path", PATHS)
    def test_cost_few_queries(self, guest, path):
        guest.get(path)

        with CaptureQueriesContext(
            connection,
        ) as captured:
            guest.get(path)

        assert len(captured) <= MOST_QUERIES, [query["sql"] for query in captured]

    def test_of_a_shopper_cost_few_queries(self, li):
        put(li, PHONE)
        number = placed(is_paid=True).number
        for path in ("/", "/cart/", "/orders/", f"/orders/{number}/", "/me/addresses/", "/p/qingyu-15/"):
            li.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert li.get(path).status_code == 200
            assert len(captured) <= MOST_QUERIES, (path, [query["sql"] for query in captured])

    def test_of_an_order_with_bills_costs_few_queries(self, li):
        books.start()
        credit_seed.load()
        order = placed(financed=(PHONE,), is_paid=True)
        services.mark_paid(borrower_id=LI, order_id=order.id, part="financed", reference="f")
        servicing.open_loan(
            borrower_id=LI,
            agreement_id=None,
            order_id=order.id,
            lender_code="jiangcheng",
            terms=books.ANNUITY,
            principal_fen=order.financed_amount_fen,
            on=books.OPENED,
            source="test",
            reference="test",
            product="installment",
        )
        path = f"/orders/{order.number}/"
        assert len(page(li.get(path)).select('[data-role="installment"]')) == 12

        with CaptureQueriesContext(connection) as captured:
            li.get(path)

        assert len(captured) <= MOST_QUERIES, [query["sql"] for query in captured]

    def test_weigh_less_than_150_kilobytes_with_everything(self):
        client = Client(HTTP_ACCEPT_ENCODING="gzip")
        for path in ("/", "/p/qingyu-15/", "/c/appliances/"):
            html = gzip.decompress(client.get(path).content).decode()
            parts = set(re.findall(r'(?:src|href)="(/(?:static|pictures)/[^"]+)"', html))
            assert len(parts) > 8

            assert sum(sent(client, part) for part in [path, *parts]) < 150_000, path

    def test_have_labels_and_texts_for_everything(self, guest):
        put(guest, PHONE)
        for path in self.PATHS:
            html = page(guest.get(path))
            for control in html.select("input:not([type=hidden]), select, textarea"):
                named = control.get("aria-label") or html.select(f'label[for="{control.get("id")}"]')
                assert named or control.find_parent("label"), (path, control)
            for button in html.select("button"):
                assert button.get_text(strip=True) or button.get("aria-label"), (path, button)
            assert len(html.select("h1")) == 1, path
            assert all(image.has_attr("alt") for image in html.select("img")), path

    def test_pictures_may_be_kept(self, guest):
        source = page(guest.get("/p/qingyu-15/")).select_one(".stage img")["src"]
        first = guest.get(source)

        assert first["Content-Type"] == "image/svg+xml"
        assert "public" in first["Cache-Control"]
        assert guest.get(source, headers={"If-None-Match": first["ETag"]}).status_code == 304


class TestBuying:
    def test_a_guest_fills_a_cart_and_finds_it_after_sign_in(self, guest):
        put(guest, PHONE)
        put(guest, BAND, 2)
        assert fen(guest.get("/cart/"), "cart-total") == [525_700]

        session = guest.session
        session["borrower_id"] = LI
        session.save()
        services.add_to_cart(borrower_id=LI, sku=BAND)

        assert fen(guest.get("/cart/"), "cart-total") == [538_600]
        assert dict(CartLine.objects.values_list("sku", "quantity")) == {PHONE: 1, BAND: 3}

    def test_checking_out_takes_the_chosen_lines_along(self, guest):
        put(guest, PHONE)
        put(guest, BAND)

        answer = guest.post("/cart/", {"shown": "1", "line": [BAND], "go": "checkout"})

        assert answer["Location"] == "/checkout/"
        assert guest.session["checkout"]["items"] == [[BAND, 1]]
        assert guest.session["checkout"]["from_cart"] is True

    def test_what_was_ordered_leaves_the_cart_of_a_guest_who_signed_in_on_the_way(self, guest):
        put(guest, PHONE)
        put(guest, BAND)
        guest.post("/cart/", {"shown": "1", "line": [BAND], "go": "checkout"})
        session = guest.session
        session["borrower_id"] = LI
        session.save()
        services.save_address(borrower_id=LI, entry=HOME)

        guest.post("/checkout/", {"go": "full"})

        assert Order.objects.get().total_fen == 12_900
        assert [tag["data-sku"] for tag in page(guest.get("/cart/")).select('[data-role="cart-line"]')] == [
            PHONE
        ]

    def test_buying_now_leaves_the_cart_alone(self, guest):
        put(guest, BAND)

        answer = put(guest, PHONE, go="installments")

        assert answer["Location"] == "/checkout/"
        assert guest.session["checkout"]["items"] == [[PHONE, 1]]
        assert guest.session["checkout"]["financed"] == [PHONE]
        assert fen(guest.get("/cart/"), "cart-total") == [12_900]

    def test_every_change_of_the_cart_works_without_scripts(self, guest):
        put(guest, BAND)
        for data, total in (
            ({"more": BAND, f"quantity-{BAND}": "1"}, 25_800),
            ({"less": BAND, f"quantity-{BAND}": "2"}, 12_900),
            ({f"quantity-{BAND}": "7"}, 90_300),
        ):
            answer = guest.post("/cart/", {"shown": "1", "line": [BAND], **data}, follow=True)
            assert fen(answer, "cart-total") == [total]
        assert "cart-total" not in guest.post("/cart/", {"remove": BAND}, follow=True).content.decode()


# What is posted to the product page, and the sentence at the field.
BAD_PURCHASES = [
    ({"sku": BAND, "quantity": ""}, "请填写件数。"),
    ({"sku": BAND, "quantity": "0"}, "件数须是 1 到 99 的整数。"),
    ({"sku": BAND, "quantity": "-3"}, "件数须是 1 到 99 的整数。"),
    ({"sku": BAND, "quantity": "1.5"}, "件数须是 1 到 99 的整数。"),
    ({"sku": BAND, "quantity": "一"}, "件数须是 1 到 99 的整数。"),
    ({"sku": BAND, "quantity": "9" * 40}, "件数须是 1 到 99 的整数。"),
    ({"sku": "nothing", "quantity": "1"}, "这款商品已下架。"),
]

# What is typed into the address form instead of a good value, and the sentence at the field.
BAD_ADDRESSES = [
    ("recipient", "", "请填写收货人姓名。"),
    ("recipient", "李", "请填写真实姓名，至少两个字，不含符号。"),
    ("recipient", "12345", "请填写真实姓名，至少两个字，不含符号。"),
    ("recipient", "<script>", "请填写真实姓名，至少两个字，不含符号。"),
    ("recipient", "长" * 31, "姓名最多 30 个字。"),
    ("phone", "", "请填写手机号，快递员会打这个电话。"),
    ("phone", "1380013800", "请填写 11 位大陆手机号。"),
    ("phone", "23800138000", "请填写 11 位大陆手机号。"),
    ("phone", "１３８００１３８０００", "请填写 11 位大陆手机号。"),
    ("phone", "1" * 30, "手机号是 11 位数字。"),
    ("province", "", "请选择省份。"),
    ("province", "火星省", "请从列表中选择省份。"),
    ("city", "", "请填写城市，例如：杭州市。"),
    ("city", "长" * 31, "城市名最多 30 个字。"),
    ("district", "", "请填写区县，例如：西湖区。"),
    ("street", "", "请填写街道和门牌号。"),
    ("street", "一 号", "地址太短，请写到门牌号。"),
    ("street", "长" * 101, "详细地址最多 100 个字。"),
]

GOOD_ADDRESS = {
    "recipient": "李雷",
    "phone": "138 0013 8000",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "street": "文三路 90 号",
}


class TestBadInput:
    @pytest.mark.parametrize(("posted", "sentence"), BAD_PURCHASES)
    def test_of_a_purchase_is_told_and_nothing_enters_the_cart(self, guest, posted, sentence):
        answer = guest.post("/p/band-8/buy/", {**posted, "go": "add"})

        assert answer.status_code == 422
        assert errors(answer) == [sentence]
        assert page(answer).select_one("#id_quantity")["value"] == posted["quantity"]
        assert "guest_cart" not in guest.session

    @pytest.mark.parametrize(("field", "typed", "sentence"), BAD_ADDRESSES)
    def test_of_an_address_is_told_at_the_field_and_kept(self, li, field, typed, sentence):
        answer = li.post("/me/addresses/new/", {**GOOD_ADDRESS, field: typed})

        assert answer.status_code == 422
        assert errors(answer) == [sentence]
        html = page(answer)
        control = html.select_one(f"#id_{field}")
        assert control["aria-invalid"] == "true"
        assert html.select_one(f"#{control['aria-describedby'].split()[0]}").get_text(strip=True) == sentence
        kept = html.select_one("#id_city").get("value", "")
        assert kept == (typed if field == "city" else GOOD_ADDRESS["city"])
        assert queries.addresses(borrower_id=LI) == ()

    @pytest.mark.parametrize("typed", ["0", "", "x", "100", "-1", "1e3", "9999"])
    def test_of_a_quantity_in_the_cart_keeps_the_old_one_and_what_was_typed(self, guest, typed):
        put(guest, BAND, 2)

        answer = guest.post(
            "/cart/", {"shown": "1", "line": [BAND], f"quantity-{BAND}": typed, "go": "checkout"}
        )

        assert answer.status_code == 422
        assert errors(answer) == ["件数须是 1 到 99 的整数。"]
        assert page(answer).select_one(f'[name="quantity-{BAND}"]')["value"] == typed
        assert fen(guest.get("/cart/"), "cart-total") == [25_800]
        assert "checkout" not in guest.session

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("least=abc", "请填写 0 到 1000000 之间的金额，例如 1999。"),
            ("most=-1", "请填写 0 到 1000000 之间的金额，例如 1999。"),
            ("least=NaN", "请填写 0 到 1000000 之间的金额，例如 1999。"),
            ("least=1e99", "请填写 0 到 1000000 之间的金额，例如 1999。"),
            ("least=500&most=100", "最高价不能低于最低价。"),
        ],
    )
    def test_of_a_price_filter_is_told(self, guest, query, sentence):
        answer = guest.get(f"/search?{query}")

        assert answer.status_code == 200
        assert errors(answer) == [sentence]

    @pytest.mark.parametrize(
        "path",
        [
            "/search?page=0",
            "/search?page=abc",
            "/search?page=99999999999999999999",
            "/search?sort=nonsense",
            "/search?kind=nonsense&size=%00",
            "/search?q=%00",
            "/search?q=" + "x" * 3000,
        ],
    )
    def test_of_an_address_line_still_shows_a_page(self, guest, path):
        assert guest.get(path).status_code == 200

    @pytest.mark.parametrize(
        "path",
        ["/c/nothing/", "/p/nothing/", "/pictures/x.svg", "/search?category=nothing", "/p/band-8/nothing/"],
    )
    def test_what_is_not_there_is_not_found(self, guest, path):
        assert guest.get(path).status_code == 404

    def test_a_checkout_of_nothing_says_so(self, guest):
        put(guest, BAND)

        answer = guest.post("/cart/", {"shown": "1", "go": "checkout"}, follow=True)

        assert "请先选择要结算的商品。" in answer.content.decode()
        assert "checkout" not in guest.session

    def test_more_than_the_shelf_holds_is_not_checked_out(self, guest):
        put(guest, BAND, 3)
        Stock.objects.filter(sku=BAND).update(available=2)

        answer = guest.post("/cart/", {"shown": "1", "line": [BAND], "go": "checkout"}, follow=True)

        assert "库存只有 2 件" in answer.content.decode()
        assert "checkout" not in guest.session


class TestAddressBook:
    def test_a_new_address_leads_back_and_is_chosen_for_the_checkout(self, li):
        put(li, BAND, go="now")

        answer = li.post("/me/addresses/new/?next=/checkout/", {**GOOD_ADDRESS, "next": "/checkout/"})

        assert answer["Location"] == "/checkout/"
        kept = queries.addresses(borrower_id=LI)[0]
        assert (kept.phone, kept.is_default) == ("13800138000", True)
        assert li.session["checkout"]["address_id"] == str(kept.id)

    def test_never_leads_to_another_site(self, li):
        answer = li.post("/me/addresses/new/", {**GOOD_ADDRESS, "next": "https://evil.example/"})

        assert answer["Location"] == "/me/addresses/"

    def test_of_somebody_else_is_not_found(self, li):
        theirs = services.save_address(borrower_id=WANG, entry=HOME)

        assert li.get(f"/me/addresses/{theirs}/").status_code in {404, 422}
        assert li.post(f"/me/addresses/{theirs}/delete/").status_code in {404, 422}
        assert queries.addresses(borrower_id=WANG)

    def test_asks_guests_to_sign_in_first(self, guest):
        assert guest.get("/me/addresses/")["Location"] == "/sign-in/?next=%2Fme%2Faddresses%2F"


class TestOrders:
    def test_list_and_detail_show_state_and_sums(self, li):
        order = placed(financed=(PHONE,))

        listed = page(li.get("/orders/")).select_one('[data-role="order"]')
        assert (listed["data-number"], listed["data-state"]) == (order.number, "awaiting_payment")
        shown = li.get(f"/orders/{order.number}/")
        assert fen(shown, "order-total") == [512_800]
        assert fen(shown, "full-amount") == [12_900]
        assert fen(shown, "financed-amount") == [499_900]
        assert "138****8000" in shown.content.decode()
        assert "13800138000" not in shown.content.decode()

    def test_an_empty_list_says_what_will_be_here(self, li):
        assert "这里还没有订单" in li.get("/orders/").content.decode()

    @pytest.mark.parametrize("tail", ["", "return/", "cancel/"])
    def test_of_somebody_else_are_not_found(self, li, tail):
        order = placed(WANG)

        assert li.get(f"/orders/{order.number}/{tail}").status_code == 404

    def test_are_received_once(self, li):
        order = placed(is_paid=True)
        assert li.post(f"/orders/{order.number}/received/").status_code == 409
        services.mark_shipped(
            borrower_id=LI, order_id=order.id, carrier="顺丰", tracking="SF1", staff="staff:a"
        )

        for _ in range(2):
            assert li.post(f"/orders/{order.number}/received/").status_code == 302
        assert Order.objects.get(id=order.id).state == "received"

    def test_a_return_is_previewed_before_it_can_be_sent(self, li):
        order = placed(is_paid=True)
        band = next(line for line in order.lines if line.sku == BAND)
        path = f"/orders/{order.number}/return/"
        assert "提交申请" not in li.get(path).content.decode()

        preview = li.post(path, {"line": [band.id], "kind": "changed_mind", "reason": "", "go": "preview"})
        assert fen(preview, "return-refund") == [12_900]
        assert Order.objects.get(id=order.id).state == "paid"
        sent = li.post(path, {"line": [band.id], "kind": "changed_mind", "reason": "", "go": "submit"})

        assert sent["Location"] == f"/orders/{order.number}/"
        assert Order.objects.get(id=order.id).state == "return_open"

    @pytest.mark.parametrize(
        ("posted", "sentence"),
        [
            ({"kind": "changed_mind"}, "请选择要退的商品。"),
            (
                {"line": "019a0000-0000-7000-8000-000000000000", "kind": "changed_mind"},
                "选中的商品不能退，请重新选择。",
            ),
            ({"line": "BAND"}, "请选择退货原因。"),
            ({"line": "BAND", "kind": "nonsense"}, "请选择退货原因。"),
            ({"line": "BAND", "kind": "defective", "reason": "长" * 151}, "补充说明最多 150 个字。"),
        ],
    )
    def test_a_bad_return_is_told_at_the_field(self, li, posted, sentence):
        order = placed(is_paid=True)
        band = next(line for line in order.lines if line.sku == BAND)
        posted = {key: str(band.id) if value == "BAND" else value for key, value in posted.items()}

        answer = li.post(f"/orders/{order.number}/return/", {**posted, "go": "submit"})

        assert answer.status_code == 422
        assert errors(answer) == [sentence]
        assert Order.objects.get(id=order.id).state == "paid"

    def test_cancelling_says_what_happens_and_asks_why(self, li):
        order = placed()
        path = f"/orders/{order.number}/cancel/"
        assert "不扣款" in li.get(path).content.decode()

        assert errors(li.post(path, {})) == ["请选择取消原因。"]
        assert li.post(path, {"reason": "cost"}).status_code == 302

        assert Order.objects.get(id=order.id).state == "cancelled"
        assert Stock.objects.get(sku=PHONE).available == 80
