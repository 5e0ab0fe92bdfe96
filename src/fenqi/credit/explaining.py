"""Why a quoted figure is what it is: short facts for a row of the board, the engine's derivation for the whole story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from fenqi.credit import cost_table
from fenqi.domain.explain import Subject, explain_quote
from fenqi.domain.explain_formulas import Figure
from fenqi.domain.explain_render import Line, render
from fenqi.domain.plans import Quote
from fenqi.domain.schedule import build_schedule
from fenqi.plumbing.templatetags.fenqi import percent, yuan

if TYPE_CHECKING:
    from fenqi.credit.quotes import QuotedPlan

FIGURES = {
    "per_period": Subject(figure=Figure.INSTALLMENT, installment_number=1),
    "total": Subject(figure=Figure.TOTAL),
    "cost": Subject(figure=Figure.COST),
    "rate": Subject(figure=Figure.ANNUAL_RATE),
}


def why(quote: QuotedPlan, figure: str) -> dict[str, Any]:
    """What stands behind an amount on the board: formula and the numbers in it."""
    return {
        "per_period": _why_per_period,
        "total": _why_total,
        "cost": _why_cost,
        "rate": _why_rate,
    }[figure](quote)


def derivation(quote: QuotedPlan, figure: str, *, language: str) -> list[Line]:
    """
    The engine's own derivation of a figure, as sentences; nothing for an outside lender's offer, whose rows are its own.

    Raises: KeyError for a figure that is not one of FIGURES.
    """
    subject = FIGURES[figure]
    if quote.terms is None:
        return []
    return render(explain_quote(_engine_quote(quote), subject), language)


def _why_per_period(quote: QuotedPlan) -> dict[str, Any]:
    first = quote.rows[0]
    rows = [(_("第 1 期本金"), yuan(first.principal_fen))]
    if first.interest_fen:
        rows.append((_("第 1 期利息"), yuan(first.interest_fen)))
    if first.fee_fen:
        rows.append((_("第 1 期手续费"), yuan(first.fee_fen)))
    rows.append((_("还款方式"), cost_table.method_name(quote.method)))
    if quote.last_fen != quote.per_period_fen:
        rows.append((_("末期应还"), yuan(quote.last_fen)))
    return {
        "rows": rows,
        "rounding": _("四舍五入到分，余数在末期。"),
        "clause": _("分期服务协议 二、期限与还款"),
    }


def _why_total(quote: QuotedPlan) -> dict[str, Any]:
    if quote.is_even:
        formula = f"{yuan(quote.per_period_fen)} × {quote.installments - 1} + {yuan(quote.last_fen)}"
    else:
        formula = _("各期应还之和")
    return {"formula": formula, "rows": [(_("期数"), str(quote.installments))]}


def _why_cost(quote: QuotedPlan) -> dict[str, Any]:
    rows = [(_("利息"), yuan(quote.interest_fen)), (_("手续费"), yuan(quote.fee_fen))]
    rows.append((_("息费承担"), cost_table.bearers(quote)))
    return {"formula": f"{yuan(quote.total_fen)} − {yuan(quote.amount_fen)}", "rows": rows}


def _why_rate(quote: QuotedPlan) -> dict[str, Any]:
    return {
        "rows": [
            (_("方法"), _("内部收益率 × 12（单利）")),
            (_("按复利"), percent(quote.annual_rate_compound)),
        ],
        "clause": _("按您实际支付的每一期金额和日期计算，包含全部利息和费用。"),
    }


def _engine_quote(quote: QuotedPlan) -> Quote:
    assert quote.terms is not None
    schedule = build_schedule(quote.terms, quote.amount_fen, quote.on)
    return Quote(
        lender_code=quote.lender_code,
        plan_code=quote.plan_code,
        plan_name=quote.plan_name,
        amount_fen=quote.amount_fen,
        on=quote.on,
        method=quote.method,
        installments=quote.installments,
        per_period_fen=quote.per_period_fen,
        rows=schedule.rows,
        total_fen=quote.total_fen,
        total_cost_fen=quote.total_cost_fen,
        annual_rate_simple=quote.annual_rate_simple,
        annual_rate_compound=quote.annual_rate_compound,
        interest_borne_by=quote.borne_by,
        subsidy=schedule.subsidy,
        first_due_on=quote.first_due_on,
        settlement=quote.settlement,
        penalty_annual_rate=quote.penalty_annual_rate,
        cost_cap_annual_rate=quote.cost_cap_annual_rate,
        terms=quote.terms,
    )
