"""GET /quotes: the plan board as data. POST /quotes: one plan held with an id and an expiry. No person is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ninja import Query, Router, Status

from fenqi.api import answers, limits
from fenqi.api.schemas import BoardOut, HeldQuoteOut, ProblemOut, QuoteIn
from fenqi.credit import services as credit
from fenqi.plumbing import business_date, rule_data

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest

    from fenqi.credit.quotes import QuotedPlan

router = Router(tags=["quotes"])
PROBLEMS = dict.fromkeys((404, 409, 422, 429, 503), ProblemOut)


@router.get("", response={200: BoardOut, **PROBLEMS}, summary="Every plan on an amount, cheapest first")
def board(request: HttpRequest, amount_fen: Annotated[int, Query(gt=0, le=10**12)]) -> Any:
    """Quotes of every lender on `amount_fen`, sorted by total cost; nothing is kept."""
    _count(request)
    found = credit.make_quotes(amount_fen=amount_fen, on=business_date.current())
    return answers.ready(
        {
            "amount_fen": found.amount_fen,
            "quoted_on": found.on,
            "quotes": [_quote(quote) for quote in found.rows],
            "missing_lenders": list(found.missing),
        }
    )


@router.post("", response={201: HeldQuoteOut, **PROBLEMS}, summary="Hold one plan's quote")
def hold(request: HttpRequest, wanted: QuoteIn) -> Any:
    """The quote stands until `expires_at` on the business date it was made."""
    _count(request)
    held = credit.hold_quote(key=wanted.plan, amount_fen=wanted.amount_fen, on=business_date.current())
    return Status(201, _held(held))


@router.get("/{uuid:quote_id}", response={200: HeldQuoteOut, **PROBLEMS}, summary="A held quote")
def read(request: HttpRequest, quote_id: str) -> Any:
    """A quote that was held before, expired or not."""
    _count(request)
    return _held(credit.find_quote(quote_id=quote_id))


def _count(request: HttpRequest) -> None:
    rules = rule_data.shipped()["credit.quote"]["values"]
    limits.count(request.META.get("REMOTE_ADDR", ""), most=int(max(rules.items())[1]["per_minute"]))


def _held(held: credit.Held) -> dict[str, Any]:
    return {
        **_quote(held.quote),
        "id": held.id,
        "expires_at": held.expires_at,
        "digest": held.digest.hex(),
        "schedule": [
            {
                "number": row.number,
                "due_on": row.due_on,
                "principal_fen": row.principal_fen,
                "interest_fen": row.interest_fen,
                "fee_fen": row.fee_fen,
                "total_fen": row.total_fen,
            }
            for row in held.quote.rows
        ],
    }


def _quote(quote: QuotedPlan) -> dict[str, Any]:
    return {
        "plan": quote.key,
        "lender_code": quote.lender_code,
        "lender_name": quote.lender_name,
        "plan_name": quote.plan_name,
        "services_own_loans": quote.services_own_loans,
        "amount_fen": quote.amount_fen,
        "quoted_on": quote.on,
        "method": quote.method.value,
        "installments": quote.installments,
        "per_period_fen": quote.per_period_fen,
        "first_due_on": quote.first_due_on,
        "total_fen": quote.total_fen,
        "total_cost_fen": quote.total_cost_fen,
        "annual_rate_simple": f"{quote.annual_rate_simple:.6f}",
        "annual_rate_compound": f"{quote.annual_rate_compound:.6f}",
        "is_interest_free": quote.is_free,
        "borne_by": list(quote.borne_by),
        "merchant_bears_fen": quote.merchant_bears_fen,
        "penalty_annual_rate": f"{quote.penalty_annual_rate:f}",
        "early_settlement": {
            "interest_to": quote.settlement.interest_to.value,
            "remaining_fee": quote.settlement.remaining_fee.value,
            "fee_rate": f"{quote.settlement.fee_rate:f}",
        },
    }
