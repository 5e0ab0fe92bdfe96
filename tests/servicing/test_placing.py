"""Money in suspense found to be a loan's: placed by two people as any repayment, once, and taken back where that was wrong."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection

from fenqi.domain.posting_rules import Account
from fenqi.payments import services as payments
from fenqi.payments import unplaced
from fenqi.payments.models import UnplacedMove, UnplacedSource
from fenqi.payments.suspense import AlreadyTakenBack, NotReceivedYet, NotSoMuchLeft, UnplacedUnknown
from fenqi.plumbing import business_date, four_eyes, proposals
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.ids import new_id
from fenqi.servicing import handlers, placing, queries, services, tie_out, verification
from fenqi.servicing.errors import ClosedPeriod, FutureDate, LoanNotFound, ServicedByLender
from fenqi.servicing.placing import PLACE_KIND, TAKE_BACK_KIND, Placing
from tests.servicing.books import FREE, OPENED, a_loan, balances, move_to, start
from tests.servicing.collecting import collect_none
from tests.support import second_pair as eyes
from tests.support.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ONE_DAY = datetime.timedelta(days=1)
PART = 30_000


@pytest.fixture(autouse=True)
def open_books(transactional_db, settings):
    settings.DAYEND_STEPS = []
    start()


@pytest.fixture
def loan():
    """(borrower_id, loan_id) of 900 yuan over three months, free of interest."""
    return a_loan(FREE, 90_000)


def a_sum(fen=PART, *, reference="bank:7", on=OPENED):
    return payments.take_in(
        reference=reference,
        amount_fen=fen,
        received_on=on,
        source=UnplacedSource.BANK,
        payer="王小明",
        taken_by="staff:qian",
    ).id


def wanted(money_id, loan, fen=PART, *, on=OPENED):
    return Placing(money_id=money_id, borrower_id=loan[0], loan_id=loan[1], amount_fen=fen, received_on=on)


def propose(money_id, loan, fen=PART, *, on=OPENED):
    return eyes.propose(
        PLACE_KIND, borrower_id=loan[0], arguments=wanted(money_id, loan, fen, on=on).arguments()
    )


def place(money_id, loan, fen=PART, *, on=OPENED):
    eyes.approve(propose(money_id, loan, fen, on=on))


def take_back(money_id, number):
    return eyes.second_pair(TAKE_BACK_KIND, arguments={"money_id": str(money_id), "number": number})


def seen(loan):
    return queries.loan(borrower_id=loan[0], loan_id=loan[1])


def figures(proposal_id):
    return {str(one.label): (one.before, one.after) for one in proposals.file(proposal_id).picture.lines}


def held(on=OPENED):
    """Suspense by the books, which are whole."""
    assert verification.verify(workers=1) == []
    fen = balances(on).get("SUSPENSE", 0)
    assert fen == unplaced.open_fen(on)
    return fen


class TestPlacing:
    def test_it_is_a_repayment_like_any_other_and_cash_came_once(self, loan):
        before = balances(OPENED)
        money_id = a_sum()
        place(money_id, loan)
        assert seen(loan).outstanding_fen == 60_000
        after = balances(OPENED)
        assert after["CHANNEL_CASH"] - before.get("CHANNEL_CASH", 0) == PART
        assert before["LOAN_PRINCIPAL"] - after["LOAN_PRINCIPAL"] == PART
        assert held() == 0
        [move] = unplaced.file(money_id).moves
        assert (move.kind, move.subject) == ("placed", seen(loan).number)

    def test_the_second_pair_sees_the_loan_and_the_sum_before_and_after(self, loan):
        proposal_id = propose(a_sum(100_000), loan, 100_000)
        shown = figures(proposal_id)
        assert shown["待处理金额"] == (100_000, 0)
        assert shown["待还"] == (90_000, 0)
        assert shown["多付"] == (0, 10_000)
        assert shown["状态"] == ("active", "overpaid")
        assert shown["入账日期"] == ("", "2026-01-08")
        assert seen(loan).outstanding_fen == 90_000

    def test_one_sum_for_two_loans(self, loan):
        other = a_loan(FREE, 60_000, borrower_id=loan[0])
        money_id = a_sum(50_000)
        place(money_id, loan)
        assert held() == 20_000
        place(money_id, other, 20_000)
        assert held() == 0
        assert (seen(loan).outstanding_fen, seen(other).outstanding_fen) == (60_000, 40_000)

    def test_it_counts_from_the_day_it_came(self):
        """Ten days of searching cost the borrower nothing: neither penalty nor arrears."""
        loan = a_loan()
        due_on, due_fen = seen(loan).next_due_on, 44_979
        move_to(due_on + 10 * ONE_DAY)
        assert seen(loan).days_past_due == 10
        assert seen(loan).penalty_fen > 0
        place(a_sum(due_fen, on=due_on), loan, due_fen, on=due_on)
        assert seen(loan).days_past_due == 0
        assert seen(loan).penalty_fen == 0
        assert seen(loan).installments[0].outstanding_fen == 0
        assert held(due_on + 10 * ONE_DAY) == 0

    def test_a_settled_loan_keeps_it_as_overpayment(self, loan):
        services.record_repayment(borrower_id=loan[0], loan_id=loan[1], amount_fen=90_000, reference="all")
        place(a_sum(), loan)
        assert (seen(loan).state, seen(loan).overpaid_fen) == ("overpaid", PART)
        assert balances(OPENED)["OVERPAYMENT"] == PART
        assert held() == 0

    def test_after_a_loss_it_is_a_recovery(self, loan):
        eyes.second_pair(
            "servicing.charge_off",
            borrower_id=loan[0],
            arguments={"borrower_id": loan[0], "loan_id": str(loan[1])},
        )
        place(a_sum(), loan)
        assert balances(OPENED)["RECOVERIES"] == PART
        assert held() == 0

    def test_24_approvals_of_one_proposal_place_it_once(self, loan):
        proposal_id = propose(a_sum(), loan)
        answers = at_once(*[lambda: eyes.approve(proposal_id)] * 24)
        assert sum(answer is None for answer in answers) == 1
        assert seen(loan).outstanding_fen == 60_000
        assert held() == 0

    def test_placing_it_twice_finds_nothing_left(self, loan):
        other = a_loan(FREE, 60_000)
        money_id = a_sum()
        first, second = propose(money_id, loan), propose(money_id, other)
        answers = at_once(lambda: eyes.approve(first), lambda: eyes.approve(second))
        assert sum(answer is None for answer in answers) == 1
        assert any(isinstance(one, (four_eyes.Stale, NotSoMuchLeft)) for one in answers)
        assert seen(loan).outstanding_fen + seen(other).outstanding_fen == 150_000 - PART
        assert held() == 0
        with pytest.raises(NotSoMuchLeft):
            propose(money_id, loan, 1)

    def test_nobody_does_it_alone(self, loan):
        one = wanted(a_sum(), loan)
        for none in (None, eyes.approval(PLACE_KIND, **one.arguments() | {"amount_fen": 1})):
            with pytest.raises(SecondPairMissing):
                placing.place(approval_id=none, wanted=one)
        assert held() == PART

    def test_a_loan_that_moved_meanwhile_makes_it_stale(self, loan):
        proposal_id = propose(a_sum(), loan)
        services.record_repayment(borrower_id=loan[0], loan_id=loan[1], amount_fen=100, reference="r")
        with pytest.raises(four_eyes.Stale):
            eyes.approve(proposal_id)
        assert held() == PART

    @pytest.mark.parametrize(
        ("fen", "on", "refusal"),
        [
            (PART + 1, OPENED, NotSoMuchLeft),
            (PART, OPENED - ONE_DAY, NotReceivedYet),
            (PART, OPENED + ONE_DAY, FutureDate),
        ],
    )
    def test_what_cannot_be_placed_is_not_even_proposed(self, loan, fen, on, refusal):
        money_id = a_sum()
        with pytest.raises(refusal):
            propose(money_id, loan, fen, on=on)
        assert held() == PART

    def test_a_closed_period_stays_closed(self):
        money_id = a_sum(on=OPENED - 3 * ONE_DAY)
        with pytest.raises(ClosedPeriod):  # before the loan began
            propose(money_id, a_loan(FREE), on=OPENED - 2 * ONE_DAY)

    def test_an_unknown_loan_and_unknown_money(self, loan):
        money_id = a_sum()
        with pytest.raises(LoanNotFound):
            propose(money_id, (loan[0] + 1, loan[1]))
        with pytest.raises(UnplacedUnknown):
            propose(new_id(), loan)
        assert held() == PART

    def test_a_loan_its_lender_keeps_is_paid_at_the_lender(self):
        borrower_id = a_loan(FREE)[0]
        mirror = services.open_external_loan(
            borrower_id=borrower_id,
            agreement_id=None,
            order_id=None,
            lender_code="outside",
            principal_fen=10_000,
            external_number="X-1",
            pay_url="https://lender.example/pay",
            on=OPENED,
            schedule=[
                services.ExternalInstallment(
                    number=1, starts_on=OPENED, due_on=OPENED + 30 * ONE_DAY, principal_fen=10_000
                )
            ],
            reference="mirror-1",
        )
        money_id = a_sum()
        with pytest.raises(ServicedByLender):
            propose(money_id, (borrower_id, mirror))
        one = wanted(money_id, (borrower_id, mirror))
        approval_id = eyes.approval(PLACE_KIND, **one.arguments())
        with pytest.raises(ServicedByLender):
            placing.place(approval_id=approval_id, wanted=one)
        assert held() == PART

    def test_where_suspense_cannot_be_left_the_loan_has_nothing_either(self, loan):
        """One transaction: the repayment is booked first, and taken back with the rest."""
        one = wanted(a_sum(), loan, PART + 1)
        approval_id = eyes.approval(PLACE_KIND, **one.arguments())
        with pytest.raises(NotSoMuchLeft):
            placing.place(approval_id=approval_id, wanted=one)
        assert seen(loan).outstanding_fen == 90_000
        assert held() == PART


class TestTakingBack:
    def test_the_loan_is_as_before_and_the_sum_waits_again(self, loan):
        before = balances(OPENED)
        money_id = a_sum()
        place(money_id, loan)
        take_back(money_id, 1)
        assert seen(loan).outstanding_fen == 90_000
        assert held() == PART
        other = a_loan(FREE, 60_000)
        place(money_id, other)
        assert seen(other).outstanding_fen == 30_000
        assert held() == 0
        assert [(move.kind, move.is_undone) for move in unplaced.file(money_id).moves] == [
            ("placed", True),
            ("taken_back", False),
            ("placed", False),
        ]
        assert balances(OPENED)["CHANNEL_CASH"] == before.get("CHANNEL_CASH", 0) + PART

    def test_a_second_time_there_is_nothing_to_take_back(self, loan):
        money_id = a_sum()
        place(money_id, loan)
        pair = [
            eyes.propose(TAKE_BACK_KIND, subject=f"s{n}", arguments={"money_id": str(money_id), "number": 1})
            for n in range(2)
        ]
        answers = at_once(*[lambda one=one: eyes.approve(one) for one in pair])
        assert sum(answer is None for answer in answers) == 1
        assert held() == PART
        with pytest.raises(AlreadyTakenBack):
            take_back(money_id, 1)
        with pytest.raises(AlreadyTakenBack):
            take_back(money_id, 2)  # a taking back is not taken back: it is placed anew

    def test_a_return_the_bank_sent_back_waits_again(self):
        money_id = a_sum()
        sent = {"money_id": str(money_id), "amount_fen": PART, "outgoing": "out-1"}
        eyes.second_pair(payments.RETURN_KIND, arguments=sent)
        assert held() == 0
        take_back(money_id, 1)
        assert held() == PART

    def test_after_the_overpayment_went_out_it_is_owed_again(self, loan):
        """The borrower was sent money that was not theirs: the loan says so, and the books stay whole."""
        services.record_repayment(borrower_id=loan[0], loan_id=loan[1], amount_fen=90_000, reference="all")
        money_id = a_sum()
        place(money_id, loan)
        services.record_event(
            borrower_id=loan[0],
            loan_id=loan[1],
            event=_refund(PART),
            reference="sent out",
        )
        take_back(money_id, 1)
        assert seen(loan).outstanding_fen == PART
        assert held() == PART

    def test_nobody_does_it_alone(self, loan):
        money_id = a_sum()
        place(money_id, loan)
        with pytest.raises(SecondPairMissing):
            placing.take_back(approval_id=None, arguments={"money_id": str(money_id), "number": 1})
        assert seen(loan).outstanding_fen == 60_000


def _refund(fen):
    from fenqi.domain.events import Event, EventKind

    return Event(id="new", kind=EventKind.OVERPAYMENT_REFUND, on=OPENED, amount_fen=fen)


class TestMoneyItsLoanDoesNotTake:
    def payload(self, loan, **others):
        return {
            "borrower_id": loan[0],
            "payment_id": str(new_id()),
            "purpose": "repayment",
            "subject": {"kind": "loan", "loan_ids": [str(loan[1])]},
            "amount_fen": PART,
            "on": OPENED.isoformat(),
        } | others

    def test_a_payment_for_a_loan_that_is_not_there_is_kept_once(self, loan):
        gone = self.payload((loan[0], new_id()))
        for _ in range(2):
            handlers.payment_succeeded(gone)
        [waiting] = unplaced.waiting()
        assert (waiting.source, waiting.open_fen, waiting.borrower_id) == ("payment", PART, loan[0])
        assert held() == PART

    def test_so_is_a_debit_whose_outcome_comes_after_its_period_is_closed(self, loan):
        late = self.payload(
            loan,
            debit_id=str(new_id()),
            loan_id=str(loan[1]),
            on=(OPENED - ONE_DAY).isoformat(),
        )
        del late["payment_id"]
        handlers.debit_succeeded(late)
        assert unplaced.waiting_size() == 1
        assert held() == PART

    def test_one_the_loan_takes_is_not(self, loan):
        handlers.payment_succeeded(self.payload(loan))
        assert seen(loan).outstanding_fen == 60_000
        assert unplaced.waiting() == []


class TestTieOut:
    def test_what_waits_stands_beside_suspense_on_every_closed_date(self, loan):
        money_id = a_sum()
        services.run_dayend(collect=collect_none)
        place(money_id, loan)
        services.run_dayend(collect=collect_none)
        first, second = OPENED, OPENED + ONE_DAY
        assert business_date.current() == OPENED + 2 * ONE_DAY
        [tie] = [one for one in tie_out.in_total(first) if one.account == Account.SUSPENSE]
        assert (tie.loans_fen, tie.ledger_fen, tie.difference_fen) == (PART, PART, 0)
        assert not [one for one in tie_out.in_total(second) if one.account == Account.SUSPENSE]
        assert verification.verify(workers=1) == []

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            (
                "UPDATE payments_unplacedmove SET amount_fen = amount_fen - 1 WHERE number = 1",
                "fen placed, the repayment it was booked as is 30000",
            ),
            ("DELETE FROM servicing_eventreference WHERE kind LIKE 'reversal%%'", "whose repayment stands"),
        ],
    )
    def test_a_placing_without_its_repayment_is_named(self, loan, statement, told):
        money_id = a_sum()
        place(money_id, loan)
        take_back(money_id, 1)
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute(statement)
        assert any(told in line for line in verification.verify(workers=1))
        assert UnplacedMove.objects.count() == 2
        connection.close()
