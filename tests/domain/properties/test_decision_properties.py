"""What holds of every application: nothing unknown is approved, more to say against it never makes it milder."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from fenqi.domain.decision import INPUT_NAMES, NOT_NEEDED, Inputs, Outcome, evaluate, inputs_from_json
from tests.domain.test_decision import RULES

COUNT = st.integers(0, 20)
FEN = st.integers(1, 40_000_000)
WHOLE = st.builds(
    Inputs,
    lender_kind=st.sampled_from(["bank", "consumer_finance", "microloan"]),
    age=st.integers(14, 90),
    is_student=st.booleans(),
    blocked_lists=st.integers(0, 2),
    days_past_due=st.integers(0, 40),
    amount_fen=FEN,
    lender_exposure_fen=FEN,
    person_exposure_fen=FEN,
    accounts=st.integers(1, 5),
    account_age_days=st.integers(0, 900),
    applications_day=COUNT,
    applications_month=COUNT,
    same_model_units=COUNT,
    resale_units=COUNT,
    address_applicants=COUNT,
    contact_named_by=COUNT,
    debt_service_bp=st.one_of(st.just(NOT_NEEDED), st.integers(0, 20_000)),
    score=st.one_of(st.just(NOT_NEEDED), st.integers(0, 1000)),
)
SOME = st.sets(st.sampled_from(INPUT_NAMES), min_size=1)


def without(inputs, *names):
    return dataclasses.replace(inputs, **dict.fromkeys(names))


@given(WHOLE)
def test_every_input_dropped_alone_is_never_approved(inputs):
    for name in INPUT_NAMES:
        decision = evaluate(rules=RULES, inputs=without(inputs, name))
        assert decision.outcome is not Outcome.APPROVE
        assert f"missing_{name}" in {one.reason for one in decision.fired}


@given(WHOLE, SOME)
def test_any_inputs_dropped_together_are_never_approved(inputs, names):
    decision = evaluate(rules=RULES, inputs=without(inputs, *names))
    assert decision.outcome is not Outcome.APPROVE
    assert {f"missing_{name}" for name in names} <= {one.reason for one in decision.fired}


@given(WHOLE, SOME)
def test_dropping_an_input_refers_unless_a_rule_that_still_sees_declines(inputs, names):
    less = evaluate(rules=RULES, inputs=without(inputs, *names))
    declines = [one for one in less.fired if one.outcome is Outcome.DECLINE]
    assert less.outcome is (Outcome.DECLINE if declines else Outcome.REFER)
    assert all(one.figure is not None for one in declines)


@given(WHOLE)
def test_the_snapshot_gives_the_decision_again(inputs):
    assert evaluate(rules=RULES, inputs=inputs_from_json(inputs.as_json())) == evaluate(
        rules=RULES, inputs=inputs
    )


@given(WHOLE, st.permutations(RULES.rules))
def test_the_order_of_the_rules_changes_the_order_of_words_only(inputs, shuffled):
    before = evaluate(rules=RULES, inputs=inputs)
    after = evaluate(rules=dataclasses.replace(RULES, rules=tuple(shuffled)), inputs=inputs)
    assert after.outcome is before.outcome
    assert set(after.reasons) == set(before.reasons)
