"""How a balance is laid over installments: the principal and interest of every row, by method."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

from fenqi.domain.arithmetic import Ratio, Rounding, reduced, rounded, rounded_to_multiple
from fenqi.domain.terms import LoanTerms, Method, RemainderIn

Layout = tuple[list[int], list[int]]
"""Principal and interest of each row, in fen."""

SPLIT_EQUALLY = frozenset(
    {Method.EQUAL_PRINCIPAL, Method.DAILY_INTEREST, Method.FLAT_FEE, Method.INTEREST_FREE}
)


def lay_out(
    terms: LoanTerms,
    balance_fen: int,
    factors: Sequence[Ratio],
    *,
    installment_factors: Sequence[Ratio] | None = None,
    first_interest_fen: int | None = None,
    free_of_principal: int = 0,
    installment_fen: int | None = None,
) -> Layout:
    """
    Lay `balance_fen` over as many rows as there are `factors` (the interest factor of each row's period).

    `installment_factors`: those the annuity is computed from, where they differ from the ones interest is counted by.
    `first_interest_fen`: the interest of the first row, where it is not that of a whole period.
    `free_of_principal`: the first rows that bear interest only. `installment_fen`: the size of the installment (or of
    its principal) where it is given; the last rows then may run empty. All principal parts add up to the balance.
    Source: rules-cn 2.1, 2.3.
    """
    if free_of_principal:
        return _after_grace(terms, balance_fen, factors, first_interest_fen, free_of_principal)
    method = terms.method
    if method is Method.INTEREST_ONLY:
        principal = [0] * (len(factors) - 1) + [balance_fen]
    elif installment_fen is not None:
        if method is Method.EQUAL_INSTALLMENT and terms.annual_rate:
            return _rows_of(balance_fen, installment_fen, factors, terms.rounding, first_interest_fen)
        principal = _parts_of(installment_fen, balance_fen, len(factors))
    elif method is Method.FLAT_INTEREST and terms.annual_rate:
        return _flat(terms, balance_fen, factors)
    elif method is Method.EQUAL_INSTALLMENT and terms.annual_rate:
        return _annuity(terms, balance_fen, factors, installment_factors or factors, first_interest_fen)
    else:
        multiple = terms.installment_multiple_fen
        if method is Method.EQUAL_PRINCIPAL and terms.annual_rate:
            multiple = 1
        principal = _equal_parts(balance_fen, len(factors), multiple, terms)
    return principal, _interest_on(balance_fen, principal, factors, terms.rounding, first_interest_fen)


def installment_of(balance_fen: int, factors: Sequence[Ratio], terms: LoanTerms) -> int:
    """The annuity installment of a balance: to the fen, then to the multiple of the terms."""
    numerator, denominator = _annuity_factor(tuple(factors))
    installment = rounded(balance_fen * numerator, denominator, terms.rounding)
    if terms.installment_multiple_fen == 1:
        return installment
    return rounded_to_multiple(installment, 1, terms.installment_multiple_fen, terms.rounding)


def uniform_installment(balance_fen: int, numerator: int, denominator: int, count: int) -> int:
    """The annuity installment where every period has the same factor, half up to the fen."""
    whole, parts = _uniform_factor(numerator, denominator, count)
    return (2 * balance_fen * whole + parts) // (2 * parts)


@lru_cache(maxsize=4096)
def _uniform_factor(numerator: int, denominator: int, count: int) -> Ratio:
    grown = (denominator + numerator) ** count
    return reduced(numerator * grown, denominator * (grown - denominator**count))


@lru_cache(maxsize=4096)
def _annuity_factor(factors: tuple[Ratio, ...]) -> Ratio:
    """What one fen of balance costs per period: product of (1 + f) over the sum of what is still to grow."""
    first_numerator, first_denominator = factors[0]
    if all(factor == factors[0] for factor in factors):
        return _uniform_factor(first_numerator, first_denominator, len(factors))
    sum_numerator = sum_denominator = 1
    for numerator, denominator in factors[1:]:
        sum_numerator = sum_denominator * denominator + sum_numerator * (denominator + numerator)
        sum_denominator *= denominator
    return reduced(prod(n + d for n, d in factors), first_denominator * sum_numerator)


def _annuity(
    terms: LoanTerms,
    balance_fen: int,
    factors: Sequence[Ratio],
    installment_factors: Sequence[Ratio],
    first_interest_fen: int | None,
) -> Layout:
    rounding = terms.rounding
    installment = installment_of(balance_fen, installment_factors, terms)
    layout = _rows_of(balance_fen, installment, factors, rounding, first_interest_fen)
    if terms.smooth_last:
        return _smoothed(balance_fen, installment, layout, factors, terms, first_interest_fen)
    if terms.remainder_in is RemainderIn.FIRST:
        return _rest_in_first(balance_fen, installment, layout, factors, rounding, first_interest_fen)
    return layout


def _rows_of(
    balance_fen: int,
    installment: int,
    factors: Sequence[Ratio],
    rounding: Rounding,
    first_interest_fen: int | None,
    first_extra_fen: int = 0,
) -> Layout:
    """Walk down the balance: interest on what is left, the rest of the installment is principal, the last takes all."""
    principal: list[int] = []
    interest: list[int] = []
    left = balance_fen
    is_half_up = rounding is Rounding.HALF_UP
    due = installment + first_extra_fen
    last = len(factors) - 1
    for index, (numerator, denominator) in enumerate(factors):
        if index == 0 and first_interest_fen is not None:
            cost = first_interest_fen
        elif is_half_up:
            cost = (2 * left * numerator + denominator) // (2 * denominator)
        else:
            cost = rounded(left * numerator, denominator, rounding)
        part = due - cost
        if index == last or part > left:
            part = left
        elif part < 0:
            part = 0
        due = installment
        left -= part
        principal.append(part)
        interest.append(cost)
    return principal, interest


def _smoothed(
    balance_fen: int,
    installment: int,
    layout: Layout,
    factors: Sequence[Ratio],
    terms: LoanTerms,
    first_interest_fen: int | None,
) -> Layout:
    """Where the last installment is off by more than half a fen per row, spread that once, if it gets better."""
    count = len(factors)
    off = layout[0][-1] + layout[1][-1] - installment
    if abs(off) <= count // 2:
        return layout
    step = rounded(abs(off), count, terms.rounding)
    other = installment + (step if off > 0 else -step)
    better = _rows_of(balance_fen, other, factors, terms.rounding, first_interest_fen)
    return better if abs(better[0][-1] + better[1][-1] - other) < abs(off) else layout


def _rest_in_first(
    balance_fen: int,
    installment: int,
    layout: Layout,
    factors: Sequence[Ratio],
    rounding: Rounding,
    first_interest_fen: int | None,
) -> Layout:
    """Move what the last installment is off into the first; a few steps, since interest follows the principal."""
    extra = 0
    for _ in range(4):
        off = layout[0][-1] + layout[1][-1] - installment
        if off == 0:
            break
        # A fen of principal paid with the first row is worth (1 + f)^n-1 with the last; for a few fen it is a fen.
        extra += off
        layout = _rows_of(balance_fen, installment, factors, rounding, first_interest_fen, extra)
    return layout


def _equal_parts(total: int, count: int, multiple: int, terms: LoanTerms) -> list[int]:
    parts = _parts_of(rounded_to_multiple(total, count, multiple, terms.rounding), total, count)
    return parts[::-1] if terms.remainder_in is RemainderIn.FIRST else parts


def _parts_of(part: int, total: int, count: int) -> list[int]:
    """Parts of one size; the last takes what is left."""
    parts: list[int] = []
    left = total
    for _ in range(count - 1):
        parts.append(min(part, left))
        left -= parts[-1]
    return [*parts, left]


def _flat(terms: LoanTerms, balance_fen: int, factors: Sequence[Ratio]) -> Layout:
    """Interest of the whole term on the whole balance, in equal shares; the installment is rounded in two parts."""
    count = len(factors)
    numerator, denominator = terms.period_rate
    total = rounded(balance_fen * numerator * count, denominator, terms.rounding)
    interest = _equal_parts(total, count, 1, terms)
    if terms.remainder_in is RemainderIn.FIRST:
        return _equal_parts(balance_fen, count, terms.installment_multiple_fen, terms), interest
    multiple = terms.installment_multiple_fen
    installment = rounded_to_multiple(balance_fen, count, multiple, terms.rounding) + rounded_to_multiple(
        interest[0], 1, multiple, terms.rounding
    )
    principal: list[int] = []
    left = balance_fen
    for share in interest[:-1]:
        principal.append(max(0, min(left, installment - share)))
        left -= principal[-1]
    return [*principal, left], interest


def _after_grace(
    terms: LoanTerms,
    balance_fen: int,
    factors: Sequence[Ratio],
    first_interest_fen: int | None,
    free_of_principal: int,
) -> Layout:
    """Interest only on the first rows, then the method over the others."""
    if terms.method is Method.FLAT_INTEREST:
        principal, _ = lay_out(terms, balance_fen, factors[free_of_principal:])
        return [0] * free_of_principal + principal, _flat(terms, balance_fen, factors)[1]
    waiting = factors[:free_of_principal]
    interest = _interest_on(balance_fen, [0] * free_of_principal, waiting, terms.rounding, first_interest_fen)
    later_principal, later_interest = lay_out(terms, balance_fen, factors[free_of_principal:])
    return [0] * free_of_principal + later_principal, interest + later_interest


def _interest_on(
    balance_fen: int,
    principal: Sequence[int],
    factors: Sequence[Ratio],
    rounding: Rounding,
    first_interest_fen: int | None,
) -> list[int]:
    interest: list[int] = []
    left = balance_fen
    for part, (numerator, denominator) in zip(principal, factors, strict=True):
        interest.append(rounded(left * numerator, denominator, rounding) if numerator else 0)
        left -= part
    if first_interest_fen is not None:
        interest[0] = first_interest_fen
    return interest
