"""Decisions and steps as tables: facts in, word and reasons out; progress in, step out."""

from __future__ import annotations

import pytest

from fenqi.credit.decision_rules import Facts, judge
from fenqi.credit.steps import Progress, next_step
from fenqi.plumbing import rule_data

RULES = next(iter(rule_data.shipped()["credit.decision"]["values"].values()))


@pytest.mark.parametrize(
    ("age", "student", "days", "exposure", "kind", "result", "reasons"),
    [
        (36, False, 0, 499_900, "bank", "APPROVED", ()),
        (22, False, 0, 499_900, "bank", "APPROVED", ()),
        (55, False, 3, 20_000_000, "microloan", "APPROVED", ()),
        (21, False, 0, 499_900, "bank", "REFERRED", ("age_outside_usual",)),
        (56, False, 0, 499_900, "bank", "REFERRED", ("age_outside_usual",)),
        (17, False, 0, 499_900, "bank", "DECLINED", ("age_under_18",)),
        (30, True, 0, 499_900, "microloan", "DECLINED", ("student_refused",)),
        (30, True, 0, 499_900, "bank", "REFERRED", ("student_second_source",)),
        (30, False, 4, 499_900, "bank", "DECLINED", ("in_arrears",)),
        (30, False, 0, 20_000_001, "bank", "DECLINED", ("household_limit",)),
        (17, True, 9, 499_900, "microloan", "DECLINED", ("age_under_18", "student_refused", "in_arrears")),
        # What is not known goes to a person, never through.
        (None, False, 0, 499_900, "bank", "REFERRED", ("missing_age",)),
        (30, None, 0, 499_900, "bank", "REFERRED", ("missing_is_student",)),
        (30, False, None, None, "bank", "REFERRED", ("missing_days_past_due", "missing_exposure_fen")),
        # A reason to decline outweighs what is not known.
        (None, False, 9, 499_900, "bank", "DECLINED", ("in_arrears",)),
    ],
)
def test_decision(age, student, days, exposure, kind, result, reasons):
    facts = Facts(age=age, is_student=student, days_past_due=days, exposure_fen=exposure)
    verdict = judge(rules=RULES, facts=facts, lender_kind=kind)
    assert (verdict.result.value, verdict.reasons) == (result, reasons)


@pytest.mark.parametrize(
    ("state", "identified", "contact", "card", "step"),
    [
        ("started", False, "none", False, "identity"),
        ("started", False, "approved", True, "identity"),
        ("started", True, "none", False, "contact"),
        ("started", True, "invited", False, "contact"),
        ("started", True, "accepted", False, "contact"),
        ("started", True, "declined", False, "contact"),
        ("started", True, "withdrawn", False, "contact"),
        ("started", True, "approved", False, "decision"),
        ("deciding", True, "approved", False, "decision"),
        ("referred", True, "approved", False, "decision"),
        ("approved", True, "approved", False, "card"),
        ("approved", True, "approved", True, "agreement"),
        ("signed", True, "approved", True, "confirm"),
        ("disbursing", True, "approved", True, "waiting"),
        ("done", True, "approved", True, "done"),
        ("declined", True, "approved", True, "declined"),
        ("cancelled", True, "approved", True, "cancelled"),
    ],
)
def test_next_step(state, identified, contact, card, step):
    progress = Progress(state=state, is_identified=identified, contact_status=contact, has_card=card)
    assert next_step(progress) == step
