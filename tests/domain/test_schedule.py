"""Schedules to the fen: the vectors of the rules, every method, every way a period can be broken."""

from datetime import date
from decimal import Decimal

import pytest

from fenqi.domain.errors import EventError
from fenqi.domain.rules import OverdueRules
from fenqi.domain.schedule import build_schedule
from fenqi.domain.state import SubsidyShares
from fenqi.domain.terms import (
    DayCount,
    FirstPeriod,
    HolidayRule,
    InterestFactors,
    LoanTerms,
    Method,
    RemainderIn,
    Rounding,
    Subsidy,
    Unit,
    WorkCalendar,
)

from .loans import PAID_OUT_ON, PRICE, annuity, free

RATE = Decimal("0.144")


def rows(terms, amount=PRICE, on=PAID_OUT_ON):
    return [
        (row.principal_fen, row.interest_fen, row.fee_fen) for row in build_schedule(terms, amount, on).rows
    ]


def dues(terms, on):
    return [row.due_on.isoformat() for row in build_schedule(terms, 1000_00, on).rows]


class TestVectorsOfTheRules:
    """4,999.00 yuan over 12 periods (rules-cn 2.3)."""

    def test_flat_fee(self):
        terms = LoanTerms(method=Method.FLAT_FEE, installments=12, flat_fee_rate=Decimal("0.006"))
        assert rows(terms) == [(416_58, 0, 29_99)] * 11 + [(416_62, 0, 29_99)]
        assert build_schedule(terms, PRICE, PAID_OUT_ON).total_fee_fen == 359_88

    def test_equal_installment(self):
        schedule = build_schedule(annuity(), PRICE, PAID_OUT_ON)
        assert [row.total_fen for row in schedule.rows] == [449_79] * 11 + [449_76]
        assert rows(annuity())[0] == (389_80, 59_99, 0)
        assert rows(annuity())[-1] == (444_43, 5_33, 0)
        assert schedule.total_interest_fen == 398_45
        assert (schedule.total_principal_fen, schedule.borrower_total_fen) == (PRICE, PRICE + 398_45)

    def test_equal_principal(self):
        terms = LoanTerms(method=Method.EQUAL_PRINCIPAL, installments=12, annual_rate=RATE)
        assert rows(terms)[0] == (416_58, 59_99, 0)
        assert rows(terms)[-1] == (416_62, 5_00, 0)
        assert build_schedule(terms, PRICE, PAID_OUT_ON).total_interest_fen == 389_93


class TestMethods:
    def test_interest_only_pays_the_principal_with_the_last(self):
        terms = LoanTerms(method=Method.INTEREST_ONLY, installments=3, annual_rate=RATE)
        assert rows(terms) == [(0, 59_99, 0), (0, 59_99, 0), (PRICE, 59_99, 0)]

    def test_interest_free(self):
        assert rows(free()) == [(1666_33, 0, 0), (1666_33, 0, 0), (1666_34, 0, 0)]

    def test_an_annuity_without_a_rate_is_split_equally(self):
        assert rows(annuity(annual_rate=Decimal(0), installments=3)) == rows(free())

    def test_daily_interest_counts_the_days_of_each_period(self):
        terms = LoanTerms(method=Method.DAILY_INTEREST, installments=2, annual_rate=Decimal("0.1825"))
        assert rows(terms, 1000_00) == [(500_00, 15_50, 0), (500_00, 7_00, 0)]

    def test_flat_interest_is_of_the_whole_amount_for_the_whole_term(self):
        terms = LoanTerms(method=Method.FLAT_INTEREST, installments=4, annual_rate=Decimal("0.15"))
        assert rows(terms, 1250_00) == [(312_50, 15_63, 0)] * 3 + [(312_50, 15_61, 0)]

    def test_flat_interest_in_whole_multiples(self):
        terms = LoanTerms(
            method=Method.FLAT_INTEREST,
            installments=3,
            annual_rate=Decimal("0.12"),
            installment_multiple_fen=20_00,
            rounding=Rounding.HALF_EVEN,
        )
        assert rows(terms, 1250_00) == [(427_50, 12_50, 0), (427_50, 12_50, 0), (395_00, 12_50, 0)]

    def test_the_rest_of_flat_parts_may_come_first(self):
        terms = LoanTerms(
            method=Method.FLAT_INTEREST,
            installments=3,
            annual_rate=Decimal("0.12"),
            remainder_in=RemainderIn.FIRST,
        )
        assert rows(terms, 1000_00) == [(333_34, 10_00, 0), (333_33, 10_00, 0), (333_33, 10_00, 0)]

    def test_the_rest_of_an_annuity_may_come_first(self):
        totals = [sum(row) for row in rows(annuity(remainder_in=RemainderIn.FIRST))]
        assert totals == [449_76] + [449_79] * 11
        assert sum(row[0] for row in rows(annuity(remainder_in=RemainderIn.FIRST))) == PRICE

    def test_a_multiple_leaves_the_rest_to_the_last(self):
        totals = [sum(row) for row in rows(annuity(installment_multiple_fen=100))]
        assert totals[:-1] == [450_00] * 11
        assert totals[-1] == 447_28

    def test_large_multiples_leave_the_last_rows_empty(self):
        assert rows(free(installments=4, installment_multiple_fen=500_00), 1000_00) == [
            (500_00, 0, 0),
            (500_00, 0, 0),
            (0, 0, 0),
            (0, 0, 0),
        ]

    def test_equal_principal_does_not_know_multiples(self):
        terms = LoanTerms(
            method=Method.EQUAL_PRINCIPAL, installments=3, annual_rate=RATE, installment_multiple_fen=100
        )
        assert [row[0] for row in rows(terms, 1000_00)] == [333_33, 333_33, 333_34]

    def test_a_last_installment_far_off_is_smoothed_once(self):
        terms = annuity(installments=6, annual_rate=Decimal("0.0999"), smooth_last=True)
        totals = [sum(row) for row in rows(terms, 192_22)]
        assert max(totals) - min(totals) <= 3
        assert rows(annuity(installments=1, smooth_last=True), 100_00) == [(100_00, 1_20, 0)]

    def test_the_short_cut_gives_what_the_long_way_gives(self):
        plain = annuity()
        long_way = annuity(overdue=OverdueRules(grace_days=1), due_day=15)
        assert plain.is_plain_annuity
        assert not long_way.is_plain_annuity
        for amount in (1, 7, 100, 4999_00, 1_000_000_07):
            assert rows(plain, amount) == rows(long_way, amount)


class TestGrace:
    def test_principal_waits_interest_does_not(self):
        terms = annuity(installments=4, principal_grace=2)
        assert rows(terms, 1000_00)[:2] == [(0, 12_00, 0), (0, 12_00, 0)]
        assert rows(terms, 1000_00)[2:] == rows(annuity(installments=2), 1000_00)

    def test_principal_waits_beside_flat_interest(self):
        terms = LoanTerms(
            method=Method.FLAT_INTEREST, installments=3, annual_rate=Decimal("0.12"), principal_grace=1
        )
        assert [row[0] for row in rows(terms, 1000_00)] == [0, 500_00, 500_00]

    def test_interest_waits_and_is_collected_with_the_first_row_after(self):
        terms = annuity(installments=4, interest_grace=2)
        usual = rows(annuity(installments=4), 1000_00)
        assert [row[1] for row in rows(terms, 1000_00)] == [
            0,
            0,
            usual[0][1] + usual[1][1] + usual[2][1],
            usual[3][1],
        ]

    def test_free_days_take_interest_off_the_first_rows(self):
        usual = rows(annuity())
        for days, expected in ((31, [0, usual[1][1]]), (0, [usual[0][1], usual[1][1]])):
            assert [row[1] for row in rows(annuity(interest_free_days=days))[:2]] == expected
        half = rows(annuity(interest_free_days=15))
        assert half[0][1] == round(Decimal(59_9880) * 16 / 31 / 100)
        assert half[1:] == usual[1:]

    def test_free_days_of_flat_interest(self):
        terms = LoanTerms(
            method=Method.FLAT_INTEREST, installments=2, annual_rate=Decimal("0.12"), interest_free_days=31
        )
        assert rows(terms, 1000_00) == [(500_00, 0, 0), (500_00, 10_00, 0)]
        assert rows(terms, 1000_00, date(2026, 2, 15))[1][1] == round(Decimal(10_00) * 28 / 31)


class TestSubsidy:
    def test_what_others_bear_is_not_due_from_the_borrower(self):
        terms = annuity(subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal(1)))
        schedule = build_schedule(terms, PRICE, PAID_OUT_ON)
        assert schedule.borrower_total_fen == PRICE
        assert schedule.subsidy == SubsidyShares(merchant_fen=398_45)

    def test_any_split_adds_up(self):
        subsidy = Subsidy(
            borrower=Decimal("0.4"), merchant=Decimal("0.3"), lender=Decimal("0.2"), platform=Decimal("0.1")
        )
        first = build_schedule(annuity(subsidy=subsidy), PRICE, PAID_OUT_ON).rows[0]
        assert (first.interest_fen, first.subsidy) == (24_00, SubsidyShares(18_00, 12_00, 5_99))

    def test_a_flat_fee_is_shared_too(self):
        terms = LoanTerms(
            method=Method.FLAT_FEE,
            installments=2,
            flat_fee_rate=Decimal("0.01"),
            subsidy=Subsidy(borrower=Decimal("0.5"), platform=Decimal("0.5")),
        )
        assert [
            (row.fee_fen, row.subsidy.platform_fen) for row in build_schedule(terms, 100_00, PAID_OUT_ON).rows
        ] == [
            (50, 50),
            (50, 50),
        ]


class TestDates:
    def test_a_month_without_the_day_ends_on_its_last(self):
        assert dues(annuity(installments=4), date(2027, 10, 31)) == [
            "2027-11-30",
            "2027-12-31",
            "2028-01-31",
            "2028-02-29",
        ]

    @pytest.mark.parametrize(
        ("rule", "on", "first"),
        [
            (FirstPeriod.NEAREST, "2026-03-05", "2026-04-10"),
            (FirstPeriod.NEAREST, "2026-03-12", "2026-04-10"),
            (FirstPeriod.NEAREST, "2026-03-25", "2026-04-10"),
            (FirstPeriod.NEAREST, "2026-03-26", "2026-05-10"),
            (FirstPeriod.SHORT, "2026-03-05", "2026-03-10"),
            (FirstPeriod.SHORT, "2026-03-10", "2026-04-10"),
            (FirstPeriod.LONG, "2026-03-10", "2026-04-10"),
            (FirstPeriod.LONG, "2026-03-12", "2026-05-10"),
        ],
    )
    def test_a_chosen_due_day(self, rule, on, first):
        terms = annuity(due_day=10, first_period=rule)
        assert dues(terms, date.fromisoformat(on))[0] == first

    def test_a_first_due_date_given(self):
        terms = annuity(installments=2, first_due_on=date(2026, 2, 20))
        assert dues(terms, PAID_OUT_ON) == ["2026-02-20", "2026-03-20"]

    def test_the_31st_comes_back_after_a_february_given_as_first(self):
        terms = annuity(installments=2, first_due_on=date(2026, 2, 28))
        assert dues(terms, date(2026, 1, 31)) == ["2026-02-28", "2026-03-31"]

    def test_weeks_days_and_a_fixed_length(self):
        assert dues(free(unit=Unit.WEEK, every=2), PAID_OUT_ON) == ["2026-01-29", "2026-02-12", "2026-02-26"]
        assert dues(free(unit=Unit.DAY, every=30, fixed_length=80), PAID_OUT_ON) == [
            "2026-02-14",
            "2026-03-16",
            "2026-04-05",
        ]

    def test_a_payout_after_its_first_due_date_is_refused(self):
        with pytest.raises(EventError) as refusal:
            build_schedule(annuity(first_due_on=date(2026, 1, 10)), PRICE, PAID_OUT_ON)
        assert refusal.value.field == "on"

    def test_a_fixed_length_shorter_than_its_periods_is_refused(self):
        with pytest.raises(EventError):
            build_schedule(free(fixed_length=1), PRICE, PAID_OUT_ON)

    def test_nothing_paid_out_is_no_schedule(self):
        with pytest.raises(EventError) as refusal:
            build_schedule(annuity(), 0, PAID_OUT_ON)
        assert (refusal.value.field, refusal.value.value) == ("principal_fen", 0)

    def test_a_day_off_may_move_the_due_date(self):
        calendar = WorkCalendar(
            holidays=frozenset({date(2026, 2, 16)}), workdays=frozenset({date(2026, 3, 15)})
        )
        terms = annuity(installments=2, holiday_rule=HolidayRule.NEXT_WORKDAY, calendar=calendar)
        assert dues(terms, PAID_OUT_ON) == ["2026-02-17", "2026-03-15"]
        assert build_schedule(terms, PRICE, PAID_OUT_ON).rows[1].starts_on == date(2026, 2, 17)

    def test_a_row_says_its_days(self):
        assert build_schedule(annuity(), PRICE, PAID_OUT_ON).rows[0].days == 31


class TestBrokenFirstPeriod:
    def test_costs_by_its_days_and_leaves_all_other_rows_alone(self):
        usual, broken = rows(annuity()), rows(annuity(due_day=10))
        days = (date(2026, 2, 10) - PAID_OUT_ON).days
        assert broken[0] == (389_80, round(Decimal(PRICE) * RATE * days / 365), 0)
        assert broken[1:] == usual[1:]

    def test_a_period_that_began_before_the_payout_costs_its_share(self):
        terms = annuity(starts_on=date(2026, 1, 1), installments=2)
        assert rows(terms, 1000_00)[0][1] == round(Decimal(12_00) * 17 / 31)


class TestDownPayment:
    def test_is_due_at_once_and_not_financed(self):
        schedule = build_schedule(free(down_payment_rate=Decimal("0.25")), 1000_00, PAID_OUT_ON)
        assert [(row.number, row.principal_fen, row.is_down_payment) for row in schedule.rows] == [
            (0, 250_00, True),
            (1, 250_00, False),
            (2, 250_00, False),
            (3, 250_00, False),
        ]
        assert schedule.rows[0].due_on == PAID_OUT_ON


class TestDayCounts:
    def interest(self, day_count, on=PAID_OUT_ON, **changes):
        terms = annuity(
            installments=2,
            annual_rate=Decimal("0.36"),
            interest_factors=InterestFactors.DATED,
            day_count=day_count,
            **changes,
        )
        return rows(terms, 10000_00, on)[0][1]

    def test_each_counts_days_and_years_its_way(self):
        assert self.interest(DayCount.THIRTY_360) == 300_00
        assert self.interest(DayCount.THIRTY_365) == round(Decimal(10000_00) * 36 * 30 / 36500)
        assert self.interest(DayCount.ACTUAL_360) == 310_00
        assert self.interest(DayCount.ACTUAL_364) == round(Decimal(10000_00) * 36 * 31 / 36400)
        assert self.interest(DayCount.ACTUAL_365) == round(Decimal(10000_00) * 36 * 31 / 36500)

    def test_a_new_year_splits_actual_actual(self):
        exact = Decimal(10000_00) * 36 / 100 * (Decimal(17) / 365 + Decimal(14) / 366)
        assert self.interest(DayCount.ACTUAL_ACTUAL, date(2027, 12, 15)) == round(exact)

    def test_thirty_day_months_in_years_that_count_their_days(self):
        assert self.interest(DayCount.THIRTY_ACTUAL) == round(Decimal(10000_00) * 36 * 30 / 36500)

    def test_the_installment_of_whole_periods_with_interest_by_days(self):
        terms = annuity(interest_factors=InterestFactors.DATED_INTEREST, day_count=DayCount.ACTUAL_365)
        schedule = build_schedule(terms, PRICE, PAID_OUT_ON)
        assert [row.total_fen for row in schedule.rows[:-1]] == [449_79] * 11
        assert schedule.rows[0].interest_fen == round(Decimal(PRICE) * RATE * 31 / 365)

    def test_parts_of_a_month_count_the_days_of_its_first(self):
        # Two months from January: 31 x 2 days of 2024's 366, whatever the days of February.
        terms = annuity(
            installments=2,
            every=2,
            annual_rate=Decimal("0.36"),
            interest_factors=InterestFactors.MONTH_PARTS,
            day_count=DayCount.ACTUAL_ACTUAL,
        )
        assert rows(terms, 10000_00, date(2024, 1, 1))[0][1] == round(Decimal(10000_00) * 36 * 62 / 36600)

    def test_parts_of_a_month_are_cut_at_the_last_day_of_the_year(self):
        terms = annuity(
            installments=2,
            annual_rate=Decimal("0.36"),
            interest_factors=InterestFactors.MONTH_PARTS,
            day_count=DayCount.ACTUAL_ACTUAL,
        )
        exact = Decimal(10000_00) * 36 / 100 * (Decimal(16) / 365 + Decimal(15) / 366)
        assert rows(terms, 10000_00, date(2027, 12, 15))[0][1] == round(exact)
        last_day = rows(terms, 10000_00, date(2027, 12, 31))[0][1]
        assert last_day == round(Decimal(10000_00) * 36 / 100 * 31 / 366)

    def test_parts_of_weeks_and_days(self):
        for unit, days in ((Unit.WEEK, 7), (Unit.DAY, 1)):
            terms = annuity(
                installments=1,
                every=10,
                unit=unit,
                annual_rate=Decimal("0.36"),
                interest_factors=InterestFactors.MONTH_PARTS,
            )
            assert rows(terms, 10000_00)[0][1] == days * 100_00
