"""The page of rules is the data, and every word a decision can say is there in both languages."""

from __future__ import annotations

import importlib.util

from fenqi.domain.decision import LANGUAGES
from fenqi.plumbing import rule_data
from tests.house.trees import ROOT


def in_force(name):
    return max(rule_data.shipped()[name]["values"].items())[1]


def test_the_page_of_rules_says_what_the_data_says():
    spec = importlib.util.spec_from_file_location("decision_rules", ROOT / "tools" / "decision_rules.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run python tools/decision_rules.py"


def test_what_is_said_is_said_in_both_languages():
    for told in in_force("credit.reasons").values():
        for part in ("words", "next"):
            assert all(told[part][language] for language in LANGUAGES)
    for one in in_force("credit.staff_reasons").values():
        assert one["for"] in ("approve", "decline")
        assert all(one[language] for language in LANGUAGES)


def test_signals_lists_and_third_people_have_no_words_of_their_own():
    told = in_force("credit.reasons")
    for rule in in_force("credit.rules")["rules"]:
        if rule["kind"] == "signal" or rule["input" if "input" in rule else "id"] == "blocked_lists":
            assert rule["reason"] not in told, rule["id"]
