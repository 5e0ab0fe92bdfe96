"""What one proposes another sees in the very same figures and lets happen, once; code and database both keep it so."""

from __future__ import annotations

import dataclasses
import datetime
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from tests.support.at_once import at_once
from tests.support.owner import as_owner
from tests.support.second_pair import CHECKER, MAKER, approval, approve, propose, second_pair

from fenqi.plumbing import audit, business_date, clock, four_eyes
from fenqi.plumbing.errors import Conflict, Refusal
from fenqi.plumbing.models import Proposal, ProposalCarriedOut, ProposalDecision, RuleDatum

TODAY = datetime.date(2026, 11, 22)
LONG_AGO = datetime.date(2000, 1, 1)


class GoneWrong(Refusal):
    """The action will not."""


class NothingToDo(Conflict):
    """It is so already."""


def _limit() -> int:
    return RuleDatum.objects.get(name="test_limit", valid_from=LONG_AGO).value


def _picture(arguments: dict) -> four_eyes.Picture:
    if arguments["to_fen"] == _limit():
        raise NothingToDo("the limit is that already")
    line = four_eyes.Line(label="limit", before=_limit(), after=arguments["to_fen"])
    return four_eyes.Picture(title="another limit", lines=[line])


def set_limit(*, approval_id: UUID | None, to_fen: int) -> None:
    """The guarded service."""
    four_eyes.spend(approval_id=approval_id, kind="test.limit", arguments={"to_fen": to_fen})
    if to_fen == 666:
        raise GoneWrong("not that number")
    RuleDatum.objects.filter(name="test_limit").update(value=to_fen)


LIMIT = four_eyes.Kind(
    code="test.limit",
    label="limit",
    makers=("service",),
    checkers=("finance",),
    picture=_picture,
    carry_out=lambda approval: set_limit(approval_id=approval.id, **approval.arguments),
)
UNGUARDED = dataclasses.replace(LIMIT, code="test.unguarded", carry_out=lambda approval: None)

ZHOU = four_eyes.Member(name="zhou", person="account:zhou", roles=frozenset({"service"}))
QIAN = four_eyes.Member(name="qian", person="account:qian", roles=frozenset({"finance"}))


@pytest.fixture(autouse=True)
def limit(settings, request):
    transactional = request.node.get_closest_marker("django_db").kwargs.get("transaction")
    request.getfixturevalue("transactional_db" if transactional else "db")
    settings.FENQI_FOUR_EYES = (f"{__name__}.LIMIT", f"{__name__}.UNGUARDED")
    business_date.start(TODAY)
    RuleDatum.objects.create(name="test_limit", valid_from=LONG_AGO, value=100)


pytestmark = pytest.mark.django_db


def ask(to_fen: int = 200, maker: four_eyes.Member = ZHOU) -> UUID:
    return four_eyes.propose(
        maker=maker, kind="test.limit", subject="limit", arguments={"to_fen": to_fen}, reason="more people"
    )


def shown(proposal_id: UUID) -> str:
    return four_eyes.present_picture(Proposal.objects.get(id=proposal_id))[1]


def agree(proposal_id: UUID, checker: four_eyes.Member = QIAN, digest: str | None = None) -> None:
    four_eyes.approve(
        checker=checker, proposal_id=proposal_id, shown=digest or shown(proposal_id), reason="right"
    )


class TestTwoPairs:
    def test_nothing_happens_until_another_agrees(self):
        proposal_id = ask()
        assert _limit() == 100
        assert four_eyes.waiting_for(subject="limit") == proposal_id

        agree(proposal_id)

        assert _limit() == 200
        assert four_eyes.waiting_for(subject="limit") is None
        lines = [(one.actor, one.action, one.reason) for one in reversed(audit.trail(subject="limit"))]
        assert lines == [
            ("staff:zhou", "proposal.proposed", "more people"),
            ("staff:qian", "proposal.approved", "right"),
        ]

    def test_nobody_checks_their_own_work(self):
        proposal_id = ask(maker=dataclasses.replace(ZHOU, roles=frozenset({"admin"})))
        with pytest.raises(four_eyes.OwnProposal):
            agree(proposal_id, dataclasses.replace(ZHOU, roles=frozenset({"admin"})))
        with pytest.raises(four_eyes.OwnProposal):
            four_eyes.reject(
                checker=dataclasses.replace(ZHOU, roles=frozenset({"admin"})),
                proposal_id=proposal_id,
                reason="no",
            )
        assert _limit() == 100

    def test_nor_by_a_second_account(self):
        second_account = dataclasses.replace(QIAN, person=ZHOU.person)
        with pytest.raises(four_eyes.OwnProposal):
            agree(ask(), second_account)
        assert _limit() == 100

    def test_only_the_roles_of_the_kind(self):
        with pytest.raises(four_eyes.NotYourRole):
            ask(maker=QIAN)
        with pytest.raises(four_eyes.NotYourRole):
            agree(ask(), dataclasses.replace(QIAN, roles=frozenset({"service", "compliance"})))

    def test_a_no_closes_it(self):
        proposal_id = ask()
        four_eyes.reject(checker=QIAN, proposal_id=proposal_id, reason="too much")
        with pytest.raises(four_eyes.AlreadyDecided):
            agree(proposal_id)
        assert _limit() == 100

    def test_the_maker_alone_takes_it_back(self):
        proposal_id = ask()
        with pytest.raises(four_eyes.NotYourRole):
            four_eyes.withdraw(maker=QIAN, proposal_id=proposal_id)
        four_eyes.withdraw(maker=ZHOU, proposal_id=proposal_id)
        with pytest.raises(four_eyes.AlreadyDecided):
            agree(proposal_id)

    @pytest.mark.parametrize("why", ["", "  ", "\x00"])
    def test_every_word_has_its_reason(self, why):
        proposal_id = ask()
        with pytest.raises(four_eyes.WhyMissing):
            four_eyes.approve(checker=QIAN, proposal_id=proposal_id, shown=shown(proposal_id), reason=why)
        with pytest.raises(four_eyes.WhyMissing):
            four_eyes.reject(checker=QIAN, proposal_id=proposal_id, reason=why)
        with pytest.raises(four_eyes.WhyMissing):
            four_eyes.propose(maker=ZHOU, kind="test.limit", subject="x", arguments={"to_fen": 1}, reason=why)

    def test_the_same_waits_once(self):
        proposal_id = ask()
        with pytest.raises(four_eyes.AlreadyProposed) as caught:
            ask(300)
        assert caught.value.details["proposal_id"] == str(proposal_id)

    def test_it_does_not_wait_forever(self, monkeypatch):
        proposal_id = ask()
        later = clock.now() + datetime.timedelta(hours=72)
        monkeypatch.setattr(clock, "now", lambda: later)
        with pytest.raises(four_eyes.AlreadyDecided):
            agree(proposal_id)
        assert four_eyes.waiting_for(subject="limit") is None
        ask()

    def test_unknown_things(self):
        with pytest.raises(four_eyes.KindUnknown):
            propose("test.unknown", subject="x", arguments={})
        with pytest.raises(four_eyes.ProposalUnknown):
            four_eyes.reject(checker=QIAN, proposal_id=uuid4(), reason="x")


class TestWhatWasShown:
    def test_figures_that_moved_since_are_not_carried_out(self):
        proposal_id = ask()
        RuleDatum.objects.filter(name="test_limit").update(value=150)
        with pytest.raises(four_eyes.Stale) as caught:
            agree(proposal_id)  # the page shows the new figures; the proposal was made on the old
        assert "情况有变" in str(caught.value)
        assert _limit() == 150
        assert ProposalDecision.objects.get(proposal_id=proposal_id).verdict == "stale"
        assert four_eyes.waiting_for(subject="limit") is None

    def test_nor_what_another_page_showed(self):
        proposal_id = ask()
        with pytest.raises(four_eyes.Stale):
            agree(proposal_id, digest="00" * 32)
        assert _limit() == 100

    def test_what_cannot_be_done_any_more_is_closed_in_words(self):
        proposal_id = ask()
        digest = shown(proposal_id)
        RuleDatum.objects.filter(name="test_limit").update(value=200)
        with pytest.raises(four_eyes.Stale) as caught:
            agree(proposal_id, digest=digest)
        assert "the limit is that already" in str(caught.value)

    def test_arguments_changed_behind_our_back_do_not_pass(self):
        proposal_id = ask()
        digest = shown(proposal_id)
        forged = Proposal.objects.get(id=proposal_id)
        forged.arguments = '{"to_fen": 999999}'
        with as_owner():
            forged.save(update_fields=["arguments"])
        with pytest.raises(four_eyes.Stale):
            agree(proposal_id, digest=digest)
        assert _limit() == 100

    def test_a_refusal_of_the_action_undoes_all_and_the_proposal_waits_on(self):
        proposal_id = ask(666)
        with pytest.raises(GoneWrong):
            agree(proposal_id)
        assert _limit() == 100
        assert four_eyes.waiting_for(subject="limit") == proposal_id
        assert not ProposalDecision.objects.exists()

    def test_arguments_are_sealed(self):
        ask()
        with connection.cursor() as cursor:
            cursor.execute("SELECT arguments FROM plumbing_proposal")
            assert b"to_fen" not in bytes(cursor.fetchone()[0])


class TestTheGuardedService:
    def test_without_an_approval_it_refuses(self):
        for none in (None, uuid4(), ask()):
            with pytest.raises(four_eyes.SecondPairMissing):
                set_limit(approval_id=none, to_fen=200)
        assert _limit() == 100

    def test_an_approval_opens_nothing_twice_and_nothing_else(self):
        proposal_id = second_pair("test.limit", subject="limit", arguments={"to_fen": 200})
        for amount in (200, 300):
            with pytest.raises(four_eyes.SecondPairMissing):
                set_limit(approval_id=proposal_id, to_fen=amount)
        assert _limit() == 200

    def test_an_approval_of_other_figures_opens_nothing(self):
        in_hand = approval("test.limit", to_fen=200)
        with pytest.raises(four_eyes.SecondPairMissing):
            set_limit(approval_id=in_hand, to_fen=20_000)
        assert _limit() == 100
        set_limit(approval_id=in_hand, to_fen=200)
        assert _limit() == 200

    def test_an_action_that_does_not_spend_its_approval_is_a_mistake_of_ours(self):
        proposal_id = propose("test.unguarded", subject="x", arguments={"to_fen": 200})
        with pytest.raises(RuntimeError):
            approve(proposal_id)
        assert not ProposalDecision.objects.exists()


class TestTheDatabase:
    def decision(self, proposal_id, **changes):
        row = {
            "proposal_id": proposal_id,
            "verdict": "approved",
            "maker": "zhou",
            "maker_person": "account:zhou",
            "by": "qian",
            "by_person": "account:qian",
            "reason": "x",
            "at": clock.now(),
        }
        with transaction.atomic():
            return ProposalDecision.objects.create(**(row | changes))

    @pytest.mark.parametrize(
        "changes",
        [
            {"by": "zhou"},
            {"by_person": "account:zhou"},
            {"maker": "somebody", "maker_person": "else"},
            {"verdict": "maybe"},
            {"verdict": "withdrawn"},
        ],
    )
    def test_refuses_a_checker_who_is_the_maker_or_says_another_made_it(self, changes):
        proposal_id = ask()
        with pytest.raises(IntegrityError):
            self.decision(proposal_id, **changes)

    def test_takes_one_word_on_each_and_one_carrying_out_of_what_was_approved(self):
        proposal_id = ask()
        with pytest.raises(IntegrityError), transaction.atomic():
            ProposalCarriedOut.objects.create(proposal_id=proposal_id, verdict="approved", at=clock.now())
        self.decision(proposal_id, verdict="rejected")
        with pytest.raises(IntegrityError):
            self.decision(proposal_id)
        with pytest.raises(IntegrityError), transaction.atomic():
            ProposalCarriedOut.objects.create(proposal_id=proposal_id, verdict="approved", at=clock.now())

    @pytest.mark.parametrize("model", [Proposal, ProposalDecision, ProposalCarriedOut])
    def test_lets_nothing_be_changed_or_deleted(self, model):
        second_pair("test.limit", subject="limit", arguments={"to_fen": 200})
        for change in (lambda: model.objects.all().delete(), lambda: model.objects.update(**CHANGE[model])):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                change()


CHANGE = {
    Proposal: {"maker": "qian"},
    ProposalDecision: {"verdict": "approved"},
    ProposalCarriedOut: {"verdict": "approved"},
}


@pytest.mark.django_db(transaction=True)
def test_two_checkers_at_once_carry_it_out_once():
    def increase(approval):
        four_eyes.spend(approval_id=approval.id, kind="test.limit", arguments=approval.arguments)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE plumbing_ruledatum SET value = to_jsonb(value::text::int + 1) WHERE name = 'test_limit'"
            )

    object.__setattr__(LIMIT, "carry_out", increase)
    proposal_id = ask()
    digest = shown(proposal_id)

    def check(number):
        checker = dataclasses.replace(QIAN, name=f"qian{number}", person=f"employee {number}")
        try:
            agree(proposal_id, checker, digest)
        except four_eyes.AlreadyDecided:
            return "too late"
        return "done"

    answers = at_once(*[lambda number=number: check(number) for number in range(12)])

    assert sorted(answers) == ["done"] + ["too late"] * 11
    assert _limit() == 101


def test_makers_and_checkers_of_the_tests_are_two_people():
    assert MAKER.person != CHECKER.person
