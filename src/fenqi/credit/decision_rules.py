"""Our own word on an application: rules as dated data over a few facts; what is not known refers to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fenqi.credit.ports import DecisionResult

_WEIGHT = {DecisionResult.APPROVED: 0, DecisionResult.REFERRED: 1, DecisionResult.DECLINED: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """
    What the rules may look at. None is "not known". `exposure_fen` is what is owed already plus this amount.

    `days_past_due` is of the worst open loan, 0 without one.
    """

    age: int | None
    is_student: bool | None
    days_past_due: int | None
    exposure_fen: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The strictest word of all rules that met, and which they were."""

    result: DecisionResult
    reasons: tuple[str, ...]


def judge(*, rules: list[dict[str, Any]], facts: Facts, lender_kind: str) -> Verdict:
    """
    Apply every rule of rule datum `credit.decision`; the strictest result wins.

    A rule is {rule, fact, below | above | equals, then, lender_kinds?}. A fact that is not known refers to a person
    with the reason missing_<fact>.
    """
    met: list[tuple[DecisionResult, str]] = []
    for rule in rules:
        if lender_kind not in rule.get("lender_kinds", [lender_kind]):
            continue
        known = getattr(facts, rule["fact"])
        if known is None:
            met.append((DecisionResult.REFERRED, f"missing_{rule['fact']}"))
        elif _meets(rule, known):
            met.append((DecisionResult(rule["then"]), rule["rule"]))
    result = max((one for one, _ in met), key=_WEIGHT.__getitem__, default=DecisionResult.APPROVED)
    return Verdict(
        result=result, reasons=tuple(dict.fromkeys(reason for one, reason in met if one is result))
    )


def _meets(rule: dict[str, Any], known: Any) -> bool:
    if "below" in rule:
        return bool(known < rule["below"])
    if "above" in rule:
        return bool(known > rule["above"])
    return bool(known == rule["equals"])
