"""`fenqi oracle`: a peer's cases, answered by our engine in the peer's form. See docs/reference/oracle.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from fenqi.cli.peer.answers import answer_check, rows, totals, yuan
from fenqi.cli.peer.story import NotModelled, Story, add_charge
from fenqi.cli.peer.terms import Case, day, fen, terms_of_loan, terms_of_schedule
from fenqi.domain.errors import DomainError
from fenqi.domain.events import EventKind

CASES = click.argument("path", metavar="FILE", type=click.File("r", encoding="utf-8"))


@click.group()
def oracle() -> None:
    """Answer a peer's cases: schedules, or loans in service."""


@oracle.command()
@CASES
def schedules(path: Any) -> None:
    """Print the schedule of every case of FILE as JSON."""
    _answer_all(path, _answer_schedule)


@oracle.command()
@CASES
def servicing(path: Any) -> None:
    """Print what every check of every case of FILE finds, as JSON."""
    _answer_all(path, _answer_servicing)


def _answer_all(path: Any, answer: Callable[[Case], dict[str, Any]]) -> None:
    answers = []
    for case in json.load(path)["cases"]:
        try:
            answers.append({"id": case["id"], **answer(case)})
        except (DomainError, NotModelled, LookupError, TypeError, ValueError) as fault:
            # A case in a form we do not know must not keep the others from being answered.
            answers.append({"id": case["id"], "error": f"{type(fault).__name__}: {fault}"})
    click.echo(json.dumps({"answers": answers}, ensure_ascii=False))


def _answer_schedule(case: Case) -> dict[str, Any]:
    story = Story(terms_of_schedule(case))
    for payout in case["disbursements"]:
        story.add(EventKind.PAYOUT, day(payout["on"]), fen(payout["amount"]))
    first = min(event.on for event in story.events)
    story.today = max(event.on for event in story.events)
    fees_at_payout = 0
    for charge in case["charges"]:
        if charge["when"] == "disbursement":
            # Collected with the payout, so it never is owed and has no row.
            fees_at_payout += fen(charge["amount_or_percent"]) * fen(case["principal"]) // 10000
        else:
            add_charge(story, charge, earliest=first)
    state = story.state()
    table = rows(state.installments)
    if case["kind"] == "emi_unit":
        _count_payouts_on_due_dates(table, story)
    return {"rows": table, "totals": totals(state, fees_at_payout)}


def _count_payouts_on_due_dates(table: list[dict[str, Any]], story: Story) -> None:
    """The peer's calculator counts money paid out on a due date to the balance after that row, its tables do not."""
    for row in table:
        paid_out = sum(event.amount_fen for event in story.events if event.on == day(row["due_date"]))
        row["balance_after"] = yuan(fen(row["balance_after"]) + paid_out)


def _answer_servicing(case: Case) -> dict[str, Any]:
    down_payment = case["product"].get("down_payment") or {}
    story = Story(terms_of_loan(case), bool(down_payment.get("auto_repay")))
    loan = case["loan"]
    if "principal_applied" in loan:
        story.expect(loan["principal_applied"], loan.get("expected_disbursement") or loan["submitted_on"])
    checks = []
    for step in case["steps"]:
        if "op" in step:
            story.play(step)
        else:
            if step.get("business_date"):
                story.today = day(step["business_date"])
            checks.append(answer_check(story, step))
    return {"checks": checks}
