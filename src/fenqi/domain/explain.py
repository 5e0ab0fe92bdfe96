"""
Why a figure is what it is: any amount of a loan, a bill, a settlement or a quote, as a derivation.

A figure is first explained by the rule that planned it. Where events changed it since, the derivation shows the
plan's figure and what each event did to it, found by replaying the loan with and without the event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fenqi.domain.arithmetic import ratio
from fenqi.domain.early_payment import Settlement, settlement_of
from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event, EventKind
from fenqi.domain.explain_formulas import Clause, Derivation, Figure, Formula, derived, inputs
from fenqi.domain.explain_schedule import explain_planned, nothing, read_from_rows
from fenqi.domain.plans import Quote
from fenqi.domain.replay import replay, replay_traced, running_loan
from fenqi.domain.rules import Component
from fenqi.domain.schedule import Schedule, build_schedule
from fenqi.domain.settlement import quote_settlement
from fenqi.domain.state import Installment, LoanState
from fenqi.domain.terms import YEAR_DAYS, LoanTerms
from fenqi.domain.trace import InterestSpan, Trace

OF_INSTALLMENT = frozenset(
    {
        Figure.PRINCIPAL,
        Figure.INTEREST,
        Figure.FEE,
        Figure.PENALTY,
        Figure.LATE_FEE,
        Figure.INSTALLMENT,
        Figure.PAID,
        Figure.WAIVED,
        Figure.OUTSTANDING,
    }
)
OF_LOAN = frozenset(
    {
        Figure.OUTSTANDING,
        Figure.BILL,
        Figure.OVERPAID,
        Figure.SETTLEMENT,
        Figure.SETTLEMENT_FEE,
        Figure.SAVED,
    }
)
OF_QUOTE = frozenset({Figure.TOTAL, Figure.COST, Figure.ANNUAL_RATE, Figure.ANNUAL_RATE_COMPOUND})
COMPONENTS = (Figure.PRINCIPAL, Figure.INTEREST, Figure.FEE, Figure.PENALTY, Figure.LATE_FEE)


class SubjectUnknown(DomainError):
    """A figure the loan or quote does not have."""

    code = "subject_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The figure asked about: of one installment by its number, or of the whole loan."""

    figure: Figure
    installment_number: int | None = None


def explain(terms: LoanTerms, events: Sequence[Event], as_of: date, subject: Subject) -> Derivation:
    """
    Return the derivation of a figure of a loan as it stands at a date.

    Raises: SubjectUnknown; what `replay` and `quote_settlement` raise.
    """
    loan = _Loan(terms, events, as_of)
    if subject.installment_number is None:
        return loan.explain_whole(subject.figure)
    return loan.explain_installment(subject.figure, subject.installment_number)


def explain_quote(quote: Quote, subject: Subject) -> Derivation:
    """Return the derivation of a figure of a quote: of a row, a total or an annual rate. Raises: SubjectUnknown."""
    schedule = Schedule(quote.amount_fen, quote.on, quote.rows)
    figure, number = subject.figure, subject.installment_number
    if number is not None:
        if figure not in OF_INSTALLMENT or number not in {row.number for row in quote.rows}:
            raise SubjectUnknown("installment_number", number, "a figure of a row of the quote")
        return explain_planned(quote.terms, schedule, number, figure)
    if figure not in OF_QUOTE:
        raise SubjectUnknown("figure", figure, "one of " + ", ".join(sorted(OF_QUOTE)))
    if figure in (Figure.ANNUAL_RATE, Figure.ANNUAL_RATE_COMPOUND):
        flows = ((quote.on, quote.amount_fen), *[(row.due_on, -row.total_fen) for row in quote.rows])
        rate = derived(
            figure=figure,
            formula=Formula.IRR,
            clause=Clause.DISCLOSURE,
            inputs=inputs({"flows": flows, "every": quote.terms.every, "unit": quote.terms.unit}),
        )
        assert rate.rate in (quote.annual_rate_simple, quote.annual_rate_compound)
        return rate
    rows = [read_from_rows(Figure.INSTALLMENT, row.number, row.total_fen) for row in quote.rows]
    total = _sum(Figure.TOTAL, rows, Clause.METHOD)
    if figure is Figure.TOTAL:
        return _proved(total, quote.total_fen)
    amount = _given(Figure.PRINCIPAL, None, quote.amount_fen, Clause.AMOUNT)
    return _proved(_difference(Figure.COST, [total, amount], Clause.DISCLOSURE), quote.total_cost_fen)


class _Loan:
    """A loan at a date, with the states it went through as far as an explanation asks for them."""

    def __init__(self, terms: LoanTerms, events: Sequence[Event], as_of: date) -> None:
        self.terms = terms
        self.events = events
        self.as_of = as_of
        self.state, self.trace = replay_traced(terms, events, as_of)
        gone = {outcome.event_id for outcome in self.state.outcomes if outcome.reversed}
        self.effective = sorted(
            (
                event
                for event in events
                if event.on <= as_of and event.id not in gone and event.kind is not EventKind.REVERSAL
            ),
            key=lambda event: (event.on, event.sequence),
        )
        self._states: list[LoanState] | None = None

    def explain_whole(self, figure: Figure) -> Derivation:
        if figure not in OF_LOAN:
            raise SubjectUnknown("figure", figure, "one of " + ", ".join(sorted(OF_LOAN)))
        if figure in (Figure.SETTLEMENT, Figure.SETTLEMENT_FEE, Figure.SAVED):
            return self._settlement(figure)
        if figure is Figure.OVERPAID:
            changes = self._changes(None, lambda state: state.overpaid_fen)
            return _proved(_sum(figure, changes, Clause.ALLOCATION), self.state.overpaid_fen)
        is_bill = figure is Figure.BILL
        open_rows = [
            row
            for row in self.state.installments
            if row.outstanding_fen
            and (not is_bill or row.due_on <= self.as_of)
            and not (is_bill and self.state.is_paused)
        ]
        steps = [self._outstanding(row) for row in open_rows]
        wanted = self.state.due_fen if is_bill else self.state.outstanding_fen
        return _proved(_sum(figure, steps, Clause.METHOD), wanted)

    def explain_installment(self, figure: Figure, number: int) -> Derivation:
        row = _row(self.state, number)
        if row is None:
            allowed = ", ".join(str(row.number) for row in self.state.installments)
            raise SubjectUnknown("installment_number", number, f"one of {allowed}")
        if figure not in OF_INSTALLMENT:
            raise SubjectUnknown("figure", figure, "one of " + ", ".join(sorted(OF_INSTALLMENT)))
        if figure is Figure.OUTSTANDING:
            return self._outstanding(row)
        if figure is Figure.INSTALLMENT:
            return self._total(row)
        if figure in (Figure.PAID, Figure.WAIVED):
            return self._moved(figure, row)
        return self._component(figure, row)

    def _outstanding(self, row: Installment) -> Derivation:
        less = [self._moved(figure, row) for figure in (Figure.PAID, Figure.WAIVED)]
        steps = [self._total(row), *[step for step in less if step.amount_fen]]
        derivation = _difference(Figure.OUTSTANDING, steps, Clause.ALLOCATION, row.number)
        return _proved(derivation, row.outstanding_fen)

    def _total(self, row: Installment) -> Derivation:
        parts = [self._component(figure, row) for figure in COMPONENTS]
        steps = [part for part in parts if part.amount_fen]
        return _proved(_sum(Figure.INSTALLMENT, steps, Clause.METHOD, row.number), row.total_fen)

    def _moved(self, figure: Figure, row: Installment) -> Derivation:
        wanted = row.paid_fen if figure is Figure.PAID else row.waived_fen

        def value_of(state: LoanState) -> int:
            then = _row(state, row.number)
            if then is None:
                return 0
            return then.paid_fen if figure is Figure.PAID else then.waived_fen

        changes = self._changes(row.number, value_of)
        return _proved(_sum(figure, changes, Clause.ALLOCATION, row.number), wanted)

    def _component(self, figure: Figure, row: Installment) -> Derivation:
        wanted = _due(row, figure)
        rules: tuple[Callable[[], Derivation | None], ...]
        if figure is Figure.PENALTY:
            rules = (lambda: self._penalty(row),)
        elif figure is Figure.LATE_FEE:
            rules = (lambda: self._late_fee(row),)
        else:
            rules = (lambda: self._planned(figure, row), lambda: self._by_spans(figure, row))
        for rule in rules:
            derivation = rule()
            if derivation is not None and derivation.amount_fen == wanted:
                return derivation
        return self._by_events(figure, row, wanted)

    def _planned(self, figure: Figure, row: Installment) -> Derivation | None:
        """The figure as the first payout planned it."""
        payout = self.effective[0]
        schedule = build_schedule(self.terms, payout.amount_fen, payout.on)
        if row.number not in {planned.number for planned in schedule.rows}:
            return None
        if row.is_down_payment and figure is not Figure.PRINCIPAL:
            return nothing(figure, row.number, Clause.METHOD)
        return explain_planned(self.terms, schedule, row.number, figure)

    def _by_spans(self, figure: Figure, row: Installment) -> Derivation | None:
        """Interest counted by the day on the balances that were: a settlement, a prepayment, a daily balance."""
        spans = {span for span in self.trace.interest if span.installment_number == row.number}
        if figure is not Figure.INTEREST or not spans:
            return None
        return _interest_of(self.terms, row.number, sorted(spans))

    def _by_events(self, figure: Figure, row: Installment, wanted: int) -> Derivation:
        """The plan's figure, and what each event since did to it."""

        def value_of(state: LoanState) -> int:
            then = _row(state, row.number)
            return 0 if then is None else _due(then, figure)

        first = value_of(self._state_after(0))
        steps = self._changes(row.number, value_of, from_index=1)
        if first:
            planned = self._penalty(row) if figure is Figure.PENALTY else self._planned(figure, row)
            if planned is None or planned.amount_fen != first:
                planned = read_from_rows(figure, row.number, first)
            steps.insert(0, planned)
        return _proved(_sum(figure, steps, Clause.EVENT, row.number), wanted)

    def _changes(
        self, number: int | None, value_of: Callable[[LoanState], int], from_index: int = 0
    ) -> list[Derivation]:
        """What each event did to a value of the state at this date, without those that left it as it was."""
        changes: list[Derivation] = []
        before = value_of(self._state_after(from_index - 1)) if from_index else 0
        for index in range(from_index, len(self.effective)):
            after = value_of(self._state_after(index))
            if after != before:
                changes.append(
                    derived(
                        figure=Figure.CHANGE,
                        formula=Formula.CHANGE,
                        clause=Clause.EVENT,
                        installment_number=number,
                        event_id=self.effective[index].id,
                        inputs=inputs({"before_fen": before, "after_fen": after}),
                    )
                )
            before = after
        return changes

    def _state_after(self, index: int) -> LoanState:
        """The state at this date had nothing happened after the event of that index."""
        if self._states is None:
            self._states = [
                replay(self.terms, self.effective[: count + 1], self.as_of)
                for count in range(len(self.effective))
            ]
        return self._states[index]

    def _penalty(self, row: Installment) -> Derivation:
        if not row.penalty_fen:
            return nothing(Figure.PENALTY, row.number, Clause.GRACE)
        steps = [
            derived(
                figure=Figure.PENALTY,
                formula=Formula.PENALTY_SPAN,
                clause=Clause.PENALTY,
                days=span.days,
                day_count=self.terms.daily_basis,
                rounding=self.terms.rounding,
                inputs=inputs(
                    {
                        "base_fen": span.base_fen,
                        "annual_rate": span.annual_rate,
                        "from_on": span.from_on,
                        "to_on": span.to_on,
                        "year_days": YEAR_DAYS[self.terms.daily_basis],
                    }
                ),
            )
            for span in self.trace.penalty
            if span.installment_number == row.number
        ]
        return derived(
            figure=Figure.PENALTY,
            formula=Formula.PENALTY,
            clause=Clause.PENALTY,
            installment_number=row.number,
            rounding=self.terms.rounding,
            steps=tuple(steps),
        )

    def _late_fee(self, row: Installment) -> Derivation:
        return _given(Figure.LATE_FEE, row.number, row.late_fee_fen, Clause.LATE_FEE)

    def _settlement(self, figure: Figure) -> Derivation:
        quoted = quote_settlement(self.terms, self.events, self.as_of)
        if figure is Figure.SETTLEMENT_FEE:
            return self._settlement_fee(quoted)
        amount = self._settlement_amount(quoted)
        if figure is Figure.SETTLEMENT:
            return amount
        steps = [self.explain_whole(Figure.OUTSTANDING), amount]
        return _proved(_difference(Figure.SAVED, steps, Clause.SETTLEMENT), quoted.saved_fen)

    def _settlement_amount(self, quoted: Settlement) -> Derivation:
        spans = self._settlement_spans()
        parts: list[Derivation] = []
        for figure, component in zip(COMPONENTS, Component, strict=True):
            lines = [
                self._settlement_line(
                    figure, line.installment_number, getattr(line, f"{component.value}_fen"), spans
                )
                for line in quoted.lines
                if getattr(line, f"{component.value}_fen")
            ]
            if lines:
                parts.append(_sum(figure, lines, Clause.SETTLEMENT))
        if quoted.settlement_fee_fen:
            parts.append(self._settlement_fee(quoted))
        gross = _sum(Figure.SETTLEMENT, parts, Clause.SETTLEMENT)
        if gross.amount_fen == quoted.amount_fen:
            return gross
        used = _given(Figure.OVERPAID, None, gross.amount_fen - quoted.amount_fen, Clause.ALLOCATION)
        return _proved(_difference(Figure.SETTLEMENT, [gross, used], Clause.SETTLEMENT), quoted.amount_fen)

    def _settlement_spans(self) -> list[InterestSpan]:
        """The spans of interest up to today, with those that settling today counts."""
        trace = Trace()
        settlement_of(running_loan(self.terms, self.events, self.as_of, trace), self.as_of)
        return sorted({span for span in trace.interest if span.to_on <= self.as_of})

    def _settlement_line(
        self, figure: Figure, number: int, amount_fen: int, spans: Sequence[InterestSpan]
    ) -> Derivation:
        """What an installment still has to pay of a component: what is due by today less what was paid."""
        row = _row(self.state, number)
        assert row is not None
        of_row = [span for span in spans if span.installment_number == number]
        dues = [self._component(figure, row)]
        if figure is Figure.INTEREST and of_row:
            dues.append(_interest_of(self.terms, number, of_row))
        if row.starts_on < self.as_of < row.due_on and dues[0].amount_fen:
            dues.append(_by_days_of_period(self.terms, row, dues[0], self.as_of))
        paid_fen = getattr(row, f"{figure.value}_paid_fen") + getattr(row, f"{figure.value}_waived_fen")
        for due in dues:
            if due.amount_fen == amount_fen:
                return due
            if due.amount_fen - paid_fen == amount_fen:
                paid = _given(Figure.PAID, number, paid_fen, Clause.ALLOCATION)
                return _difference(figure, [due, paid], Clause.SETTLEMENT, number)
        return read_from_rows(figure, number, amount_fen)

    def _settlement_fee(self, quoted: Settlement) -> Derivation:
        rules = self.terms.settlement
        not_due = sum(line.principal_fen for line in quoted.lines if line.due_on > self.as_of)
        fee = derived(
            figure=Figure.SETTLEMENT_FEE,
            formula=Formula.FLAT_COST,
            clause=Clause.SETTLEMENT,
            rounding=self.terms.rounding,
            inputs=inputs(
                {
                    "amount_fen": not_due,
                    "fee_rate": rules.fee_rate,
                    "periods": 1,
                    "factor": ratio(rules.fee_rate),
                }
            ),
        )
        if fee.amount_fen == quoted.settlement_fee_fen:
            return fee
        return _given(Figure.SETTLEMENT_FEE, None, quoted.settlement_fee_fen, Clause.SETTLEMENT)


def _interest_of(terms: LoanTerms, number: int, spans: Sequence[InterestSpan]) -> Derivation:
    """The borrower's share of interest counted over spans, each rounded to the fen."""
    steps = [
        derived(
            figure=Figure.PERIOD_COST,
            formula=Formula.INTEREST,
            clause=Clause.RATE,
            installment_number=number,
            days=(span.to_on - span.from_on).days,
            day_count=terms.daily_basis,
            rounding=terms.rounding,
            inputs=inputs(
                {
                    "balance_fen": span.balance_fen,
                    "annual_rate": span.annual_rate,
                    "from_on": span.from_on,
                    "to_on": span.to_on,
                    "factor": span.factor,
                }
            ),
        )
        for span in spans
    ]
    cost = steps[0] if len(steps) == 1 else _sum(Figure.PERIOD_COST, steps, Clause.RATE, number)
    if terms.subsidy.borrower == 1:
        return replace(cost, figure=Figure.INTEREST)
    return derived(
        figure=Figure.INTEREST,
        formula=Formula.BORNE,
        clause=Clause.SUBSIDY,
        installment_number=number,
        inputs=inputs({"subsidy": terms.subsidy}),
        steps=(cost,),
    )


def _by_days_of_period(terms: LoanTerms, row: Installment, due: Derivation, on: date) -> Derivation:
    """A flat cost of a period, earned by its days up to one of them."""
    return derived(
        figure=due.figure,
        formula=Formula.PRO_RATA,
        clause=Clause.SETTLEMENT,
        installment_number=row.number,
        days=(on - row.starts_on).days,
        rounding=terms.rounding,
        inputs=inputs({"period_days": (row.due_on - row.starts_on).days}),
        steps=(due,),
    )


def _row(state: LoanState, number: int) -> Installment | None:
    return next((row for row in state.installments if row.number == number), None)


def _due(row: Installment, figure: Figure) -> int:
    amount: int = getattr(row, f"{figure.value}_fen")
    return amount


def _given(figure: Figure, number: int | None, amount_fen: int, clause: Clause) -> Derivation:
    return derived(
        figure=figure,
        formula=Formula.GIVEN,
        clause=clause,
        installment_number=number,
        inputs=inputs({"amount_fen": amount_fen}),
    )


def _sum(
    figure: Figure, steps: Sequence[Derivation], clause: Clause, number: int | None = None
) -> Derivation:
    return derived(
        figure=figure, formula=Formula.SUM, clause=clause, installment_number=number, steps=tuple(steps)
    )


def _difference(
    figure: Figure, steps: Sequence[Derivation], clause: Clause, number: int | None = None
) -> Derivation:
    return derived(
        figure=figure,
        formula=Formula.DIFFERENCE,
        clause=clause,
        installment_number=number,
        steps=tuple(steps),
    )


def _proved(derivation: Derivation, wanted_fen: int) -> Derivation:
    """Hold the derivation against the engine's own figure: an explanation of another number is none."""
    assert derivation.amount_fen == wanted_fen, (derivation.figure, derivation.amount_fen, wanted_fen)
    return derivation
