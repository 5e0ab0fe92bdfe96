"""Gates answer allow or deny with a rule id, and the answer is kept."""

from __future__ import annotations

from dataclasses import dataclass

from fenqi.plumbing import clock
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import GateAnswer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a gate says: by which rule, and why in words."""

    allowed: bool
    rule_id: str
    why: str = ""


def allow(rule_id: str, why: str = "") -> Answer:
    """The rule lets it pass."""
    return Answer(allowed=True, rule_id=rule_id, why=why)


def deny(rule_id: str, why: str = "") -> Answer:
    """The rule stops it."""
    return Answer(allowed=False, rule_id=rule_id, why=why)


def keep(*, gate: str, subject: str, answer: Answer) -> Answer:
    """Write the answer down and hand it on."""
    GateAnswer.objects.create(
        id=new_id(),
        gate=gate,
        subject=subject,
        allowed=answer.allowed,
        rule_id=answer.rule_id,
        why=answer.why,
        at=clock.now(),
    )
    return answer


def keep_many(*, gate: str, answers: list[tuple[str, Answer]]) -> None:
    """Write down the answers for many subjects by one statement."""
    at = clock.now()
    GateAnswer.objects.bulk_create(
        GateAnswer(
            id=new_id(),
            gate=gate,
            subject=subject,
            allowed=answer.allowed,
            rule_id=answer.rule_id,
            why=answer.why,
            at=at,
        )
        for subject, answer in answers
    )
