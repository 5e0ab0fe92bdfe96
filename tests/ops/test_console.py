"""Staff see what they may, decide with a reason, and leave a line for everything they look at."""

import datetime

import pytest
from django.test import Client

from fenqi.ops.timebar import target
from fenqi.people import queries, services
from fenqi.people.models import Contact, Identity
from fenqi.plumbing import audit, business_date
from tests.people import fakes
from tests.people.test_identity import photo
from tests.support.pages import soup
from tests.support.staff import typed

PAGES = {
    "/ops/": {"lin", "zhou", "qian", "shen", "cui", "admin"},
    "/ops/password/": {"lin", "zhou", "qian", "shen", "cui", "admin"},
    "/ops/staff/": {"admin"},
    "/ops/staff/lin/": {"admin"},
    "/ops/queues/phones/": {"lin", "admin"},
    "/ops/second-factor/": {"lin", "zhou", "qian", "shen", "cui", "admin"},
    "/ops/queues/identity/": {"lin", "admin"},
    "/ops/queues/contacts/": {"lin", "admin"},
    "/ops/queues/applications/": {"lin", "admin"},
    "/ops/queues/reviews/": {"lin", "admin"},
    "/ops/lists/": {"lin", "shen", "admin"},
    "/ops/queues/returns/": {"zhou", "admin"},
    "/ops/queues/disputes/": {"zhou", "shen", "admin"},
    "/ops/queues/corrections/": {"lin", "shen", "admin"},
    "/ops/shipping/": {"zhou", "admin"},
    "/ops/chat/": {"zhou", "admin"},
    "/ops/refunds/": {"qian", "zhou", "admin"},
    "/ops/unplaced/": {"qian", "admin"},
    "/ops/look-up/": {"lin", "zhou", "qian", "shen", "cui", "admin"},
    "/ops/books/": {"qian", "shen", "admin"},
    "/ops/books/export/": {"qian", "admin"},
    "/ops/reports/": {"qian", "shen", "admin"},
    "/ops/time/": {"qian", "admin"},
    "/ops/entry/": {"shen", "qian", "admin"},
    "/ops/audit/": {"shen", "admin"},
}


# One of them asks, on every page, whether the member still works here and as what.
QUERIES = 10


@pytest.fixture
def accepted(named):
    borrower_id, contact_id, token = named()
    services.answer_contact(token=token, answer="accept")
    return borrower_id, contact_id


class TestDoors:
    @pytest.mark.parametrize("name", ["lin", "zhou", "qian", "shen", "cui", "admin"])
    def test_each_role_opens_its_own_pages(self, staff, name):
        browser = staff(name)
        opened = {path for path in PAGES if browser.get(path).status_code == 200}
        assert opened == {path for path, names in PAGES.items() if name in names}

    @pytest.mark.parametrize("path", PAGES)
    def test_nobody_else_opens_any(self, shopper, client, path):
        assert client.get(path)["Location"].startswith("/ops/sign-in/")
        client.post("/sign-in/", {"phone": "13800001234"})
        code = fakes.Texts.last("13800001234", "people.code")["code"]
        client.post("/sign-in/code/", {"phone": "13800001234", "code": code})
        assert client.get(path)["Location"].startswith("/ops/sign-in/")

    @pytest.mark.parametrize(
        ("sent", "words"),
        [
            ({"name": "", "password": ""}, "请输入账号"),
            ({"name": "lin", "password": ""}, "请输入密码"),
            ({"name": "lin", "password": "x"}, "账号、密码或动态码不正确"),
            ({"name": "nobody", "password": "x"}, "账号、密码或动态码不正确"),
            ({"name": "' OR 1=1 --", "password": "x"}, "账号、密码或动态码不正确"),
            ({"name": "l" * 100, "password": "x"}, "40"),
        ],
    )
    def test_a_bad_sign_in(self, client, sent, words):
        response = client.post("/ops/sign-in/", sent)
        assert response.status_code == 422
        assert words in soup(response).get_text()
        assert soup(response).select_one('[name="name"]').get("value", "") == sent["name"]
        assert client.get("/ops/").status_code == 302

    def test_locked_after_five(self, client):
        for _ in range(5):
            response = client.post("/ops/sign-in/", {"name": "lin", "password": "x"})
        assert response.status_code == 429
        response = client.post("/ops/sign-in/", typed("lin"))
        assert "已锁定" in soup(response).get_text()

    @pytest.mark.parametrize("target", ["https://evil.example/ops/", "//evil.example", "/me/"])
    def test_never_leads_elsewhere(self, client, target):
        response = client.post("/ops/sign-in/", typed("lin") | {"next": target})
        assert response["Location"] == "/ops/"

    def test_a_staff_session_is_no_shoppers(self, staff):
        assert staff("lin").get("/me/")["Location"].startswith("/sign-in/")


class TestQueues:
    def test_a_contact_is_approved(self, staff, accepted):
        browser = staff("lin")
        page = soup(browser.get("/ops/queues/contacts/"))
        assert len(page.select('[data-role="queue-row"]')) == 1
        assert "李*" in page.select_one('[data-role="evidence"]').get_text()
        assert "13900005678" not in page.get_text()
        at = page.select_one('#decision-form [name="at"]')["value"]
        done = browser.post(
            "/ops/queues/contacts/decide/",
            {"at": at, "decision": "approve", "reason": "已电话核实"},
            follow=True,
        )
        assert soup(done).select_one('[data-role="empty"]')
        assert queries.contact_state(accepted[0]) == "approved"
        line = audit.trail(subject=f"account:{accepted[0]}")[0]
        assert (line.actor, line.action, line.reason) == (
            "staff:lin",
            "people.contact.approved",
            "已电话核实",
        )

    def test_without_a_reason_nothing_happens(self, staff, accepted):
        browser = staff("lin")
        at = f"{accepted[0]}.{accepted[1]}"
        response = browser.post(
            "/ops/queues/contacts/decide/", {"at": at, "decision": "refuse", "reason": " "}
        )
        assert response.status_code == 422
        assert "理由" in soup(response).select_one("#id_reason_error").get_text()
        assert queries.contact_state(accepted[0]) == "accepted"

    def test_two_reviewers_decide_once(self, staff, accepted):
        at = f"{accepted[0]}.{accepted[1]}"
        first, second = staff("lin"), staff("admin")
        first.post("/ops/queues/contacts/decide/", {"at": at, "decision": "refuse", "reason": "关系不合理"})
        late = second.post("/ops/queues/contacts/decide/", {"at": at, "decision": "approve", "reason": "好"})
        assert "已被同事处理" in soup(late).get_text()
        assert Contact.objects.get().status == "refused"

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"at": "x", "decision": "approve", "reason": "x"},
            {"at": "1.x", "decision": "approve", "reason": "x"},
            {"at": "²³.x", "decision": "approve", "reason": "x"},
            {"at": "1.0190a000-0000-7000-8000-000000000001", "decision": "maybe", "reason": "x"},
            {"at": "9" * 30 + ".x", "decision": "approve", "reason": "x"},
        ],
    )
    def test_forged_decisions(self, staff, sent):
        assert staff("lin").post("/ops/queues/contacts/decide/", sent).status_code == 404

    def test_another_roles_queue_is_closed_for_posts_too(self, staff, accepted):
        at = f"{accepted[0]}.{accepted[1]}"
        response = staff("zhou").post(
            "/ops/queues/contacts/decide/", {"at": at, "decision": "approve", "reason": "x"}
        )
        assert response.status_code == 403
        assert queries.contact_state(accepted[0]) == "accepted"

    def test_photos_are_shown_to_reviewers_and_the_look_is_kept(self, staff, shopper):
        from tests.people.test_identity import submit

        borrower_id = shopper()
        submit(borrower_id, face=False, front=photo(), back=photo())
        browser = staff("lin")
        page = soup(browser.get("/ops/queues/identity/"))
        url = page.select_one("img.evidence-photo")["src"]
        shown = browser.get(url)
        assert shown["Content-Type"] == "image/jpeg"
        assert audit.trail(subject=f"account:{borrower_id}")[0].actor == "staff:lin"
        assert staff("zhou").get(url).status_code == 403
        assert Client().get(url).status_code == 302
        at = f"{borrower_id}.identity"
        browser.post("/ops/queues/identity/decide/", {"at": at, "decision": "approve", "reason": "照片清晰"})
        assert Identity.objects.get().status == "passed"


class TestLookUp:
    def test_by_phone_leads_to_a_masked_file(self, staff, applicant):
        borrower_id = applicant()
        response = staff("cui").get("/ops/look-up/?q=138+0000+1234", follow=True)
        text = soup(response).get_text()
        assert "王**" in text
        assert "13800001234" not in text
        assert response.redirect_chain[0][0] == f"/ops/people/{borrower_id}/"

    @pytest.mark.parametrize("q", ["13900000000", "ORD-1", "' OR 1=1 --", "%", "<script>", "x" * 500, "０"])
    def test_nothing_found(self, staff, q):
        response = staff("cui").get("/ops/look-up/", {"q": q})
        assert response.status_code == 200
        assert soup(response).select_one('[data-role="empty"]')
        assert b"<script>" + b"\n" not in response.content

    def test_a_value_in_clear_needs_a_reason_and_is_told(self, staff, applicant):
        borrower_id = applicant()
        browser = staff("zhou")
        address = f"/ops/people/{borrower_id}/reveal/"
        assert browser.post(address, {"field": "phone", "reason": ""}).status_code == 302
        assert not any(line.action == "people.revealed" for line in audit.trail())
        shown = browser.post(address, {"field": "phone", "reason": "回拨核实"})
        assert "13800001234" in soup(shown).select_one('[data-role="revealed"]').get_text()
        assert queries.who_saw(borrower_id=borrower_id)[0].reason == "回拨核实"
        assert browser.post(address, {"field": "password", "reason": "x"}).status_code == 404
        assert staff("qian").post(address, {"field": "phone", "reason": "x"}).status_code == 403

    def test_looks_are_limited(self, staff, applicant):
        from fenqi.plumbing.models import RuleDatum

        RuleDatum.objects.create(name="reveals_per_hour", valid_from=datetime.date(2026, 1, 1), value=2)
        borrower_id = applicant()
        browser = staff("zhou")
        answers = [
            browser.post(
                f"/ops/people/{borrower_id}/reveal/", {"field": "phone", "reason": "核实"}
            ).status_code
            for _ in range(3)
        ]
        assert answers == [200, 200, 302]


class TestTime:
    @pytest.mark.parametrize(
        ("on", "later"),
        [("2026-11-22", "2026-12-22"), ("2027-01-31", "2027-02-28"), ("2026-12-31", "2027-01-31")],
    )
    def test_a_month_later(self, on, later):
        assert target(move="next_month", to="", on=datetime.date.fromisoformat(on)).isoformat() == later

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"move": "to", "to": ""},
            {"move": "to", "to": "yesterday"},
            {"move": "to", "to": "2020-01-01"},
            {"move": "to", "to": "2099-01-01"},
            {"move": "next_due"},
        ],
    )
    def test_nowhere_to_go(self, staff, sent):
        response = staff("qian").post("/ops/time/", sent, follow=True)
        assert soup(response).select_one(".notice.late")
        assert business_date.current() == datetime.date(2026, 11, 22)

    def test_the_worker_is_asked(self, staff):
        response = staff("qian").post("/ops/time/", {"move": "next_day"}, follow=True)
        assert soup(response).select_one('[data-role="time-state"]')["data-state"] == "running"

    def test_production_has_no_time_bar(self, staff, settings):
        settings.CLOCK_FOLLOWS_BUSINESS_DATE = False
        browser = staff("admin")
        assert browser.get("/ops/time/").status_code == 404
        assert browser.post("/ops/time/", {"move": "next_day"}).status_code == 404
        assert not soup(browser.get("/ops/")).select_one("#time-bar")


class TestAutoReview:
    def test_off_by_default(self, accepted):
        from fenqi.plumbing import outbox

        outbox.deliver()
        assert queries.contact_state(accepted[0]) == "accepted"

    def test_approves_who_accepted_and_says_so(self, settings, accepted):
        from fenqi.plumbing import outbox

        settings.AUTO_REVIEW = True
        settings.OUTBOX_HANDLERS = {"people.contact.answered": ["fenqi.ops.auto_review.contact_answered"]}
        outbox.deliver()
        assert queries.contact_state(accepted[0]) == "approved"
        assert audit.trail(subject=f"account:{accepted[0]}")[0].actor == "system:auto-reviewer"

    def test_leaves_one_id_number_on_two_accounts_to_a_person(self, settings, shopper):
        from fenqi.plumbing import outbox
        from tests.people.test_identity import submit

        settings.AUTO_REVIEW = True
        settings.OUTBOX_HANDLERS = {
            "people.identity.review_wanted": ["fenqi.ops.auto_review.identity_review_wanted"]
        }
        first, second, third = shopper("13800000001"), shopper("13800000002"), shopper("13800000003")
        submit(first)
        submit(second)
        from tests.people.browsing import id_number

        submit(third, id_number=id_number("11010519900307111"), face=False, front=photo(), back=photo())
        outbox.deliver()
        assert [queries.person(one).identity_status for one in (second, third)] == ["review", "passed"]


@pytest.mark.parametrize(("tab", "most"), [("", 12), ("?tab=reach", 16), ("?tab=log", 10), ("?tab=x", 12)])
def test_a_persons_file_asks_the_database_little(staff, accepted, tab, most, django_assert_max_num_queries):
    browser = staff("admin")
    with django_assert_max_num_queries(most):
        assert browser.get(f"/ops/people/{accepted[0]}/{tab}").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_the_database_little(staff, accepted, path, django_assert_max_num_queries):
    browser = staff("admin")
    browser.get(path)
    with django_assert_max_num_queries(QUERIES):
        browser.get(path)


class TestReachingABorrower:
    def test_the_contact_is_unlocked_by_the_dial_log_alone(self, staff, accepted):
        borrower_id, contact_id = accepted
        services.review_contact(
            staff="staff:lin", borrower_id=borrower_id, contact_id=contact_id, approve=True, reason="核实"
        )
        browser = staff("cui")
        address = f"/ops/people/{borrower_id}/"
        assert (
            "李*" in soup(browser.get(address + "?tab=reach")).select_one('[data-role="contacts"]').get_text()
        )
        sent = {"contact": str(contact_id), "purpose": "reach"}
        denied = browser.post(address + "contact/", sent, follow=True)
        assert "仍可尝试" in soup(denied).select_one(".notice.late").get_text()
        assert "13900005678" not in denied.content.decode()
        browser.post(address + "dial/", {"outcome": "invalid_number"})
        shown = browser.post(address + "contact/", sent)
        assert "13900005678" in soup(shown).select_one('[data-role="revealed"]').get_text()
        assert staff("zhou").post(address + "contact/", sent).status_code == 403
        assert browser.post(address + "contact/", sent | {"contact": "x"}).status_code == 404


class TestFreeText:
    """NUL, markup and sheer length in every field that is no form's."""

    @pytest.mark.parametrize(
        "text",
        ["a\x00b", "\x00", "<script>alert(1)</script>", "x" * 5000, "'; DROP TABLE people_account; --"],
    )
    def test_no_page_falls_over_and_none_runs_it(self, staff, accepted, text):
        browser = staff("admin")
        borrower_id, contact_id = accepted
        person = f"/ops/people/{borrower_id}/"
        place = f"{borrower_id}.{contact_id}"
        answers = [
            browser.get("/ops/look-up/", {"q": text}),
            browser.get("/ops/audit/", {"subject": text}),
            browser.get("/ops/queues/contacts/", {"at": text}),
            browser.get("/ops/books/", {"on": text}),
            browser.post(person + "reveal/", {"field": "phone", "reason": text}),
            browser.post(person + "dial/", {"outcome": text}),
            browser.post(person + "contact/", {"contact": str(contact_id), "purpose": text, "note": text}),
            browser.post("/ops/entry/set/", {"cohort": text, "is_open": "no", "reason": text}),
            browser.post("/ops/time/", {"move": "to", "to": text}),
            browser.post("/ops/chat/answer/", {"at": place, "text": text}),
            browser.post(
                "/ops/queues/contacts/decide/", {"at": place, "decision": "approve", "reason": text}
            ),
            browser.get(person),
            browser.get("/ops/audit/"),
        ]
        assert [one.status_code for one in answers if one.status_code >= 500] == []
        assert not any(b"<script>alert" in one.content for one in answers)
