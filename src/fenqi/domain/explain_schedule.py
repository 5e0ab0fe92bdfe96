"""Where the figures of a planned row come from: the rule of the method, with the numbers put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from fenqi.domain.amortisation import SPLIT_EQUALLY
from fenqi.domain.arithmetic import Ratio, ratio
from fenqi.domain.calendar import is_whole_period
from fenqi.domain.day_count import factor_of_part
from fenqi.domain.explain_formulas import Clause, Derivation, Figure, Formula, derived, inputs
from fenqi.domain.schedule import (
    Schedule,
    ScheduleRow,
    counts_whole_periods,
    down_payment_of,
    interest_factors,
)
from fenqi.domain.terms import DayCount, InterestFactors, LoanTerms, Method, RemainderIn


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One row of a schedule with what its figures were made from."""

    terms: LoanTerms
    paid_out_fen: int
    financed_fen: int
    rows: tuple[ScheduleRow, ...]
    """The installments, without a down payment."""
    starts: tuple[date, ...]
    dues: tuple[date, ...]
    paid_out_on: date
    index: int

    @property
    def row(self) -> ScheduleRow:
        """The row itself."""
        return self.rows[self.index]

    @property
    def balance_fen(self) -> int:
        """Principal not yet due before the row."""
        return self.row.balance_after_fen + self.row.principal_fen

    @property
    def is_last(self) -> bool:
        """Whether it is the last row."""
        return self.index == len(self.rows) - 1


def planned_row(terms: LoanTerms, schedule: Schedule, number: int) -> PlannedRow:
    """Find the row of that number in a schedule of these terms."""
    rows = tuple(row for row in schedule.rows if not row.is_down_payment)
    financed_fen = schedule.principal_fen
    if terms.down_payment_rate:
        financed_fen -= down_payment_of(terms, schedule.principal_fen)
    return PlannedRow(
        terms=terms,
        paid_out_fen=schedule.principal_fen,
        financed_fen=financed_fen,
        rows=rows,
        starts=tuple(row.starts_on for row in rows),
        dues=tuple(row.due_on for row in rows),
        paid_out_on=schedule.paid_out_on,
        index=number - rows[0].number,
    )


def explain_planned(terms: LoanTerms, schedule: Schedule, number: int, figure: Figure) -> Derivation:
    """
    Return the derivation of principal, interest, fee or total of a row; row 0 is the down payment.

    The first rule that gives the very figure of the schedule is the one that made it.
    """
    if number == 0:
        return _down_payment(terms, schedule)
    planned = planned_row(terms, schedule, number)
    if figure is Figure.INSTALLMENT:
        parts = [
            explain_planned(terms, schedule, number, part)
            for part in (Figure.PRINCIPAL, Figure.INTEREST, Figure.FEE)
        ]
        return derived(
            figure=figure,
            formula=Formula.SUM,
            clause=Clause.METHOD,
            installment_number=number,
            steps=tuple(part for part in parts if part.amount_fen),
        )
    rules = {Figure.PRINCIPAL: _principal, Figure.INTEREST: _interest, Figure.FEE: _fee}[figure](planned)
    wanted = {
        Figure.PRINCIPAL: planned.row.principal_fen,
        Figure.INTEREST: planned.row.interest_fen,
        Figure.FEE: planned.row.fee_fen,
    }[figure]
    for derivation in rules:
        if derivation.amount_fen == wanted:
            return derivation
    return read_from_rows(figure, number, wanted)


def read_from_rows(figure: Figure, number: int | None, amount_fen: int) -> Derivation:
    """A figure the schedule gives as it stands: several rules met in it (smoothing, a rest in the first row)."""
    return derived(
        figure=figure,
        formula=Formula.ROWS,
        clause=Clause.METHOD,
        installment_number=number,
        inputs=inputs({"amount_fen": amount_fen}),
    )


def nothing(figure: Figure, number: int | None, clause: Clause) -> Derivation:
    """A figure that is 0 because the terms say so."""
    return derived(
        figure=figure,
        formula=Formula.GIVEN,
        clause=clause,
        installment_number=number,
        inputs=inputs({"amount_fen": 0}),
    )


def _down_payment(terms: LoanTerms, schedule: Schedule) -> Derivation:
    numerator, denominator = ratio(terms.down_payment_rate)
    row = schedule.rows[0]
    derivation = derived(
        figure=Figure.PRINCIPAL,
        formula=Formula.FLAT_COST,
        clause=Clause.AMOUNT,
        installment_number=0,
        rounding=terms.rounding,
        inputs=inputs(
            {
                "amount_fen": schedule.principal_fen,
                "down_payment_rate": terms.down_payment_rate,
                "periods": 1,
                "factor": (numerator, denominator),
            }
        ),
    )
    if derivation.amount_fen == row.principal_fen:
        return derivation
    return read_from_rows(Figure.PRINCIPAL, 0, row.principal_fen)


def _principal(planned: PlannedRow) -> Iterator[Derivation]:
    terms, number = planned.terms, planned.row.number
    if planned.index < terms.principal_grace:
        yield nothing(Figure.PRINCIPAL, number, Clause.GRACE)
    if terms.method is Method.INTEREST_ONLY and not planned.is_last:
        yield nothing(Figure.PRINCIPAL, number, Clause.METHOD)
    if planned.is_last and (terms.remainder_in is RemainderIn.LAST or terms.method is Method.INTEREST_ONLY):
        yield derived(
            figure=Figure.PRINCIPAL,
            formula=Formula.REST,
            clause=Clause.LAST_INSTALLMENT,
            installment_number=number,
            inputs=inputs({"amount_fen": planned.balance_fen}),
        )
    if terms.method in SPLIT_EQUALLY or not terms.annual_rate or terms.method is Method.FLAT_INTEREST:
        yield _equal_part(planned)
    else:
        yield _annuity_part(planned)
    if planned.index == 0 and terms.remainder_in is RemainderIn.FIRST:
        yield _first_takes_the_rest(planned)


def _equal_part(planned: PlannedRow) -> Derivation:
    terms = planned.terms
    has_multiple = terms.method is not Method.EQUAL_PRINCIPAL or not terms.annual_rate
    return derived(
        figure=Figure.PRINCIPAL,
        formula=Formula.EQUAL_PART,
        clause=Clause.METHOD,
        installment_number=planned.row.number,
        rounding=terms.rounding,
        inputs=inputs(
            {
                "amount_fen": planned.financed_fen,
                "parts": len(planned.rows) - terms.principal_grace,
                "multiple_fen": terms.installment_multiple_fen if has_multiple else 1,
                "left_fen": planned.balance_fen,
            }
        ),
    )


def _first_takes_the_rest(planned: PlannedRow) -> Derivation:
    balance = read_from_rows(Figure.BALANCE, planned.row.number, planned.financed_fen)
    others = [read_from_rows(Figure.PRINCIPAL, row.number, row.principal_fen) for row in planned.rows[1:]]
    return derived(
        figure=Figure.PRINCIPAL,
        formula=Formula.DIFFERENCE,
        clause=Clause.LAST_INSTALLMENT,
        installment_number=planned.row.number,
        steps=(balance, *others),
    )


def _annuity_part(planned: PlannedRow) -> Derivation:
    terms = planned.terms
    factors = tuple(interest_factors(terms, planned.starts, planned.dues))[terms.principal_grace :]
    if counts_whole_periods(terms) or terms.interest_factors is InterestFactors.DATED_INTEREST:
        factors = (terms.period_rate,) * len(factors)
    level = derived(
        figure=Figure.LEVEL,
        formula=Formula.ANNUITY,
        clause=Clause.METHOD,
        rounding=terms.rounding,
        inputs=inputs(
            {
                "balance_fen": planned.financed_fen,
                "annual_rate": terms.annual_rate,
                "periods": len(factors),
                "factors": factors,
                "multiple_fen": terms.installment_multiple_fen,
            }
        ),
    )
    # With whole periods the principal of a broken first period is that of a whole one.
    interest = _interest_of_balance(planned, as_whole=counts_whole_periods(terms))
    return derived(
        figure=Figure.PRINCIPAL,
        formula=Formula.DIFFERENCE,
        clause=Clause.METHOD,
        installment_number=planned.row.number,
        steps=(level, interest),
    )


def _interest(planned: PlannedRow) -> Iterator[Derivation]:
    terms, number = planned.terms, planned.row.number
    if not terms.annual_rate:
        yield nothing(Figure.INTEREST, number, Clause.METHOD)
    if planned.index < terms.interest_grace:
        yield nothing(Figure.INTEREST, number, Clause.GRACE)
    elif planned.index == terms.interest_grace > 0:
        steps = tuple(_whole_interest(planned, index) for index in range(planned.index + 1))
        yield _borne(
            planned,
            Figure.INTEREST,
            derived(figure=Figure.PERIOD_COST, formula=Formula.SUM, clause=Clause.GRACE, steps=steps),
        )
    else:
        yield _borne(planned, Figure.INTEREST, _whole_interest(planned, planned.index))


def _fee(planned: PlannedRow) -> Iterator[Derivation]:
    terms = planned.terms
    if not terms.flat_fee_rate:
        yield nothing(Figure.FEE, planned.row.number, Clause.METHOD)
    yield _borne(
        planned,
        Figure.FEE,
        derived(
            figure=Figure.PERIOD_COST,
            formula=Formula.FLAT_COST,
            clause=Clause.FEE,
            installment_number=planned.row.number,
            rounding=terms.rounding,
            inputs=inputs(
                {
                    "amount_fen": planned.financed_fen,
                    "flat_fee_rate": terms.flat_fee_rate,
                    "periods": 1,
                    "factor": ratio(terms.flat_fee_rate),
                }
            ),
        ),
    )


def _borne(planned: PlannedRow, figure: Figure, cost: Derivation) -> Derivation:
    """The borrower's share of a cost; without a subsidy the cost itself."""
    subsidy = planned.terms.subsidy
    if subsidy.borrower == 1:
        return replace(cost, figure=figure, installment_number=planned.row.number)
    return derived(
        figure=figure,
        formula=Formula.BORNE,
        clause=Clause.SUBSIDY,
        installment_number=planned.row.number,
        inputs=inputs({"subsidy": subsidy}),
        steps=(cost,),
    )


def _whole_interest(planned: PlannedRow, index: int) -> Derivation:
    at = replace(planned, index=index)
    if planned.terms.method is Method.FLAT_INTEREST:
        return _flat_share(at)
    return _interest_of_balance(at, as_whole=False)


def _interest_of_balance(planned: PlannedRow, *, as_whole: bool) -> Derivation:
    terms, index = planned.terms, planned.index
    start, due = planned.starts[index], planned.dues[index]
    from_on = max(start, planned.paid_out_on)
    if terms.interest_free_days and not as_whole:
        free_until = planned.paid_out_on + timedelta(days=terms.interest_free_days)
        from_on = min(max(from_on, free_until), due)
    factor, day_count = _factor(planned, start, due, from_on, as_whole=as_whole)
    return derived(
        figure=Figure.PERIOD_COST,
        formula=Formula.INTEREST,
        clause=Clause.RATE,
        installment_number=planned.row.number,
        days=None if as_whole else (due - from_on).days,
        day_count=day_count,
        rounding=terms.rounding,
        inputs=inputs(
            {
                "balance_fen": planned.balance_fen,
                "annual_rate": terms.annual_rate,
                "from_on": from_on,
                "to_on": due,
                "factor": factor,
            }
        ),
    )


def _factor(
    planned: PlannedRow, start: date, due: date, from_on: date, *, as_whole: bool
) -> tuple[Ratio, DayCount]:
    terms = planned.terms
    if as_whole:
        return terms.period_rate, terms.day_count
    is_broken = counts_whole_periods(terms) and planned.index == 0 and not is_whole_period(terms, start, due)
    if from_on > start or is_broken:
        return factor_of_part(terms, start, due, from_on, due), terms.daily_basis
    return interest_factors(terms, planned.starts, planned.dues)[planned.index], terms.day_count


def _flat_share(planned: PlannedRow) -> Derivation:
    terms, number = planned.terms, planned.row.number
    total = derived(
        figure=Figure.PERIOD_COST,
        formula=Formula.FLAT_INTEREST,
        clause=Clause.RATE,
        rounding=terms.rounding,
        inputs=inputs(
            {
                "amount_fen": planned.financed_fen,
                "annual_rate": terms.annual_rate,
                "periods": len(planned.rows),
                "factor": terms.period_rate,
            }
        ),
    )
    share = derived(
        figure=Figure.PERIOD_COST,
        formula=Formula.EQUAL_PART,
        clause=Clause.METHOD,
        installment_number=number,
        rounding=terms.rounding,
        inputs=inputs(
            {
                "amount_fen": total.amount_fen,
                "parts": len(planned.rows),
                "multiple_fen": 1,
                "left_fen": total.amount_fen,
            }
        ),
        steps=(total,),
    )
    takes_rest = planned.is_last if terms.remainder_in is RemainderIn.LAST else planned.index == 0
    if not takes_rest:
        return share
    return derived(
        figure=Figure.PERIOD_COST,
        formula=Formula.DIFFERENCE,
        clause=Clause.LAST_INSTALLMENT,
        installment_number=number,
        steps=(total, *[share] * (len(planned.rows) - 1)),
    )
