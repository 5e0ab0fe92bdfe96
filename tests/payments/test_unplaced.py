"""Money that belongs to nothing we know is taken in once, waits in suspense, and goes back only by two people."""

from __future__ import annotations

import datetime
import json

import pytest

from fenqi.ledger import seed
from fenqi.payments import checks, queries, services, suspense, unplaced
from fenqi.payments.models import ChannelSerial, UnplacedMoney, UnplacedMove, UnplacedReturn, UnplacedSource
from fenqi.payments.refusals import AmountNotPositive, PaymentUnknown
from fenqi.payments.services import RETURN_KIND
from fenqi.payments.services.giving_back import NoWayBack, OutgoingReused
from fenqi.payments.suspense import NotReceivedYet, NotSoMuchLeft, ReferenceMissing, UnplacedUnknown
from fenqi.plumbing import business_date, four_eyes
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.idempotency import ReferenceReused
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import AuditRecord, Reference
from tests.payments.test_paying import ask_at_once, pay
from tests.servicing.books import balances
from tests.support import second_pair as eyes
from tests.support.at_once import at_once
from tests.support.sandbox import TODAY

pytestmark = pytest.mark.django_db(transaction=True)

CASH_AND_SUSPENSE = {"CHANNEL_CASH": 50_000, "SUSPENSE": 50_000}


@pytest.fixture(autouse=True)
def open_books(transactional_db):
    seed.load()
    business_date.start(TODAY)


@pytest.fixture
def notice(sandbox):
    """notice(reference, ...) is what the channel tells us, signed; gives whether it was new."""

    def tell(reference, *, state="SUCCEEDED", fen=50_000, serial="CH-77", notice_id=None):
        body = json.dumps(
            {
                "notice_id": notice_id or f"N-{new_id()}",
                "reference": reference,
                "state": state,
                "serial": serial,
                "amount_fen": fen,
                "failure": "DECLINED" if state == "FAILED" else "",
            }
        ).encode()
        return services.take_notice(body=body, headers=sandbox.sign(body))

    return tell


def a_bank_line(reference="bank:2026-7", fen=50_000, **others):
    return services.take_in(
        **{
            "reference": reference,
            "amount_fen": fen,
            "received_on": TODAY,
            "source": UnplacedSource.BANK,
            "payer": "王小明",
            "note": "还款 4月",
            "taken_by": "staff:qian",
        }
        | others
    )


def give_back(money_id, fen, outgoing=""):
    return {"money_id": str(money_id), "amount_fen": fen, "outgoing": outgoing}


def whole():
    """Suspense is what waits, and the books say so too."""
    assert list(checks.differences()) == []
    held = balances(TODAY).get("SUSPENSE", 0)
    assert held == sum(UnplacedMoney.objects.values_list("open_fen", flat=True)) == unplaced.open_fen(TODAY)
    return held


class TestTakingIn:
    def test_it_waits_in_suspense_and_its_payer_is_sealed(self):
        taken = a_bank_line()
        assert taken.is_new
        assert balances(TODAY) == CASH_AND_SUSPENSE
        [waiting] = unplaced.waiting()
        assert (waiting.id, waiting.open_fen, waiting.age_days) == (taken.id, 50_000, 0)
        assert waiting.payer_masked == "王**"
        assert whole() == 50_000

    def test_the_same_reference_is_the_same_money(self):
        first = a_bank_line()
        again = a_bank_line(payer="", note="typed by a colleague")
        assert (again.id, again.is_new) == (first.id, False)
        assert balances(TODAY) == CASH_AND_SUSPENSE

    @pytest.mark.parametrize("other", [{"fen": 50_001}, {"source": UnplacedSource.CHANNEL}])
    def test_with_another_amount_or_from_elsewhere_it_is_refused(self, other):
        a_bank_line()
        with pytest.raises(ReferenceReused):
            a_bank_line(**other)
        assert balances(TODAY) == CASH_AND_SUSPENSE

    def test_24_at_once_take_it_in_once_and_get_the_same_answer(self):
        answers = at_once(*[a_bank_line] * 24)
        assert sum(answer.is_new for answer in answers) == 1
        assert len({answer.id for answer in answers}) == 1
        assert balances(TODAY) == CASH_AND_SUSPENSE
        assert whole() == 50_000

    def test_24_different_are_all_there(self):
        at_once(*[lambda n=n: a_bank_line(f"bank:{n}", 100 + n) for n in range(24)])
        assert whole() == sum(100 + n for n in range(24))
        assert unplaced.waiting_size() == 24

    @pytest.mark.parametrize(
        ("wrong", "refusal"),
        [
            ({"fen": 0}, AmountNotPositive),
            ({"fen": -5}, AmountNotPositive),
            ({"fen": 10**12 + 1}, AmountNotPositive),
            ({"reference": " "}, ReferenceMissing),
            ({"received_on": TODAY + datetime.timedelta(days=1)}, NotReceivedYet),
        ],
    )
    def test_bad_input_writes_nothing(self, wrong, refusal):
        with pytest.raises(refusal):
            a_bank_line(**wrong)
        assert not UnplacedMoney.objects.exists()
        assert not Reference.objects.filter(scope=suspense.SCOPE).exists()
        assert balances(TODAY) == {}

    def test_what_the_ledger_refuses_is_not_kept(self):
        from fenqi.ledger import services as ledger

        ledger.close_day(TODAY)  # and the business date did not move: nothing may be posted
        with pytest.raises(ledger.ClosedDay):
            a_bank_line()
        assert not UnplacedMoney.objects.exists()

    def test_a_look_at_the_payer_is_kept_with_its_reason(self):
        taken = a_bank_line()
        assert services.reveal_payer(staff="staff:qian", money_id=taken.id, reason="核对户名") == (
            "王小明",
            "还款 4月",
        )
        assert AuditRecord.objects.get(action="payments.payer_revealed").reason == "核对户名"


class TestForgetting:
    def test_a_payer_is_forgotten_when_nobody_may_claim_the_money_back(self):
        done, waiting = a_bank_line().id, a_bank_line("bank:8").id
        eyes.second_pair(RETURN_KIND, arguments=give_back(done, 50_000, "out-1"))
        years = datetime.timedelta(days=3 * 365 + 1)
        assert services.forget_payers(TODAY + years) == 0
        assert services.forget_payers(TODAY + years + datetime.timedelta(days=1)) == 1
        assert services.forget_payers(TODAY + years + datetime.timedelta(days=1)) == 0
        assert services.reveal_payer(staff="staff:qian", money_id=done, reason="x") == ("", "")
        assert services.reveal_payer(staff="staff:qian", money_id=waiting, reason="x")[0] == "王小明"
        assert not unplaced.file(done).has_words
        assert whole() == 50_000


class TestWhatTheChannelTells:
    def test_money_for_a_reference_nobody_knows_is_kept_once(self, notice):
        assert notice("QR-881", notice_id="N-1")
        assert not notice("QR-881", notice_id="N-1")
        assert notice("QR-881")  # told again under a number of its own: the same serial is the same money
        assert balances(TODAY) == CASH_AND_SUSPENSE
        [waiting] = unplaced.waiting()
        assert (waiting.source, waiting.channel_reference, waiting.borrower_id) == ("channel", "QR-881", None)
        assert whole() == 50_000

    @pytest.mark.parametrize(
        "told",
        [
            {"state": "FAILED"},
            {"state": "PENDING"},
            {"fen": 0},
            {"serial": ""},
            {"reference": f"R-1-{new_id()}"},
            {"reference": f"O-1-{new_id()}"},
            {"reference": f"U-0-{new_id()}"},
        ],
    )
    def test_what_is_no_money_for_us_stays_unknown(self, notice, told):
        with pytest.raises(PaymentUnknown):
            notice(**{"reference": "QR-881"} | told)
        assert not UnplacedMoney.objects.exists()

    def test_24_notices_of_one_serial_keep_it_once(self, notice):
        answers = at_once(*[lambda: notice("QR-881")] * 24)
        assert answers == [True] * 24
        assert balances(TODAY) == CASH_AND_SUSPENSE
        assert ChannelSerial.objects.count() == 1

    def test_money_that_comes_after_its_payment_failed_is_kept_with_whose_it_was(
        self, notice, cardholder, sandbox
    ):
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        start = pay(who)
        reference = f"P-{who.borrower_id}-{start.payment_id}"
        notice(reference, state="FAILED", fen=30_000, serial="")
        sandbox.settle()
        body = sandbox.notices()[0]["body"].encode()
        assert services.take_notice(body=body, headers=sandbox.sign(body))
        assert queries.payment(borrower_id=who.borrower_id, payment_id=start.payment_id).state == "FAILED"
        [waiting] = unplaced.waiting()
        assert (waiting.open_fen, waiting.borrower_id) == (30_000, who.borrower_id)
        assert AuditRecord.objects.filter(action="payments.outcome.contradicted").exists()
        assert whole() == 30_000

    def test_a_serial_that_has_booked_a_payment_brings_no_more_money(self, notice, cardholder):
        who = cardholder(100_000)
        pay(who)
        serial = ChannelSerial.objects.get().serial
        with pytest.raises(PaymentUnknown):
            notice("QR-881", fen=30_000, serial=serial)
        assert not UnplacedMoney.objects.exists()


class TestGivingBack:
    def test_by_a_transfer_that_has_left_the_bank(self):
        taken = a_bank_line()
        eyes.second_pair(RETURN_KIND, arguments=give_back(taken.id, 20_000, "out-1"))
        assert balances(TODAY) == {"CHANNEL_CASH": 30_000, "SUSPENSE": 30_000}
        eyes.second_pair(RETURN_KIND, arguments=give_back(taken.id, 30_000, "out-2"))
        assert balances(TODAY) == {}
        assert unplaced.waiting() == []
        assert [move.subject for move in unplaced.file(taken.id).moves] == ["out-1", "out-2"]
        assert whole() == 0

    def test_nobody_does_it_alone(self):
        taken = a_bank_line()
        wanted = give_back(taken.id, 50_000, "out-1")
        other = eyes.approval(RETURN_KIND, **wanted | {"amount_fen": 1})
        for none in (None, other):
            with pytest.raises(SecondPairMissing):
                services.return_unplaced(approval_id=none, arguments=wanted)
        assert whole() == 50_000

    @pytest.mark.parametrize(
        ("wanted", "refusal"),
        [
            ({"fen": 50_001, "outgoing": "out-1"}, NotSoMuchLeft),
            ({"fen": 0, "outgoing": "out-1"}, AmountNotPositive),
            ({"fen": 50_000, "outgoing": ""}, NoWayBack),
            ({"fen": 1, "outgoing": "used"}, OutgoingReused),
        ],
    )
    def test_what_cannot_go_back_is_not_even_proposed(self, wanted, refusal):
        eyes.second_pair(RETURN_KIND, arguments=give_back(a_bank_line("bank:other").id, 1, "used"))
        with pytest.raises(refusal):
            eyes.propose(RETURN_KIND, arguments=give_back(a_bank_line().id, **wanted))

    def test_two_proposals_over_the_same_money_give_it_back_once(self):
        taken = a_bank_line()
        first = eyes.propose(RETURN_KIND, arguments=give_back(taken.id, 50_000, "out-1"))
        second = eyes.propose(RETURN_KIND, arguments=give_back(taken.id, 50_000, "out-2"))
        answers = at_once(lambda: eyes.approve(first), lambda: eyes.approve(second))
        assert sum(answer is None for answer in answers) == 1
        assert whole() == 0
        assert UnplacedMove.objects.count() == 1
        assert any(isinstance(answer, (four_eyes.Stale, NotSoMuchLeft)) for answer in answers)

    def test_what_is_not_there(self):
        with pytest.raises(UnplacedUnknown):
            eyes.propose(RETURN_KIND, arguments=give_back(new_id(), 1, "out-1"))

    @pytest.fixture
    def late(self, notice, cardholder, sandbox):
        """(who, money) of a payment that came after it had failed: it can go back by the channel."""
        who = cardholder(100_000)
        sandbox.fault("channel", "pending", times=1)
        start = pay(who)
        notice(f"P-{who.borrower_id}-{start.payment_id}", state="FAILED", fen=30_000, serial="")
        sandbox.settle()
        body = sandbox.notices()[0]["body"].encode()
        services.take_notice(body=body, headers=sandbox.sign(body))
        return who, unplaced.waiting()[0].id

    def test_by_the_channel_to_the_card_it_came_from(self, late, sandbox):
        who, money_id = late
        assert sandbox.balance(who.number) == 70_000
        eyes.second_pair(RETURN_KIND, arguments=give_back(money_id, 30_000))
        assert sandbox.balance(who.number) == 100_000
        assert UnplacedReturn.objects.get().state == "SUCCEEDED"
        assert balances(TODAY) == {}
        assert whole() == 0

    def test_a_channel_that_refuses_leaves_it_waiting(self, late, sandbox):
        _who, money_id = late
        sandbox.fault("channel", "decline", times=1)
        eyes.second_pair(RETURN_KIND, arguments=give_back(money_id, 30_000))
        assert UnplacedReturn.objects.get().state == "FAILED"
        assert unplaced.file(money_id).open_fen == 30_000
        assert [move.kind for move in unplaced.file(money_id).moves] == ["returned", "taken_back"]
        assert whole() == 30_000

    def test_an_unreachable_channel_is_tried_again(self, late, sandbox, settings):
        who, money_id = late
        peers = settings.FENQI_PEERS
        settings.FENQI_PEERS = {**peers, "channel": "http://127.0.0.1:1/channel"}
        eyes.second_pair(RETURN_KIND, arguments=give_back(money_id, 30_000))
        assert UnplacedReturn.objects.get().state == "INTENDED"
        settings.FENQI_PEERS = peers
        services.send_intended(patience=datetime.timedelta(0))
        assert UnplacedReturn.objects.get().state == "SUCCEEDED"
        assert sandbox.balance(who.number) == 100_000

    def test_a_lost_answer_is_asked_for_and_goes_back_once(self, late, sandbox):
        who, money_id = late
        sandbox.fault("channel", "lost_answer", times=1)
        eyes.second_pair(RETURN_KIND, arguments=give_back(money_id, 30_000))
        assert UnplacedReturn.objects.get().state == "UNKNOWN"
        assert whole() == 0
        ask_at_once()
        services.send_intended(patience=datetime.timedelta(0))
        assert UnplacedReturn.objects.get().state == "SUCCEEDED"
        assert sandbox.balance(who.number) == 100_000


class TestByHand:
    """`fenqi verify` names a fen that somebody changed."""

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            (
                "UPDATE payments_unplacedmoney SET open_fen = open_fen - 1",
                "open_fen is 29999, its moves leave 30000",
            ),
            ("UPDATE payments_unplacedmoney SET open_fen = open_fen - 1", "waits is 29999"),
            (
                "UPDATE payments_unplacedmoney SET amount_fen = amount_fen + 1",
                "amount_fen is 50001, the ledger took in 50000",
            ),
            (
                "UPDATE payments_unplacedmove SET amount_fen = amount_fen + 1",
                "amount_fen is 20001, the ledger moved 20000",
            ),
            ("DELETE FROM payments_unplacedmove", "its moves leave 50000"),
            ("DELETE FROM payments_unplacedmoney", "waits is 0"),
            (
                "INSERT INTO ledger_transfer (borrower_id, entry_id, leg, amount_fen, debit_account, credit_account, book_id,"
                " business_date, source) VALUES (0, gen_random_uuid(), 1, 1, 100201, 224101, 0, '2026-11-22', 'x')",
                "holds 30001 fen in suspense",
            ),
        ],
    )
    def test_is_named(self, statement, told):
        from django.db import connection

        eyes.second_pair(RETURN_KIND, arguments=give_back(a_bank_line().id, 20_000, "out-1"))
        whole()
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute(statement)
        assert any(told in line for line in checks.differences()), list(checks.differences())
        connection.close()
