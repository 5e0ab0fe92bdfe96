"""Write docs/reference/decisions.md from the rule data: every rule with its threshold and words, every reason an applicant may read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "src" / "fenqi" / "plumbing" / "rule_data" / "decision.json"
PAGE = ROOT / "docs" / "reference" / "decisions.md"


def _comparison(rule: dict[str, Any]) -> str:
    if "input" not in rule:
        return "always"
    test = next(name for name in ("below", "above", "equals") if name in rule)
    value = rule[test]
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{rule['input']}` {test} {shown}"


def page() -> str:
    """The page as it should stand."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    since, rules = max(data["credit.rules"]["values"].items())
    windows = ", ".join(f"`{name}` {value}" for name, value in rules["windows"].items())
    lines = [
        "# Rules of decisions",
        "",
        "Made by `python tools/decision_rules.py` from `plumbing/rule_data/decision.json`; a row of `plumbing_ruledatum` overrides a datum from a date on.",
        "Amounts are fen, `debt_service_bp` hundredths of a percent. All rules are read in this order and all that fire are kept; the strictest outcome",
        'counts. An input that is not known refers, whatever the rules. "No override": no person may decide otherwise.',
        "",
        f"Source: {data['credit.rules']['source']}.",
        "",
        f"In force since {since}; windows: {windows}.",
        "",
        "| rule | kind | fires when | outcome | reason code | words |",
        "|---|---|---|---|---|---|",
    ]
    for rule in rules["rules"]:
        when = " and ".join([_comparison(rule), *(_comparison(one) for one in rule.get("when", []))])
        outcome = rule["outcome"] + ("" if rule.get("may_override", True) else ", no override")
        lines.append(
            f"| `{rule['id']}` | {rule['kind']} | {when} | {outcome} | `{rule['reason']}` |"
            f" {rule['words']['zh-CN']} / {rule['words']['en']} |"
        )
    _, reasons = max(data["credit.reasons"]["values"].items())
    lines += [
        "",
        "## What an applicant reads",
        "",
        "A reason that is not here (a signal, a list, another person's answer, something not known) is told in the words of `neutral`.",
        "",
        "| reason code | words | what to do next |",
        "|---|---|---|",
    ]
    for code, told in reasons.items():
        lines.append(
            f"| `{code}` | {told['words']['zh-CN']} / {told['words']['en']} | {told['next']['zh-CN']} / {told['next']['en']} |"
        )
    _, staff = max(data["credit.staff_reasons"]["values"].items())
    lines += [
        "",
        "## Reason codes of a person's decision",
        "",
        "| code | for | words |",
        "|---|---|---|",
    ]
    lines += [f"| `{code}` | {one['for']} | {one['zh-CN']} / {one['en']} |" for code, one in staff.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
