"""An account moves to another phone with its owner's proof, or, where the phone is lost, slowly and by two people."""

import datetime

import pytest

from fenqi.people import queries, refusals, services
from fenqi.people.models import PhoneChange, SignInCode
from fenqi.people.services import Holder
from fenqi.people.services.phone_changes import MOVE_KIND, PhoneTaken, TooEarly, approve_phone_move
from fenqi.plumbing import audit
from fenqi.plumbing.four_eyes import SecondPairMissing
from tests.people.browsing import id_number
from tests.people.fakes import Texts
from tests.support.authenticator import Device
from tests.support.second_pair import second_pair

OLD, NEW = "13800001234", "13700001111"
OTHER = id_number("11010519851230123")


def code_for(phone):
    return Texts.last(phone, "people.code")["code"]


def sent_to(phone, template):
    return [one for one in Texts.sent if (one["phone"], one["template"]) == (phone, template)]


@pytest.fixture
def mine(applicant):
    borrower_id = applicant(OLD)
    return borrower_id, queries.id_number_for(borrower_id=borrower_id, reason="test")


class TestByTheOwner:
    def change(self, borrower_id, tail, new=NEW):
        return services.change_phone(
            borrower_id=borrower_id, new_phone=new, code=code_for(new), id_number_tail=tail
        )

    def test_moves_the_account_and_tells_both_numbers(self, mine):
        borrower_id, number = mine
        services.send_code(phone=NEW, purpose="change_phone")
        self.change(borrower_id, number[-6:].lower())
        assert queries.find_borrower_by_phone(NEW) == borrower_id
        assert queries.find_borrower_by_phone(OLD) is None
        assert len(sent_to(OLD, "people.phone_moved")) == len(sent_to(NEW, "people.phone_moved_here")) == 1

    def test_wrong_digits_are_told_at_their_field_and_are_no_way_to_guess(self, mine):
        borrower_id, number = mine
        services.send_code(phone=NEW, purpose="change_phone")
        for _ in range(4):
            with pytest.raises(refusals.ProofWrong) as caught:
                self.change(borrower_id, "000000")
            assert caught.value.field == "id_number_tail"
        with pytest.raises(refusals.CodeClosed):
            self.change(borrower_id, "000001")
        with pytest.raises(refusals.CodeClosed):
            self.change(borrower_id, number[-6:])
        assert queries.find_borrower_by_phone(OLD) == borrower_id

    def test_not_to_a_phone_of_another_account(self, shopper):
        first, _second = shopper("13800000001"), shopper("13800000002")
        services.send_code(phone="13800000002", purpose="change_phone")
        with pytest.raises(PhoneTaken):
            self.change(first, "", new="13800000002")


class TestLostPhone:
    def ask(self, number, *, old=OLD, new=NEW, name="王小明", send=True):
        if send:
            SignInCode.objects.filter(used_at=None).delete()
            SignInCode.objects.update(sent_at="2026-01-01T00:00Z")
            services.send_code(phone=new, purpose="lost_phone")
        services.ask_phone_move(
            old_phone=old, new_phone=new, code=code_for(new), real_name=name, id_number=number
        )

    def approve(self, borrower_id):
        change = PhoneChange.objects.get()
        second_pair(
            MOVE_KIND,
            borrower_id=borrower_id,
            arguments={"borrower_id": borrower_id, "change_id": str(change.id)},
        )

    def wait(self, hours=25):
        change = PhoneChange.objects.get()
        change.asked_at -= datetime.timedelta(hours=hours)
        change.save()

    def test_waits_for_two_people_then_moves_and_forgets_what_the_lost_phone_held(self, mine):
        borrower_id, number = mine
        holder = Holder(borrower_id=borrower_id)
        device = Device()
        question = services.question_to_add(holder=holder, browser="x")
        services.add_passkey(holder=holder, browser="x", answer=device.make(question), name="")
        services.open_session(borrower_id=borrower_id, session_key="k" * 32, user_agent="", ip="")
        self.ask(number)
        assert queries.find_borrower_by_phone(OLD) == borrower_id
        self.wait()
        self.approve(borrower_id)
        assert queries.find_borrower_by_phone(NEW) == borrower_id
        assert queries.sessions(borrower_id=borrower_id) == []
        assert queries.passkeys(borrower_id) == []
        assert sent_to(OLD, "people.phone_moved") and sent_to(NEW, "people.phone_moved_here")
        assert audit.verify() is None

    def test_the_old_number_has_a_day_to_stop_it(self, mine):
        borrower_id, number = mine
        self.ask(number)
        with pytest.raises(TooEarly):
            self.approve(borrower_id)
        token = sent_to(OLD, "people.phone_move_asked")[0]["context"]["link"].split("/")[2]
        assert (
            queries.phone_move_queue()[0].phone_masked == services.move_behind(token=token) == "137****1111"
        )
        services.stop_phone_move(token=token)
        services.stop_phone_move(token=token)
        self.wait()
        with pytest.raises(refusals.NotWaiting):
            self.approve(borrower_id)
        assert queries.phone_move_queue() == []
        assert queries.find_borrower_by_phone(OLD) == borrower_id

    @pytest.mark.parametrize(
        "change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: "x", lambda t: ""]
    )
    def test_a_forged_link_stops_nothing(self, mine, change):
        self.ask(mine[1])
        token = sent_to(OLD, "people.phone_move_asked")[0]["context"]["link"].split("/")[2]
        with pytest.raises(refusals.LinkUnknown):
            services.stop_phone_move(token=change(token))
        assert PhoneChange.objects.get().status == "review"

    def test_never_by_one_person(self, mine):
        borrower_id, number = mine
        self.ask(number)
        self.wait()
        change = PhoneChange.objects.get()
        with pytest.raises(SecondPairMissing):
            approve_phone_move(
                approval_id=None, staff="staff:lin", borrower_id=borrower_id, change_id=change.id, reason="x"
            )

    def test_answers_alike_whatever_fits(self, mine):
        _borrower_id, number = mine
        for facts in (
            {"number": OTHER},
            {"number": number, "name": "李雷"},
            {"number": number, "old": "13899998888"},
        ):
            self.ask(**facts)
            assert not PhoneChange.objects.exists()
        assert len(sent_to(NEW, "people.phone_move_received")) == 3
        assert sent_to(OLD, "people.phone_move_asked") == []

    def test_three_tries_a_day(self, mine):
        for _ in range(3):
            self.ask(OTHER)
        with pytest.raises(refusals.TooSoon):
            self.ask(mine[1])

    def test_a_refusal_is_told_to_the_number_that_asked(self, mine):
        borrower_id, number = mine
        self.ask(number)
        change = PhoneChange.objects.get()
        with pytest.raises(refusals.ReasonMissing):
            services.refuse_phone_move(
                staff="staff:lin", borrower_id=borrower_id, change_id=change.id, reason=" "
            )
        services.refuse_phone_move(
            staff="staff:lin", borrower_id=borrower_id, change_id=change.id, reason="不是本人"
        )
        assert sent_to(NEW, "people.phone_move_refused")
        with pytest.raises(refusals.NotWaiting):
            services.refuse_phone_move(
                staff="staff:lin", borrower_id=borrower_id, change_id=change.id, reason="x"
            )

    def test_no_phone_stands_in_clear(self, mine):
        from django.db import connection

        self.ask(mine[1])
        with connection.cursor() as cursor:
            cursor.execute("SELECT t::text FROM people_phonechange t")
            kept = str(cursor.fetchall())
        assert NEW not in kept and NEW.encode().hex() not in kept
