"""What the engine's commands read: terms and amounts from options, forms from files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import click

from fenqi.domain.errors import TermsError
from fenqi.domain.forms import FormError, read_json
from fenqi.domain.terms import LoanTerms, terms_from_json

Command = TypeVar("Command", bound=Callable[..., Any])

# name, what it says in --help, whether it is a whole number
TERM_OPTIONS = (
    ("method", "equal_installment, equal_principal, flat_fee, interest_only, daily_interest …", False),
    ("installments", "How many installments.", True),
    ("every", "Units per period (1).", True),
    ("unit", "day, week or month (month).", False),
    ("annual_rate", "Interest per year, 0.144 for 14.4 %.", False),
    ("flat_fee_rate", "Fee per period, as a share of the amount financed.", False),
    ("due_day", "Bill day of the month, 1 to 28.", True),
    ("starts_on", "First day of interest, if not the day of payout.", False),
    ("first_due_on", "First due date.", False),
    ("fixed_length", "Length of the loan in units; moves the last due date only.", True),
    ("day_count", "30/360, actual/365, actual/360, actual/actual …", False),
    ("interest_factors", "whole_periods or dated.", False),
    ("rounding", "half_up, half_even or half_down.", False),
    ("installment_multiple_fen", "Installments are multiples of so many fen.", True),
    ("remainder_in", "The installment that takes the rest: last or first.", False),
    ("down_payment_rate", "Share paid at once, 0.25 for a quarter.", False),
    ("principal_grace", "Installments without principal at the start.", True),
    ("interest_grace", "Installments without interest at the start, caught up afterwards.", True),
    ("interest_free_days", "Days without interest at the start.", True),
    ("currency", "Three letters (CNY).", False),
)
_WHOLE = {name for name, _help, is_whole in TERM_OPTIONS if is_whole}


def term_options(command: Command) -> Command:
    """Give a command an option per plain field of the terms; what each may hold is for the terms to say."""
    command = click.option("--terms", "terms_file", metavar="FILE", help="Terms in their JSON form.")(command)
    for name, help_line, _is_whole in reversed(TERM_OPTIONS):
        command = click.option(f"--{name.replace('_', '-')}", name, metavar="TEXT", help=help_line)(command)
    return click.option(
        "--subsidy", multiple=True, metavar="WHO=SHARE", help="Who bears the cost: merchant=1, lender=0.5 …"
    )(command)


def terms_of(options: dict[str, Any]) -> LoanTerms:
    """
    Build terms from the options given, over those of a file where one is named.

    Raises: TermsError, FormError.
    """
    form: dict[str, Any] = {}
    if options.get("terms_file"):
        form = read_json(read_text(options["terms_file"]))
        if not isinstance(form, dict):
            raise FormError("terms", form, "an object")
    for name, _help, _is_whole in TERM_OPTIONS:
        text = options.get(name)
        if text is not None:
            form[name] = whole(text) if name in _WHOLE else text
    if options.get("subsidy"):
        form["subsidy"] = _shares(options["subsidy"])
    return terms_from_json(form)


def amount_fen(field: str, text: str) -> int:
    """Read an amount of yuan with at most two decimals. Raises: FormError."""
    allowed = "an amount of yuan above 0 with at most two decimals, such as 4999.00"
    try:
        fen = Decimal(text.replace(",", "").removeprefix("¥")) * 100
    except InvalidOperation as fault:
        raise FormError(field, text, allowed) from fault
    if not fen.is_finite() or fen != int(fen) or fen <= 0:
        raise FormError(field, text, allowed)
    return int(fen)


def rate(field: str, text: str) -> Decimal:
    """Read a rate such as 0.24. Raises: FormError."""
    try:
        number = Decimal(text)
    except InvalidOperation as fault:
        raise FormError(field, text, "a decimal number, such as 0.24") from fault
    if not number.is_finite():
        raise FormError(field, text, "a decimal number, such as 0.24")
    return number


def whole(text: str | None) -> int | str | None:
    """Read a whole number; what is none goes on as text, for the terms to refuse with the field's name."""
    return int(text) if text is not None and text.removeprefix("-").isdecimal() else text


def read_text(name: str) -> str:
    """Read a file, or stdin for `-`. Raises: FormError."""
    try:
        if name == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise FormError("FILE", name, "a readable UTF-8 file, or - for stdin") from fault


def _shares(pairs: Sequence[str]) -> dict[str, str]:
    shares: dict[str, str] = {}
    for pair in pairs:
        who, _, share = pair.partition("=")
        if who in shares:
            raise TermsError("subsidy", pair, "everyone once")
        shares[who] = share
    if "borrower" not in shares:
        borne = sum((rate(f"subsidy.{who}", share) for who, share in shares.items()), Decimal(0))
        shares["borrower"] = str(1 - borne)
    return shares
