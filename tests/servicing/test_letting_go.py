"""What a lender gives up: shown in figures first, done by two people, booked once, and balanced."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest

from fenqi.domain.events import Event, EventKind
from fenqi.plumbing import four_eyes, proposals
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.servicing import queries, services
from fenqi.servicing.errors import EventRefused, NothingToLetGo
from fenqi.servicing.letting_go import KINDS, LettingGo, kind_code
from tests.servicing.books import OPENED, a_loan, balances, move_to, start
from tests.support import second_pair as eyes

pytestmark = pytest.mark.django_db

LATE = OPENED + datetime.timedelta(days=75)


@pytest.fixture
def late():
    """(borrower_id, loan_id) of a loan two bills late, with penalty."""
    start()
    place = a_loan()
    move_to(LATE)
    return place


def seen(place):
    return queries.loan(borrower_id=place[0], loan_id=place[1])


def wanted(place, kind, **facts):
    return LettingGo(kind=kind, borrower_id=place[0], loan_id=place[1], **facts)


def propose(place, kind, **facts) -> UUID:
    return eyes.propose(
        kind_code(kind),
        subject=f"loan:{place[1]}",
        borrower_id=place[0],
        arguments=wanted(place, kind, **facts).arguments(),
    )


def figures(proposal_id):
    return {str(one.label): (one.before, one.after) for one in proposals.file(proposal_id).picture.lines}


def test_penalty_is_forgiven_as_the_checker_saw_it(late):
    before = seen(late)
    assert before.penalty_fen > 100
    proposal_id = propose(late, EventKind.WAIVER, component="penalty", amount_fen=100)

    shown = figures(proposal_id)
    assert shown["罚息"] == (before.penalty_fen, before.penalty_fen - 100)
    assert shown["待还"] == (before.outstanding_fen, before.outstanding_fen - 100)
    assert seen(late).penalty_fen == before.penalty_fen

    eyes.approve(proposal_id)
    after = seen(late)
    assert (after.penalty_fen, after.outstanding_fen) == (
        before.penalty_fen - 100,
        before.outstanding_fen - 100,
    )
    assert balances(LATE)  # raises where debit and credit differ


def test_a_charge_off_and_then_a_write_off(late):
    eyes.approve(propose(late, EventKind.CHARGE_OFF))
    assert seen(late).state == "charged_off"
    write_off = propose(late, EventKind.WRITE_OFF)
    assert figures(write_off)["状态"] == ("charged_off", "written_off")
    eyes.approve(write_off)
    assert seen(late).state == "written_off"
    assert balances(LATE)


def test_a_courtesy(late):
    before = seen(late).outstanding_fen
    eyes.approve(propose(late, EventKind.GOODWILL_CREDIT, amount_fen=500))
    assert seen(late).outstanding_fen == before - 500
    assert balances(LATE)


def test_money_that_came_in_between_makes_it_stale(late):
    proposal_id = propose(late, EventKind.WRITE_OFF)
    services.record_repayment(borrower_id=late[0], loan_id=late[1], amount_fen=10_000, reference="r")
    owed = seen(late).outstanding_fen
    assert "数字有变化" in str(proposals.file(proposal_id).problem)
    with pytest.raises(four_eyes.Stale):
        eyes.approve(proposal_id)
    assert seen(late).outstanding_fen == owed


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_does_it_alone(late, kind):
    owed = seen(late)
    facts = {} if kind in (EventKind.CHARGE_OFF, EventKind.WRITE_OFF) else {"amount_fen": 100}
    if kind is EventKind.WAIVER:
        facts["component"] = "penalty"
    one = wanted(late, kind, **facts)
    for none in (None, eyes.approval("servicing.other", **one.arguments())):
        with pytest.raises(SecondPairMissing):
            services.let_go(approval_id=none, wanted=one)
    with pytest.raises(SecondPairMissing):
        services.record_event(
            borrower_id=late[0],
            loan_id=late[1],
            reference="alone",
            event=Event(id="new", kind=kind, on=LATE, amount_fen=facts.get("amount_fen", 0), **_part(kind)),
        )
    assert seen(late).outstanding_fen == owed.outstanding_fen


def _part(kind):
    from fenqi.domain.rules import Component

    return {"component": Component.PENALTY} if kind is EventKind.WAIVER else {}


def test_an_approval_for_one_amount_is_none_for_another(late):
    small = wanted(late, EventKind.WAIVER, component="penalty", amount_fen=1)
    large = wanted(late, EventKind.WAIVER, component="penalty", amount_fen=200)
    approval_id = eyes.approval("servicing.waiver", **small.arguments())
    with pytest.raises(SecondPairMissing):
        services.let_go(approval_id=approval_id, wanted=large)
    services.let_go(approval_id=approval_id, wanted=small)
    with pytest.raises(SecondPairMissing):
        services.let_go(approval_id=approval_id, wanted=small)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"component": "penalty", "amount_fen": 10_000_000}, NothingToLetGo),
        ({"component": "principal", "amount_fen": 100}, NothingToLetGo),
        ({"component": "", "amount_fen": 100}, NothingToLetGo),
        ({"component": "penalty", "amount_fen": 0}, Refusal),
        ({"component": "penalty", "amount_fen": -5}, Refusal),
    ],
)
def test_what_cannot_be_given_up_is_not_even_proposed(late, facts, refusal):
    with pytest.raises(refusal):
        propose(late, EventKind.WAIVER, **facts)


def test_a_settled_loan_has_nothing_to_write_off(late):
    services.record_repayment(
        borrower_id=late[0], loan_id=late[1], amount_fen=seen(late).outstanding_fen, reference="all"
    )
    with pytest.raises((NothingToLetGo, EventRefused)):
        propose(late, EventKind.WRITE_OFF)
