"""The rule sets decisions are made by: the one in force on a date, and the one a kept decision was made by."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext

from fenqi.credit.models import RuleSetUsed
from fenqi.credit.ports import DecisionResult
from fenqi.domain.decision import Outcome, Rule, RuleBroken, RuleSet, read_rules
from fenqi.plumbing import clock, rule_data

if TYPE_CHECKING:
    import datetime

NEUTRAL = "neutral"
RESULT_OF = {
    Outcome.APPROVE: DecisionResult.APPROVED,
    Outcome.REFER: DecisionResult.REFERRED,
    Outcome.DECLINE: DecisionResult.DECLINED,
}


def in_force(*, on: datetime.date) -> RuleSet:
    """The rule set of a date."""
    return read_rules(rule_data.value("credit.rules", on=on))


def keep(rules: RuleSet, *, on: datetime.date) -> None:
    """Keep the rule set a decision was made by, once."""
    if not RuleSetUsed.objects.filter(digest=rules.digest).exists():
        RuleSetUsed.objects.bulk_create(
            [
                RuleSetUsed(
                    digest=rules.digest,
                    rules=rule_data.value("credit.rules", on=on),
                    first_used_at=clock.now(),
                )
            ],
            ignore_conflicts=True,
        )


@lru_cache(maxsize=64)
def kept(digest: bytes) -> RuleSet:
    """The rule set of this hash, as it was. Raises: RuleSetUsed.DoesNotExist; RuleBroken where it is not that one."""
    rules = read_rules(RuleSetUsed.objects.get(digest=digest).rules)
    if rules.digest != digest:
        raise RuleBroken(f"rule set {digest.hex()[:12]} was changed")
    return rules


def words_of(rule: Rule) -> str:
    """What a rule says, for staff, in the language of the page."""
    return rule.words[_language()]


def reason_for_applicant(reason: str, *, on: datetime.date) -> dict[str, Any]:
    """
    What an applicant reads for a reason: {"words", "next", "is_neutral"}.

    A reason that has no words of its own (a signal, a list, another person's answer) is told neutrally.
    """
    known: dict[str, Any] = rule_data.value("credit.reasons", on=on)
    told = known.get(reason, known[NEUTRAL])
    language = _language()
    return {
        "words": told["words"][language],
        "next": told["next"][language],
        "is_neutral": told.get("is_neutral", False),
    }


def staff_reasons(*, on: datetime.date, outcome: str | None = None) -> list[tuple[str, str]]:
    """Reason codes of a person's decision with their words; `outcome`: approve | decline."""
    known: dict[str, Any] = rule_data.value("credit.staff_reasons", on=on)
    language = _language()
    return [(code, one[language]) for code, one in known.items() if outcome in (None, one["for"])]


def word_of(codes: str) -> str:
    """Reason codes (joined by commas) in words for staff, as the product ships them; a code without words stays as it is."""
    words = _shipped_words()
    language = _language()
    return gettext("、").join(words[code][language] if code in words else code for code in codes.split(","))


@lru_cache(maxsize=1)
def _shipped_words() -> dict[str, dict[str, str]]:
    shipped = rule_data.shipped()
    rules = max(shipped["credit.rules"]["values"].items())[1]["rules"]
    staff = max(shipped["credit.staff_reasons"]["values"].items())[1]
    return {rule["reason"]: rule["words"] for rule in rules} | staff


def _language() -> str:
    return "en" if (get_language() or "zh").startswith("en") else "zh-CN"
