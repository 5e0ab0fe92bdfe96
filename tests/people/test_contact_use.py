"""A contact is used for what they agreed to, when the rules let it, and they see every time."""

import datetime

import pytest

from fenqi.config import zone
from fenqi.people import queries, refusals, services
from fenqi.people.models import Account, Contact, ContactRetention
from fenqi.people.services.contact_use import ContactProtected, unlocked_by
from fenqi.plumbing import audit, business_date
from fenqi.plumbing.models import BusinessDate, GateAnswer

CHINA = zone.ZONE
NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=CHINA)

UNLOCKS = """
    dials                                on       unlocked by
    -                                    11-22    -
    22 no_answer                         11-22    -
    22 no_answer*3                       11-22    -
    22 no_answer*3                       11-23    contact.unanswered_dials
    22 no_answer*2 answered no_answer    11-23    -
    22 no_answer*3 answered              11-25    -
    22 invalid_number                    11-22    contact.number_invalid
    22 invalid_number answered           11-22    -
    20 no_answer; 21 no_answer           11-22    -
    20 no_answer; 21 no_answer; 22 no_answer    11-22    contact.unreachable_days
    18 no_answer; 20 no_answer; 22 no_answer    11-22    -
    18 no_answer; 20 no_answer; 22 no_answer    11-23    contact.unanswered_dials
"""


def dials_of(text):
    found = []
    for day in text.split(";") if text != "-" else []:
        number, *words = day.split()
        at = datetime.datetime(2026, 11, int(number), 9, tzinfo=CHINA)
        for word in words:
            outcome, _, times = word.partition("*")
            for _n in range(int(times or 1)):
                at += datetime.timedelta(minutes=5)
                found.append((at, outcome))
    return found


@pytest.mark.parametrize("row", UNLOCKS.strip().splitlines()[1:])
def test_when_a_contact_may_be_asked(row):
    dials, on, rule = [cell.strip() for cell in row.split("   ") if cell.strip()]
    month, day = on.split("-")
    found = unlocked_by(dials_of(dials), on=datetime.date(2026, int(month), int(day)))
    assert found == rule.replace("-", "" if rule == "-" else "-")


@pytest.fixture
def approved(named):
    borrower_id, contact_id, token = named()
    services.answer_contact(token=token, answer="accept")
    services.review_contact(
        staff="staff:lin", borrower_id=borrower_id, contact_id=contact_id, approve=True, reason="核实"
    )
    return borrower_id, contact_id, token


def use(borrower_id, contact_id, purpose):
    return services.use_contact(
        staff="staff:cui",
        borrower_id=borrower_id,
        contact_id=contact_id,
        purpose=purpose,
        at=NOON,
        note="客户失联",
    )


class TestUse:
    def test_to_verify_at_once_to_reach_only_when_the_borrower_is_out_of_reach(self, approved):
        borrower_id, contact_id, token = approved
        assert use(borrower_id, contact_id, "verify") == "13900005678"
        with pytest.raises(ContactProtected) as caught:
            use(borrower_id, contact_id, "reach")
        assert caught.value.details["rule_id"] == "contact.still_reachable"
        services.record_dial(staff="staff:cui", borrower_id=borrower_id, outcome="invalid_number")
        assert use(borrower_id, contact_id, "reach") == "13900005678"
        seen = queries.invite_page(token=token, language="zh").uses
        assert [one.kind for one in seen] == ["发送确认短信", "电话核实身份", "请转告本人回电"]
        assert "客户失联" not in str(seen)
        kept = GateAnswer.objects.filter(gate="people.contact_use").order_by("at", "id")
        assert [(one.allowed, one.rule_id) for one in kept] == [
            (True, "contact.verify_identity"),
            (False, "contact.still_reachable"),
            (True, "contact.number_invalid"),
        ]

    def test_not_again_and_again_on_one_day(self, approved):
        borrower_id, contact_id, _token = approved
        for _ in range(2):
            use(borrower_id, contact_id, "verify")
        with pytest.raises(ContactProtected) as caught:
            use(borrower_id, contact_id, "verify")
        assert caught.value.details["rule_id"] == "contact.often_enough"

    def test_not_when_the_number_has_become_the_borrowers_own(self, approved):
        Account.objects.filter(borrower_id=approved[0]).update(phone="13900005678")
        with pytest.raises(ContactProtected) as caught:
            use(approved[0], approved[1], "verify")
        assert caught.value.details["rule_id"] == "contact.is_borrower"

    @pytest.mark.parametrize(
        ("said", "becomes"), [("withdraw", "withdrawn"), ("unknown_person", "unknown_person")]
    )
    def test_a_no_on_the_phone_counts_like_one_on_the_page(self, approved, said, becomes):
        borrower_id, contact_id, token = approved
        use(borrower_id, contact_id, "verify")
        services.record_contact_call(
            staff="staff:cui", borrower_id=borrower_id, contact_id=contact_id, outcome=said
        )
        assert queries.invite_page(token=token, language="zh").state == becomes
        with pytest.raises(ContactProtected):
            use(borrower_id, contact_id, "verify")
        with pytest.raises(refusals.ContactRefused):
            services.name_contact(
                borrower_id=borrower_id, name="李芳", relationship="friend", phone="13900005678"
            )

    def test_a_call_is_noted_only_where_there_was_one(self, approved):
        call = {"staff": "staff:cui", "borrower_id": approved[0], "contact_id": approved[1]}
        with pytest.raises(refusals.NotWaiting):
            services.record_contact_call(**call, outcome="withdraw")
        use(approved[0], approved[1], "verify")
        with pytest.raises(refusals.Unreadable):
            services.record_contact_call(**call, outcome="maybe")
        services.record_contact_call(**call, outcome="no_answer")
        assert queries.contact_state(approved[0]) == "approved"

    def test_the_log_tells_what_was_done_and_what_was_stopped(self, approved):
        borrower_id, contact_id, _token = approved
        with pytest.raises(ContactProtected):
            use(borrower_id, contact_id, "reach")
        services.record_dial(staff="staff:cui", borrower_id=borrower_id, outcome="invalid_number", at=NOON)
        use(borrower_id, contact_id, "reach")
        services.record_contact_call(
            staff="staff:cui", borrower_id=borrower_id, contact_id=contact_id, outcome="reached"
        )
        log = [(str(one.to), str(one.what), one.rule_id) for one in queries.call_log(borrower_id=borrower_id)]
        assert sorted(log) == sorted(
            [
                ("联系人", "被规则阻止", "contact.still_reachable"),
                ("本人", "空号或停机", ""),
                ("联系人", "请转告本人回电", ""),
                ("联系人", "已接通", ""),
            ]
        )
        assert len(queries.call_log()) == 4
        line = audit.trail(subject=f"account:{borrower_id}", action="people.contact.denied")[0]
        assert (line.actor, line.details["rule_id"]) == ("staff:cui", "contact.still_reachable")

    @pytest.mark.parametrize("said", ["withdraw", "unknown_person"])
    def test_never_after_a_no(self, approved, said):
        borrower_id, contact_id, token = approved
        services.record_dial(staff="staff:cui", borrower_id=borrower_id, outcome="invalid_number")
        services.answer_contact(token=token, answer=said)
        for purpose in ("verify", "reach"):
            with pytest.raises(ContactProtected) as caught:
                use(borrower_id, contact_id, purpose)
            assert caught.value.details["rule_id"] == "contact.said_no"

    @pytest.mark.parametrize("purpose", ["", "collect", "marketing"])
    def test_for_nothing_else(self, approved, purpose):
        with pytest.raises(ContactProtected):
            use(approved[0], approved[1], purpose)

    @pytest.mark.parametrize(
        ("hour", "allowed"), [(7, False), (8, True), (21, True), (22, False), (3, False)]
    )
    def test_not_at_night(self, approved, hour, allowed):
        at = datetime.datetime(2026, 11, 22, hour, 0, tzinfo=CHINA)
        answer = services.ask_contact_use(
            borrower_id=approved[0], contact_id=approved[1], purpose="verify", at=at
        )
        assert answer.allowed == allowed

    def test_not_a_contact_of_somebody_else(self, approved, shopper):
        with pytest.raises(refusals.NotFound):
            use(shopper("13800007777"), approved[1], "verify")

    @pytest.mark.parametrize(
        ("outcomes", "hour", "rule"),
        [
            ("", 12, "dial.within_rules"),
            ("", 22, "dial.quiet_hours"),
            ("", 7, "dial.quiet_hours"),
            ("answered answered", 12, "dial.within_rules"),
            ("answered answered answered", 12, "dial.answered_enough"),
            ("no_answer no_answer no_answer no_answer no_answer", 12, "dial.within_rules"),
            ("no_answer no_answer no_answer no_answer no_answer no_answer", 12, "dial.tried_enough"),
        ],
    )
    def test_the_borrowers_own_phone_has_its_rules_too(self, approved, outcomes, hour, rule):
        borrower_id = approved[0]
        for outcome in outcomes.split():
            services.record_dial(staff="staff:cui", borrower_id=borrower_id, outcome=outcome, at=NOON)
        at = NOON.replace(hour=hour)
        assert queries.desk(borrower_id, at=at)[1].rule_id == rule
        answer = services.record_dial(staff="staff:cui", borrower_id=borrower_id, outcome="no_answer", at=at)
        assert answer.rule_id == rule
        kept = GateAnswer.objects.filter(gate="people.dial").latest("at")
        assert (kept.allowed, kept.rule_id) == (rule == "dial.within_rules", rule)

    @pytest.mark.parametrize("outcome", ["", "maybe"])
    def test_a_dial_ends_in_a_known_way(self, approved, outcome):
        with pytest.raises(refusals.Unreadable):
            services.record_dial(staff="staff:cui", borrower_id=approved[0], outcome=outcome)


class TestForgetting:
    def test_thirty_days_after_everything_is_settled(self, approved):
        from fenqi.ops import retention

        borrower_id = approved[0]
        retention.loan_settled({"borrower_id": borrower_id})
        on = business_date.current()
        assert retention.forget_contacts(on + datetime.timedelta(days=29)) == {"contacts": 0}
        assert retention.forget_contacts(on + datetime.timedelta(days=30)) == {"contacts": 1}
        assert retention.forget_contacts(on + datetime.timedelta(days=30)) == {"contacts": 0}
        kept = Contact.objects.get()
        assert (kept.name, kept.phone) == ("", "")

    def test_not_while_another_loan_runs(self, approved):
        services.plan_forgetting(borrower_id=approved[0])
        BusinessDate.objects.update(open_on=business_date.current() + datetime.timedelta(days=30))
        assert services.forget_contacts(borrower_id=approved[0], is_settled=False) == 0
        assert Contact.objects.get().phone == "13900005678"
        assert not ContactRetention.objects.exists()


def test_the_applicant_takes_their_consent_back(named):
    """As easily as the contact: nobody is called from then on, and the gate says by which rule."""
    borrower_id, contact_id, token = named()
    services.answer_contact(token=token, answer="accept")
    services.record_consent(borrower_id=borrower_id, text_code="contact", channel="web", evidence={})
    use = {"staff": "staff:lin", "borrower_id": borrower_id, "contact_id": contact_id, "purpose": "verify"}
    assert services.use_contact(**use, at=NOON)
    services.withdraw_consent(borrower_id=borrower_id, text_code="contact", channel="web")
    with pytest.raises(ContactProtected) as caught:
        services.use_contact(**use, at=NOON + datetime.timedelta(days=1))
    assert caught.value.details["rule_id"] == "contact.consent"
    assert not GateAnswer.objects.filter(gate="people.contact_use").order_by("-id").first().allowed
