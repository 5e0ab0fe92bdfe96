"""What an attacker tries at every door at once. Attacks on one part alone stand with that part's tests."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenqi.people import queries as people_queries
from fenqi.people.models import Identity, SignInCode
from fenqi.plumbing import sealed
from tests.people import fakes
from tests.people.browsing import IDENTITY, id_number
from tests.people.test_identity import photo
from tests.support.pages import soup
from tests.support.staff import desk_of, enter
from tests.trust import doors, marked

ADDRESS = {
    "recipient": "李雷",
    "phone": "13800138000",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "street": "文三路 90 号",
}
HOSTILE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http://testserver@evil.example/",
    "//testserver:80@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example/",
]


class TestForgedRequests:
    # The channel signs its notices; a quote on a price changes nothing of anybody's; the sandbox is another party's site.
    WITHOUT_FORM_SECRET = {"notices/channel/", *doors.FOREIGN} | {
        route for route, _pattern in doors.routes() if route.startswith("api/v1/")
    }

    def test_no_door_takes_a_form_without_its_secret(self, a):
        before = a.fingerprint()
        every = {**doors.OWN, **doors.PERSONAL, **doors.OPEN, **doors.KEY}
        every |= {route: listed[0][0] for route, listed in doors.STAFF.items()}
        taken = {}
        for browser in (a.browser, desk_of("admin")):
            strict = Client(enforce_csrf_checks=True)
            strict.cookies = browser.cookies
            for route, address in every.items():
                if route not in self.WITHOUT_FORM_SECRET:
                    place = address.format(**a.names, payment=a.names["reference"])
                    sent = {key: value.format(**a.names) for key, value in doors.FORGED.items()}
                    taken[route] = strict.post(place, sent).status_code
        assert {route: status for route, status in taken.items() if status != 403} == {}
        assert a.fingerprint() == before

    def test_only_these_doors_do_without(self):
        exempt = {
            route for route, pattern in doors.routes() if getattr(pattern.callback, "csrf_exempt", False)
        }
        assert exempt <= self.WITHOUT_FORM_SECRET

    def test_an_unsigned_notice_is_refused(self, db):
        assert Client().post("/notices/channel/", b"{}", content_type="application/json").status_code == 401


class TestSessions:
    def test_a_planted_session_gains_nothing_at_the_staffs_door(self, shop):
        planted = Client()
        planted.get("/ops/sign-in/?next=/ops/")
        session = planted.session
        session["planted"] = 1
        session.save()
        enter(planted, "lin")
        assert planted.session.session_key != session.session_key
        assert "planted" not in planted.session
        attacker = Client()
        attacker.cookies["fenqi_session"] = session.session_key
        assert attacker.get("/ops/")["Location"].startswith("/ops/sign-in/")

    @pytest.mark.parametrize("door", ["/sign-out/", "/ops/sign-out/"])
    def test_a_cookie_kept_after_signing_out_opens_nothing(self, a, door):
        browser = a.browser if door == "/sign-out/" else desk_of("lin")
        kept = browser.cookies["fenqi_session"].value
        browser.post(door)
        thief = Client()
        thief.cookies["fenqi_session"] = kept
        for page in ("/me/", "/ops/"):
            assert "sign-in" in thief.get(page)["Location"]

    def test_cookies_are_out_of_reach_of_scripts_and_other_sites(self, a):
        for name in ("fenqi_session", "csrftoken"):
            a.browser.get("/me/addresses/new/")
            cookie = a.browser.cookies[name]
            assert cookie["httponly"] and cookie["samesite"] == "Lax"


class TestLeadingAway:
    def test_no_door_leads_to_another_site(self, a):
        guest = Client()
        for target in HOSTILE:
            answers = [
                guest.post("/i18n/setlang/", {"language": "en", "next": target}),
                guest.post("/i18n/setlang/", {"language": "en"}, headers={"Referer": target}),
                guest.post("/me/email/", {"email": "x"}, headers={"Referer": target}),
                guest.post("/orders/X/cancel/", headers={"Referer": target}),
                a.browser.post("/me/addresses/new/", ADDRESS | {"next": target}),
            ]
            for answer in answers:
                self.stays_here(answer["Location"], target)
            for door, browser in (
                ("/me/confirm/", a.browser),
                ("/sign-in/", guest),
                ("/ops/sign-in/", guest),
            ):
                shown = soup(browser.get(door, {"next": target}))
                for tag in shown.select("a[href], input[name=next], form[action]"):
                    self.stays_here(tag.get("href") or tag.get("value") or tag.get("action"), target)

    def stays_here(self, place, target):
        """A place of ours; the language switch carries the address just asked for, in its query."""
        assert re.match(r"(/(?![/\\\t])|#|\?|mailto:|tel:)", place), (place, target)
        assert "evil" not in place.partition("?")[0], (place, target)

    @pytest.mark.parametrize(
        "host", ["evil.example", "testserver.evil.example", "evil.example:80", "a b", ""]
    )
    def test_another_host_is_not_served(self, db, host):
        answer = Client(headers={"Host": host}).get("/sign-in/")
        assert answer.status_code == 400
        assert "evil.example" not in answer.content.decode()

    def test_a_forwarded_host_is_not_believed(self, a):
        answer = Client(headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}).get(
            "/me/"
        )
        assert answer["Location"] == "/sign-in/?next=%2Fme%2F"

    def test_no_line_of_a_header_is_typed_by_others(self, a):
        delete = "/me/addresses/{address}/delete/".format(**a.names)
        for end in ("\r\nX-Injected: 1", "\nSet-Cookie: x=1", "%0d%0aX-Injected:%201"):
            answers = [
                Client().post("/i18n/setlang/", {"language": "en", "next": "/me/" + end}),
                Client().get("/me/", {"x": end}),
                a.browser.post(delete, {"next": "/me/" + end}),
                a.browser.get(f"/calendar/{end}/x.ics"),
            ]
            for answer in answers:
                assert answer.status_code < 500
                assert not answer.has_header("X-Injected")
                assert "x" not in answer.cookies
                assert not any("\n" in value or "\r" in value for value in answer.headers.values())


class TestWhoHasAnAccount:
    def test_the_door_answers_a_known_and_an_unknown_phone_alike(self, a):
        SignInCode.objects.update(sent_at="2026-01-01T00:00:00Z")
        seen = []
        for phone in (marked.PHONE, "13733334444"):
            with CaptureQueriesContext(connection) as asked:
                answer = Client().post("/sign-in/", {"phone": phone})
            body = answer.content.decode().replace(phone, "").replace(phone[:3] + "****" + phone[-4:], "")
            body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
            seen.append((answer.status_code, body, len(asked), {k for k, _v in answer.headers.items()}))
        assert seen[0] == seen[1]

    def test_a_wrong_code_is_answered_alike(self, a):
        SignInCode.objects.update(sent_at="2026-01-01T00:00:00Z")
        seen = []
        for phone in (marked.PHONE, "13733334444"):
            guest = Client()
            guest.post("/sign-in/", {"phone": phone})
            right = fakes.Texts.last(phone, "people.code")["code"]
            answer = guest.post("/sign-in/code/", {"phone": phone, "code": f"{(int(right) + 1) % 10**6:06d}"})
            body = answer.content.decode().replace(phone, "").replace(phone[:3] + "****" + phone[-4:], "")
            body = re.sub(r'value="\w{40,}"', "", body)
            seen.append((answer.status_code, re.sub(r"[\d*]+", "", body)))
        assert seen[0] == seen[1]

    def test_staff_names_cannot_be_told_apart(self, shop):
        seen = []
        for name in ("lin", "nobody"):
            answer = Client().post("/ops/sign-in/", {"name": name, "password": "wrong"})
            seen.append((answer.status_code, re.sub(r'value="[^"]*"', "", answer.content.decode())))
        assert seen[0] == seen[1]


class TestUploads:
    @pytest.mark.parametrize(
        "tail",
        [b"<script>alert(7)</script>", b"PK\x03\x04 a zip", b"%PDF-1.7 a document", b"<?php system(1) ?>"],
    )
    def test_a_second_nature_of_a_photo_does_not_survive(self, shop, tail):
        browser = marked.sign_in("13711112222")
        borrower_id = people_queries.find_borrower_by_phone("13711112222")
        sent = IDENTITY | {"method": "photos", "id_number": id_number("11010519900307123")}
        for side in ("front", "back"):
            sent[side] = SimpleUploadedFile(f"{side}.html", photo() + tail, "text/html")
        answer = browser.post("/checkout/identity/", sent)
        assert answer.status_code == 302, answer.content.decode()[:500]
        kept = Identity.objects.get(borrower_id=borrower_id)
        content, media_type = sealed.open_file(file_id=kept.front_id, borrower_id=borrower_id)
        assert tail not in content and content.startswith(b"\xff\xd8")
        assert media_type == "image/jpeg"
        shown = desk_of("lin").get(f"/ops/photos/{borrower_id}/front/")
        assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
        assert "script-src 'self'" in shown["Content-Security-Policy"]
