"""A payment is written down, asked for, and ends once, whatever the channel and the network do in between."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from fenqi.adapters.peer import CalledInsideTransaction
from fenqi.payments import queries, services
from fenqi.payments.models import ChannelNotice, ChannelSerial, Payment
from fenqi.payments.ports import BadNotice
from fenqi.payments.refusals import AmountNotPositive, NothingToRefund, PaymentUnknown
from fenqi.people import services as people
from fenqi.people.refusals import CardUnknown
from fenqi.plumbing.idempotency import ReferenceReused
from fenqi.plumbing.models import Announcement, AuditRecord

pytestmark = pytest.mark.django_db(transaction=True)


def pay(who, fen=30_000, *, reference="form-1", card=True, **others):
    return services.start_payment(
        borrower_id=who.borrower_id,
        amount_fen=fen,
        purpose="repayment",
        subject={"kind": "loan", "loan_ids": ["l-1"]},
        return_url="/finance/bills/",
        reference=reference,
        card_id=who.card_id if card else None,
        **others,
    )


def announced(topic):
    return [row.payload for row in Announcement.objects.filter(topic=topic)]


def ask_at_once():
    return services.ask_unknown(patience=datetime.timedelta(0))


class TestWithABoundCard:
    def test_the_money_moves_and_is_announced_with_the_callers_subject(self, cardholder, sandbox):
        who = cardholder(100_000)
        start = pay(who)
        assert start.state == "SUCCEEDED"
        assert sandbox.balance(who.number) == 70_000
        [payload] = announced("payments.payment.succeeded")
        assert payload["subject"] == {"kind": "loan", "loan_ids": ["l-1"]}
        assert (payload["borrower_id"], payload["amount_fen"]) == (who.borrower_id, 30_000)

    def test_a_double_click_pays_once(self, cardholder, sandbox):
        who = cardholder(100_000)
        assert pay(who).payment_id == pay(who).payment_id
        assert sandbox.balance(who.number) == 70_000

    def test_a_reference_with_another_amount_is_refused(self, cardholder):
        who = cardholder()
        pay(who)
        with pytest.raises(ReferenceReused):
            pay(who, 1)

    def test_too_little_balance_is_a_failure_in_words(self, cardholder):
        who = cardholder(100)
        start = pay(who)
        payment = queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id)
        assert (payment.state, payment.failure_code, str(payment.failure)) == (
            "FAILED",
            "NO_BALANCE",
            "银行卡余额不足",
        )
        assert len(announced("payments.payment.failed")) == 1

    def test_somebody_elses_card_pays_nothing(self, cardholder, sandbox):
        who, other = cardholder(), cardholder(index=1)
        with pytest.raises(CardUnknown):
            services.start_payment(
                borrower_id=who.borrower_id,
                amount_fen=1,
                purpose="repayment",
                subject={},
                return_url="/",
                reference="x",
                card_id=other.card_id,
            )
        assert Payment.objects.count() == 0

    def test_somebody_elses_payment_is_not_found(self, cardholder):
        who, other = cardholder(), cardholder(index=1)
        start = pay(who)
        for look in (queries.payment, services.ask_payment):
            with pytest.raises(PaymentUnknown):
                look(borrower_id=other.borrower_id, payment_id=start.payment_id)

    @pytest.mark.parametrize("fen", [0, -1])
    def test_nothing_is_not_paid(self, cardholder, fen):
        with pytest.raises(AmountNotPositive):
            pay(cardholder(), fen)


class TestWhenTheChannelMisbehaves:
    def test_a_lost_answer_is_unknown_until_it_is_asked_again(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "lost_answer", times=1)
        assert pay(who).state == "UNKNOWN"
        assert announced("payments.payment.failed") == []
        assert ask_at_once() == 1
        assert len(announced("payments.payment.succeeded")) == 1
        assert sandbox.balance(who.number) == 70_000

    def test_what_never_arrived_is_sent_again_and_paid_once(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "outage", times=1)
        assert pay(who).state == "UNKNOWN"
        ask_at_once()
        services.send_intended(patience=datetime.timedelta(0))
        assert sandbox.balance(who.number) == 70_000
        assert len(announced("payments.payment.succeeded")) == 1

    def test_an_unreachable_channel_leaves_the_intent_and_the_same_form_goes_on(
        self, cardholder, sandbox, settings
    ):
        who = cardholder(100_000)
        peers = settings.FENQI_PEERS
        settings.FENQI_PEERS = {**peers, "channel": "http://127.0.0.1:1/channel"}
        assert pay(who).state == "INTENDED"
        settings.FENQI_PEERS = peers
        assert pay(who).state == "SUCCEEDED"

    def test_who_left_the_cashier_open_keeps_no_other_waiting(self, cardholder, sandbox):
        for number in range(3):
            pay(cardholder(), card=False, reference=f"left open {number}")
        who = cardholder(100_000)
        sandbox.fault("channel", "lost_answer", times=1)
        start = pay(who)
        assert start.state == "UNKNOWN"
        assert services.ask_unknown(patience=datetime.timedelta(0), at_once=2) == 1
        assert queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id).state == "SUCCEEDED"

    def test_pending_ends_by_the_notice(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        assert pay(who).state == "SENT"
        sandbox.settle()
        [notice] = sandbox.notices()
        body = notice["body"].encode()
        assert services.take_notice(body=body, headers=sandbox.sign(body))
        assert len(announced("payments.payment.succeeded")) == 1

    def test_another_amount_is_not_believed(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        start = pay(who)
        sandbox.settle()
        body = sandbox.notices()[0]["body"].replace("30000", "30001").encode()
        services.take_notice(body=body, headers=sandbox.sign(body))
        assert queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id).state == "UNKNOWN"
        assert AuditRecord.objects.filter(action="payments.outcome.other_amount").exists()

    def test_no_call_is_made_inside_a_transaction(self, cardholder, sandbox):
        who = cardholder(100_000)
        with transaction.atomic():
            assert pay(who).state == "INTENDED"
            assert sandbox.movements() == []
        assert sandbox.balance(who.number) == 70_000
        with transaction.atomic(), pytest.raises(CalledInsideTransaction):
            services.sign_mandate(borrower_id=who.borrower_id, card_id=who.card_id)


class TestNotices:
    def test_24_copies_at_once_book_one_payment(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        pay(who)
        sandbox.settle()
        body = sandbox.notices()[0]["body"].encode()
        headers = sandbox.sign(body)

        def take(_):
            try:
                return services.take_notice(body=body, headers=headers)
            finally:
                connection.close()

        with ThreadPoolExecutor(24) as pool:
            taken = list(pool.map(take, range(24)))
        assert taken.count(True) == 1
        assert len(announced("payments.payment.succeeded")) == 1
        assert ChannelSerial.objects.count() == 1

    def test_notice_answer_and_question_at_once_book_one_payment(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        start = pay(who)
        sandbox.settle()
        body = sandbox.notices()[0]["body"].encode()
        headers = sandbox.sign(body)

        def any_way(number):
            try:
                if number % 2:
                    return services.ask_payment(borrower_id=who.borrower_id, payment_id=start.payment_id)
                return services.take_notice(body=body, headers=headers)
            finally:
                connection.close()

        with ThreadPoolExecutor(24) as pool:
            list(pool.map(any_way, range(24)))
        assert len(announced("payments.payment.succeeded")) == 1
        payment = queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id)
        assert payment.state == "SUCCEEDED"
        assert not AuditRecord.objects.filter(action__startswith="payments.outcome.").exists()

    def test_one_that_cannot_be_worked_in_is_not_kept_so_that_it_is_taken_when_it_comes_again(self, sandbox):
        body = b'{"notice_id": "N1", "reference": "P-1-00000000-0000-0000-0000-000000000000", "state": "SUCCEEDED"}'
        for _ in range(2):
            with pytest.raises(PaymentUnknown):
                services.take_notice(body=body, headers=sandbox.sign(body))
        assert not ChannelNotice.objects.exists()

    def test_a_notice_of_somebody_elses_making_changes_nothing(self, cardholder, sandbox):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        start = pay(who)
        body = sandbox.notices() or b'{"notice_id": "N", "reference": "x", "state": "SUCCEEDED"}'
        with pytest.raises(BadNotice):
            services.take_notice(body=body, headers={"X-Fenqi-Signature": "0" * 64, "X-Fenqi-Time": "1"})
        assert queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id).state == "SENT"


class TestAtTheCashier:
    def test_the_shopper_pays_there_and_comes_back_with_the_payments_id(self, cardholder, sandbox):
        who = cardholder(100_000)
        start = pay(who, card=False)
        assert start.redirect_url.startswith("/sandbox/cashier/")
        back = sandbox.press(start.redirect_url, account=who.number, do="pay").headers["location"]
        assert back == f"/finance/bills/?payment={start.payment_id}"
        assert services.ask_payment(borrower_id=who.borrower_id, payment_id=start.payment_id) == "SUCCEEDED"
        assert pay(who, card=False).payment_id == start.payment_id

    def test_walking_away_is_a_payment_not_made(self, cardholder, sandbox):
        who = cardholder()
        start = pay(who, card=False)
        sandbox.press(start.redirect_url, do="cancel")
        assert services.ask_payment(borrower_id=who.borrower_id, payment_id=start.payment_id) == "FAILED"
        payment = queries.payment_by_reference(borrower_id=who.borrower_id, reference="form-1")
        assert str(payment.failure) == "付款已取消"

    def test_a_cashier_that_did_not_open_is_opened_by_the_same_form(self, cardholder, sandbox):
        who = cardholder()
        sandbox.fault("channel", "outage", times=1)
        assert pay(who, card=False).redirect_url is None
        assert pay(who, card=False).redirect_url is not None


class TestRefundsAndPayOuts:
    def refund(self, who, start, fen, reference):
        return services.refund_payment(
            borrower_id=who.borrower_id, payment_id=start.payment_id, amount_fen=fen, reference=reference
        )

    def test_money_goes_back_to_the_card_it_came_from(self, cardholder, sandbox):
        who = cardholder(100_000)
        start = pay(who)
        assert self.refund(who, start, 10_000, "r-1").state == "SUCCEEDED"
        assert self.refund(who, start, 10_000, "r-1").state == "SUCCEEDED"
        assert sandbox.balance(who.number) == 80_000

    def test_refunds_never_exceed_the_payment_even_at_once(self, cardholder, sandbox):
        who = cardholder(100_000)
        start = pay(who)

        def take(number):
            try:
                return self.refund(who, start, 20_000, f"r-{number}").state
            except NothingToRefund:
                return "refused"
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            states = list(pool.map(take, range(8)))
        assert sorted(states) == ["SUCCEEDED"] + ["refused"] * 7
        assert sandbox.balance(who.number) == 90_000

    def test_a_refund_that_failed_may_be_made_again(self, cardholder, sandbox):
        who = cardholder(100_000)
        start = pay(who)
        sandbox.fault("channel", "decline", times=1)
        assert self.refund(who, start, 30_000, "r-1").state == "FAILED"
        assert self.refund(who, start, 30_000, "r-2").state == "SUCCEEDED"

    def test_a_payment_that_failed_has_nothing_to_give_back(self, cardholder):
        who = cardholder(1)
        with pytest.raises(NothingToRefund):
            self.refund(who, pay(who), 1, "r-1")

    def test_pay_outs_arrive_once(self, cardholder, sandbox):
        who = cardholder(0)
        draw = {
            "borrower_id": who.borrower_id,
            "card_id": who.card_id,
            "amount_fen": 100_000,
            "purpose": "standby",
            "subject": {"draw_id": "d-1"},
            "reference": "d-1",
        }
        assert services.pay_out(**draw) == services.pay_out(**draw)
        assert sandbox.balance(who.number) == 100_000
        [payload] = announced("payments.payout.succeeded")
        assert payload["subject"] == {"draw_id": "d-1"}


class TestACardLetGoMeanwhile:
    """Written down, not sent yet: the channel is not asked any more, and whoever waits is told."""

    def test_of_a_pay_out(self, cardholder, sandbox):
        who = cardholder(0)
        with transaction.atomic():
            services.pay_out(
                borrower_id=who.borrower_id,
                card_id=who.card_id,
                amount_fen=100_000,
                purpose="standby",
                reference="d-1",
            )
            people.unbind_card(borrower_id=who.borrower_id, card_id=who.card_id)
        [payload] = announced("payments.payout.failed")
        assert payload["failure_code"] == "CARD_UNBOUND"
        assert (ask_at_once(), services.send_intended(patience=datetime.timedelta(0))) == (0, 0)
        assert sandbox.balance(who.number) == 0

    def test_of_a_payment(self, cardholder, sandbox):
        who = cardholder(100_000)
        with transaction.atomic():
            pay(who)
            people.unbind_card(borrower_id=who.borrower_id, card_id=who.card_id)
        [payload] = announced("payments.payment.failed")
        assert payload["failure_code"] == "CARD_UNBOUND"
        assert sandbox.balance(who.number) == 100_000
