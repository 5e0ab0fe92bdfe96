"""
`fenqi quote`, `fenqi schedule`, `fenqi replay`: the loan engine without a database.

What is impossible ends with exit code 2, one line on stderr that names the field, the value and what is allowed,
and nothing on stdout.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from fenqi.cli.tables import table, yuan
from fenqi.domain.errors import DomainError
from fenqi.domain.forms import FormError, read_date, read_json, replay_request, state_to_json

COUNTRY = ZoneInfo("Asia/Shanghai")
EXIT_IMPOSSIBLE = 2

F = TypeVar("F", bound=Callable[..., Any])

WHOLE = ("installments", "every", "due_day", "fixed_length", "installment_multiple_fen", "principal_grace")
WHOLE_TOO = ("interest_grace", "interest_free_days")
TERM_OPTIONS = (
    ("method", "equal_installment, equal_principal, flat_fee, interest_only, daily_interest, interest_free …"),
    ("installments", "How many installments."),
    ("every", "Units per period, 1 if not given."),
    ("unit", "day, week or month."),
    ("annual_rate", "Interest per year, 0.144 for 14.4 %."),
    ("flat_fee_rate", "Fee per period, of the amount financed."),
    ("due_day", "Bill day of the month, 1 to 28."),
    ("starts_on", "First day of interest, if not the day of payout."),
    ("first_due_on", "First due date."),
    ("fixed_length", "Length of the loan in units; moves the last due date."),
    ("day_count", "30/360, actual/365, actual/360, actual/actual …"),
    ("rounding", "half_up, half_even or half_down."),
    ("installment_multiple_fen", "Installments are multiples of so many fen."),
    ("remainder_in", "The installment that takes the rest: last or first."),
    ("down_payment_rate", "Share paid at once, 0.25 for a quarter."),
    ("principal_grace", "Installments without principal at the start."),
    ("interest_grace", "Installments without interest at the start, caught up afterwards."),
    ("interest_free_days", "Days without interest at the start."),
    ("currency", "Three letters, CNY if not given."),
)


def refuses_plainly(command: F) -> F:
    """Turn a named error into one line on stderr and exit code 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except DomainError as fault:
            click.echo(f"{fault.code}: {fault}", err=True)
            sys.exit(EXIT_IMPOSSIBLE)

    return run  # type: ignore[return-value]


def term_options(command: F) -> F:
    """Give a command one option per plain field of the terms; what they may hold is for the terms to say."""
    for name, help_line in reversed(TERM_OPTIONS):
        command = click.option(f"--{name.replace('_', '-')}", name, metavar="TEXT", help=help_line)(command)
    subsidy = click.option(
        "--subsidy", multiple=True, metavar="WHO=SHARE", help="Who bears the cost: merchant=1, borrower=0.5 …"
    )
    return subsidy(command)
