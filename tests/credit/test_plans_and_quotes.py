"""Publishing, quoting and holding: what is dearer than its cap is never seen, what is held is what was shown."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from fenqi.credit import queries, quotes, seed, services
from fenqi.credit.errors import AmountImpossible, AmountTooSmall, PlanAboveCap, PlanUnknown, QuoteChanged
from fenqi.credit.models import PublishedPlan
from fenqi.credit.ports import Offer, OfferRow
from fenqi.domain.plans import CapKind, CostCap, plan_from_json, plan_to_json
from fenqi.domain.terms import LoanTerms, Method
from fenqi.plumbing import business_date
from fenqi.plumbing.models import GateAnswer

pytestmark = pytest.mark.django_db
ON = datetime.date(2026, 11, 22)


class OutsideLender:
    """Offers three installments by its own schedule; the fee can be made dear and the rows wrong."""

    fee_fen = 3000
    lost_fen = 0

    def offers(self, *, lender_code, amount_fen, on, timeout_seconds):
        part = amount_fen // 3
        principal = [part, part, amount_fen - 2 * part - self.lost_fen]
        rows = tuple(
            OfferRow(
                number=n,
                due_on=on + datetime.timedelta(days=30 * n),
                principal_fen=principal[n - 1],
                interest_fen=0,
                fee_fen=self.fee_fen,
            )
            for n in (1, 2, 3)
        )
        return [
            Offer(
                offer_id="o1",
                plan_code=f"{lender_code}-3",
                name="期供 3 期",
                method="flat_fee",
                rows=rows,
                penalty_annual_rate=Decimal("0.18"),
                settlement_fee_rate=Decimal(0),
            )
        ]


class DearLender(OutsideLender):
    fee_fen = 30_000


class CarelessLender(OutsideLender):
    lost_fen = 1


@pytest.fixture(autouse=True)
def lenders(settings):
    settings.FENQI_PORTS = {**settings.FENQI_PORTS, "lender": f"{__name__}.OutsideLender"}
    business_date.start(ON)
    seed.load()


def use(settings, lender):
    settings.FENQI_PORTS = {**settings.FENQI_PORTS, "lender": f"{__name__}.{lender.__name__}"}


def plan(**terms):
    base = next(one for one in seed.plans() if one.code == "jiangcheng-installment-12")
    return replace(base, code="jiangcheng-new", terms=replace(base.terms, **terms))


def test_a_plan_above_the_cap_is_not_published_and_the_gate_s_answer_is_kept():
    with pytest.raises(PlanAboveCap):
        services.publish_plan(plan=plan(annual_rate=Decimal("0.2401")), on=ON, published_by="lin")
    assert not PublishedPlan.objects.filter(code="jiangcheng-new").exists()
    assert GateAnswer.objects.filter(gate="cost_cap", subject="plan:jiangcheng-new", allowed=False).exists()


def test_a_flat_fee_is_judged_by_what_it_costs_a_year_not_by_what_it_is_called():
    """0.6 % a period looks like 7.2 % a year and is 13.03 %; 1.2 % looks like 14.4 % and is above 24 %."""
    flat = LoanTerms(method=Method.FLAT_FEE, installments=12, flat_fee_rate=Decimal("0.012"))
    with pytest.raises(PlanAboveCap):
        services.publish_plan(plan=replace(plan(), terms=flat), on=ON, published_by="lin")


def test_publishing_again_changes_nothing_and_a_change_is_a_new_version():
    first = services.publish_plan(plan=plan(), on=ON, published_by="lin")
    assert services.publish_plan(plan=plan(), on=ON, published_by="lin") == first
    services.publish_plan(plan=plan(annual_rate=Decimal("0.12")), on=ON, published_by="lin")
    assert [
        row.version for row in PublishedPlan.objects.filter(code="jiangcheng-new").order_by("version")
    ] == [1, 2]
    quoted = services.make_quote(key="jiangcheng.jiangcheng-new", amount_fen=499_900, on=ON)
    assert quoted.terms.annual_rate == Decimal("0.12")


def test_the_board_shows_every_lender_cheapest_first_and_free_only_where_the_total_is_the_price():
    board = services.make_quotes(amount_fen=499_900, on=ON)
    shown = [(row.total_cost_fen, row.lender_code, row.installments) for row in board.rows]
    assert shown == sorted(shown, key=lambda one: one[0])
    assert {row.key for row in board.rows if row.is_free} == {"anxin.anxin-free-3", "anxin.anxin-free-6"}
    by_key = {row.key: row for row in board.rows}
    table = {
        "jiangcheng.jiangcheng-installment-12": (44_979, 44_976, 539_745, 39_845),
        "hulian.hulian-flat-12": (44_657, 44_661, 535_888, 35_988),
        "anxin.anxin-free-3": (166_633, 166_634, 499_900, 0),
    }
    for key, figures in table.items():
        row = by_key[key]
        assert (row.per_period_fen, row.last_fen, row.total_fen, row.total_cost_fen) == figures


def test_an_outside_offer_is_recomputed_and_refused_when_dear_or_wrong(settings):
    offered = services.make_quote(key="yuanshan.yuanshan-3", amount_fen=499_900, on=ON)
    assert (offered.total_cost_fen, offered.services_own_loans) == (9000, True)
    assert Decimal("0.10") < offered.annual_rate_simple < Decimal("0.12")
    for lender in (DearLender, CarelessLender):
        use(settings, lender)
        with pytest.raises(PlanUnknown):
            services.make_quote(key="yuanshan.yuanshan-3", amount_fen=499_900, on=ON)


@pytest.mark.parametrize(
    ("amount_fen", "refusal"),
    [(29_999, AmountTooSmall), (0, AmountImpossible), (-1, AmountImpossible), (10**13, AmountImpossible)],
)
def test_amounts_nobody_finances(amount_fen, refusal):
    with pytest.raises(refusal):
        services.make_quotes(amount_fen=amount_fen, on=ON)


def test_the_least_order_may_be_financed():
    assert services.make_quotes(amount_fen=30_000, on=ON).rows


def test_holding_what_was_not_seen_is_refused():
    key = "jiangcheng.jiangcheng-installment-12"
    seen = services.make_quote(key=key, amount_fen=499_900, on=ON).fingerprint()
    held = services.hold_quote(key=key, amount_fen=499_900, on=ON, seen=seen)
    assert queries.find_quote(quote_id=held.id) == held
    with pytest.raises(QuoteChanged):
        services.hold_quote(key=key, amount_fen=499_901, on=ON, seen=seen)


def test_a_quote_of_yesterday_does_not_stand_and_says_what_moved():
    held = services.hold_quote(key="jiangcheng.jiangcheng-installment-12", amount_fen=499_900, on=ON)
    tomorrow = ON + datetime.timedelta(days=1)
    assert held.stands(now=held.held_at, on=ON)
    assert not held.stands(now=held.expires_at, on=ON)
    assert not held.stands(now=held.held_at, on=tomorrow)
    _fresh, changed = services.renew_quote(held=held, on=tomorrow)
    assert [(change.label, change.before, change.after) for change in changed] == [
        ("首期还款日", "12月22日 周二", "12月23日 周三"),
        ("末期还款日", "2027年11月22日 周一", "2027年11月23日 周二"),
    ]


def test_every_seeded_plan_survives_json_and_its_quote_too():
    for one in seed.plans():
        form = PublishedPlan.objects.get(code=one.code).plan
        assert plan_from_json(form) == one
        quoted = services.make_quote(key=f"{one.lender_code}.{one.code}", amount_fen=499_900, on=ON)
        assert quotes.from_json(quotes.to_json(quoted)) == quoted


def test_the_product_page_s_offer_is_the_smallest_installment(django_assert_num_queries):
    offer = queries.cheapest_per_period(amount_fen=499_900)
    assert (offer.per_period_fen, offer.installments) == (24_096, 24)
    with django_assert_num_queries(2):  # the date, and whether plans still stand as they were read
        assert queries.cheapest_per_period(amount_fen=499_900) == offer
    assert queries.cheapest_per_period(amount_fen=100) is None


def test_the_product_page_shows_what_the_board_would():
    """A plan that has become dearer than its cap is not shown; one whose cap follows the prime rate is."""
    long = replace(plan(installments=36), code="jiangcheng-36")
    services.publish_plan(plan=long, on=ON, published_by="lin")
    by_prime_rate = replace(long, cap=CostCap(kind=CapKind.LPR_MULTIPLE, value=Decimal(8)))
    services.publish_plan(plan=by_prime_rate, on=ON, published_by="lin")
    assert queries.cheapest_per_period(amount_fen=499_900).installments == 36

    dear = PublishedPlan.objects.get(code="jiangcheng-36", version=2)
    PublishedPlan.objects.create(
        id=uuid4(),
        code=dear.code,
        version=3,
        lender_id=dear.lender_id,
        plan=plan_to_json(replace(long, cap=CostCap(value=Decimal("0.01")))),
        valid_from=ON,
        published_by="lin",
        published_at=dear.published_at,
    )
    assert queries.cheapest_per_period(amount_fen=499_900).installments == 24
