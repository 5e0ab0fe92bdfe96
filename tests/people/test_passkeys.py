"""A passkey opens one account, answers a question once, for one browser, one site and one purpose."""

import datetime

import pytest
from django.db import IntegrityError

from fenqi.people import queries, seed, services
from fenqi.people.models import Passkey, PasskeyChallenge, PasskeyIndex, StaffMember
from fenqi.people.services import Holder
from fenqi.people.services.challenges import forget_challenges
from fenqi.people.services.factors import LastFactor
from fenqi.people.services.passkeys import (
    PasskeyKnown,
    PasskeyLimit,
    PasskeyOff,
    PasskeyRefused,
    PasskeyUnknown,
)
from fenqi.plumbing import audit
from fenqi.plumbing.models import RuleDatum
from tests.people.fakes import Texts
from tests.support.at_once import at_once
from tests.support.authenticator import PRESENT, Device

HERE, ELSEWHERE = "the browser", "another browser"


@pytest.fixture
def mine(shopper):
    """A shopper as a holder, and their device with a passkey."""
    holder = Holder(borrower_id=shopper())
    return holder, added(holder)


def added(holder, device=None, name="我的手机"):
    device = device or Device()
    question = services.question_to_add(holder=holder, browser=HERE)
    services.add_passkey(holder=holder, browser=HERE, answer=device.make(question), name=name)
    return device


def sign_in(device, *, kind="shopper", browser=HERE, **false):
    question = services.question_to_sign_in(kind=kind, browser=HERE)
    return services.sign_in_by_passkey(kind=kind, browser=browser, answer=device.sign(question, **false))


class TestAdding:
    def test_is_kept_and_told(self, mine):
        holder, device = mine
        [kept] = queries.passkeys(holder.borrower_id)
        assert (kept.name, kept.is_synced, kept.used_at) == ("我的手机", False, None)
        assert bytes(Passkey.objects.get().credential_id) == device.credential_id
        told = Texts.last("13800001234", "people.passkey_added")
        assert told["name"] == "我的手机"
        assert [one.action for one in audit.trail(limit=1)] == ["people.passkey.added"]

    def test_the_question_asks_for_a_verified_discoverable_key_and_names_nobody(self, mine):
        holder, _device = mine
        question = services.question_to_add(holder=holder, browser=HERE)
        assert question["authenticatorSelection"]["userVerification"] == "required"
        assert question["authenticatorSelection"]["residentKey"] == "required"
        assert question["user"]["name"] == "138****1234"
        assert "13800001234" not in str(question)
        assert len(question["excludeCredentials"]) == 1
        assert services.question_to_sign_in(kind="shopper", browser=HERE)["allowCredentials"] == []

    @pytest.mark.parametrize(
        "false",
        [
            {"origin": "http://localhost:8000.evil.example"},
            {"origin": "https://localhost:8000"},
            {"rp_id": "evil.example"},
            {"kind": "webauthn.get"},
            {"flags": PRESENT},
            {"flags": 0},
            {"cross_origin": True},
            {"challenge": "AAAA"},
        ],
    )
    def test_what_is_false_in_one_point_is_refused(self, shopper, false):
        holder = Holder(borrower_id=shopper())
        question = services.question_to_add(holder=holder, browser=HERE)
        with pytest.raises(PasskeyRefused):
            services.add_passkey(
                holder=holder, browser=HERE, answer=Device().make(question, **false), name=""
            )
        assert not Passkey.objects.exists()

    @pytest.mark.parametrize(
        "answer", ["", "null", "[]", "{}", '{"response": 3}', "x" * 30_000, '{"response": {}}']
    )
    def test_nonsense_is_refused(self, shopper, answer):
        holder = Holder(borrower_id=shopper())
        services.question_to_add(holder=holder, browser=HERE)
        with pytest.raises(PasskeyRefused):
            services.add_passkey(holder=holder, browser=HERE, answer=answer, name="")

    def test_one_credential_has_one_owner_whoever_asks(self, mine, shopper):
        _holder, device = mine
        other = Holder(borrower_id=shopper("13800005555"))
        with pytest.raises(PasskeyKnown):
            added(other, device)
        seed.load_demo_staff()
        with pytest.raises(PasskeyKnown):
            added(Holder(staff="lin"), device)
        assert PasskeyIndex.objects.count() == 1

    def test_the_database_knows_one_owner_too(self, mine):
        with pytest.raises(IntegrityError):
            PasskeyIndex.objects.update(member_id=7)

    def test_there_is_a_limit(self, mine):
        RuleDatum.objects.create(
            name="passkey_rules",
            valid_from=datetime.date(2026, 1, 1),
            value={"at_most": 2, "challenge_seconds": 120},
        )
        holder, _device = mine
        question = services.question_to_add(holder=holder, browser=HERE)
        added(holder, Device())
        with pytest.raises(PasskeyLimit):
            services.question_to_add(holder=holder, browser=HERE)
        with pytest.raises((PasskeyLimit, PasskeyRefused)):
            services.add_passkey(holder=holder, browser=HERE, answer=Device().make(question), name="")
        assert len(queries.passkeys(holder.borrower_id)) == 2

    def test_an_address_without_a_domain_has_none(self, shopper, settings):
        settings.PASSKEY_DOMAIN = ""
        with pytest.raises(PasskeyOff):
            services.question_to_sign_in(kind="shopper", browser=HERE)
        with pytest.raises(PasskeyOff):
            services.question_to_add(holder=Holder(borrower_id=shopper()), browser=HERE)


class TestSigningIn:
    def test_opens_the_account_it_belongs_to(self, mine):
        holder, device = mine
        assert sign_in(device) == holder
        assert sign_in(device) == holder
        assert queries.passkeys(holder.borrower_id)[0].used_at is not None

    def test_a_synchronised_key_never_counts(self, shopper):
        holder = Holder(borrower_id=shopper())
        device = added(holder, Device(counts=False))
        assert [sign_in(device), sign_in(device)] == [holder, holder]
        assert queries.passkeys(holder.borrower_id)[0].is_synced

    @pytest.mark.parametrize(
        "false",
        [
            {"origin": "https://evil.example"},
            {"rp_id": "evil.example"},
            {"kind": "webauthn.create"},
            {"flags": PRESENT},
            {"cross_origin": True},
            {"handle": b"somebody else"},
        ],
    )
    def test_what_is_false_in_one_point_opens_nothing(self, mine, false):
        with pytest.raises(PasskeyRefused):
            sign_in(mine[1], **false)

    def test_a_question_is_answered_once(self, mine):
        _holder, device = mine
        question = services.question_to_sign_in(kind="shopper", browser=HERE)
        answer = device.sign(question)
        services.sign_in_by_passkey(kind="shopper", browser=HERE, answer=answer)
        with pytest.raises(PasskeyRefused):
            services.sign_in_by_passkey(kind="shopper", browser=HERE, answer=answer)
        with pytest.raises(PasskeyRefused):
            services.sign_in_by_passkey(kind="shopper", browser=HERE, answer=device.sign(question))

    def test_a_refused_answer_spends_the_question_too(self, mine):
        _holder, device = mine
        question = services.question_to_sign_in(kind="shopper", browser=HERE)
        for false in ({"origin": "https://evil.example"}, {}):
            with pytest.raises(PasskeyRefused):
                services.sign_in_by_passkey(
                    kind="shopper", browser=HERE, answer=device.sign(question, **false)
                )

    def test_a_question_is_for_one_browser(self, mine):
        with pytest.raises(PasskeyRefused):
            sign_in(mine[1], browser=ELSEWHERE)

    def test_a_question_waits_two_minutes(self, mine):
        question = services.question_to_sign_in(kind="shopper", browser=HERE)
        kept = PasskeyChallenge.objects.get()
        PasskeyChallenge.objects.update(expires_at=kept.expires_at - datetime.timedelta(seconds=121))
        with pytest.raises(PasskeyRefused):
            services.sign_in_by_passkey(kind="shopper", browser=HERE, answer=mine[1].sign(question))
        services.question_to_sign_in(kind="shopper", browser=ELSEWHERE)
        PasskeyChallenge.objects.update(expires_at=kept.expires_at - datetime.timedelta(days=1))
        assert forget_challenges() == 1

    def test_a_question_is_for_one_purpose(self, mine):
        holder, device = mine
        question = services.question_to_confirm(holder=holder, browser=HERE)
        with pytest.raises(PasskeyRefused):
            services.sign_in_by_passkey(kind="shopper", browser=HERE, answer=device.sign(question))

    def test_an_unknown_device_and_a_strangers_signature_open_nothing(self, mine):
        _holder, device = mine
        with pytest.raises(PasskeyRefused):
            sign_in(Device())
        forged = Device(credential_id=device.credential_id, handle=device.handle, counter=9)
        with pytest.raises(PasskeyRefused):
            sign_in(forged)

    def test_a_counter_that_goes_back_is_a_copy_and_is_told(self, mine):
        holder, device = mine
        sign_in(device)
        sign_in(device)
        device.counter = 0
        with pytest.raises(PasskeyRefused):
            sign_in(device)
        assert audit.trail(limit=1)[0].action == "people.passkey.copied"
        assert Texts.last("13800001234", "people.passkey_copied")
        device.counter = 2
        assert sign_in(device) == holder

    def test_a_forged_low_counter_is_not_blamed_on_the_owner(self, mine):
        _holder, device = mine
        sign_in(device)
        forged = Device(credential_id=device.credential_id, handle=device.handle, counter=-1)
        with pytest.raises(PasskeyRefused):
            sign_in(forged, counter=0)
        assert audit.trail(limit=1)[0].action != "people.passkey.copied"

    def test_a_shoppers_key_does_not_open_the_staffs_door_nor_the_other_way_round(self, mine):
        seed.load_demo_staff()
        desk = added(Holder(staff="lin"))
        with pytest.raises(PasskeyRefused):
            sign_in(mine[1], kind="staff")
        with pytest.raises(PasskeyRefused):
            sign_in(desk, kind="shopper")
        assert sign_in(desk, kind="staff") == Holder(staff="lin")

    @pytest.mark.parametrize("standing", [{"is_active": False}, {"is_locked": True}])
    def test_staff_who_left_or_are_locked_do_not_come_in(self, parties, standing):
        seed.load_demo_staff()
        desk = added(Holder(staff="lin"))
        StaffMember.objects.filter(name="lin").update(**standing)
        with pytest.raises(PasskeyRefused):
            sign_in(desk, kind="staff")


class TestConfirming:
    def test_stands_in_for_a_code(self, mine):
        holder, device = mine
        question = services.question_to_confirm(holder=holder, browser=HERE)
        services.confirm_by_passkey(holder=holder, browser=HERE, answer=device.sign(question))
        assert audit.trail(limit=1)[0].action == "people.step_up"

    def test_another_accounts_key_confirms_nothing(self, mine, shopper):
        holder, _device = mine
        other = Holder(borrower_id=shopper("13800005555"))
        theirs = added(other)
        question = services.question_to_confirm(holder=holder, browser=HERE)
        with pytest.raises(PasskeyRefused):
            services.confirm_by_passkey(holder=holder, browser=HERE, answer=theirs.sign(question))
        question = services.question_to_confirm(holder=other, browser=HERE)
        with pytest.raises(PasskeyRefused):
            services.confirm_by_passkey(holder=holder, browser=HERE, answer=theirs.sign(question))

    def test_without_a_passkey_there_is_nothing_to_ask(self, shopper):
        with pytest.raises(PasskeyUnknown):
            services.question_to_confirm(holder=Holder(borrower_id=shopper()), browser=HERE)


class TestRemoving:
    def test_opens_nothing_any_more_and_is_told(self, mine):
        holder, device = mine
        [kept] = queries.passkeys(holder.borrower_id)
        services.remove_passkey(holder=holder, passkey_id=kept.id)
        with pytest.raises(PasskeyRefused):
            sign_in(device)
        assert Texts.last("13800001234", "people.passkey_removed")["name"] == "我的手机"
        added(holder, device)

    def test_only_ones_own(self, mine, shopper):
        other = Holder(borrower_id=shopper("13800005555"))
        [kept] = queries.passkeys(mine[0].borrower_id)
        with pytest.raises(PasskeyUnknown):
            services.remove_passkey(holder=other, passkey_id=kept.id)

    def test_staff_keep_one_factor(self, parties):
        seed.load_demo_staff()
        holder = Holder(staff="lin")
        added(holder)
        services.remove_totp(name="lin")
        [kept] = queries.ways_in("lin").passkeys
        with pytest.raises(LastFactor):
            services.remove_passkey(holder=holder, passkey_id=kept.id)


@pytest.mark.django_db(transaction=True)
def test_two_equal_answers_at_once_open_once(mine):
    _holder, device = mine
    answer = device.sign(services.question_to_sign_in(kind="shopper", browser=HERE))

    def one():
        try:
            return str(services.sign_in_by_passkey(kind="shopper", browser=HERE, answer=answer))
        except PasskeyRefused:
            return "refused"

    results = at_once(*[one] * 4)
    assert results.count("refused") == 3
