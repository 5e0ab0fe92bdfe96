"""The standby offer as rule data, and what a draw under it costs: the engine's figures, nothing counted here."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from fenqi.domain import revolving
from fenqi.domain.events import Event, EventKind
from fenqi.domain.explain import Subject, explain
from fenqi.domain.explain_formulas import Figure
from fenqi.domain.schedule import build_schedule
from fenqi.domain.settlement import quote_settlement
from fenqi.plumbing import rule_data

if TYPE_CHECKING:
    from fenqi.domain.explain_formulas import Derivation
    from fenqi.domain.schedule import Schedule
    from fenqi.domain.terms import LoanTerms

PREVIEW_DAYS = (1, 7, 20, 30)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a line offers: rates per year, amounts in fen."""

    lender_code: str
    annual_rate: Decimal
    cap_annual_rate: Decimal
    installment_choices: tuple[int, ...]
    least_draw_fen: int
    draw_multiple_fen: int
    least_age: int
    limit_base_fen: int
    limit_step_fen: int
    limit_most_fen: int


def current(on: datetime.date) -> Offer:
    """The offer valid on a date; its rate never above its cap."""
    data = rule_data.value("standby.offer", on=on)
    cap = Decimal(data["cap_annual_rate"])
    return Offer(
        lender_code=data["lender_code"],
        annual_rate=min(Decimal(data["annual_rate"]), cap),
        cap_annual_rate=cap,
        installment_choices=tuple(data["installment_choices"]),
        least_draw_fen=data["least_draw_fen"],
        draw_multiple_fen=data["draw_multiple_fen"],
        least_age=data["least_age"],
        limit_base_fen=data["limit"]["base_fen"],
        limit_step_fen=data["limit"]["per_installment_paid_in_time_fen"],
        limit_most_fen=data["limit"]["most_fen"],
    )


def terms_of(
    *, annual_rate: Decimal, cap_annual_rate: Decimal, installments: int, due_day: int, on: datetime.date
) -> LoanTerms:
    """Terms of one draw, by the engine's rules for a revolving line."""
    line = revolving.StandbyLine(
        limit_fen=0, annual_rate=annual_rate, bill_day=due_day, cost_cap_annual_rate=cap_annual_rate
    )
    return revolving.draw_terms(line=line, installments=installments, on=on)


@dataclass(frozen=True, kw_only=True)
class CostOnDate:
    """Paying a draw back whole on a date: `days` after it, interest and total in fen, and why the interest is that much."""

    on: datetime.date
    days: int
    interest_fen: int
    total_fen: int
    why: Derivation


@dataclass(frozen=True, kw_only=True)
class DrawPreview:
    """What a draw will cost: by date when paid back early, and by its schedule."""

    amount_fen: int
    installments: int
    annual_rate: Decimal
    daily_rate: Decimal
    first_day_fen: int
    by_date: tuple[CostOnDate, ...]
    schedule: Schedule


def preview(
    *, amount_fen: int, installments: int, annual_rate: Decimal, cap: Decimal, due_day: int, on: datetime.date
) -> DrawPreview:
    """The cost of drawing `amount_fen` on a date."""
    terms = terms_of(
        annual_rate=annual_rate, cap_annual_rate=cap, installments=installments, due_day=due_day, on=on
    )
    payout = Event(id="draw", kind=EventKind.PAYOUT, on=on, amount_fen=amount_fen)
    schedule = build_schedule(terms, amount_fen, on)
    last_due_on = schedule.rows[-1].due_on
    dates = [on + datetime.timedelta(days=days) for days in PREVIEW_DAYS]
    by_date = []
    for day in [*(date for date in dates if date < last_due_on), last_due_on]:
        quote = quote_settlement(terms, [payout], day)
        by_date.append(
            CostOnDate(
                on=day,
                days=(day - on).days,
                interest_fen=quote.interest_fen,
                total_fen=quote.amount_fen,
                why=explain(terms, [payout], day, Subject(figure=Figure.SETTLEMENT)),
            )
        )
    return DrawPreview(
        amount_fen=amount_fen,
        installments=installments,
        annual_rate=annual_rate,
        daily_rate=(annual_rate / 365).quantize(Decimal("0.000001")),
        first_day_fen=by_date[0].interest_fen,
        by_date=tuple(by_date),
        schedule=schedule,
    )
