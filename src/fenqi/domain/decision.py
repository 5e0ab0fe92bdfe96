"""
The word on an application: rules as data over a snapshot of inputs; what is not known refers to a person, always.

A rule set is plain JSON (rule datum `credit.rules`), read and checked by `read_rules`. The same rules and the same inputs give
the same decision on any day, so a decision that was kept can be checked: `evaluate` knows no clock and asks nobody.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

LANGUAGES: Final = ("zh-CN", "en")


class RuleBroken(ValueError):
    """A rule set that cannot be meant; the message names the rule."""


class Outcome(enum.StrEnum):
    """What a decision can be, the mildest first."""

    APPROVE = "approve"
    REFER = "refer"
    DECLINE = "decline"


_WEIGHT: Final = {outcome: weight for weight, outcome in enumerate(Outcome)}


class NotNeeded(enum.Enum):
    """Said of an input nobody was asked for, because no rule in force looks at it; a rule that does refers."""

    NOT_NEEDED = "not_needed"


NOT_NEEDED: Final = NotNeeded.NOT_NEEDED

Known = int | bool | str
Value = Known | NotNeeded | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """
    Everything rules may look at. None is "not known" and refers, whatever the rules.

    Amounts in fen, `debt_service_bp` in hundredths of a percent of the monthly income. Figures over a time look back as far as the
    `windows` of the rule set say. Exposure is principal owed, lines and applications in flight, with this application, over all
    accounts of the person.
    """

    lender_kind: str | None = None
    age: int | None = None
    is_student: bool | None = None
    blocked_lists: int | None = None
    days_past_due: int | None = None
    amount_fen: int | None = None
    lender_exposure_fen: int | None = None
    person_exposure_fen: int | None = None
    accounts: int | None = None
    account_age_days: int | None = None
    applications_day: int | None = None
    applications_month: int | None = None
    same_model_units: int | None = None
    resale_units: int | None = None
    address_applicants: int | None = None
    contact_named_by: int | None = None
    debt_service_bp: int | NotNeeded | None = None
    score: int | NotNeeded | None = None

    def as_json(self) -> dict[str, Any]:
        """For the snapshot that is kept; `inputs_from_json` gives the same inputs back."""
        return {
            name: value.value if isinstance(value := self.value(name), NotNeeded) else value
            for name in INPUT_NAMES
        }

    def value(self, name: str) -> Value:
        """The input of this name."""
        value: Value = getattr(self, name)
        return value


INPUT_NAMES: Final = tuple(field.name for field in fields(Inputs))
_MAY_BE_UNASKED: Final = frozenset({"debt_service_bp", "score"})


def inputs_from_json(kept: Mapping[str, Any]) -> Inputs:
    """The inputs of a kept snapshot. Raises: RuleBroken for an input nobody knows."""
    unknown = set(kept) - set(INPUT_NAMES)
    if unknown:
        raise RuleBroken(f"a snapshot with {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {
        name: NOT_NEEDED if name in _MAY_BE_UNASKED and value == NOT_NEEDED.value else value
        for name, value in kept.items()
    }
    return Inputs(**values)


class Test(enum.StrEnum):
    """How a rule compares its input with its value."""

    __test__ = False  # no test case, whatever pytest thinks of the name

    BELOW = "below"
    ABOVE = "above"
    EQUALS = "equals"
    ALWAYS = "always"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`input` compared with `value`; ALWAYS has neither."""

    input: str
    test: Test
    value: Known | None

    def holds(self, known: Known) -> bool:
        """Whether a known input meets it."""
        if self.test is Test.EQUALS:
            return known == self.value
        if not isinstance(known, int) or not isinstance(self.value, int):
            raise RuleBroken(f"{self.input} cannot be {self.test.value} {self.value!r}")
        return known < self.value if self.test is Test.BELOW else known > self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: where all of `when` holds and the condition too, its outcome and reason are said."""

    id: str
    kind: str
    reason: str
    outcome: Outcome
    condition: Condition
    when: tuple[Condition, ...]
    may_override: bool
    words: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleSet:
    """Rules in their order, the windows their figures look back over, and the hash of it all."""

    rules: tuple[Rule, ...]
    windows: Mapping[str, int]
    digest: bytes

    def needs(self, name: str, inputs: Inputs) -> bool:
        """Whether a rule looks at this input for such an application; not knowing that is a yes."""
        for rule in self.rules:
            if rule.condition.input != name:
                continue
            known = [(one, inputs.value(one.input)) for one in rule.when]
            if all(value is None or isinstance(value, NotNeeded) or one.holds(value) for one, value in known):
                return True
        return False

    def most(self, name: str) -> int:
        """The largest value of an input that no declining rule minds: how far a limit goes. Raises: RuleBroken without one."""
        limits = [
            rule.condition.value
            for rule in self.rules
            if rule.condition.input == name
            and rule.condition.test is Test.ABOVE
            and rule.outcome is Outcome.DECLINE
            and isinstance(rule.condition.value, int)
        ]
        if not limits:
            raise RuleBroken(f"no rule limits {name}")
        return min(limits)


class State(enum.StrEnum):
    """What a rule had to say."""

    FIRED = "fired"
    PASSED = "passed"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One rule read against the inputs: the figure it saw, what it was compared with, and what it says."""

    rule_id: str
    kind: str
    state: State
    outcome: Outcome
    reason: str
    input: str
    figure: Known | None
    threshold: Known | None
    may_override: bool

    def as_json(self) -> list[Any]:
        """For the hash of a decision."""
        return [self.rule_id, self.state, self.outcome, self.reason, self.figure, self.threshold]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The strictest outcome of all that fired; every rule's reading in the order of the rules."""

    outcome: Outcome
    readings: tuple[Reading, ...]

    @property
    def fired(self) -> tuple[Reading, ...]:
        """What was said, missing inputs included, in order."""
        return tuple(one for one in self.readings if one.state in (State.FIRED, State.MISSING))

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of the outcome itself, each once, in order."""
        return tuple(dict.fromkeys(one.reason for one in self.fired if one.outcome is self.outcome))

    @property
    def may_be_overridden(self) -> bool:
        """Whether a person may decide otherwise: not against a rule that says so."""
        return all(one.may_override for one in self.fired)


def evaluate(*, rules: RuleSet, inputs: Inputs) -> Decision:
    """
    Read every rule against the inputs.

    An approval needs a rule that approves, no rule against it and not one input unknown; everything short of that is a person's.
    """
    readings = [_read(rule, inputs) for rule in rules.rules]
    noticed = {one.input for one in readings if one.state is State.MISSING}
    readings += [
        _missing(rule_id="every-input-is-known", kind="input", name=name)
        for name in INPUT_NAMES
        if inputs.value(name) is None and name not in noticed
    ]
    said = [one.outcome for one in readings if one.state in (State.FIRED, State.MISSING)]
    if not said:
        readings.append(_missing(rule_id="a-rule-approves", kind="input", name="", reason="no_rule_approves"))
    outcome = max(said, key=_WEIGHT.__getitem__, default=Outcome.REFER)
    return Decision(outcome=outcome, readings=tuple(readings))


def decision_digest(*, rules: RuleSet, snapshot: Mapping[str, Any], decision: Decision) -> bytes:
    """What ties rules, snapshot (its salt included) and answer together, 32 bytes."""
    return _hash(
        [
            rules.digest.hex(),
            dict(snapshot),
            decision.outcome,
            [reading.as_json() for reading in decision.readings],
        ]
    )


def read_rules(data: Mapping[str, Any]) -> RuleSet:
    """
    Read and check a rule set: `{"windows": {name: n}, "rules": [{id, kind, reason, outcome, input, below|above|equals, …}]}`.

    A rule without a comparison always fires. Raises: RuleBroken.
    """
    rules = tuple(_rule(one) for one in data["rules"])
    ids = [rule.id for rule in rules]
    twice = {one for one in ids if ids.count(one) > 1}
    if twice:
        raise RuleBroken(f"{', '.join(sorted(twice))} stands twice")
    return RuleSet(rules=rules, windows=dict(data["windows"]), digest=_hash(data))


def _hash(content: Any) -> bytes:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


def _rule(data: Mapping[str, Any]) -> Rule:
    try:
        rule_id = str(data["id"])
        outcome, reason, kind = Outcome(data["outcome"]), str(data["reason"]), str(data["kind"])
        words = {language: str(data["words"][language]) for language in LANGUAGES}
    except (KeyError, ValueError) as e:
        raise RuleBroken(f"{data.get('id', 'a rule')}: {e}") from e
    condition = _condition(rule_id, data)
    if condition.test is Test.ALWAYS and outcome is not Outcome.APPROVE:
        raise RuleBroken(f"{rule_id}: only an approval may stand without a comparison")
    return Rule(
        id=rule_id,
        kind=kind,
        reason=reason,
        outcome=outcome,
        condition=condition,
        when=tuple(_condition(rule_id, one) for one in data.get("when", ())),
        may_override=bool(data.get("may_override", True)),
        words=words,
    )


def _condition(rule_id: str, data: Mapping[str, Any]) -> Condition:
    tests = [test for test in (Test.BELOW, Test.ABOVE, Test.EQUALS) if test.value in data]
    if not tests and "input" not in data:
        return Condition(input="", test=Test.ALWAYS, value=None)
    name = data.get("input")
    if name not in INPUT_NAMES or len(tests) != 1:
        raise RuleBroken(f"{rule_id}: one known input and one comparison, got {name!r} {tests}")
    value = data[tests[0].value]
    if isinstance(value, bool) != (name == "is_student") or not isinstance(value, (int, str)):
        raise RuleBroken(f"{rule_id}: {name} is not compared with {value!r}")
    if tests[0] is not Test.EQUALS and (isinstance(value, bool) or not isinstance(value, int)):
        raise RuleBroken(f"{rule_id}: {name} cannot be {tests[0].value} {value!r}")
    return Condition(input=str(name), test=tests[0], value=value)


def _read(rule: Rule, inputs: Inputs) -> Reading:
    for one in rule.when:
        known = inputs.value(one.input)
        if known is None or isinstance(known, NotNeeded):
            return _missing(rule_id=rule.id, kind=rule.kind, name=one.input)
        if not one.holds(known):
            return _said(rule, State.NOT_APPLICABLE, None)
    if rule.condition.test is Test.ALWAYS:
        return _said(rule, State.FIRED, None)
    known = inputs.value(rule.condition.input)
    if known is None or isinstance(known, NotNeeded):
        return _missing(rule_id=rule.id, kind=rule.kind, name=rule.condition.input)
    return _said(rule, State.FIRED if rule.condition.holds(known) else State.PASSED, known)


def _said(rule: Rule, state: State, figure: Known | None) -> Reading:
    return Reading(
        rule_id=rule.id,
        kind=rule.kind,
        state=state,
        outcome=rule.outcome,
        reason=rule.reason,
        input=rule.condition.input,
        figure=figure,
        threshold=rule.condition.value,
        may_override=rule.may_override,
    )


def _missing(*, rule_id: str, kind: str, name: str, reason: str = "") -> Reading:
    return Reading(
        rule_id=rule_id,
        kind=kind,
        state=State.MISSING,
        outcome=Outcome.REFER,
        reason=reason or f"missing_{name}",
        input=name,
        figure=None,
        threshold=None,
        may_override=True,
    )


def fired_rules(readings: Sequence[Reading]) -> list[str]:
    """The ids of the rules that spoke, in order."""
    return [one.rule_id for one in readings if one.state in (State.FIRED, State.MISSING)]
