"""The administrator lets people in and out; giving power takes two people, taking it away takes effect with the next click."""

import datetime
import re

import pytest
from django.test import Client

from fenqi.people import queries, refusals, services
from fenqi.people.models import StaffLink, StaffMember
from fenqi.people.services import RESET_KIND, ROLES_KIND
from fenqi.people.services.staff_desk import (
    NotYourself,
    StaffNameTaken,
    StaffUnknown,
    reset_second_factor,
    set_roles,
)
from fenqi.plumbing import audit
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.models import Proposal
from tests.support.pages import soup
from tests.support.second_pair import second_pair

NEW = {"name": "Sun", "shown_name": "孙新来", "person": "E-17", "roles": ["service"], "reason": "入职"}
GOOD = "vier weisse Kraniche"


class TestNewColleague:
    def test_gets_a_link_once_and_no_role_until_a_second_person_agrees(self, staff):
        shown = staff("admin").post("/ops/staff/", NEW)
        link = soup(shown).select_one('[data-role="staff-link"] code').text
        assert re.search(r"/ops/set-up/[\w-]{40,}/$", link)
        assert StaffMember.objects.get(name="sun").roles == []
        assert Proposal.objects.get(kind=ROLES_KIND).subject == "staff:sun"

        guest, path = Client(), "/ops/" + link.split("/ops/")[1]
        assert "至少 12 位" in soup(guest.post(path, {"password": "kurz"})).get_text()
        assert guest.post(path, {"password": GOOD})["Location"] == "/ops/sign-in/"
        assert guest.post(path, {"password": GOOD}).status_code == 410
        entered = guest.post("/ops/sign-in/", {"name": "sun", "password": GOOD})
        assert entered["Location"] == "/ops/second-factor/"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "王"}, "name"),
            ({"name": "a b"}, "name"),
            ({"name": "lin"}, "name"),
            ({"shown_name": " "}, "shown_name"),
            ({"person": ""}, "person"),
            ({"reason": " "}, "reason"),
        ],
    )
    def test_problems_stand_at_their_field(self, staff, change, field):
        answer = staff("admin").post("/ops/staff/", NEW | change)
        assert answer.status_code in {409, 422}
        assert soup(answer).select_one(f"#id_{field}_error")
        assert not StaffMember.objects.filter(name="sun").exists()

    def test_a_name_is_never_given_twice(self, staff):
        services.dismiss_staff(by="staff:admin", name="lin", reason="离职")
        with pytest.raises(StaffNameTaken):
            services.open_staff_account(by="staff:admin", name="lin", shown_name="x", person="y", reason="z")

    def test_a_link_expires_and_a_newer_one_ends_it(self):
        first = services.make_staff_link(by="staff:admin", name="lin", reason="忘记密码")
        second = services.make_staff_link(by="staff:admin", name="lin", reason="忘记密码")
        with pytest.raises(refusals.LinkUnknown):
            services.choose_password(token=first, password=GOOD)
        link = StaffLink.objects.get()
        StaffLink.objects.update(expires_at=link.expires_at - datetime.timedelta(hours=49))
        with pytest.raises(refusals.LinkExpired):
            services.choose_password(token=second, password=GOOD)

    def test_a_forgotten_password_leaves_the_second_factor(self, staff):
        browser = staff("lin")
        token = services.make_staff_link(by="staff:admin", name="lin", reason="忘记密码")
        services.choose_password(token=token, password=GOOD)
        assert browser.get("/ops/")["Location"].startswith("/ops/sign-in/")
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(name="lin", password=GOOD)


class TestTakingAway:
    @pytest.mark.parametrize(("action", "state"), [("lock", "locked"), ("leave", "left")])
    def test_takes_effect_at_once(self, staff, action, state):
        admin, lin = staff("admin"), staff("lin")
        assert lin.get("/ops/queues/identity/").status_code == 200
        assert admin.post(f"/ops/staff/lin/{action}/", {"reason": "离开"}).status_code == 302
        assert lin.get("/ops/queues/identity/")["Location"].startswith("/ops/sign-in/")
        assert queries.colleague("lin").state == state
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(name="lin", password="review-the-demo")
        line = audit.trail(subject="staff:lin", limit=1)[0]
        assert (line.actor, line.reason) == ("staff:admin", "离开")

    def test_asks_for_a_reason_and_never_for_oneself(self, staff):
        admin = staff("admin")
        assert admin.post("/ops/staff/lin/lock/", {"reason": " "}).status_code == 422
        assert queries.colleague("lin").state != "locked"
        for action in ("lock", "unlock", "leave"):
            assert admin.post(f"/ops/staff/admin/{action}/", {"reason": "x"}).status_code == 409
        with pytest.raises(NotYourself):
            services.lock_staff(by="staff:lin", name="lin", reason="x")

    def test_unlocking_ends_both_locks(self):
        for _ in range(5):
            with pytest.raises((refusals.SignInRefused, refusals.LockedOut)):
                services.staff_sign_in(name="lin", password="x")
        services.lock_staff(by="staff:admin", name="lin", reason="x")
        services.unlock_staff(by="staff:admin", name="lin", reason="已核实")
        assert queries.colleague("lin").state in {"new", "ready"}

    def test_who_left_stays_gone(self):
        services.dismiss_staff(by="staff:admin", name="lin", reason="离职")
        for change in (services.unlock_staff, services.make_staff_link, services.lock_staff):
            with pytest.raises(StaffUnknown):
                change(by="staff:admin", name="lin", reason="x")

    @pytest.mark.parametrize("path", ["/ops/staff/nobody/", "/ops/staff/lin/dance/"])
    def test_what_is_not_there(self, staff, path):
        assert staff("admin").post(path, {"reason": "x"}).status_code in {404, 405}


class TestGiving:
    def test_roles_need_a_second_person_and_count_from_the_next_click(self, staff):
        lin = staff("lin")
        with pytest.raises(SecondPairMissing):
            set_roles(approval_id=None, name="lin", roles=["finance"], by="staff:admin", reason="x")
        second_pair(ROLES_KIND, arguments={"name": "lin", "roles": ["finance"]}, subject="staff:lin")
        assert lin.get("/ops/queues/identity/").status_code == 403
        assert lin.get("/ops/books/").status_code == 200

    def test_the_desk_proposes(self, staff):
        admin = staff("admin")
        sent = {"roles": ["reviewer", "service"], "reason": "兼任客服"}
        assert admin.post("/ops/staff/lin/roles/", sent).status_code == 302
        assert soup(admin.get("/ops/staff/lin/")).select_one('[data-role="roles-waiting"] a')
        assert admin.post("/ops/staff/lin/roles/", sent).status_code == 409
        assert StaffMember.objects.get(name="lin").roles == ["reviewer"]

    def test_a_lost_device_needs_a_second_person(self, staff):
        lin = staff("lin")
        services.make_recovery_codes(name="lin")
        with pytest.raises(SecondPairMissing):
            reset_second_factor(approval_id=None, name="lin", by="staff:admin", reason="x")
        assert staff("admin").post("/ops/staff/lin/reset/", {"reason": "手机丢失"}).status_code == 302
        Proposal.objects.get(kind=RESET_KIND)
        second_pair(RESET_KIND, arguments={"name": "lin"}, subject="staff:lin again")
        assert lin.get("/ops/")["Location"].startswith("/ops/sign-in/")
        ways = queries.ways_in("lin")
        assert (ways.has_second_factor, ways.recovery_codes_left) == (False, 0)
        browser = Client()
        entered = browser.post("/ops/sign-in/", {"name": "lin", "password": "review-the-demo"})
        assert entered["Location"] == "/ops/second-factor/"


@pytest.mark.parametrize("name", ["lin", "zhou", "qian", "shen", "cui"])
def test_only_administrators_come_here(staff, name):
    browser = staff(name)
    assert browser.get("/ops/staff/").status_code == 403
    for path in ("/ops/staff/", "/ops/staff/lin/roles/", "/ops/staff/lin/lock/"):
        assert browser.post(path, {"reason": "x"}).status_code == 403
