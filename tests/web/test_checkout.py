"""The checkout as a shopper walks it, over HTTP, with everything that can go wrong on the way."""

from __future__ import annotations

import pytest
from django.test import Client

from fenqi.mall import queries as mall_queries
from fenqi.mall.models import Stock
from fenqi.people import queries as people
from fenqi.plumbing.models import BusinessDate
from fenqi.purchases import queries as purchases
from fenqi.servicing import queries as servicing
from tests.purchases import shopping
from tests.purchases.shopping import BAND_FEN, BANK_12, FREE_3, PHONE_FEN
from tests.web.finance_cases import fen, form_of, page, signed_in


@pytest.fixture(autouse=True)
def no_reading_time(monkeypatch):
    """The forced reading is measured in seconds of the wall; here the page was always issued ten seconds ago."""
    import time

    real = time.time
    monkeypatch.setattr("django.core.signing.time", _Earlier(real))


class _Earlier:
    def __init__(self, real):
        self.time = lambda: real() - 10


def put_into_cart(client: Client, *prices: int) -> None:
    for price in prices:
        sku = shopping.sku_at(price)
        slug = sku_slug(sku)
        client.post(f"/p/{slug}/buy/", {"sku": sku, "quantity": "1", "go": "add"})
    lines = [line["data-sku"] for line in page(client.get("/cart/")).select("[data-role=cart-line]")]
    response = client.post("/cart/", {"shown": "1", "line": lines, "go": "checkout"})
    assert response.headers["Location"] == "/checkout/"


def sku_slug(sku: str) -> str:
    from fenqi.mall.models import Variant

    return Variant.objects.select_related("product").get(sku=sku).product.slug


def choose_installments(client: Client, *prices: int):
    soup = page(client.get("/checkout/"))
    form = form_of(soup, "checkout-form")
    form |= {"financed": [shopping.sku_at(price) for price in prices], "go": "installments"}
    return client.post("/checkout/", form)


def choose_plan(client: Client, key: str = BANK_12):
    form = form_of(page(client.get("/checkout/plans/")), "plan-form") | {"plan": key}
    return client.post("/checkout/plans/", form)


def sign(client: Client, application: str, **given):
    form = form_of(page(client.get("/checkout/agreement/", {"application": application})), "agreement-form")
    return client.post("/checkout/agreement/", form | {"is_accepted": "on"} | given)


def applied(client: Client, *, key: str = BANK_12, financed=(PHONE_FEN,), full=()) -> str:
    """Cart, choice, plan; tells the application's id."""
    put_into_cart(client, *financed, *full)
    choose_installments(client, *financed)
    return choose_plan(client, key).headers["Location"].split("application=")[1]


def test_phone_by_installments_band_in_full_from_the_cart_to_the_signed_document(shop, shopper):
    client = signed_in(shopper)
    application = applied(client, full=(BAND_FEN,))
    assert (
        client.get("/checkout/next/", {"application": application})
        .headers["Location"]
        .startswith("/checkout/agreement/")
    )

    agreement = page(client.get("/checkout/agreement/", {"application": application}))
    assert "综合融资成本明示表" in agreement.text
    assert fen(agreement, "total") == 539745
    assert sign(client, application).headers["Location"].startswith("/checkout/confirm/")

    confirm = page(client.get("/checkout/confirm/", {"application": application}))
    assert (fen(confirm, "full-amount"), fen(confirm, "total")) == (BAND_FEN, 539745)
    whys = [link["href"] for link in confirm.select("[data-role=why] .why-body a")]
    assert len(whys) == 3  # per period, total cost, total
    assert (
        page(client.get(whys[0])).select_one("a.back")["href"]
        == f"/checkout/confirm/?application={application}"
    )
    form = form_of(confirm, "confirm-form") | {"method": str(people.cards(shopper)[0].id)}
    waiting = client.post("/checkout/confirm/", form)
    done = client.get(client.get(waiting.headers["Location"]).headers["Location"])
    assert page(done).select_one("[data-role=purchase-done]")
    assert shop.balance(shopping.CARD) == 1_000_000 - BAND_FEN

    document = page(done).select_one("[data-role=agreement-pdf]")["href"]
    pdf = client.get(document)
    assert pdf.content.startswith(b"%PDF")
    assert signed_in(shopping.a_shopper("13700009999", card=None)).get(document).status_code == 404
    # The confirm form sent again, by a double click or the back button, changes nothing.
    client.post("/checkout/confirm/", form)
    assert len(servicing.loans(shopper)) == 1
    assert shop.balance(shopping.CARD) == 1_000_000 - BAND_FEN


def test_a_guest_sees_the_whole_board_and_comes_back_to_it_after_signing_in(shop):
    client = Client()
    put_into_cart(client, PHONE_FEN, BAND_FEN)
    assert choose_installments(client, PHONE_FEN).headers["Location"] == "/checkout/plans/"
    board = page(client.get("/checkout/plans/"))
    rows = board.select("[data-role=plan]")
    costs = [int(row["data-cost-fen"]) for row in rows]
    assert costs == sorted(costs)
    assert {row["data-lender"] for row in rows} == {"jiangcheng", "anxin", "hulian", "yuanshan"}
    free = {
        row.select_one("input[type=radio]")["value"]
        for row in rows
        if row.select_one("[data-role=interest-free]")
    }
    assert free == {FREE_3, "anxin.anxin-free-6"}
    answer = choose_plan(client)
    assert answer.headers["Location"].startswith("/sign-in/?next=%2Fcheckout%2Fplans%2F%3Fplan%3D")

    borrower_id = shopping.a_shopper()
    session = client.session
    session["borrower_id"] = borrower_id
    session.save()
    back = page(client.get("/checkout/plans/", {"plan": BANK_12}))
    assert back.select_one("input[name=plan][checked]")["value"] == BANK_12


def test_the_board_filters_by_term_with_and_without_scripts(shop):
    client = Client()
    put_into_cart(client, PHONE_FEN)
    choose_installments(client, PHONE_FEN)
    whole = page(client.get("/checkout/plans/", {"term": "12"}))
    assert {row["data-term"] for row in whole.select("[data-role=plan]")} == {"12"}
    part = client.get("/checkout/plans/", {"term": "6"}, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert {row["data-term"] for row in page(part).select("[data-role=plan]")} == {"6"}
    for term in ("7", "abc", "-1", "1" * 400):
        assert len(page(client.get("/checkout/plans/", {"term": term})).select("[data-role=plan]")) > 10


def test_a_silent_lender_is_named_and_the_others_stand(shop):
    client = Client()
    put_into_cart(client, PHONE_FEN)
    choose_installments(client, PHONE_FEN)
    shop.fault("lender", "outage")
    board = page(client.get("/checkout/plans/"))
    assert "远山消费金融 暂未响应" in board.select_one("[data-role=missing-lender]").text
    assert len(board.select("[data-role=plan]")) == 11


def test_every_figure_of_the_board_opens_its_reason(shop):
    client = Client()
    put_into_cart(client, PHONE_FEN)
    choose_installments(client, PHONE_FEN)
    links = {link["href"] for link in page(client.get("/checkout/plans/")).select(".why-body a")}
    assert len(links) == 4 * 14
    for link in [link for link in links if BANK_12 in link or "yuanshan-3" in link]:
        assert client.get(link).status_code == 200
        back = page(client.get(link)).select_one("a.back")["href"]
        assert back == "/checkout/plans/"
    asked = {"plan": BANK_12, "figure": "total", "amount_fen": "499900", "back": "https://evil.example/"}
    assert "evil.example" not in page(client.get("/checkout/why/", asked)).select_one("a.back")["href"]
    assert client.get("/checkout/why/", asked | {"figure": "moon"}).status_code == 404


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "请先选择一个分期方案"),
        ({"plan": "nobody.nothing"}, "现在不提供"),
        ({"plan": "jiangcheng"}, "现在不提供"),
        ({"plan": "x" * 5000}, "现在不提供"),
        ({"plan": BANK_12, f"seen-{BANK_12}": "0000000000000000"}, "报价已更新"),
        ({"plan": BANK_12, "total_fen": "1"}, "价格有变动"),
    ],
)
def test_a_plan_that_cannot_be_chosen_says_so_and_nothing_is_ordered(shop, shopper, sent, words):
    client = signed_in(shopper)
    put_into_cart(client, PHONE_FEN)
    choose_installments(client, PHONE_FEN)
    form = {
        key: value
        for key, value in form_of(page(client.get("/checkout/plans/")), "plan-form").items()
        if key != "plan"
    }
    answer = client.post("/checkout/plans/", form | sent)
    assert answer.status_code in (404, 409, 422)
    assert words in answer.content.decode()
    assert mall_queries.orders(shopper) == ()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"financed": []}, "请勾选要分期付款的商品"),
        ({"financed": ["no-such-sku"]}, "请勾选要分期付款的商品"),
        ({"financed": "band"}, "不能低于 ¥300.00"),
    ],
)
def test_a_choice_of_lines_that_cannot_be_financed_says_so(shop, shopper, sent, words):
    client = signed_in(shopper)
    put_into_cart(client, PHONE_FEN, BAND_FEN)
    form = form_of(page(client.get("/checkout/")), "checkout-form")
    financed = [shopping.sku_at(BAND_FEN)] if sent["financed"] == "band" else sent["financed"]
    answer = client.post("/checkout/", form | {"financed": financed, "go": "installments"})
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_sold_out_between_board_and_choice_places_no_order_and_keeps_the_choice(shop, shopper):
    client = signed_in(shopper)
    put_into_cart(client, PHONE_FEN, BAND_FEN)
    choose_installments(client, PHONE_FEN)
    form = form_of(page(client.get("/checkout/plans/")), "plan-form") | {"plan": BANK_12}
    Stock.objects.filter(sku=shopping.sku_at(BAND_FEN)).update(available=0)
    answer = client.post("/checkout/plans/", form, follow=True)
    assert mall_queries.orders(shopper) == ()
    assert page(answer).select("#checkout-form input[name=financed][checked]")


def test_a_double_click_on_the_plan_places_one_order_and_one_application(shop, shopper):
    client = signed_in(shopper)
    put_into_cart(client, PHONE_FEN)
    choose_installments(client, PHONE_FEN)
    form = form_of(page(client.get("/checkout/plans/")), "plan-form") | {"plan": BANK_12}
    first, second = (client.post("/checkout/plans/", form).headers["Location"] for _ in range(2))
    assert first == second
    assert len(mall_queries.orders(shopper)) == 1
    assert client.get("/checkout/plans/").headers["Location"].startswith("/checkout/next/")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"is_accepted": ""}, "我已阅读并同意"),
        ({"card_id": ""}, "请选择一张还款银行卡"),
        ({"card_id": "01a2020f-0000-7000-8000-000000000000"}, "请选择一张还款银行卡"),
        ({"page": ""}, "页面不完整"),
        ({"page": "1:2:3"}, "页面不完整"),
    ],
)
def test_an_agreement_is_not_signed_by_halves(shop, shopper, sent, words):
    client = signed_in(shopper)
    application = applied(client)
    answer = sign(client, application, **sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert (
        client.get("/checkout/next/", {"application": application})
        .headers["Location"]
        .startswith("/checkout/agreement/")
    )


def test_an_agreement_signed_before_it_can_have_been_read_is_refused(shop, shopper, monkeypatch):
    import time

    client = signed_in(shopper)
    application = applied(client)
    monkeypatch.setattr("django.core.signing.time", time)
    answer = sign(client, application)
    assert answer.status_code == 422
    assert "请至少阅读 5 秒" in answer.content.decode()
    assert page(answer).select_one("#id_is_accepted").has_attr("checked")


def test_another_page_s_token_signs_nothing(shop, shopper):
    client = signed_in(shopper)
    mine = applied(client)
    other = applied(client, financed=(PHONE_FEN,), key=FREE_3)
    token = form_of(page(client.get("/checkout/agreement/", {"application": other})), "agreement-form")[
        "page"
    ]
    assert sign(client, mine, page=token).status_code == 422


def test_on_another_day_the_changed_quote_is_shown_before_anything_is_signed(shop, shopper):
    client = signed_in(shopper)
    application = applied(client)
    _next_day()
    renewal = page(client.get("/checkout/agreement/", {"application": application}))
    assert any("首期还款日" in change.text for change in renewal.select("[data-role=quote-change]"))
    client.post("/checkout/agreement/renew/", form_of(renewal, "renew-form"))
    assert sign(client, application).headers["Location"].startswith("/checkout/confirm/")
    # A signature of yesterday is not paid out today on yesterday's dates.
    _next_day()
    late = client.get("/checkout/confirm/", {"application": application})
    assert late.headers["Location"].startswith("/checkout/plans/?order=")
    assert page(client.get(late.headers["Location"])).select("[data-role=plan]")


def test_others_applications_orders_and_documents_are_not_found(shop, shopper):
    client = signed_in(shopper)
    application = applied(client)
    order = mall_queries.orders(shopper)[0].number
    stranger = signed_in(shopping.a_shopper("13700009999", card=None))
    for path, query in [
        ("/checkout/next/", {"application": application}),
        ("/checkout/agreement/", {"application": application}),
        ("/checkout/confirm/", {"application": application}),
        ("/checkout/decision/", {"application": application}),
        ("/checkout/pay/", {"order": order}),
        ("/checkout/waiting/", {"order": order}),
        ("/checkout/result/", {"order": order}),
        ("/checkout/plans/", {"order": order}),
        ("/checkout/next/", {"application": "nonsense"}),
        ("/checkout/next/", {}),
    ]:
        assert stranger.get(path, query).status_code == 404, path


def test_a_lost_session_signs_in_and_goes_on_where_it_was(shop, shopper):
    client = signed_in(shopper)
    application = applied(client)
    client.cookies.clear()
    lost = client.get("/checkout/agreement/", {"application": application})
    assert (
        lost.headers["Location"] == f"/sign-in/?next=%2Fcheckout%2Fagreement%2F%3Fapplication%3D{application}"
    )


def test_a_payment_that_fails_says_why_and_another_way_is_left(shop, shopper):
    shop.set_balance(shopping.CARD, 100)
    client = signed_in(shopper)
    application = applied(client, full=(BAND_FEN,))
    sign(client, application)
    form = form_of(page(client.get("/checkout/confirm/", {"application": application})), "confirm-form")
    answer = client.post(
        "/checkout/confirm/", form | {"method": str(people.cards(shopper)[0].id)}, follow=True
    )
    soup = page(answer)
    assert soup.select_one("[data-role=payment-failed]")
    assert servicing.loans(shopper) == []
    cashier = client.post("/checkout/pay/", form_of(soup, "pay-form") | {"method": "cashier"})
    assert "/sandbox/cashier/" in cashier.headers["Location"]


def test_a_lender_that_fails_at_the_payout_leads_to_the_board_and_the_next_plan_goes_through(shop, shopper):
    client = signed_in(shopper)
    application = applied(client)
    sign(client, application)
    shop.fault("lender", "decline")
    form = form_of(page(client.get("/checkout/confirm/", {"application": application})), "confirm-form")
    declined = client.post("/checkout/confirm/", form, follow=True)
    shop.heal("lender", "decline")
    other = page(declined).select_one('a[href^="/checkout/plans/?order="]')["href"]
    form = form_of(page(client.get(other)), "plan-form") | {"plan": FREE_3}
    second = client.post(other, form).headers["Location"].split("application=")[1]
    number = mall_queries.orders(shopper)[0].number
    waits = client.get("/checkout/waiting/", {"order": number})
    assert waits.headers["Location"] == f"/checkout/next/?application={second}"
    sign(client, second)
    form = form_of(page(client.get("/checkout/confirm/", {"application": second})), "confirm-form")
    assert page(client.post("/checkout/confirm/", form, follow=True)).select_one("[data-role=purchase-done]")
    assert (
        servicing.loan_by_order(borrower_id=shopper, order_id=mall_queries.orders(shopper)[0].id).lender_code
        == "anxin"
    )


def test_with_the_channel_down_nothing_is_charged_and_the_order_waits(shop, shopper):
    client = signed_in(shopper)
    application = applied(client, full=(BAND_FEN,))
    sign(client, application)
    form = form_of(page(client.get("/checkout/confirm/", {"application": application})), "confirm-form")
    shop.fault("channel", "outage")
    for method in (shopping.card_of(shopper), "cashier"):
        waits = client.post("/checkout/confirm/", form | {"method": method}, follow=True)
        assert waits.status_code == 200
        assert page(waits).select_one("[data-role=purchase-state]") or page(waits).select_one("#pay-form")
    assert shop.balance(shopping.CARD) == 1_000_000
    assert servicing.loans(shopper) == []
    shop.heal("channel", "outage")
    number = mall_queries.orders(shopper)[0].number
    form = form_of(page(client.get("/checkout/pay/", {"order": number})), "pay-form")
    done = client.post("/checkout/pay/", form | {"method": shopping.card_of(shopper)}, follow=True)
    assert page(done).select_one("[data-role=purchase-done]")
    shopping.settle()
    assert shop.balance(shopping.CARD) == 1_000_000 - BAND_FEN


def test_an_order_paid_in_full_asks_for_no_plan(shop, shopper):
    client = signed_in(shopper)
    put_into_cart(client, BAND_FEN)
    form = form_of(page(client.get("/checkout/")), "checkout-form") | {"go": "full"}
    pay = client.post("/checkout/", form).headers["Location"]
    assert pay.startswith("/checkout/pay/")
    form = form_of(page(client.get(pay)), "pay-form") | {"method": str(people.cards(shopper)[0].id)}
    done = client.post("/checkout/pay/", form, follow=True)
    assert page(done).select_one("[data-role=purchase-done]")
    assert (
        purchases.purchase_of_order(borrower_id=shopper, order_id=mall_queries.orders(shopper)[0].id).state
        == "done"
    )


def test_with_the_lenders_down_the_order_waits_and_goes_on_by_itself(shop, shopper):
    client = signed_in(shopper)
    shop.fault("lender", "outage")
    application = applied(client)
    waits = client.get("/checkout/next/", {"application": application}, follow=True)
    assert page(waits).select_one("[data-role=application-state]")["data-state"] == "deciding"
    assert mall_queries.orders(shopper)[0].state == "in_review"
    shop.heal("lender", "outage")
    again = client.post("/checkout/decision/", {"application": application}, follow=True)
    assert "综合融资成本明示表" in page(again).text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_need_fewer_than_eight_statements(shop, shopper, language, django_assert_max_num_queries):
    client = signed_in(shopper)
    client.cookies["fenqi_language"] = language
    put_into_cart(client, PHONE_FEN, BAND_FEN)
    choose_installments(client, PHONE_FEN)
    addresses = ["/checkout/", "/checkout/plans/"]
    for address in addresses:
        client.get(address)
        with django_assert_max_num_queries(7):
            assert client.get(address).status_code == 200
    application = choose_plan(client).headers["Location"].split("application=")[1]
    with django_assert_max_num_queries(7):
        client.get(f"/checkout/agreement/?application={application}")
    sign(client, application)
    with django_assert_max_num_queries(7):
        client.get(f"/checkout/confirm/?application={application}")


def _next_day() -> None:
    import datetime

    row = BusinessDate.objects.get(name="main")
    row.open_on += datetime.timedelta(days=1)
    row.save()
