"""Partners hear of their loans at an address of their own: signed, once, again until it is taken, and nobody else's."""

from __future__ import annotations

import json
import time

import pytest

from fenqi.partners import hooks
from fenqi.partners.models import HookNotice
from fenqi.plumbing import clock, signing
from fenqi.plumbing.db import as_owner
from fenqi.plumbing.models import Announcement
from fenqi.servicing import services
from tests.servicing.books import FREE, a_loan, start
from tests.web.finance_cases import settle_outbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def books(transactional_db, settings):
    settings.DAYEND_STEPS = []
    start()


@pytest.fixture
def hook(sandbox):
    """`hook("jiangcheng")` is told of that lender's loans; (id, secret)."""

    def add(code: str, *, kind: str = "lender", events=("loan.opened", "loan.settled")) -> tuple[str, str]:
        return hooks.add(
            kind=kind, code=code, url=f"{sandbox.url}/hooks/{code}", events=list(events), actor="test"
        )

    return add


def pay_off(lender_code: str = "jiangcheng") -> str:
    """A loan of this lender that is paid off and announced; its number."""
    borrower_id, loan_id = a_loan(FREE, 60_000, lender_code=lender_code)
    recorded = services.record_repayment(
        borrower_id=borrower_id, loan_id=loan_id, amount_fen=60_000, reference=f"all of {loan_id}"
    )
    settle_outbox()
    return recorded.loan_number


def heard(sandbox, code: str = "jiangcheng"):
    """What arrived at a partner's: (body as sent, its signature and time)."""
    return [(row["body"].encode(), row["subject"], row["shown_at"]) for row in sandbox.heard(code)]


def make_due() -> None:
    HookNotice.objects.filter(state="waiting").update(next_try_at=clock.wall())


class TestANotice:
    def test_says_what_happened_and_names_nobody(self, hook, sandbox):
        hook("jiangcheng")
        number = pay_off()
        assert hooks.deliver_due() == 1
        [(body, _signature, _at)] = heard(sandbox)
        told = json.loads(body)
        assert told["event"] == "loan.settled"
        assert told["facts"] == {
            "loan_number": number,
            "lender_code": "jiangcheng",
            "product": "installment",
            "settled_on": "2026-01-08",
            "overpaid_fen": 0,
        }

    def test_is_signed_with_the_hooks_own_secret_over_time_and_body(self, hook, sandbox):
        _id, secret = hook("jiangcheng")
        pay_off()
        hooks.deliver_due()
        [(body, signature, at)] = heard(sandbox)
        given = {"signature": signature, "time": at, "at": int(time.time())}
        signing.verify(body, secret=secret, **given)
        for changed in ({"body": body + b" ", "secret": secret}, {"body": body, "secret": "another"}):
            with pytest.raises(signing.BadSignature):
                signing.verify(**changed, **given)

    def test_goes_to_the_lender_whose_loan_it_is(self, hook, sandbox):
        hook("jiangcheng")
        hook("anxin")
        hook("mall", kind="shop")  # no order was paid by it
        pay_off("anxin")
        assert hooks.deliver_due() == 1
        assert (len(heard(sandbox, "anxin")), heard(sandbox), heard(sandbox, "mall")) == (1, [], [])

    def test_of_another_event_is_not_sent(self, hook):
        hook("jiangcheng", events=["loan.opened"])
        pay_off()
        assert not HookNotice.objects.exists()

    def test_is_one_for_an_announcement_that_is_heard_twice(self, hook):
        hook("jiangcheng")
        pay_off()
        done = Announcement.objects.get(topic="servicing.loan.settled")
        assert "fenqi.api.hooks.loan_settled" in done.done
        with as_owner():
            Announcement.objects.filter(id=done.id).update(delivered_at=None, next_try_at=clock.wall())
        settle_outbox()
        assert HookNotice.objects.count() == 1

    def test_is_not_kept_in_words_once_it_was_taken(self, hook):
        hook("jiangcheng")
        pay_off()
        assert HookNotice.objects.get().body
        hooks.deliver_due()
        kept = HookNotice.objects.get()
        assert (kept.state, kept.body, kept.answer) == ("sent", "", "200")


class TestAnAddressThatFails:
    def test_hears_it_later_under_the_same_id(self, hook, sandbox):
        hook("jiangcheng")
        pay_off()
        sandbox.fault("hooks", "lost_answer", times=1)
        assert hooks.deliver_due() == 0
        assert hooks.deliver_due() == 0  # not at once
        make_due()
        assert hooks.deliver_due() == 1
        assert len(heard(sandbox)) == 1  # it came twice, and is known by its id

    def test_is_left_alone_for_this_time_and_keeps_no_other_waiting(self, hook, sandbox):
        hook("jiangcheng")
        hook("anxin")
        for lender in ("jiangcheng", "jiangcheng", "jiangcheng", "anxin"):
            pay_off(lender)
        sandbox.fault("hooks", "outage", times=1)
        assert hooks.deliver_due(at_once=1) == 1
        assert len(heard(sandbox, "anxin")) == 1
        assert sorted(HookNotice.objects.values_list("state", "tries")) == [
            ("sent", 0),
            ("waiting", 0),
            ("waiting", 0),
            ("waiting", 1),
        ]

    def test_is_given_up_when_all_tries_are_over(self, hook, sandbox):
        hook("jiangcheng")
        pay_off()
        HookNotice.objects.update(tries=len(hooks.PAUSES_SECONDS))
        sandbox.fault("hooks", "decline", times=1)
        hooks.deliver_due()
        kept = HookNotice.objects.get()
        assert (kept.state, kept.answer, kept.body) == ("given_up", "422", "")

    def test_that_is_no_address_at_all_is_one_that_fails(self, settings, sandbox):
        hooks.add(
            kind="lender", code="jiangcheng", url="http://127.0.0.1:9/", events=["loan.settled"], actor="test"
        )
        pay_off()
        hooks.deliver_due()
        assert HookNotice.objects.get().answer == "ConnectError"


class TestAHook:
    def test_that_has_ended_is_told_nothing_more(self, hook, sandbox):
        hook_id, _secret = hook("jiangcheng")
        pay_off()
        hooks.end(hook_id=hook_id, actor="test", reason="moved")
        assert HookNotice.objects.get().state == "given_up"
        pay_off()
        assert hooks.deliver_due() == 0
        assert (HookNotice.objects.count(), heard(sandbox)) == (1, [])
        with pytest.raises(hooks.NoSuchHook):
            hooks.end(hook_id=hook_id, actor="test", reason="again")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "bank"},
            {"code": ""},
            {"events": []},
            {"events": ["loan.opened", "everything"]},
            {"url": "ftp://x.example/"},
            {"url": "https://me:secret@x.example/"},
            {"url": "https:///nowhere"},
            {"url": "https://x.example/\n"},
        ],
    )
    def test_for_nobody_or_nowhere_is_refused(self, wrong):
        given = {"kind": "lender", "code": "anxin", "url": "https://x.example/", "events": ["loan.settled"]}
        with pytest.raises(hooks.PartnerMisstated):
            hooks.add(**(given | wrong), actor="test")

    def test_needs_tls_where_it_is_no_demo(self, settings):
        settings.DEMO = False
        with pytest.raises(hooks.PartnerMisstated):
            hooks.add(
                kind="lender", code="anxin", url="http://x.example/", events=["loan.settled"], actor="test"
            )
