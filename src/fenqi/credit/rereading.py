"""Decisions that were kept are read again: the same rules over the same snapshot give the same answer, or somebody changed something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fenqi.credit import decision_rules
from fenqi.credit.models import DecidedBy, Decision, RuleSetUsed
from fenqi.domain import decision as domain
from fenqi.domain.decision import RuleBroken, decision_digest, evaluate, fired_rules, inputs_from_json

ROWS_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Reread:
    """A kept decision with its inputs and what its rules say of them now."""

    rules: domain.RuleSet
    inputs: domain.Inputs
    decision: domain.Decision
    snapshot: dict[str, Any]


def read_again(kept: Decision) -> Reread:
    """
    Evaluate a decision of our rules anew, from its own snapshot and by its own rules.

    Raises: RuleSetUsed.DoesNotExist, RuleBroken, ValueError, TypeError where what was kept cannot be read.
    """
    rules = decision_rules.kept(bytes(kept.rules_digest or b""))
    snapshot = json.loads(kept.snapshot)
    inputs = inputs_from_json(snapshot["inputs"])
    return Reread(
        rules=rules, inputs=inputs, decision=evaluate(rules=rules, inputs=inputs), snapshot=snapshot
    )


def differences() -> Iterator[str]:
    """Every decision of our rules that does not come out again as it was kept."""
    kept_words = Decision.objects.filter(by=DecidedBy.RULES).order_by("borrower_id", "id")
    for kept in kept_words.iterator(ROWS_AT_ONCE):
        if not kept.snapshot:
            continue  # its time was over and it was blanked, or it is older than snapshots
        place = f"decision {kept.id} of borrower {kept.borrower_id}"
        try:
            again = read_again(kept)
        except (RuleSetUsed.DoesNotExist, RuleBroken, ValueError, TypeError, KeyError) as e:
            yield f"{place}: cannot be read again ({type(e).__name__})"
            continue
        said = decision_rules.RESULT_OF[again.decision.outcome].value
        if (said, list(again.decision.reasons)) != (kept.result, kept.reasons):
            yield f"{place}: kept as {kept.result}, its rules say {said}"
        elif fired_rules(again.decision.readings) != kept.rule_ids:
            yield f"{place}: other rules fired than were kept"
        elif decision_digest(rules=again.rules, snapshot=again.snapshot, decision=again.decision) != bytes(
            kept.digest or b""
        ):
            yield f"{place}: what was kept does not fit its hash"
