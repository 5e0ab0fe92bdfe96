"""The reference of the JSON form names every field and every value there is."""

import dataclasses
from enum import StrEnum
from pathlib import Path

import pytest

from fenqi.domain import events, rules, state, terms
from fenqi.domain.arithmetic import Rounding

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "replay.md"
DATACLASSES = [
    terms.LoanTerms,
    terms.Subsidy,
    terms.WorkCalendar,
    rules.AllocationRules,
    rules.AllocationOrder,
    rules.KindOrder,
    rules.SettlementRules,
    rules.RefundRules,
    rules.OverdueRules,
    events.Event,
    state.LoanState,
]
ENUMS = [
    *(kind for module in (terms, rules, events, state) for kind in vars(module).values()),
    Rounding,
]


def named(word: str, text: str) -> bool:
    component = next((part for part in rules.Component if word.startswith(f"{part.value}_")), None)
    return f"`{word}`" in text or (
        component is not None and f"`…{word.removeprefix(component.value)}`" in text
    )


@pytest.fixture(scope="module")
def text() -> str:
    return REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", DATACLASSES, ids=lambda kind: kind.__name__)
def test_every_field_is_named(kind, text):
    fields = [field.name for field in dataclasses.fields(kind) if field.init]
    assert [name for name in fields if not named(name, text)] == []


@pytest.mark.parametrize(
    "kind", [state.Installment, state.Outcome, state.Share, state.Totals], ids=lambda k: k.__name__
)
def test_every_field_of_the_answer_is_named(kind, text):
    assert [name for name in kind._fields if not named(name, text)] == []


@pytest.mark.parametrize(
    "kind",
    sorted(
        {
            kind
            for kind in ENUMS
            if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
        },
        key=lambda kind: kind.__name__,
    ),
    ids=lambda kind: kind.__name__,
)
def test_every_value_is_named(kind, text):
    assert [member.value for member in kind if f"`{member.value}`" not in text] == []
