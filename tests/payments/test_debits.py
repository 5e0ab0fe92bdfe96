"""Debits run in bulk under mandates, once a day for a due date, and stop where the rules say so."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection

from fenqi.payments import queries, services
from fenqi.payments.models import Debit, Mandate, MandateState
from fenqi.payments.refusals import ChannelDown, MandateRefused
from fenqi.plumbing.models import Announcement
from tests.support.sandbox import TODAY

pytestmark = pytest.mark.django_db(transaction=True)
LOAN = uuid4()
DAY = datetime.timedelta(days=1)


def sign(who):
    return services.sign_mandate(borrower_id=who.borrower_id, card_id=who.card_id)


def owe(who, fen=44_979, *, on=TODAY, due_on=TODAY, loan_id=LOAN):
    row = {"borrower_id": who.borrower_id, "loan_id": loan_id, "due_on": due_on, "amount_fen": fen, "on": on}
    return services.intend_debits([row])


def announced(topic):
    return [row.payload for row in Announcement.objects.filter(topic=topic)]


class TestMandates:
    def test_signing_twice_is_one_mandate_and_switches_autopay_on(self, cardholder):
        who = cardholder()
        assert sign(who) == sign(who)
        autopay = queries.autopay(who.borrower_id)
        assert (autopay.is_on, autopay.tail) == (True, who.number[-4:])

    def test_many_clicks_at_once_are_one_mandate(self, cardholder):
        who = cardholder()

        def click(_):
            try:
                return sign(who)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(click, range(8)))) == 1
        assert Mandate.objects.count() == 1

    def test_switched_off_nothing_is_debited(self, cardholder):
        who = cardholder()
        sign(who)
        services.set_autopay(borrower_id=who.borrower_id, on=False)
        assert owe(who) == 0

    def test_switched_on_needs_a_card(self, cardholder):
        with pytest.raises(MandateRefused):
            services.set_autopay(borrower_id=cardholder().borrower_id, on=True)

    def test_a_revoked_mandate_debits_nothing_and_the_channel_is_told(self, cardholder, sandbox):
        who = cardholder()
        sign(who)
        services.revoke_mandate(borrower_id=who.borrower_id, card_id=who.card_id)
        assert owe(who) == 0
        assert Mandate.objects.get().is_revoked_at_channel
        assert not queries.autopay(who.borrower_id).is_on

    def test_a_mandate_the_channel_did_not_answer_is_signed_by_the_next_try(self, cardholder, sandbox):
        who = cardholder()
        sandbox.fault("channel", "outage", times=1)
        with pytest.raises(ChannelDown):
            sign(who)
        sign(who)
        assert Mandate.objects.get().state == MandateState.ACTIVE


class TestRun:
    def test_debits_what_is_owed_and_announces_it(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        assert owe(who) == 1
        assert services.run_debits(on=TODAY) == services.DebitRun(succeeded=1)
        assert sandbox.balance(who.number) == 100_000 - 44_979
        [payload] = announced("payments.debit.succeeded")
        assert payload["debit_id"] == str(services.debit_id(loan_id=LOAN, due_on=TODAY, on=TODAY))
        assert (payload["loan_id"], payload["amount_fen"]) == (str(LOAN), 44_979)

    def test_the_same_day_again_debits_nothing_more(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        for _ in range(2):
            owe(who)
            services.run_debits(on=TODAY)
        assert sandbox.balance(who.number) == 100_000 - 44_979

    def test_without_autopay_nothing_is_written(self, cardholder):
        assert owe(cardholder()) == 0

    def test_lack_of_balance_fails_and_is_tried_the_next_day(self, cardholder, sandbox):
        who = cardholder(100)
        sign(who)
        owe(who)
        assert services.run_debits(on=TODAY).failed == 1
        [payload] = announced("payments.debit.failed")
        assert (payload["failure_code"], payload["tries"]) == ("NO_BALANCE", 1)
        sandbox.set_balance(who.number, 100_000)
        assert owe(who, on=TODAY + DAY) == 1
        assert services.run_debits(on=TODAY + DAY).succeeded == 1
        assert [debit.tries for debit in queries.debits(who.borrower_id, LOAN)] == [2, 1]

    def test_after_the_sixth_try_it_is_left_alone(self, cardholder):
        who = cardholder(0)
        sign(who)
        for days in range(6):
            assert owe(who, on=TODAY + days * DAY) == 1
            services.run_debits(on=TODAY + days * DAY)
        assert owe(who, on=TODAY + 6 * DAY) == 0

    def test_a_success_closes_the_due_date_even_before_it_is_booked(self, cardholder):
        who = cardholder()
        sign(who)
        owe(who, 100)
        services.run_debits(on=TODAY)
        assert owe(who, 100, on=TODAY + DAY) == 0
        assert owe(who, 100, on=TODAY + DAY, due_on=TODAY + DAY) == 1

    def test_a_lost_answer_stays_unknown_and_is_not_debited_again(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        owe(who)
        sandbox.fault("channel", "lost_answer", times=1)
        assert services.run_debits(on=TODAY).unknown == 1
        assert owe(who, on=TODAY + DAY) == 0
        services.ask_unknown(patience=datetime.timedelta(0))
        assert Debit.objects.get().state == "SUCCEEDED"
        assert sandbox.balance(who.number) == 100_000 - 44_979

    def test_an_unreachable_channel_leaves_them_waiting(self, cardholder, settings):
        who = cardholder(100_000)
        sign(who)
        owe(who)
        peers = settings.FENQI_PEERS
        settings.FENQI_PEERS = {**peers, "channel": "http://127.0.0.1:1/channel"}
        assert services.run_debits(on=TODAY) == services.DebitRun(waiting=1)
        settings.FENQI_PEERS = peers
        assert services.run_debits(on=TODAY).succeeded == 1

    def test_a_lost_card_is_not_tried_again(self, cardholder):
        who = cardholder(0)
        sign(who)
        owe(who)
        Debit.objects.update(state="FAILED", failure="CARD_LOST")
        assert owe(who, on=TODAY + DAY) == 0

    def pay_by_hand(self, who, **others):
        return services.start_payment(
            borrower_id=who.borrower_id,
            amount_fen=44_979,
            purpose="repayment",
            subject={"kind": "loan", "loan_ids": [str(LOAN)]},
            return_url="/",
            reference="by-hand",
            **others,
        )

    def test_who_pays_by_hand_in_the_meantime_is_not_debited(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        owe(who)
        self.pay_by_hand(who, card_id=who.card_id)
        services.run_debits(on=TODAY)
        assert Debit.objects.get().failure == "PAID_MEANWHILE"
        assert announced("payments.debit.failed") == []
        assert sandbox.balance(who.number) == 100_000 - 44_979

    def test_a_payment_we_know_nothing_of_holds_the_debit_back(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        sandbox.fault("channel", "pending", times=1)
        self.pay_by_hand(who, card_id=who.card_id)
        owe(who)
        services.run_debits(on=TODAY)
        assert Debit.objects.get().failure == "PAID_MEANWHILE"

    def test_an_abandoned_cashier_is_closed_and_the_debit_runs(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        start = self.pay_by_hand(who)
        owe(who)
        assert services.run_debits(on=TODAY).succeeded == 1
        assert sandbox.press(start.redirect_url, account=who.number, do="pay").status_code == 303
        assert sandbox.balance(who.number) == 100_000 - 44_979

    def test_runs_at_once_debit_once(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        for _ in range(20):
            owe(who, 1_000, loan_id=uuid4())

        def run(_):
            try:
                return services.run_debits(on=TODAY).succeeded
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(run, range(8))) == 20
        assert sandbox.balance(who.number) == 80_000
        assert len(announced("payments.debit.succeeded")) == 20

    def test_a_batch_with_a_bad_order_does_not_spoil_the_others(self, cardholder, sandbox):
        who = cardholder(100_000)
        sign(who)
        owe(who, 1_000)
        owe(who, 2_000, loan_id=uuid4())
        Debit.objects.filter(amount_fen=2_000).update(mandate_number="MD-unknown")
        run = services.run_debits(on=TODAY)
        assert (run.succeeded, run.failed) == (1, 1)
        assert sandbox.balance(who.number) == 99_000
