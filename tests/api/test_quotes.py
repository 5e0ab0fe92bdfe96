"""The quotes API: the same figures as the plan board, errors as problem documents."""

from __future__ import annotations

import json

import pytest
from django.db import transaction
from django.test import Client

from fenqi.api import limits
from fenqi.api.schemas import BoardOut
from fenqi.credit.models import Lender, PublishedPlan
from fenqi.plumbing.models import RuleDatum
from tests.purchases import shopping
from tests.purchases.shopping import BANK_12, PHONE_FEN


@pytest.fixture
def api(sandbox, transactional_db, settings):
    shopping.open_shop(settings)
    limits._counts.clear()
    return Client()


def test_the_board_is_sorted_by_total_cost_and_names_every_figure(api):
    answer = api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN}).json()
    costs = [quote["total_cost_fen"] for quote in answer["quotes"]]
    assert costs == sorted(costs)
    assert answer["missing_lenders"] == []
    bank = next(quote for quote in answer["quotes"] if quote["plan"] == BANK_12)
    assert (bank["per_period_fen"], bank["total_fen"], bank["total_cost_fen"]) == (44979, 539745, 39845)
    assert bank["annual_rate_simple"] == "0.144002"
    assert {quote["lender_code"] for quote in answer["quotes"]} == {
        "jiangcheng",
        "anxin",
        "hulian",
        "yuanshan",
    }


def test_a_held_quote_has_an_id_an_expiry_and_its_schedule(api):
    response = api.post(
        "/api/v1/quotes", {"amount_fen": PHONE_FEN, "plan": BANK_12}, content_type="application/json"
    )
    held = response.json()
    assert response.status_code == 201
    assert sum(row["total_fen"] for row in held["schedule"]) == held["total_fen"]
    assert api.get(f"/api/v1/quotes/{held['id']}").json() == held


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"amount_fen": 29_999, "plan": BANK_12}, 422, "amount_too_small", "amount_fen"),
        ({"amount_fen": 0, "plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"amount_fen": -5, "plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"amount_fen": "499900", "plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"amount_fen": 499900.5, "plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"amount_fen": True, "plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"amount_fen": 10**15, "plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"plan": BANK_12}, 422, "invalid_input", "amount_fen"),
        ({"amount_fen": PHONE_FEN}, 422, "invalid_input", "plan"),
        ({"amount_fen": PHONE_FEN, "plan": "nobody.nothing"}, 404, "plan_unknown", "plan"),
        ({"amount_fen": PHONE_FEN, "plan": BANK_12, "price": 1}, 422, "invalid_input", "price"),
        ({"amount_fen": 19_000_000, "plan": "hulian.hulian-flat-3"}, 404, "plan_unknown", "plan"),
    ],
)
def test_bad_input_is_a_problem_with_code_and_field(api, body, status, code, field):
    response = api.post("/api/v1/quotes", json.dumps(body), content_type="application/json")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert field in (problem.get("field"), *(error["field"] for error in problem.get("errors") or []))


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"amount_fen": NaN}'])
def test_a_body_that_is_no_object_is_a_problem_too(api, body):
    response = api.post("/api/v1/quotes", body, content_type="application/json")
    assert response.status_code in (400, 422)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_silent_lender_is_named_and_the_others_are_quoted(api, sandbox):
    sandbox.fault("lender", "outage")
    answer = api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN}).json()
    assert answer["missing_lenders"] == ["远山消费金融"]
    assert len(answer["quotes"]) == 11


def test_one_address_may_not_ask_without_end(api, monkeypatch):
    monkeypatch.setitem(limits._counts, "127.0.0.1", 10_000)
    monkeypatch.setattr(limits, "_minute", int(__import__("time").monotonic() // 60))
    response = api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN})
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")


def test_the_description_is_openapi(api):
    description = api.get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.")
    assert set(description["paths"]) >= {"/api/v1/quotes", "/api/v1/quotes/{quote_id}", "/api/v1/bills"}


def test_bills_are_their_owners(api):
    assert api.get("/api/v1/bills").json()["code"] == "sign_in_needed"


class TestWhatAProcessRemembers:
    """Plans, lenders and rules are read once while nothing changes; what changes counts from the next request on."""

    def plans(self, api) -> set[str]:
        return {
            quote["plan"] for quote in api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN}).json()["quotes"]
        }

    def test_a_second_board_asks_the_tables_for_their_stamp_only(self, api, django_assert_num_queries):
        self.plans(api)
        with django_assert_num_queries(2):  # the date, the stamp
            self.plans(api)

    def test_a_plan_withdrawn_is_gone_from_the_next_board(self, api):
        assert BANK_12 in self.plans(api)
        PublishedPlan.objects.filter(code=BANK_12.partition(".")[2]).update(
            valid_until="2020-01-01", valid_from="2019-01-01"
        )
        assert BANK_12 not in self.plans(api)

    def test_a_lender_switched_off_is_gone_and_comes_back(self, api):
        Lender.objects.filter(code="jiangcheng").update(is_active=False)
        assert BANK_12 not in self.plans(api)
        Lender.objects.filter(code="jiangcheng").update(is_active=True)
        assert BANK_12 in self.plans(api)

    def test_a_lenders_name_is_the_new_one(self, api):
        self.plans(api)
        Lender.objects.filter(code="jiangcheng").update(name="江城新银行")
        answer = api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN}).json()
        assert "江城新银行" in {quote["lender_name"] for quote in answer["quotes"]}

    def test_a_rule_changed_counts_at_once(self, api):
        self.plans(api)
        RuleDatum.objects.create(
            name="min_order_fen", valid_from="2026-01-01", value=PHONE_FEN + 1, source="test"
        )
        answer = api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN})
        assert (answer.status_code, answer.json()["code"]) == (422, "amount_too_small")
        RuleDatum.objects.all().delete()
        assert BANK_12 in self.plans(api)

    def test_what_was_rolled_back_was_never_in_force(self, api):
        Lender.objects.filter(services_own_loans=True).update(
            is_active=False
        )  # nobody outside is asked within
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Lender.objects.filter(code="jiangcheng").update(is_active=False)
            assert BANK_12 not in self.plans(api)
            1 / 0  # noqa: B018
        assert BANK_12 in self.plans(api)


def test_the_board_is_what_its_schema_promises(api):
    body = api.get("/api/v1/quotes", {"amount_fen": PHONE_FEN}).json()
    assert json.loads(BoardOut.model_validate(body).model_dump_json()) == body
