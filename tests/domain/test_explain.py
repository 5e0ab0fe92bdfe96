"""Why a figure is what it is: the derivation, its sentences in both languages, and that its numbers give the figure."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from fenqi.domain.errors import NothingOwed
from fenqi.domain.events import Event, EventKind, Keep
from fenqi.domain.explain import Subject, SubjectUnknown, explain, explain_quote
from fenqi.domain.explain_formulas import (
    Clause,
    Derivation,
    Figure,
    Formula,
    derivation_to_json,
    recompute,
)
from fenqi.domain.explain_render import UnknownLanguage, as_text, render
from fenqi.domain.explain_schedule import explain_planned
from fenqi.domain.explain_texts import (
    BEARER_WORDS,
    CLAUSE_WORDS,
    EVENT_WORDS,
    FIGURE_WORDS,
    FORMULA_WORDS,
    LANGUAGES,
    ROUNDING_WORDS,
)
from fenqi.domain.plans import Plan, quote_plan
from fenqi.domain.rules import Component, InterestTo, OverdueRules, SettlementRules
from fenqi.domain.schedule import build_schedule
from fenqi.domain.terms import (
    InterestBase,
    InterestFactors,
    LoanTerms,
    Method,
    RemainderIn,
    Rounding,
    Subsidy,
)

OUT = date(2026, 11, 22)
ANNUITY = LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=3, annual_rate=Decimal("0.144"))
FLAT = LoanTerms(method=Method.FLAT_FEE, installments=12, flat_fee_rate=Decimal("0.006"))
SHARED = Subsidy(borrower=Decimal("0.3"), merchant=Decimal("0.7"))


def event(kind: EventKind, event_id: str, on: date, amount_fen: int = 0, **details) -> Event:
    return Event(id=event_id, kind=kind, on=on, amount_fen=amount_fen, **details)


PAYOUT = event(EventKind.PAYOUT, "out", OUT, 300_000)


def check(derivation: Derivation) -> Derivation:
    assert recompute(derivation) == derivation.value
    for step in derivation.steps:
        check(step)
    return derivation


def why(figure: Figure, number: int | None = None, *, events, on: date, terms=ANNUITY) -> Derivation:
    return check(explain(terms, events, on, Subject(figure=figure, installment_number=number)))


def formulas(derivation: Derivation) -> Counter:
    return sum((formulas(step) for step in derivation.steps), Counter([derivation.formula]))


def figures(derivation: Derivation) -> set[Figure]:
    return {derivation.figure}.union(*(figures(step) for step in derivation.steps))


def test_an_installment_reads_as_its_rule():
    derivation = why(Figure.INSTALLMENT, 1, events=[PAYOUT], on=OUT)
    assert as_text(derivation, "zh").splitlines() == [
        "第 1 期应还合计 ¥1,024.10 = 以下各项之和；依据：还款方式条款",
        "  第 1 期本金 ¥988.10 = 第一项减去其余各项；依据：还款方式条款",
        "    每期等额还款 ¥1,024.10 = 本金 ¥3,000.00、年利率 14.4%、3 期的等额本息；四舍五入到分；依据：还款方式条款",
        "    第 1 期息费 ¥36.00 = 剩余本金 ¥3,000.00 × 年利率 14.4% × 1/12；四舍五入到分；依据：利率条款",
        "  第 1 期利息 ¥36.00 = 剩余本金 ¥3,000.00 × 年利率 14.4% × 1/12；计 30 天；四舍五入到分；依据：利率条款",
    ]
    assert as_text(derivation, "en").splitlines()[-1] == (
        "  installment 1: interest ¥36.00 = principal left ¥3,000.00 × 14.4% a year × 1/12; 30 days; "
        "rounded half up to the fen; clause: interest rate"
    )


def test_penalty_shows_each_span_of_days():
    paid = event(EventKind.REPAYMENT, "part", date(2027, 1, 1), 50_000)
    derivation = why(Figure.PENALTY, 1, events=[PAYOUT, paid], on=date(2027, 1, 10))
    assert derivation.formula is Formula.PENALTY
    assert [(step.days, step.input("base_fen")) for step in derivation.steps] == [(10, 98_810), (9, 52_995)]
    assert "× 罚息年利率 21.6% × 10 ÷ 365 天" in as_text(derivation, "zh")


def test_within_grace_there_is_no_penalty_and_it_says_so():
    derivation = why(Figure.PENALTY, 1, events=[PAYOUT], on=date(2026, 12, 25))
    assert (derivation.amount_fen, derivation.clause) == (0, Clause.GRACE)


def test_a_late_fee_is_by_its_clause():
    terms = replace(ANNUITY, overdue=OverdueRules(late_fee_fixed_fen=500))
    derivation = why(Figure.LATE_FEE, 1, events=[PAYOUT], on=date(2026, 12, 30), terms=terms)
    assert derivation.clause is Clause.LATE_FEE
    assert derivation.amount_fen > 0


def test_what_events_did_stands_beside_the_plan():
    events = [
        PAYOUT,
        event(EventKind.CHARGE, "fee", date(2026, 12, 1), 500, component=Component.FEE),
        event(EventKind.WAIVER, "gift", date(2026, 12, 2), 200, component=Component.FEE),
        event(EventKind.REPAYMENT, "in", date(2026, 12, 22), 60_000),
        event(EventKind.REVERSAL, "bounced", date(2026, 12, 23), reverses="in"),
        event(EventKind.PREPAYMENT, "pre", date(2026, 12, 24), 200_000, keep=Keep.SMALLER_INSTALLMENTS),
    ]
    on = date(2026, 12, 24)
    fee = why(Figure.FEE, 1, events=events, on=on)
    assert [(step.event_id, step.amount_fen) for step in fee.steps] == [("fee", 500)]
    assert "2026-12-01 费用（fee）" in as_text(fee, "zh", {one.id: one for one in events})
    assert why(Figure.WAIVED, 1, events=events, on=on).steps[0].event_id == "gift"
    assert [step.event_id for step in why(Figure.PAID, 1, events=events, on=on).steps] == ["pre"]
    principal = why(Figure.PRINCIPAL, 3, events=events, on=on)
    assert [step.formula for step in principal.steps] == [Formula.REST, Formula.CHANGE]
    interest = why(Figure.INTEREST, 2, events=events, on=on)
    assert {step.formula for step in interest.steps} == {Formula.INTEREST}
    assert why(Figure.OUTSTANDING, 3, events=events, on=on).steps[0].figure is Figure.INSTALLMENT
    outstanding = why(Figure.OUTSTANDING, events=events, on=on)
    assert outstanding.amount_fen == sum(step.amount_fen for step in outstanding.steps)


def test_a_row_events_made_has_no_plan_to_stand_beside():
    events = [
        PAYOUT,
        event(EventKind.RE_AGE, "again", date(2026, 12, 30), due_on=date(2027, 1, 30), installments=2),
        event(EventKind.CHARGE, "late", date(2027, 6, 1), 300, component=Component.PENALTY),
    ]
    on = date(2027, 6, 1)
    derivation = why(Figure.PRINCIPAL, 4, events=events, on=on)
    assert [step.event_id for step in derivation.steps] == ["again"]
    events.append(event(EventKind.REPAYMENT, "in", on, 200_000))
    assert why(Figure.PAID, 4, events=events, on=on).amount_fen > 0
    penalty = why(Figure.PENALTY, 6, events=events, on=on)
    assert [step.event_id for step in penalty.steps] == ["late"]


def test_a_loan_paid_out_in_two_parts_starts_from_the_plan_of_the_first():
    again = event(EventKind.PAYOUT, "again", date(2026, 12, 1), 100_000)
    principal = why(Figure.PRINCIPAL, 3, events=[PAYOUT, again], on=date(2026, 12, 1))
    assert [step.formula for step in principal.steps] == [Formula.REST, Formula.CHANGE]
    settled = why(Figure.SETTLEMENT, events=[PAYOUT, again], on=date(2026, 12, 10))
    assert settled.amount_fen > 400_000


def test_principal_that_waits_for_late_interest_is_read_from_the_plan_as_it_runs():
    terms = replace(ANNUITY, interest_base=InterestBase.DAILY_BALANCE)
    derivation = why(Figure.PRINCIPAL, 2, events=[PAYOUT], on=date(2027, 1, 22), terms=terms)
    assert derivation.steps[0].formula is Formula.ROWS


def test_charged_and_counted_penalty_are_told_apart():
    charged = event(
        EventKind.CHARGE, "fine", date(2026, 12, 30), 1_000, component=Component.PENALTY, installment_number=1
    )
    derivation = why(Figure.PENALTY, 1, events=[PAYOUT, charged], on=date(2027, 1, 10))
    assert derivation.formula is Formula.SUM
    assert [step.formula for step in derivation.steps] == [Formula.PENALTY, Formula.CHANGE]
    assert as_text(derivation, "en").endswith("from ¥11.11 to ¥21.11; fine; clause: the event itself")


def test_money_paid_too_much():
    paid = event(EventKind.REPAYMENT, "all", date(2026, 12, 1), 400_000)
    derivation = why(Figure.OVERPAID, events=[PAYOUT, paid], on=date(2026, 12, 1))
    assert [step.event_id for step in derivation.steps] == ["all"]


def test_a_bill_is_what_is_due_and_nothing_while_a_return_is_open():
    late = date(2026, 12, 30)
    bill = why(Figure.BILL, events=[PAYOUT], on=late)
    assert [step.installment_number for step in bill.steps] == [1]
    pause = event(EventKind.RETURN_PAUSE, "return", date(2026, 12, 1))
    assert why(Figure.BILL, events=[PAYOUT, pause], on=late).amount_fen == 0


def test_settling_counts_interest_to_the_day():
    derivation = why(Figure.SETTLEMENT, events=[PAYOUT], on=date(2026, 12, 2))
    interest = derivation.steps[1].steps[0]
    assert (interest.formula, interest.days, interest.amount_fen) == (Formula.INTEREST, 10, 1_200)
    saved = why(Figure.SAVED, events=[PAYOUT], on=date(2026, 12, 2))
    assert [step.figure for step in saved.steps] == [Figure.OUTSTANDING, Figure.SETTLEMENT]


def test_settling_after_a_part_was_paid_takes_it_off():
    part = event(EventKind.REPAYMENT, "part", date(2026, 12, 1), 60_000)
    derivation = why(Figure.SETTLEMENT, events=[PAYOUT, part], on=date(2026, 12, 2))
    assert Figure.PAID in figures(derivation)
    assert derivation.steps[-1].figure is Figure.OVERPAID
    why(Figure.SAVED, events=[PAYOUT, part], on=date(2026, 12, 2))


@pytest.mark.parametrize(
    ("rules", "formula"),
    [
        (SettlementRules(fee_rate=Decimal("0.01")), Formula.FLAT_COST),
        (SettlementRules(fee_rate=Decimal("0.01"), fee_cap_fen=500), Formula.GIVEN),
    ],
    ids=["in percent", "at its cap"],
)
def test_a_settlement_fee_is_by_its_rule(rules, formula):
    terms = replace(ANNUITY, settlement=rules)
    fee = why(Figure.SETTLEMENT_FEE, events=[PAYOUT], on=date(2026, 12, 2), terms=terms)
    assert fee.formula is formula
    whole = why(Figure.SETTLEMENT, events=[PAYOUT], on=date(2026, 12, 2), terms=terms)
    assert whole.steps[-1] == fee


def test_settling_a_flat_fee_counts_the_running_period_by_its_days():
    derivation = why(Figure.SETTLEMENT, events=[PAYOUT], on=date(2026, 12, 2), terms=FLAT)
    fee = derivation.steps[1].steps[0]
    assert (fee.formula, fee.amount_fen) == (Formula.PRO_RATA, 600)
    assert "整期金额 × 10 ÷ 30 天" in as_text(fee, "zh")
    shared = replace(FLAT, subsidy=Subsidy(borrower=Decimal("0.7"), merchant=Decimal("0.3")))
    odd = replace(PAYOUT, amount_fen=123_456)
    by_day = [
        why(Figure.SETTLEMENT, events=[odd], on=date(2026, 11, day), terms=shared) for day in range(23, 31)
    ]
    # Days first and shares after can be a fen away from shares first and days after.
    assert {Formula.PRO_RATA, Formula.ROWS} <= set(sum(map(formulas, by_day), Counter()))


def test_settling_a_loan_with_interest_borne_by_others():
    terms = replace(ANNUITY, subsidy=SHARED)
    derivation = why(Figure.SETTLEMENT, events=[PAYOUT], on=date(2026, 12, 2), terms=terms)
    assert formulas(derivation)[Formula.BORNE] == 1
    to_maturity = replace(ANNUITY, settlement=SettlementRules(interest_to=InterestTo.MATURITY))
    assert why(Figure.SAVED, events=[PAYOUT], on=date(2026, 12, 2), terms=to_maturity).amount_fen == 0


def test_settling_what_is_settled_is_no_figure():
    paid = event(EventKind.REPAYMENT, "all", date(2026, 12, 1), 400_000)
    with pytest.raises(NothingOwed):
        why(Figure.SETTLEMENT, events=[PAYOUT, paid], on=date(2026, 12, 1))


def settings() -> list[LoanTerms]:
    found = []
    for method, more in product(
        Method,
        (
            {},
            {"due_day": 10},
            {"interest_grace": 2},
            {"principal_grace": 2},
            {"interest_free_days": 45},
            {"remainder_in": RemainderIn.FIRST},
            {"installment_multiple_fen": 100},
            {"interest_factors": InterestFactors.DATED},
            {"interest_factors": InterestFactors.DATED_INTEREST, "due_day": 5},
            {"interest_factors": InterestFactors.MONTH_PARTS},
            {"subsidy": SHARED},
            {"down_payment_rate": Decimal("0.2")},
            {"down_payment_rate": Decimal("0.2"), "installment_multiple_fen": 700},
            {"smooth_last": True},
            {"fixed_length": 13},
            {"starts_on": date(2026, 11, 1)},
            {"rounding": Rounding.HALF_EVEN},
        ),
    ):
        cost = {"annual_rate": Decimal("0.144")}
        if method is Method.FLAT_FEE:
            cost = {"flat_fee_rate": Decimal("0.006")}
        elif method is Method.INTEREST_FREE:
            cost = {}
        if method is Method.DAILY_INTEREST and "interest_grace" in more:
            continue  # interest by the day cannot wait
        found.append(LoanTerms(method=method, installments=12, **cost, **more))
    return found


def test_every_planned_figure_is_explained_by_a_rule_but_for_a_few_odd_settings():
    read_as_they_stand = 0
    for terms in settings():
        schedule = build_schedule(terms, 499_900, OUT)
        for row in schedule.rows:
            for figure in (Figure.PRINCIPAL, Figure.INTEREST, Figure.FEE, Figure.INSTALLMENT):
                if row.is_down_payment and figure is not Figure.PRINCIPAL:
                    continue
                derivation = check(explain_planned(terms, schedule, row.number, figure))
                wanted = row.total_fen if figure is Figure.INSTALLMENT else getattr(row, f"{figure}_fen")
                assert derivation.amount_fen == wanted
                assert render(derivation, "zh")
                assert derivation_to_json(derivation)["formula"] == derivation.formula
                read_as_they_stand += derivation.formula is Formula.ROWS
    # Flat interest with free days or a multiple, and a down payment at a multiple.
    assert read_as_they_stand < 50


def test_a_down_payment_is_explained_in_a_loan_too():
    terms = replace(FLAT, down_payment_rate=Decimal("0.25"))
    principal = why(Figure.PRINCIPAL, 0, events=[PAYOUT], on=OUT, terms=terms)
    assert principal.amount_fen == 75_000
    assert why(Figure.INSTALLMENT, 0, events=[PAYOUT], on=OUT, terms=terms).amount_fen == 75_000
    assert as_text(principal, "zh").startswith("首付本金 ¥750.00 = ¥3,000.00 × 每期 25%")


QUOTE = quote_plan(
    Plan(lender_code="l", code="p", name="n", terms=FLAT, min_amount_fen=1, max_amount_fen=10**9),
    499_900,
    OUT,
)


def test_the_figures_of_a_quote():
    cost = check(explain_quote(QUOTE, Subject(figure=Figure.COST)))
    assert cost.amount_fen == 35_988
    total = check(explain_quote(QUOTE, Subject(figure=Figure.TOTAL)))
    assert (total.amount_fen, len(total.steps)) == (535_888, 12)
    fee = check(explain_quote(QUOTE, Subject(figure=Figure.FEE, installment_number=3)))
    assert (
        as_text(fee, "en")
        == "installment 3: fee ¥29.99 = ¥4,999.00 × 0.6% per period; rounded half up to the fen; clause: fee"
    )
    simple = check(explain_quote(QUOTE, Subject(figure=Figure.ANNUAL_RATE)))
    assert simple.rate == QUOTE.annual_rate_simple
    assert as_text(simple, "zh").startswith("年化利率（单利） 13.03% = 使 13 笔收付款现值相等的利率")
    compound = check(explain_quote(QUOTE, Subject(figure=Figure.ANNUAL_RATE_COMPOUND)))
    assert compound.rate == QUOTE.annual_rate_compound
    assert derivation_to_json(compound)["rate"].startswith("0.138")


@pytest.mark.parametrize(
    ("field", "ask"),
    [
        ("figure", lambda: explain_quote(QUOTE, Subject(figure=Figure.BILL))),
        (
            "installment_number",
            lambda: explain_quote(QUOTE, Subject(figure=Figure.FEE, installment_number=13)),
        ),
        (
            "installment_number",
            lambda: explain_quote(QUOTE, Subject(figure=Figure.COST, installment_number=1)),
        ),
        ("figure", lambda: why(Figure.COST, events=[PAYOUT], on=OUT)),
        ("figure", lambda: why(Figure.BILL, 1, events=[PAYOUT], on=OUT)),
        ("installment_number", lambda: why(Figure.FEE, 9, events=[PAYOUT], on=OUT)),
    ],
)
def test_figures_that_do_not_exist_are_named(field, ask):
    with pytest.raises(SubjectUnknown) as refused:
        ask()
    assert refused.value.field == field


def test_a_language_without_words_is_named():
    with pytest.raises(UnknownLanguage):
        render(why(Figure.BILL, events=[PAYOUT], on=OUT), "fr")


def test_every_word_is_there_in_both_languages():
    assert set(FIGURE_WORDS) == set(Figure)
    assert set(FORMULA_WORDS) == set(Formula)
    assert set(CLAUSE_WORDS) == set(Clause)
    assert set(EVENT_WORDS) == set(EventKind)
    assert set(ROUNDING_WORDS) == {rounding.value for rounding in Rounding}
    for words in (FIGURE_WORDS, FORMULA_WORDS, CLAUSE_WORDS, EVENT_WORDS, ROUNDING_WORDS, BEARER_WORDS):
        for both in words.values():
            assert set(both) == set(LANGUAGES)
            assert all(both.values())
