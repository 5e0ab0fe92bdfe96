"""A first contact speaks for themselves: asked, reviewed, used for one purpose, and free to leave."""

import datetime
import json

import pytest

from fenqi.ops import retention
from fenqi.people import queries, refusals, services
from fenqi.people.models import Contact, ContactAnswer, ContactInvite, ContactNaming, ContactUse
from fenqi.plumbing import business_date
from fenqi.plumbing.models import Announcement, BusinessDate, RuleDatum
from fenqi.privacy import queries as privacy
from tests.people.browsing import id_number
from tests.people.fakes import Texts
from tests.support.at_once import at_once
from tests.support.second_pair import second_pair

FRIEND = "13900005678"


def token_sent_to(phone=FRIEND):
    return Texts.last(phone, "people.contact_link")["path"].removeprefix("/contact/").strip("/")


def status(borrower_id):
    return queries.contact_state(borrower_id)


class TestNaming:
    def test_sends_one_link_however_often_it_is_clicked(self, applicant):
        borrower_id = applicant()
        ids = {
            services.name_contact(borrower_id=borrower_id, name="李芳", relationship="spouse", phone=FRIEND)
            for _ in range(3)
        }
        assert len(ids) == 1
        links = [one for one in Texts.sent if one["template"] == "people.contact_link"]
        assert len(links) == 1
        assert links[0]["context"]["applicant"] == "王**"
        assert status(borrower_id) == "invited"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"phone": "13800001234"}, "phone"),
            ({"phone": "+86 138 0000 1234"}, "phone"),
            ({"phone": "010-88886666"}, "phone"),
            ({"name": ""}, "name"),
            ({"name": "<img src=x>"}, "name"),
            ({"relationship": "boss"}, "relationship"),
            ({"relationship": ""}, "relationship"),
        ],
    )
    def test_refused_at_the_field(self, applicant, changes, field):
        facts = {"name": "李芳", "relationship": "spouse", "phone": FRIEND} | changes
        with pytest.raises(refusals.Refusal) as caught:
            services.name_contact(borrower_id=applicant(), **facts)
        assert caught.value.field == field
        assert not Contact.objects.exists()

    def test_only_after_the_real_name_check(self, shopper):
        with pytest.raises(refusals.IdentityNeeded):
            services.name_contact(borrower_id=shopper(), name="李芳", relationship="spouse", phone=FRIEND)

    def test_one_person_is_not_named_by_many(self, applicant):
        for n in range(3):
            borrower_id = applicant(f"1380000010{n}")
            services.name_contact(borrower_id=borrower_id, name="李芳", relationship="friend", phone=FRIEND)
        with pytest.raises(refusals.ContactRefused):
            services.name_contact(
                borrower_id=applicant("13800000109"), name="李芳", relationship="friend", phone=FRIEND
            )

    def test_two_at_most_and_one_may_take_the_place_of_another(self, applicant):
        borrower_id = applicant()
        first = services.name_contact(
            borrower_id=borrower_id, name="李芳", relationship="spouse", phone=FRIEND
        )
        old = token_sent_to()
        services.name_contact(
            borrower_id=borrower_id, name="李四", relationship="friend", phone="13900000002"
        )
        with pytest.raises(refusals.ContactRefused):
            services.name_contact(
                borrower_id=borrower_id, name="李五", relationship="friend", phone="13900000003"
            )
        services.name_contact(
            borrower_id=borrower_id, name="李五", relationship="friend", phone="13900000003", replaces=first
        )
        with pytest.raises(refusals.AlreadyAnswered):
            services.answer_contact(token=old, answer="accept")
        replaced = Contact.objects.get(borrower_id=borrower_id, id=first)
        assert (replaced.name, replaced.phone, replaced.relationship) == ("", "", "")
        assert [one.state for one in queries.own_contacts(borrower_id)] == ["invited", "invited"]

    def test_who_was_replaced_counts_no_more_as_named(self, applicant):
        borrower_id = applicant()
        first = services.name_contact(
            borrower_id=borrower_id, name="李芳", relationship="spouse", phone=FRIEND
        )
        services.name_contact(
            borrower_id=borrower_id, name="李四", relationship="friend", phone="13900000002", replaces=first
        )
        assert ContactNaming.objects.count() == 1
        page = queries.invite_page(token=token_sent_to(), language="zh")
        assert (page.state, page.name, page.phone_masked, page.can_answer) == ("replaced", "", "", False)

    def test_none_of_the_applicants_own_phones(self, applicant):
        """Of another account of the same person, and those their cards were bound with."""
        number = id_number("11010519900307123")
        first = applicant("13800000001", number=number)
        second = applicant("13800000002", number=number)
        second_pair("people.identity_move", borrower_id=second, arguments={"borrower_id": second})
        services.send_card_code(borrower_id=second, number="6222020200112230", holder_phone="13800000003")
        code = Texts.last("13800000003", "people.code")["code"]
        services.bind_card(
            borrower_id=second, number="6222020200112230", holder_phone="13800000003", code=code
        )
        assert first != second
        for phone in ("13800000001", "13800000002", "13800000003"):
            with pytest.raises(refusals.ContactRefused) as caught:
                services.name_contact(borrower_id=second, name="李芳", relationship="friend", phone=phone)
            assert "不能是您本人" in str(caught.value)

    def test_as_many_as_the_rule_asks_for(self, named, applicant):
        rules = {"needed": 2, "at_most": 2, "named_by_at_most": 3, "link_valid_days": 7}
        RuleDatum.objects.create(
            name="contact_rules",
            valid_from=datetime.date(2026, 1, 1),
            value=rules | {"delete_days_after_settlement": 30, "delete_days_after_no": 7},
        )
        borrower_id, *first = named()
        services.name_contact(
            borrower_id=borrower_id, name="李四", relationship="friend", phone="13900000002"
        )
        states = []
        for contact_id, token in (first, (None, token_sent_to("13900000002"))):
            services.answer_contact(token=token, answer="accept")
            waiting = Contact.objects.get(borrower_id=borrower_id, status="accepted")
            assert contact_id in (None, waiting.id)
            services.review_contact(
                staff="staff:lin", borrower_id=borrower_id, contact_id=waiting.id, approve=True, reason="核实"
            )
            states.append(status(borrower_id))
        assert states == ["invited", "approved"]

    def test_the_link_is_not_sent_without_end(self, named):
        borrower_id, contact_id, _token = named()
        services.resend_contact_link(borrower_id=borrower_id, contact_id=contact_id)
        services.resend_contact_link(borrower_id=borrower_id, contact_id=contact_id)
        with pytest.raises(refusals.ContactRefused):
            services.resend_contact_link(borrower_id=borrower_id, contact_id=contact_id)


ANSWERS = """
    said so far         says now         becomes
    -                   accept           accepted
    -                   decline          declined
    -                   unknown_person   unknown_person
    -                   withdraw         refused:AlreadyAnswered
    accept              accept           accepted
    accept              withdraw         withdrawn
    accept              unknown_person   unknown_person
    accept              decline          refused:AlreadyAnswered
    accept+approve      withdraw         withdrawn
    accept+approve      accept           approved
    decline             accept           refused:AlreadyAnswered
    decline             decline          declined
    accept withdraw     accept           refused:AlreadyAnswered
    unknown_person      accept           refused:AlreadyAnswered
"""


class TestAnswering:
    @pytest.mark.parametrize("row", [line.split("  ") for line in ANSWERS.strip().splitlines()[1:]])
    def test_table(self, named, row):
        before, now, becomes = [cell.strip() for cell in row if cell.strip()]
        borrower_id, contact_id, token = named()
        for step in before.replace("-", "").split():
            services.answer_contact(token=token, answer=step.partition("+")[0])
            if step.endswith("+approve"):
                services.review_contact(
                    staff="staff:lin",
                    borrower_id=borrower_id,
                    contact_id=contact_id,
                    approve=True,
                    reason="电话核实",
                )
        try:
            outcome = services.answer_contact(token=token, answer=now).value
        except refusals.Refusal as e:
            outcome = f"refused:{type(e).__name__}"
        assert outcome == becomes

    def test_an_answer_keeps_the_text_it_was_given_to(self, named):
        borrower_id, contact_id, token = named()
        services.answer_contact(token=token, answer="accept", evidence={"device": "Android"})
        kept = ContactAnswer.objects.get(borrower_id=borrower_id, contact_id=contact_id)
        text = queries.text(code="contact_person", language="zh")
        assert (kept.text_version, kept.text_hash) == (text.version, text.text_hash)
        topics = Announcement.objects.filter(topic="people.contact.answered").values_list(
            "payload", flat=True
        )
        assert [one["answer"] for one in topics] == ["accept"]

    @pytest.mark.parametrize("forged", ["", "x", "a" * 44, "é" * 44, "../../etc/passwd"])
    def test_a_made_up_link_opens_nothing(self, named, forged):
        named()
        with pytest.raises(refusals.LinkUnknown):
            services.answer_contact(token=forged, answer="accept")

    def test_a_changed_link_opens_nothing(self, named):
        *_rest, token = named()
        changed = ("A" if token[0] != "A" else "B") + token[1:]
        with pytest.raises(refusals.LinkUnknown):
            services.answer_contact(token=changed, answer="accept")

    def test_the_token_is_not_kept(self, named):
        *_rest, token = named()
        kept = ContactInvite.objects.get()
        assert token.encode() not in bytes(kept.token_hash)

    def test_an_old_link_has_run_out(self, named):
        *_rest, token = named()
        later = business_date.current() + datetime.timedelta(days=8)
        BusinessDate.objects.update(open_on=later)
        with pytest.raises(refusals.LinkExpired):
            services.answer_contact(token=token, answer="accept")
        assert queries.invite_page(token=token, language="zh").is_expired

    def test_who_said_no_is_not_asked_again_by_the_same_person(self, named):
        borrower_id, _contact_id, token = named()
        services.answer_contact(token=token, answer="unknown_person")
        with pytest.raises(refusals.ContactRefused):
            services.name_contact(borrower_id=borrower_id, name="李芳", relationship="friend", phone=FRIEND)

    @pytest.mark.parametrize("answer", ["decline", "unknown_person"])
    def test_the_applicant_learns_no_more_than_that_it_did_not_work(self, named, answer):
        borrower_id, _contact_id, token = named()
        services.answer_contact(token=token, answer=answer)
        assert [one.state for one in queries.own_contacts(borrower_id)] == ["not_confirmed"]

    @pytest.mark.parametrize("answer", ["decline", "unknown_person", "accept withdraw"])
    def test_nor_does_what_they_may_take_away_say_it(self, named, answer):
        """The applicant's own data holds that a contact was named, not what the contact said, when, or from where."""
        borrower_id, _contact_id, token = named()
        for word in answer.split():
            services.answer_contact(token=token, answer=word, evidence={"device": "iPhone of Li"})
        taken = privacy.export_json(borrower_id=borrower_id, language="en")
        assert "people.Contact" in taken
        for told in ("declin", "unknown_person", "withdraw", "iPhone of Li", "refused_at"):
            assert told not in taken
        about_contacts = [one for one in json.loads(taken)["held"] if one["theme"] == "contact"]
        assert "answered_at" not in json.dumps(about_contacts)


class TestReview:
    def test_only_one_who_accepted_is_approved(self, named):
        borrower_id, contact_id, token = named()
        decision = {
            "staff": "staff:lin",
            "borrower_id": borrower_id,
            "contact_id": contact_id,
            "approve": True,
            "reason": "电话核实",
        }
        with pytest.raises(refusals.NotWaiting):
            services.review_contact(**decision)
        services.answer_contact(token=token, answer="accept")
        with pytest.raises(refusals.ReasonMissing):
            services.review_contact(**decision | {"reason": ""})
        services.review_contact(**decision)
        assert status(borrower_id) == "approved"
        with pytest.raises(refusals.NotWaiting):
            services.review_contact(**decision)

    def test_not_for_a_contact_of_another_applicant(self, named, applicant):
        _borrower_id, contact_id, token = named()
        services.answer_contact(token=token, answer="accept")
        with pytest.raises(refusals.NotFound):
            services.review_contact(
                staff="staff:lin",
                borrower_id=applicant("13800007777"),
                contact_id=contact_id,
                approve=True,
                reason="x",
            )

    def test_the_evidence_tells_who_else_named_them(self, named):
        first, contact_id, _token = named("13800000001")
        _second, _other, token = named("13800000002")
        services.answer_contact(token=token, answer="unknown_person")
        file = queries.contact_file(borrower_id=first, contact_id=contact_id)
        assert (file.named_by_others, file.reported_by) == (1, 1)


class TestForgetting:
    def test_blanks_the_person_and_the_link_says_so(self, named):
        borrower_id, contact_id, token = named()
        services.forget_contact(borrower_id=borrower_id, contact_id=contact_id, why="结清满 30 天")
        kept = Contact.objects.get(borrower_id=borrower_id, id=contact_id)
        assert (kept.name, kept.phone, kept.relationship, kept.status) == ("", "", "", "deleted")
        assert queries.invite_page(token=token, language="zh").state == "deleted"
        for word in ("accept", "withdraw"):
            with pytest.raises(refusals.AlreadyAnswered, match="已删除"):
                services.answer_contact(token=token, answer=word)

    @pytest.mark.parametrize("said", ["decline", "unknown_person", "accept withdraw"])
    def test_a_week_after_a_no_but_never_asked_again(self, named, said):
        borrower_id, contact_id, token = named()
        for word in said.split():
            services.answer_contact(token=token, answer=word)
        on = business_date.current()
        assert retention.forget_contacts(on + datetime.timedelta(days=7)) == {"contacts": 0}
        assert retention.forget_contacts(on + datetime.timedelta(days=8)) == {"contacts": 1}
        assert Contact.objects.get(id=contact_id).phone == ""
        with pytest.raises(refusals.ContactRefused):
            services.name_contact(borrower_id=borrower_id, name="李芳", relationship="friend", phone=FRIEND)

    def test_when_nobody_answered_the_link(self, named):
        borrower_id, contact_id, _token = named()
        on = business_date.current()
        assert retention.forget_contacts(on + datetime.timedelta(days=7)) == {"contacts": 0}
        BusinessDate.objects.update(open_on=on + datetime.timedelta(days=5))
        services.resend_contact_link(borrower_id=borrower_id, contact_id=contact_id)
        assert retention.forget_contacts(on + datetime.timedelta(days=11)) == {"contacts": 0}
        assert retention.forget_contacts(on + datetime.timedelta(days=13)) == {"contacts": 1}
        assert not ContactNaming.objects.exists()

    def test_when_no_loan_ever_came_of_it(self, named):
        borrower_id, contact_id, token = named()
        services.answer_contact(token=token, answer="accept")
        services.review_contact(
            staff="staff:lin", borrower_id=borrower_id, contact_id=contact_id, approve=True, reason="核实"
        )
        on = business_date.current()
        assert retention.forget_contacts(on + datetime.timedelta(days=90)) == {"contacts": 0}
        assert retention.forget_contacts(on + datetime.timedelta(days=91)) == {"contacts": 1}

    def test_what_was_done_only_grows(self, named):
        from django.db import ProgrammingError, transaction

        named()
        for change in (
            lambda: ContactUse.objects.update(note="x"),
            lambda: ContactUse.objects.all().delete(),
        ):
            with pytest.raises(ProgrammingError), transaction.atomic():
                change()


@pytest.mark.django_db(transaction=True)
def test_applicants_who_name_one_person_at_once_stay_within_the_rule(applicant):
    applicants = [applicant(f"1380000020{n}") for n in range(6)]

    def name(borrower_id):
        try:
            services.name_contact(borrower_id=borrower_id, name="李芳", relationship="friend", phone=FRIEND)
        except refusals.ContactRefused:
            return "refused"
        return "named"

    answers = at_once(*[lambda one=one: name(one) for one in applicants])
    assert sorted(answers) == ["named"] * 3 + ["refused"] * 3
