"""Plans and quotes: the vectors of the rules, the cap, who bears the cost, the order of a plan board."""

import pickle
from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.errors import TermsError
from fenqi.domain.plans import (
    AmountOutOfRange,
    CapBase,
    CapKind,
    CostCap,
    CostCapExceeded,
    LprMissing,
    LprRate,
    Plan,
    PlanError,
    annual_rates_of,
    check_plan,
    plan_from_json,
    plan_to_json,
    quote_plan,
    quote_to_json,
    sort_quotes,
)
from fenqi.domain.schedule import build_schedule
from fenqi.domain.state import SubsidyShares
from fenqi.domain.terms import LoanTerms, Method, OverdueRules, Subsidy, Unit

PRICE_FEN = 499_900
DAY = date(2026, 11, 22)
LPR = (
    LprRate(effective_on=date(2025, 5, 20), annual_rate=Decimal("0.030")),
    LprRate(effective_on=date(2024, 10, 21), annual_rate=Decimal("0.031")),
)


def plan(*, min_amount_fen=30_000, max_amount_fen=5_000_000, cap=None, code="plan", **terms) -> Plan:
    for name in ("annual_rate", "flat_fee_rate"):
        if name in terms:
            terms[name] = Decimal(terms[name])
    return Plan(
        lender_code="qilin",
        code=code,
        name="麒麟分期",
        terms=LoanTerms(**terms),
        min_amount_fen=min_amount_fen,
        max_amount_fen=max_amount_fen,
        cap=cap or CostCap(),
    )


FLAT = {"method": Method.FLAT_FEE, "installments": 12, "flat_fee_rate": "0.006"}
ANNUITY = {"method": Method.EQUAL_INSTALLMENT, "installments": 12, "annual_rate": "0.144"}
PRINCIPAL = {"method": Method.EQUAL_PRINCIPAL, "installments": 12, "annual_rate": "0.144"}
MERCHANT_BEARS = Subsidy(borrower=Decimal(0), merchant=Decimal(1))
SHARED = Subsidy(borrower=Decimal("0.5"), merchant=Decimal("0.3"), platform=Decimal("0.2"))


@pytest.mark.parametrize(
    ("terms", "first", "last", "total", "cost", "percent"),
    [
        (FLAT, 44_657, 44_661, 535_888, 35_988, "13.03"),
        (ANNUITY, 44_979, 44_976, 539_745, 39_845, "14.40"),
        (PRINCIPAL, 47_657, 42_162, 538_893, 38_993, "14.40"),
    ],
    ids=["flat fee", "equal installment", "equal principal"],
)
def test_a_phone_of_4999_yuan(terms, first, last, total, cost, percent):
    quote = quote_plan(plan(**terms), PRICE_FEN, DAY)
    assert (quote.per_period_fen, quote.rows[-1].total_fen) == (first, last)
    assert (quote.total_fen, quote.total_cost_fen) == (total, cost)
    assert round(quote.annual_rate_simple * 100, 2) == Decimal(percent)
    assert quote.interest_borne_by == ("borrower",)
    assert quote.first_due_on == date(2026, 12, 22)
    assert not quote.is_free


def test_a_quote_is_what_its_terms_give_when_paid_out():
    for due_day in (None, 1, 28):
        quote = quote_plan(plan(**ANNUITY), PRICE_FEN, date(2027, 1, 31), due_day)
        assert build_schedule(quote.terms, PRICE_FEN, quote.on).rows == quote.rows
        assert quote.first_due_on == quote.rows[0].due_on


def test_interest_the_merchant_bears_costs_the_borrower_nothing():
    quote = quote_plan(plan(**ANNUITY, subsidy=MERCHANT_BEARS), PRICE_FEN, DAY)
    assert quote.is_free
    assert (quote.total_fen, quote.annual_rate_simple, quote.annual_rate_compound) == (PRICE_FEN, 0, 0)
    assert quote.interest_borne_by == ("merchant",)
    assert quote.subsidy == SubsidyShares(merchant_fen=39_845)


def test_the_annual_rate_with_the_subsidy_is_that_of_the_whole_cost():
    terms = plan(**ANNUITY, subsidy=SHARED).terms
    schedule = build_schedule(terms, PRICE_FEN, DAY)
    whole = annual_rates_of(schedule=schedule, terms=terms, with_subsidy=True)
    assert round(whole.simple, 4) == Decimal("0.1440")
    assert whole == annual_rates_of(
        schedule=build_schedule(plan(**ANNUITY).terms, PRICE_FEN, DAY), terms=terms
    )
    assert annual_rates_of(schedule=schedule, terms=terms).simple < whole.simple
    assert quote_plan(plan(**ANNUITY, subsidy=SHARED), PRICE_FEN, DAY).interest_borne_by == (
        "borrower",
        "merchant",
        "platform",
    )


def test_nobody_bears_what_does_not_exist():
    quote = quote_plan(plan(method=Method.INTEREST_FREE, installments=3), PRICE_FEN, DAY)
    assert quote.interest_borne_by == ()
    assert quote.is_free


def test_a_down_payment_is_paid_but_is_not_the_first_installment():
    quote = quote_plan(plan(**FLAT, down_payment_rate=Decimal("0.25")), 400_000, DAY)
    assert quote.rows[0].is_down_payment
    assert quote.per_period_fen == quote.rows[1].total_fen == 25_000 + 1_800
    assert quote.total_fen == 400_000 + 12 * 1_800
    assert round(quote.annual_rate_simple * 100, 2) == Decimal("13.03")


@pytest.mark.parametrize(
    ("overdue", "terms", "rate"),
    [
        (OverdueRules(), ANNUITY, "0.216"),
        (OverdueRules(), FLAT, "0.24"),
        (OverdueRules(penalty_annual_rate=Decimal("0.1825")), FLAT, "0.1825"),
        (OverdueRules(penalty_annual_rate=Decimal("0.36")), ANNUITY, "0.24"),
    ],
    ids=["1.5 times", "0.05 % a day is over the cap times 1.5", "fixed", "fixed, over the cap"],
)
def test_the_penalty_rate_never_passes_the_cap(overdue, terms, rate):
    quote = quote_plan(plan(**terms, overdue=overdue), PRICE_FEN, DAY)
    assert quote.penalty_annual_rate == Decimal(rate)


def test_a_plan_above_its_cap_cannot_be_offered():
    dear = plan(method=Method.FLAT_FEE, installments=12, flat_fee_rate="0.012")
    for refused_call in (lambda: check_plan(dear), lambda: quote_plan(dear, PRICE_FEN, DAY)):
        with pytest.raises(CostCapExceeded) as refused:
            refused_call()
        assert refused.value.field == "annual_rate_simple"
        assert round(refused.value.value, 3) == Decimal("0.256")
        assert "at most 0.24" in refused.value.allowed
    again = pickle.loads(pickle.dumps(refused.value))
    assert (again.amount_fen, str(again)) == (PRICE_FEN, str(refused.value))


@pytest.mark.parametrize(("fee", "is_refused"), [("0.011225", False), ("0.011227", True)])
def test_the_cap_is_met_to_the_last_digit(fee, is_refused):
    close = plan(
        method=Method.FLAT_FEE, installments=12, flat_fee_rate=fee, min_amount_fen=10**8, max_amount_fen=10**8
    )
    if is_refused:
        with pytest.raises(CostCapExceeded):
            check_plan(close)
    else:
        check_plan(close)


def test_rounding_makes_small_amounts_dearer_than_the_cap():
    terms = {"method": Method.FLAT_FEE, "installments": 12, "flat_fee_rate": "0.0112"}
    check_plan(plan(**terms, min_amount_fen=30_000))
    with pytest.raises(CostCapExceeded) as refused:
        check_plan(plan(**terms, min_amount_fen=1_000))
    assert 1_000 <= refused.value.amount_fen < 1_400


def test_a_cap_on_the_compound_rate_is_the_stricter_one():
    terms = {"method": Method.EQUAL_INSTALLMENT, "installments": 12, "annual_rate": "0.22"}
    check_plan(plan(**terms))
    with pytest.raises(CostCapExceeded) as refused:
        check_plan(plan(**terms, cap=CostCap(base=CapBase.COMPOUND)))
    assert refused.value.field == "annual_rate_compound"


def test_a_cap_of_four_times_the_lpr_follows_the_dated_table():
    four_times = CostCap(kind=CapKind.LPR_MULTIPLE, value=Decimal(4))
    at_12_2 = plan(method=Method.EQUAL_INSTALLMENT, installments=12, annual_rate="0.122", cap=four_times)
    check_plan(at_12_2, on=date(2025, 5, 19), lpr=LPR)
    assert quote_plan(at_12_2, PRICE_FEN, date(2025, 5, 19), lpr=LPR).cost_cap_annual_rate == Decimal("0.124")
    with pytest.raises(CostCapExceeded):
        check_plan(at_12_2, on=date(2025, 5, 20), lpr=LPR)
    with pytest.raises(LprMissing):
        check_plan(at_12_2, on=date(2024, 10, 20), lpr=LPR)


def test_weekly_plans_are_annualised_by_days():
    quote = quote_plan(
        plan(method=Method.FLAT_FEE, installments=1, flat_fee_rate="0.004", unit=Unit.WEEK), 100_000, DAY
    )
    assert quote.annual_rate_simple == round(Decimal("0.004") * 365 / 7, 12)


def test_only_amounts_within_the_range_are_served():
    offer = plan(**FLAT)
    for amount_fen in (29_999, 5_000_001):
        with pytest.raises(AmountOutOfRange) as refused:
            quote_plan(offer, amount_fen, DAY)
        assert refused.value.allowed == "30000 to 5000000"
    assert offer.serves(30_000)
    assert offer.serves(5_000_000)


def test_a_range_of_one_amount_is_checked_once():
    check_plan(plan(**FLAT, min_amount_fen=30_000, max_amount_fen=30_000))


def test_the_board_shows_the_least_cost_first():
    free_6 = plan(method=Method.INTEREST_FREE, installments=6, code="free-6")
    free_3 = plan(method=Method.INTEREST_FREE, installments=3, code="free-3")
    offers = [plan(**ANNUITY, code="annuity"), free_6, plan(**FLAT, code="flat"), free_3]
    board = sort_quotes(quote_plan(offer, PRICE_FEN, DAY) for offer in offers)
    assert [quote.plan_code for quote in board] == ["free-3", "free-6", "flat", "annuity"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("lender_code", {"lender_code": " "}),
        ("code", {"code": ""}),
        ("name", {"name": ""}),
        ("min_amount_fen", {"min_amount_fen": 0}),
        ("max_amount_fen", {"max_amount_fen": 29_999}),
        ("terms.due_day", {"terms": {**plan_to_json(plan(**FLAT))["terms"], "due_day": 5}}),
        ("terms.starts_on", {"terms": {**plan_to_json(plan(**FLAT))["terms"], "starts_on": "2027-01-01"}}),
        ("cap.value", {"cap": {"value": "-0.24"}}),
        ("cap.kind", {"cap": {"kind": "none"}}),
        ("min_amount_fen", {"min_amount_fen": "300.00"}),
        ("margin", {"margin": "0"}),
    ],
)
def test_a_plan_nobody_can_offer_names_the_field(field, change):
    with pytest.raises(PlanError) as refused:
        plan_from_json({**plan_to_json(plan(**FLAT)), **change})
    assert refused.value.field == field


def test_impossible_terms_of_a_plan_name_the_field():
    form = plan_to_json(plan(**FLAT))
    with pytest.raises(TermsError) as refused:
        plan_from_json({**form, "terms": {**form["terms"], "installments": 0}})
    assert refused.value.field == "installments"


def test_a_plan_survives_its_json_form():
    offer = plan(
        **ANNUITY, subsidy=SHARED, cap=CostCap(kind=CapKind.LPR_MULTIPLE, value=Decimal(4)), code="full"
    )
    assert plan_from_json(plan_to_json(offer)) == offer


def test_a_quote_has_every_figure_in_its_json_form():
    form = quote_to_json(quote_plan(plan(**FLAT), PRICE_FEN, DAY, 10))
    assert form["total_cost_fen"] == 35_988
    assert form["annual_rate_simple"].startswith("0.139")
    assert form["rows"][0]["due_on"] == "2026-12-10"
    assert form["terms"]["due_day"] == 10


def test_a_due_day_no_month_always_has_is_refused():
    with pytest.raises(TermsError) as refused:
        quote_plan(plan(**FLAT), PRICE_FEN, DAY, 31)
    assert refused.value.field == "due_day"
