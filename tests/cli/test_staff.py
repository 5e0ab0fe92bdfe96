"""`fenqi staff administrator`: an empty house gets its first two administrators, and no third."""

from __future__ import annotations

import datetime

import pytest
from click.testing import CliRunner
from django.test import Client
from tests.support.at_once import at_once

from fenqi.cli.staff import staff
from fenqi.people import services
from fenqi.people.models import StaffLink, StaffMember
from fenqi.people.services.first_staff import AdministratorsStand
from fenqi.plumbing import audit

GOOD = "vier weisse Kraniche"


def run(name: str, person: str):
    return CliRunner().invoke(
        staff, ["administrator", name, "--shown-name", name.title(), "--person", person]
    )


@pytest.mark.django_db
class TestAnEmptyHouse:
    def test_the_link_leads_to_the_desk(self):
        link = run("qin", "E-1").output.strip()
        path = "/ops/" + link.split("/ops/")[1]
        browser = Client()
        assert browser.post(path, {"password": GOOD})["Location"] == "/ops/sign-in/"
        entered = browser.post("/ops/sign-in/", {"name": "qin", "password": GOOD})
        assert entered["Location"] == "/ops/second-factor/"
        assert StaffMember.objects.get(name="qin").roles == ["admin"]
        done = [one.action for one in audit.trail(subject="staff:qin")]
        assert {"people.staff.added", "people.staff.roles"} <= set(done)

    def test_two_human_beings_and_no_third(self):
        assert run("qin", "E-1").exit_code == 0
        same = run("qin2", "E-1")
        assert (same.exit_code, "person" in same.output) == (1, True)
        assert run("wei", "E-2").exit_code == 0
        third = run("xu", "E-3")
        assert (third.exit_code, "administrators_stand" in third.output) == (1, True)
        assert "/ops/set-up/" not in third.output
        assert not StaffMember.objects.filter(name="xu").exists()

    def test_a_link_that_ran_out_is_made_anew(self):
        first = run("qin", "E-1").output
        StaffLink.objects.update(expires_at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        second = run("qin", "E-1")
        assert second.exit_code == 0
        assert second.output != first
        assert StaffMember.objects.count() == 1

    def test_bad_input_makes_nobody(self):
        for name, person in (("王", "E-1"), ("", "E-1"), ("qin", " ")):
            assert run(name, person).exit_code == 1
        assert not StaffMember.objects.exists()

    def test_a_house_that_lost_one_gets_another(self):
        for name, person in (("qin", "E-1"), ("wei", "E-2")):
            token = run(name, person).output.strip().rstrip("/").split("/")[-1]
            services.choose_password(token=token, password=GOOD)
        services.dismiss_staff(by="staff:qin", name="wei", reason="离职")
        assert run("xu", "E-3").exit_code == 0


@pytest.mark.django_db(transaction=True)
def test_six_at_once_make_two():
    def ask(number: int):
        return services.open_administrator(
            by="system:test", name=f"admin{number}", shown_name="x", person=f"E-{number}"
        )

    answers = at_once(*(lambda number=number: ask(number) for number in range(6)))
    assert sum(isinstance(answer, AdministratorsStand) for answer in answers) == 4
    assert StaffMember.objects.count() == 2
