"""
`fenqi quote`, `fenqi schedule`, `fenqi replay`: the loan engine without a database.

What is impossible ends with exit code 2, one line on stderr that names the field, the value and what is allowed,
and nothing on stdout: everything is computed before anything is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, TypeVar, cast

import click

from fenqi.cli.engine_options import amount_fen, rate, read_text, term_options, terms_of
from fenqi.cli.engine_output import percent, print_csv, print_facts, print_json, print_table, yuan
from fenqi.config import zone
from fenqi.domain import codec
from fenqi.domain.errors import DomainError
from fenqi.domain.forms import read_date, read_json, replay_request, state_to_json

EXIT_IMPOSSIBLE = 2

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON: whole fen, decimals as text.")
as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV: whole fen.")
on_option = click.option("--on", metavar="DATE", help="Day of payout (today in China).")


def refuses_in_one_line(command: Command) -> Command:
    """Turn a named error into one line on stderr and exit code 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except DomainError as fault:
            click.echo(f"{fault.code}: {fault}", err=True)
            sys.exit(EXIT_IMPOSSIBLE)

    return cast(Command, run)


def day(field: str, text: str | None) -> date:
    """Read a day; today in China where none is given. Raises: FormError."""
    return read_date(text, field) if text is not None else zone.today()


ROW_HEADINGS = (
    "number",
    "due_on",
    "principal_fen",
    "interest_fen",
    "fee_fen",
    "total_fen",
    "balance_after_fen",
)


@click.command()
@click.argument("price")
@term_options
@on_option
@click.option("--cap", default="0.24", metavar="RATE", help="Highest annual rate (0.24).")
@click.option("--cap-base", default="simple", metavar="TEXT", help="simple or compound.")
@as_json
@as_csv
@refuses_in_one_line
def quote(
    price: str, on: str | None, cap: str, cap_base: str, as_json: bool, as_csv: bool, **options: Any
) -> None:
    """
    What a plan costs on PRICE (yuan): every installment, the totals, the annual rates.

    \b
    fenqi quote 4999 --method flat_fee --installments 12 --flat-fee-rate 0.006
    fenqi quote 4999 --method equal_installment --installments 12 --annual-rate 0.144 --subsidy merchant=1
    """
    from fenqi.domain import plans

    fen = amount_fen("price", price)
    terms = codec.to_json(terms_of(options))
    due_day = terms.pop("due_day", None)
    plan = plans.plan_from_json(
        {
            "lender_code": "-",
            "code": "-",
            "name": "-",
            "terms": terms,
            "min_amount_fen": fen,
            "max_amount_fen": fen,
            "cap": {"value": str(rate("cap", cap)), "base": cap_base},
        }
    )
    found = plans.quote_plan(plan, fen, day("on", on), due_day)
    if as_json:
        form = plans.quote_to_json(found)
        for name in ("lender_code", "plan_code", "plan_name"):
            del form[name]
        print_json(form)
    elif as_csv:
        print_csv(ROW_HEADINGS, _row_cells(found.rows))
    else:
        _print_rows(found.rows)
        click.echo()
        print_facts(
            [
                ("amount", yuan(found.amount_fen)),
                ("total", yuan(found.total_fen)),
                ("cost", yuan(found.total_cost_fen)),
                ("annual rate, simple (单利)", percent(found.annual_rate_simple)),
                ("annual rate, compound", percent(found.annual_rate_compound)),
                ("cost borne by", ", ".join(found.interest_borne_by) or "nobody: there is none"),
                ("borne by others", yuan(found.subsidy.total_fen)),
                ("penalty rate", percent(found.penalty_annual_rate)),
                ("cost cap", percent(found.cost_cap_annual_rate)),
            ]
        )


@click.command()
@click.argument("amount")
@term_options
@on_option
@as_json
@as_csv
@refuses_in_one_line
def schedule(amount: str, on: str | None, as_json: bool, as_csv: bool, **options: Any) -> None:
    """
    The schedule of AMOUNT (yuan) paid out on a day: dates, principal, interest, fee.

    \b
    fenqi schedule 4999 --method equal_principal --installments 12 --annual-rate 0.144 --on 2026-11-22
    """
    from fenqi.domain.schedule import build_schedule, rows_to_json

    fen = amount_fen("amount", amount)
    built = build_schedule(terms_of(options), fen, day("on", on))
    if as_csv:
        print_csv(ROW_HEADINGS, _row_cells(built.rows))
    elif as_json:
        print_json(
            {
                **codec.to_json(built),
                "rows": rows_to_json(built.rows),
                "total_principal_fen": built.total_principal_fen,
                "total_interest_fen": built.total_interest_fen,
                "total_fee_fen": built.total_fee_fen,
                "borrower_total_fen": built.borrower_total_fen,
                "subsidy": codec.to_json(built.subsidy),
            }
        )
    else:
        _print_rows(built.rows)
        click.echo()
        print_facts(
            [
                ("principal", yuan(built.total_principal_fen)),
                ("interest", yuan(built.total_interest_fen)),
                ("fee", yuan(built.total_fee_fen)),
                ("total", yuan(built.borrower_total_fen)),
                ("borne by others", yuan(built.subsidy.total_fen)),
            ]
        )


@click.command()
@click.argument("file", default="-")
@click.option("--as-of", metavar="DATE", help="The date asked for, instead of the file's as_of.")
@click.option("--explain", "with_why", is_flag=True, help="Add the derivation of every figure that is due.")
@click.option("--language", default="zh", metavar="zh|en", help="Language of the derivations.")
@click.option("--schema", "only_schema", is_flag=True, help="Print the JSON schema of FILE and stop.")
@as_json
@refuses_in_one_line
def replay(
    file: str, as_of: str | None, with_why: bool, language: str, only_schema: bool, as_json: bool
) -> None:
    """
    What a loan owes: terms and events from FILE (JSON, - for stdin) in, its state at a date out.

    The form of FILE is described in docs/reference/replay.md; `--schema` prints its JSON schema.
    """
    if only_schema:
        from fenqi.domain.schema import replay_schema

        print_json(replay_schema())
        return
    from fenqi.domain.replay import replay as run

    request = replay_request(read_json(read_text(file)), as_of=day("as_of", as_of) if as_of else None)
    state = run(request.terms, request.events, request.as_of)
    derivations = _derivations(request, state, language) if with_why else None
    if as_json:
        form = state_to_json(state)
        if derivations is not None:
            form["derivations"] = [form for form, _text in derivations]
        print_json(form)
    else:
        _print_state(state)
        for _form, text in derivations or ():
            click.echo()
            click.echo(text)


def _row_cells(rows: tuple[Any, ...]) -> list[list[Any]]:
    return [[getattr(row, name) for name in ROW_HEADINGS] for row in rows]


def _print_rows(rows: tuple[Any, ...]) -> None:
    print_table(
        ("no", "due", "principal", "interest", "fee", "total", "balance"),
        [(cells[0], cells[1], *map(yuan, cells[2:])) for cells in _row_cells(rows)],
    )


def _print_state(state: Any) -> None:
    print_table(
        ("no", "due", "principal", "interest", "fee", "penalty", "late fee", "paid", "to pay", "status"),
        [
            (
                row.number,
                row.due_on,
                *map(yuan, row.due),
                yuan(row.paid_fen),
                yuan(row.outstanding_fen),
                row.status,
            )
            for row in state.installments
        ],
    )
    click.echo()
    print_facts(
        [
            ("as of", state.as_of.isoformat()),
            ("status", state.status.value),
            ("due now", yuan(state.due_fen)),
            ("still to come", yuan(state.outstanding_fen)),
            ("principal left", yuan(state.principal_outstanding_fen)),
            ("paid too much", yuan(state.overpaid_fen)),
            ("days past due", f"{state.days_past_due} ({state.bucket})"),
            ("next due", state.next_due_on.isoformat() if state.next_due_on else "-"),
        ]
    )


def _derivations(request: Any, state: Any, language: str) -> list[tuple[dict[str, Any], str]]:
    """Every installment and what is due now: the derivation as data, and as sentences."""
    from fenqi.domain.explain import Subject, explain
    from fenqi.domain.explain_formulas import Figure, derivation_to_json
    from fenqi.domain.explain_render import as_text

    subjects = [
        Subject(figure=Figure.INSTALLMENT, installment_number=row.number) for row in state.installments
    ]
    subjects.append(Subject(figure=Figure.BILL))
    events = {event.id: event for event in request.events}
    found = []
    for subject in subjects:
        derivation = explain(request.terms, request.events, request.as_of, subject)
        found.append((derivation_to_json(derivation), as_text(derivation, language, events)))
    return found
