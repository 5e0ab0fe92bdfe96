"""Decisions as tables: inputs in, outcome and reasons out; a rule set that cannot be meant is refused."""

from __future__ import annotations

import dataclasses
import json

import pytest

from fenqi.domain.decision import (
    INPUT_NAMES,
    NOT_NEEDED,
    Inputs,
    Outcome,
    RuleBroken,
    State,
    decision_digest,
    evaluate,
    inputs_from_json,
    read_rules,
)
from fenqi.plumbing import rule_data

DATA = next(iter(rule_data.shipped()["credit.rules"]["values"].values()))
RULES = read_rules(DATA)
USUAL = Inputs(
    lender_kind="bank",
    age=36,
    is_student=False,
    blocked_lists=0,
    days_past_due=0,
    amount_fen=499_900,
    lender_exposure_fen=499_900,
    person_exposure_fen=499_900,
    accounts=1,
    account_age_days=0,
    applications_day=1,
    applications_month=1,
    same_model_units=1,
    resale_units=1,
    address_applicants=1,
    contact_named_by=0,
    debt_service_bp=NOT_NEEDED,
    score=NOT_NEEDED,
)


def usual(**changed):
    return dataclasses.replace(USUAL, **changed)


LARGE = {"person_exposure_fen": 3_000_000, "account_age_days": 400, "score": 700, "debt_service_bp": 3000}


@pytest.mark.parametrize(
    ("changed", "outcome", "reasons"),
    [
        ({}, "approve", ("nothing_against",)),
        ({"age": 22}, "approve", ("nothing_against",)),
        ({"age": 21}, "refer", ("age_outside_usual",)),
        ({"age": 56}, "refer", ("age_outside_usual",)),
        ({"age": 17}, "decline", ("age_under_18",)),
        ({"is_student": True, "lender_kind": "microloan"}, "decline", ("student_refused",)),
        ({"is_student": True}, "refer", ("student_second_source",)),
        ({"days_past_due": 3}, "approve", ("nothing_against",)),
        ({"days_past_due": 4}, "decline", ("in_arrears",)),
        ({"blocked_lists": 1}, "decline", ("blocked",)),
        (LARGE | {"lender_exposure_fen": 20_000_000}, "approve", ("nothing_against",)),
        (LARGE | {"lender_exposure_fen": 20_000_001}, "decline", ("lender_limit",)),
        (LARGE | {"person_exposure_fen": 30_000_001}, "decline", ("person_limit",)),
        ({"same_model_units": 3}, "refer", ("same_model",)),
        ({"resale_units": 4}, "refer", ("resale_goods",)),
        ({"address_applicants": 4}, "refer", ("address_cluster",)),
        ({"applications_day": 5, "applications_month": 11}, "refer", ("many_applications",)),
        ({"amount_fen": 1_500_001, "account_age_days": 6}, "refer", ("new_account",)),
        ({"amount_fen": 1_500_001, "account_age_days": 7}, "approve", ("nothing_against",)),
        ({"contact_named_by": 2}, "refer", ("contact_named",)),
        ({"accounts": 3}, "refer", ("many_accounts",)),
        (LARGE | {"debt_service_bp": 5000}, "approve", ("nothing_against",)),
        (LARGE | {"debt_service_bp": 5001}, "refer", ("debt_service",)),
        (LARGE | {"debt_service_bp": 7001}, "decline", ("debt_service",)),
        (LARGE | {"score": 549}, "refer", ("score_middling",)),
        (LARGE | {"score": 399}, "decline", ("score_low",)),
        # All that fired is said, the strictest wins.
        (
            {"age": 17, "is_student": True, "days_past_due": 9, "lender_kind": "microloan"},
            "decline",
            ("age_under_18", "student_refused", "in_arrears"),
        ),
        # What is not known goes to a person, never through; a reason to decline outweighs it.
        ({"age": None}, "refer", ("missing_age",)),
        (
            {"days_past_due": None, "person_exposure_fen": None},
            "refer",
            ("missing_days_past_due", "missing_person_exposure_fen"),
        ),
        ({"age": None, "days_past_due": 9}, "decline", ("in_arrears",)),
        # Not asked for is fine only where no rule asks.
        ({"score": None}, "refer", ("missing_score",)),
        (
            LARGE | {"score": NOT_NEEDED, "debt_service_bp": NOT_NEEDED},
            "refer",
            ("missing_debt_service_bp", "missing_score"),
        ),
    ],
)
def test_outcome_and_reasons(changed, outcome, reasons):
    decision = evaluate(rules=RULES, inputs=usual(**changed))
    assert (decision.outcome.value, decision.reasons) == (outcome, reasons)


def test_everything_that_fired_stands_in_the_order_of_the_rules():
    decision = evaluate(rules=RULES, inputs=usual(age=21, days_past_due=9, resale_units=4))
    assert [(one.rule_id, one.outcome.value) for one in decision.fired] == [
        ("age-below-usual", "refer"),
        ("in-arrears", "decline"),
        ("resale-goods", "refer"),
        ("nothing-against", "approve"),
    ]
    assert [(one.figure, one.threshold) for one in decision.fired][:3] == [(21, 22), (9, 3), (4, 3)]
    assert len(decision.readings) == len(RULES.rules)
    passed = next(one for one in decision.readings if one.rule_id == "same-model")
    assert (passed.state, passed.figure, passed.threshold) == (State.PASSED, 1, 2)


def test_no_person_overrides_what_the_law_says():
    def may(**changed):
        return evaluate(rules=RULES, inputs=usual(**changed)).may_be_overridden

    assert may(days_past_due=9)
    assert not may(age=17)
    assert not may(is_student=True, lender_kind="microloan")
    assert not may(**LARGE | {"lender_exposure_fen": 20_000_001})


def test_without_a_rule_that_approves_a_person_decides():
    rules = read_rules(DATA | {"rules": [one for one in DATA["rules"] if one["outcome"] != "approve"]})
    decision = evaluate(rules=rules, inputs=USUAL)
    assert (decision.outcome, decision.reasons) == (Outcome.REFER, ("no_rule_approves",))


def test_an_input_is_asked_for_only_where_a_rule_looks_at_it():
    assert not RULES.needs("score", usual(score=None))
    assert RULES.needs("score", usual(score=None, person_exposure_fen=1_000_001))
    assert RULES.needs("score", usual(score=None, person_exposure_fen=None))
    assert not RULES.needs("debt_service_bp", usual(person_exposure_fen=2_000_000))
    assert RULES.needs("debt_service_bp", usual(person_exposure_fen=2_000_001))


def test_limits_are_read_from_the_rules_themselves():
    assert RULES.most("lender_exposure_fen") == 20_000_000
    assert RULES.most("person_exposure_fen") == 30_000_000
    with pytest.raises(RuleBroken):
        RULES.most("resale_units")


def test_a_kept_snapshot_gives_the_same_inputs_and_the_same_hash():
    for inputs in (USUAL, usual(**LARGE), Inputs()):
        kept = json.loads(json.dumps(inputs.as_json()))
        again = inputs_from_json(kept)
        assert again == inputs
        first, second = evaluate(rules=RULES, inputs=inputs), evaluate(rules=RULES, inputs=again)
        assert decision_digest(rules=RULES, snapshot=kept, decision=first) == decision_digest(
            rules=RULES, snapshot=kept, decision=second
        )
    other = usual(age=37)
    assert decision_digest(
        rules=RULES, snapshot=other.as_json(), decision=evaluate(rules=RULES, inputs=other)
    ) != decision_digest(rules=RULES, snapshot=USUAL.as_json(), decision=evaluate(rules=RULES, inputs=USUAL))
    with pytest.raises(RuleBroken):
        inputs_from_json({"shoe_size": 42})


RULE = {
    "id": "r",
    "kind": "signal",
    "reason": "r",
    "outcome": "refer",
    "input": "age",
    "above": 1,
    "words": {"zh-CN": "词", "en": "word"},
}


@pytest.mark.parametrize(
    "changed",
    [
        {"input": "shoe_size"},
        {"input": None},
        {"below": 2},
        {"above": "many"},
        {"above": True},
        {"above": 1.5},
        {"outcome": "perhaps"},
        {"words": {"zh-CN": "词"}},
        {"when": [{"input": "age"}]},
        {"when": [{"above": 3}]},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(changed):
    with pytest.raises(RuleBroken):
        read_rules({"windows": {}, "rules": [RULE | changed]})


def test_a_rule_stands_once_and_only_an_approval_without_a_comparison():
    with pytest.raises(RuleBroken):
        read_rules({"windows": {}, "rules": [RULE, RULE]})
    bare = {name: value for name, value in RULE.items() if name not in ("input", "above")}
    with pytest.raises(RuleBroken):
        read_rules({"windows": {}, "rules": [bare]})


def test_the_shipped_rules_use_every_input_and_speak_both_languages():
    used = {rule.condition.input for rule in RULES.rules} | {
        one.input for rule in RULES.rules for one in rule.when
    }
    assert used - {""} == set(INPUT_NAMES)
    assert all(rule.words["zh-CN"] and rule.words["en"] for rule in RULES.rules)
