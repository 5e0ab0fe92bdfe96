"""The outside world is reached under our own address, the channel calls back there, and when it is down the page says so."""

import pytest

from fenqi.payments import queries, services
from fenqi.web import sandbox_proxy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_kept_connection():
    yield
    sandbox_proxy._client().close()
    sandbox_proxy._client.cache_clear()


def pay(who, **others):
    return services.start_payment(
        borrower_id=who.borrower_id,
        amount_fen=12_900,
        purpose="order",
        subject={},
        return_url="/orders/1/",
        reference="form-1",
        **others,
    )


class TestProxy:
    def test_a_shopper_pays_at_the_cashier_without_leaving_our_address(self, client, cardholder):
        who = cardholder(100_000)
        start = pay(who)
        assert "收银台" in client.get(start.redirect_url).content.decode()
        answer = client.post(start.redirect_url, {"account": who.number, "do": "pay"})
        assert (answer.status_code, answer["Location"]) == (303, f"/orders/1/?payment={start.payment_id}")

    def test_speaks_the_language_of_the_page(self, client, sandbox):
        client.cookies["fenqi_language"] = "en"
        page = client.get("/sandbox/phones/13800000009/").content.decode()
        assert 'lang="en"' in page
        assert "No messages yet" in page

    def test_a_bad_number_is_said_at_the_field_and_kept(self, client, sandbox):
        page = client.get("/sandbox/phones/", {"phone": "138<b>"}).content.decode()
        assert "请输入 11 位手机号" in page
        assert 'value="138&lt;b&gt;"' in page

    @pytest.mark.parametrize("typed", ["", "abc", "0", "-5", "1.234", "99999999999"])
    def test_a_bad_amount_moves_nothing(self, client, cardholder, sandbox, typed):
        who = cardholder(100_000)
        answer = client.post(
            f"/sandbox/bank/{who.phone}/{who.number}/", {f"amount-{who.number}": typed, "direction": "in"}
        )
        assert answer.status_code == 422
        assert "请输入大于 0 的金额" in answer.content.decode()
        assert sandbox.balance(who.number) == 100_000

    def test_topping_up_and_spending(self, client, cardholder, sandbox):
        who = cardholder(100_000)
        address, field = f"/sandbox/bank/{who.phone}/{who.number}/", f"amount-{who.number}"
        client.post(address, {field: "12.50", "direction": "in"})
        assert sandbox.balance(who.number) == 101_250
        client.post(address, {field: "1,000", "direction": "out"})
        assert sandbox.balance(who.number) == 1_250
        assert client.post(address, {field: "100", "direction": "out"}).status_code == 422

    def test_a_switch_pressed_makes_the_party_fail(self, client, sandbox):
        client.post("/sandbox/faults/", {"switch": "sms outage on"})
        assert "出错中" in client.get("/sandbox/faults/").content.decode()
        client.post("/sandbox/faults/", {"switch": "sms outage off"})
        assert "出错中" not in client.get("/sandbox/faults/").content.decode()

    def test_when_it_is_down_the_page_says_so(self, client, settings):
        settings.SANDBOX_URL = "http://127.0.0.1:1"
        answer = client.get("/sandbox/")
        assert answer.status_code == 503
        assert "没有重复扣款" in answer.content.decode()


class TestNotices:
    def post(self, client, sandbox, body, **headers):
        return client.post(
            "/notices/channel/",
            body,
            content_type="application/json",
            headers={**sandbox.sign(body), **headers},
        )

    def test_the_channel_calls_back_and_again(self, client, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        start = pay(who, card_id=who.card_id)
        sandbox.settle()
        body = sandbox.notices()[0]["body"].encode()
        assert [self.post(client, sandbox, body).status_code for _ in range(2)] == [200, 200]
        assert queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id).state == "SUCCEEDED"

    def test_others_are_turned_away(self, client, sandbox, db):
        body = b'{"notice_id": "N1", "reference": "P-1-x", "state": "SUCCEEDED"}'
        assert self.post(client, sandbox, body, **{"X-Fenqi-Signature": "0" * 64}).status_code == 401
        assert self.post(client, sandbox, body).status_code == 404
        assert client.get("/notices/channel/").status_code == 405
