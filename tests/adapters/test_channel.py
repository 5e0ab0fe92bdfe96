"""The channel moves money once per reference, says no in its own words, and tells us what became of what we lost sight of."""

import datetime

import pytest

from fenqi.adapters.channel import Channel
from fenqi.payments.ports import (
    BadNotice,
    ChannelRefused,
    ChannelSilent,
    ChannelState,
    ChannelUnreachable,
    DebitOrder,
)
from fenqi.people.ports import CheckResult
from tests.support.sandbox import CARDS, EXPIRED_CARD, LOST_CARD

ON = datetime.date(2026, 11, 22)
HOLDER = {"holder_name": "王小明", "id_number": "11010519491231002X", "phone": "13800000001"}


def bind(channel, *, reference="bind-1", number=CARDS[0], **others):
    return channel.check_card(reference=reference, card_number=number, **{**HOLDER, **others})


@pytest.fixture
def channel(sandbox):
    return Channel()


@pytest.fixture
def card(channel, sandbox):
    answer = bind(channel)
    sandbox.set_balance(CARDS[0], 100_000)
    return answer.serial


class TestCardCheck:
    def test_belongs_to_whoever_named_it_first(self, channel):
        assert bind(channel).result == CheckResult.PASS
        other = bind(channel, reference="bind-2", holder_name="李四")
        assert (other.result, other.reason) == (CheckResult.FAIL, "HOLDER_DIFFERS")

    def test_answers_the_same_reference_the_same(self, channel):
        assert bind(channel) == bind(channel)

    @pytest.mark.parametrize(
        ("number", "reason"),
        [("6217000010000000018", "INVALID_NUMBER"), (LOST_CARD, "LOST"), (EXPIRED_CARD, "EXPIRED")],
    )
    def test_says_why_not(self, channel, number, reason):
        assert bind(channel, number=number).reason == reason

    def test_asks_us_to_try_again_when_it_is_down(self, channel, sandbox):
        sandbox.fault("channel", "outage")
        assert bind(channel).result == CheckResult.RETRY


class TestCharge:
    def charge(self, channel, card, reference="pay-1", amount_fen=30_000):
        return channel.charge(
            reference=reference, card_token=card, amount_fen=amount_fen, subject="订单", on=ON
        )

    def test_takes_the_money_once_however_often_it_is_asked(self, channel, card, sandbox):
        answers = {self.charge(channel, card) for _ in range(3)}
        assert {answer.state for answer in answers} == {ChannelState.SUCCEEDED}
        assert sandbox.balance(CARDS[0]) == 70_000
        assert sandbox.balance("settlement") == 30_000

    def test_refuses_a_reference_with_another_amount(self, channel, card):
        self.charge(channel, card)
        with pytest.raises(ChannelRefused, match="reference_reused"):
            self.charge(channel, card, amount_fen=1)

    def test_fails_for_lack_of_balance_and_takes_nothing(self, channel, card, sandbox):
        answer = self.charge(channel, card, amount_fen=100_001)
        assert (answer.state, answer.failure) == (ChannelState.FAILED, "NO_BALANCE")
        assert sandbox.balance(CARDS[0]) == 100_000

    @pytest.mark.parametrize(
        ("fault", "found_later"),
        [("lost_answer", ChannelState.SUCCEEDED), ("outage", ChannelState.NOT_FOUND)],
    )
    def test_what_became_of_a_silent_call_is_found_by_asking(
        self, channel, card, sandbox, fault, found_later
    ):
        sandbox.fault("channel", fault, times=1)
        with pytest.raises(ChannelSilent):
            self.charge(channel, card)
        assert channel.query(references=["pay-1"])["pay-1"].state == found_later

    def test_waits_no_longer_than_its_time_limit(self, channel, card, sandbox, settings):
        settings.PEER_TIMEOUT_SECONDS = 0.2
        sandbox.fault("channel", "timeout", times=1, seconds=1)
        with pytest.raises(ChannelSilent):
            self.charge(channel, card)

    def test_knows_a_call_that_never_left(self, channel, card, settings):
        settings.FENQI_PEERS = {**settings.FENQI_PEERS, "channel": "http://127.0.0.1:1/channel"}
        with pytest.raises(ChannelUnreachable):
            self.charge(channel, card)

    def test_tells_later_what_it_kept_waiting(self, channel, card, sandbox):
        sandbox.fault("channel", "pending", times=1)
        assert self.charge(channel, card).state == ChannelState.PENDING
        assert sandbox.settle() == 1
        assert channel.query(references=["pay-1"])["pay-1"].state == ChannelState.SUCCEEDED
        assert len(sandbox.notices()) == 1


class TestDebitsRefundsAndPayOuts:
    def test_debits_a_batch_each_with_its_own_answer(self, channel, card, sandbox):
        mandate = channel.sign_mandate(reference="m-1", card_token=card, payee="青屿", max_fen=80_000, on=ON)
        orders = [
            DebitOrder(reference=f"d-{fen}", mandate_number=mandate, amount_fen=fen, subject="第 1 期")
            for fen in (60_000, 50_000, 80_001)
        ]
        answers = channel.debit(orders=orders, on=ON)
        assert [(answer.state.value, answer.failure) for answer in answers.values()] == [
            ("SUCCEEDED", ""),
            ("FAILED", "NO_BALANCE"),
            ("FAILED", "LIMIT_EXCEEDED"),
        ]

    def test_a_revoked_mandate_debits_nothing(self, channel, card, sandbox):
        mandate = channel.sign_mandate(reference="m-1", card_token=card, payee="青屿", max_fen=0, on=ON)
        channel.revoke_mandate(mandate_number=mandate)
        order = DebitOrder(reference="d-1", mandate_number=mandate, amount_fen=100, subject="第 1 期")
        assert channel.debit(orders=[order], on=ON)["d-1"].failure == "MANDATE_ENDED"

    def test_never_gives_back_more_than_was_paid(self, channel, card, sandbox):
        channel.charge(reference="pay-1", card_token=card, amount_fen=30_000, subject="订单", on=ON)
        back = {"original": "pay-1", "subject": "退款", "on": ON}
        assert channel.refund(reference="r-1", amount_fen=20_000, **back).state == ChannelState.SUCCEEDED
        with pytest.raises(ChannelRefused, match="more_than_was_paid"):
            channel.refund(reference="r-2", amount_fen=10_001, **back)
        assert sandbox.balance(CARDS[0]) == 90_000

    def test_pays_out_to_a_card(self, channel, card, sandbox):
        channel.pay_out(reference="o-1", card_token=card, amount_fen=100_000, subject="备用金", on=ON)
        assert sandbox.balance(CARDS[0]) == 200_000
        assert sandbox.statement(CARDS[0])[-1]["business_on"] == "2026-11-22"


class TestCashier:
    @pytest.fixture
    def cashier(self, channel):
        return channel.open_cashier(
            reference="pay-1",
            amount_fen=12_900,
            subject="订单 1",
            return_url="/orders/1/?payment=1",
            phone="13800000001",
            on=ON,
        )

    def test_the_shopper_pays_and_goes_back(self, channel, cashier, sandbox):
        assert "¥129.00" in sandbox.page(cashier.url).text
        first = sandbox.press(cashier.url, account="wallet-13800000001", do="pay")
        again = sandbox.press(cashier.url, account="wallet-13800000001", do="pay")
        assert first.headers["location"] == again.headers["location"] == "/orders/1/?payment=1"
        assert sandbox.balance("settlement") == 12_900
        assert channel.query(references=["pay-1"])["pay-1"].state == ChannelState.SUCCEEDED

    def test_too_little_balance_is_said_and_nothing_is_taken(self, channel, cashier, sandbox):
        sandbox.page(cashier.url)
        sandbox.set_balance("wallet-13800000001", 100)
        answer = sandbox.press(cashier.url, account="wallet-13800000001", do="pay")
        assert answer.status_code == 422
        assert "余额不足，没有扣款" in answer.text
        assert channel.query(references=["pay-1"])["pay-1"].state == ChannelState.PENDING

    def test_the_shopper_walks_away(self, channel, cashier, sandbox):
        sandbox.press(cashier.url, do="cancel")
        assert channel.query(references=["pay-1"])["pay-1"].failure == "CANCELLED"
        assert "没有扣款" in sandbox.page(cashier.url).text


class TestNotices:
    def test_are_signed_over_the_body(self, channel, card, sandbox):
        channel.charge(reference="pay-1", card_token=card, amount_fen=1, subject="订单", on=ON)
        body = sandbox.notices()[0]["body"].encode()
        headers = sandbox.sign(body)
        assert channel.read_notice(body=body, headers=headers).answer.reference == "pay-1"
        with pytest.raises(BadNotice):
            channel.read_notice(body=body.replace(b"pay-1", b"pay-2"), headers=headers)
        with pytest.raises(BadNotice):
            channel.read_notice(body=body, headers={})
