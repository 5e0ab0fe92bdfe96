"""My data and my consents as pages: one tap each way, corrections that keep the form, an account that ends."""

import pytest

from fenqi.people import queries
from fenqi.people.models import Identity
from tests.people import fakes
from tests.people.browsing import GOOD_ID, PHONE, error_at
from tests.support.pages import soup


class TestMyData:
    def states(self, client):
        rows = soup(client.get("/me/privacy/")).select('[data-role="consent"]')
        return {row["data-text"]: row["data-state"] for row in rows}

    def test_consents_end_as_easily_as_they_were_given(self, identified):
        """One form of one button each way."""
        assert self.states(identified)["bureau_query"] == "standing"
        for text, form, state in (
            ("bureau_query", "withdraw-bureau_query", "withdrawn"),
            ("bureau_query", "agree-bureau_query", "standing"),
            ("marketing", "agree-marketing", "standing"),
            ("marketing", "withdraw-marketing", "withdrawn"),
        ):
            found = soup(identified.get("/me/privacy/")).select_one(f"#{form}")
            assert len(found.select("button")) == 1
            assert not found.select('input:not([type="hidden"])')
            data = {one["name"]: one["value"] for one in found.select("input")}
            identified.post(found["action"], data)
            assert self.states(identified)[text] == state
        assert self.states(identified)["identity"] == "standing"

    @pytest.mark.parametrize(
        "typed",
        [
            {},
            {"text": "everything", "version": "1"},
            {"text": "marketing", "version": "x"},
            {"text": "marketing\0"},
        ],
    )
    def test_a_made_up_consent_is_none(self, identified, typed):
        before = self.states(identified)
        assert identified.post("/me/privacy/agree/", typed).status_code == 302
        assert self.states(identified) == before

    def test_export_is_the_persons_own(self, identified):
        held = {
            theme["theme"]: theme["tables"] for theme in identified.post("/me/privacy/export/").json()["held"]
        }
        assert held["account"]["people.Account"][0]["phone"] == PHONE
        assert held["identity"]["people.Identity"][0]["id_number"] == GOOD_ID
        assert {one["text_code"] for one in held["consent"]["people.Consent"]} >= {"identity", "face"}

    def test_who_saw_is_told_with_role_and_reason(self, identified):
        from fenqi.people.models import StaffMember

        StaffMember.objects.create(name="zhou", shown_name="周敏", password="x", roles=["service"])
        borrower_id = queries.find_borrower_by_phone(PHONE)
        queries.full_name_for(borrower_id=borrower_id, reason="核对来电", actor="staff:zhou")
        seen = soup(identified.get("/me/privacy/")).select_one('[data-role="seen"]').get_text()
        for words in ("核对来电", "工作人员（客服人员）", "姓名"):
            assert words in seen
        assert "zhou" not in seen and "周敏" not in seen

    def test_a_look_is_not_lost_behind_other_lines(self, identified):
        from fenqi.plumbing import audit

        borrower_id = queries.find_borrower_by_phone(PHONE)
        queries.full_name_for(borrower_id=borrower_id, reason="核对来电", actor="staff:zhou")
        for _ in range(60):
            audit.record(actor="system:t", action="t", subject=f"account:{borrower_id}")
        assert "核对来电" in soup(identified.get("/me/privacy/")).select_one('[data-role="seen"]').get_text()

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("subject", "", "请选择要更正的内容"),
            ("subject", "balance", "请选择要更正的内容"),
            ("wish", "", "请写明正确的内容"),
            ("why", " ", "请写明哪里不对"),
            ("why", "长" * 301, "太长"),
        ],
    )
    def test_a_correction_that_is_unclear_keeps_the_form(self, identified, field, typed, words):
        asked = {"subject": "real_name", "wish": "王晓明", "why": "录入时写错了"} | {field: typed}
        response = identified.post("/me/privacy/correct/", asked)
        assert response.status_code == 422
        assert words in error_at(response, field)
        if field != "wish":
            assert soup(response).select_one('[name="wish"]')["value"] == "王晓明"

    def test_a_correction_waits_and_is_answered_on_the_page(self, identified):
        from fenqi.privacy import queries as my_data
        from fenqi.privacy import services as privacy

        asked = {"subject": "real_name", "wish": "王晓明", "why": "录入时写错了"}
        assert identified.post("/me/privacy/correct/", asked).status_code == 302
        assert (
            soup(identified.get("/me/privacy/")).select_one('[data-role="correction"]')["data-state"]
            == "waiting"
        )
        assert identified.post("/me/privacy/correct/", asked).status_code == 409
        (row,) = my_data.corrections_waiting()
        privacy.answer_correction(
            staff="staff:lin",
            borrower_id=row.borrower_id,
            correction_id=row.id,
            approve=False,
            answer="与证件不符",
        )
        shown = soup(identified.get("/me/privacy/")).select_one('[data-role="correction"]')
        assert shown["data-state"] == "refused"
        assert "与证件不符" in shown.get_text()

    def test_closing_says_what_goes_and_what_stays_then_signs_out(self, identified):
        shown = soup(identified.get("/me/privacy/close/"))
        assert shown.select_one("#close-form")
        assert identified.post("/me/privacy/close/").status_code == 200  # not without being sure
        assert identified.get("/me/").status_code == 200
        closed = identified.post("/me/privacy/close/", {"sure": "1"})
        assert soup(closed).select_one('[data-role="closed"]')
        assert identified.get("/me/").status_code == 302
        assert not Identity.objects.exists()  # no loan, so no law has it kept


def test_everything_held_is_told_by_few_questions(identified, django_assert_max_num_queries):
    """Fifty tables, and who looked, and what was agreed to: counted by one statement, not one a table."""
    identified.get("/me/")
    with django_assert_max_num_queries(13):
        identified.get("/me/privacy/")


class TestConsentsTakenBack:
    APPLICATION = "0190a000-0000-7000-8000-000000000001"

    def test_are_asked_for_again_on_the_way_and_then_it_goes_on(self, identified):
        address = f"/checkout/identity/?application={self.APPLICATION}"
        for text in ("lender_sharing", "bureau_query"):
            identified.post("/me/privacy/withdraw/", {"text": text})
        page = soup(identified.get(address))
        boxes = {one["name"] for one in page.select('#consents-form input[type="checkbox"]')}
        assert boxes == {"agree_lender_sharing", "agree_bureau_query"}  # what stands is not asked again
        answer = identified.post(address, {"agree_lender_sharing": "1"})
        assert answer.status_code == 422
        assert "授权" in error_at(answer, "agree_bureau_query")
        assert soup(answer).select_one('[name="agree_lender_sharing"]').has_attr("checked")
        answer = identified.post(address, {"agree_lender_sharing": "1", "agree_bureau_query": "1"})
        assert answer["Location"] == f"/checkout/next/?application={self.APPLICATION}"
        borrower_id = queries.find_borrower_by_phone(PHONE)
        assert queries.has_consent(borrower_id=borrower_id, text_code="bureau_query")
        assert len(fakes.Identity.asked) == 1
