"""A plan applied to an amount, as pages show it and as it is kept: one shape for our lenders' plans and for offers from outside."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from fenqi.domain import codec
from fenqi.domain.annual_rate import annual_rates
from fenqi.domain.errors import DomainError
from fenqi.domain.rules import InterestTo, RemainingFee, SettlementRules
from fenqi.domain.terms import LoanTerms, Method
from fenqi.plumbing.templatetags.fenqi import day, percent, yuan

if TYPE_CHECKING:
    from fenqi.credit.ports import Offer
    from fenqi.domain.plans import Quote


class OfferMisstated(DomainError):
    """An outside lender's offer does not add up, or costs more than the cap."""

    code = "offer_misstated"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotedRow:
    """One installment of a quote, in fen; the cost is the borrower's share."""

    number: int
    due_on: date
    principal_fen: int
    interest_fen: int
    fee_fen: int

    @property
    def total_fen(self) -> int:
        """What the borrower pays with this installment."""
        return self.principal_fen + self.interest_fen + self.fee_fen


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotedPlan:
    """
    Everything a shopper sees before choosing. Money is fen, rates are decimals per year.

    `terms` give exactly `rows` when `amount_fen` is paid out on `on`; an outside lender's offer has none: its rows
    are the lender's own, its annual rates are computed here from them.
    """

    JSON_ALWAYS = ("services_own_loans",)

    lender_code: str
    lender_name: str
    lender_name_en: str
    plan_code: str
    plan_name: str
    amount_fen: int
    on: date
    method: Method
    installments: int
    rows: tuple[QuotedRow, ...]
    total_fen: int
    total_cost_fen: int
    annual_rate_simple: Decimal
    annual_rate_compound: Decimal
    borne_by: tuple[str, ...]
    merchant_bears_fen: int
    lender_bears_fen: int
    platform_bears_fen: int
    settlement: SettlementRules
    penalty_annual_rate: Decimal
    cost_cap_annual_rate: Decimal
    terms: LoanTerms | None = None
    offer_id: str = ""
    services_own_loans: bool = False

    @property
    def key(self) -> str:
        """What names this row on a board."""
        return f"{self.lender_code}.{self.plan_code}"

    @property
    def first_due_on(self) -> date:
        """The first due date."""
        return self.rows[0].due_on

    @property
    def per_period_fen(self) -> int:
        """The first installment."""
        return self.rows[0].total_fen

    @property
    def last_fen(self) -> int:
        """The last installment, which takes what rounding leaves over."""
        return self.rows[-1].total_fen

    @property
    def is_even(self) -> bool:
        """Whether all installments are equal but for the last one's rounding."""
        return all(row.total_fen == self.per_period_fen for row in self.rows[:-1])

    @property
    def is_free(self) -> bool:
        """免息: only where the borrower pays the price and nothing more."""
        return self.total_fen == self.amount_fen

    @property
    def interest_fen(self) -> int:
        """All interest the borrower bears."""
        return sum(row.interest_fen for row in self.rows)

    @property
    def fee_fen(self) -> int:
        """All fees the borrower bears."""
        return sum(row.fee_fen for row in self.rows)

    @property
    def sort_key(self) -> tuple[int, int, int, str]:
        """Least cost first, then least total, then shortest term."""
        return (self.total_cost_fen, self.total_fen, self.installments, self.key)

    def fingerprint(self) -> str:
        """
        16 hex characters over everything a board shows of this row; a page sends it back with the choice.

        Much cheaper than the digest, because a board takes one per row.
        """
        shown = (
            self.key,
            self.amount_fen,
            self.on.toordinal(),
            self.method.value,
            [(row.due_on.toordinal(), row.principal_fen, row.interest_fen, row.fee_fen) for row in self.rows],
            str(self.annual_rate_simple),
            str(self.penalty_annual_rate),
            self.borne_by,
            (self.merchant_bears_fen, self.lender_bears_fen, self.platform_bears_fen),
            (
                str(self.settlement.fee_rate),
                self.settlement.fee_fixed_fen,
                self.settlement.remaining_fee.value,
            ),
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    def digest(self) -> bytes:
        """SHA-256 over every figure; the outside lender's running offer number is not a figure."""
        plain = json.dumps(codec.to_json(replace(self, offer_id="")), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(plain.encode()).digest()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One figure that differs between two quotes of the same plan."""

    label: str
    before: str
    after: str


def to_json(quote: QuotedPlan) -> dict[str, Any]:
    """The JSON form that is kept with a held quote."""
    form: dict[str, Any] = codec.to_json(quote)
    return form


def from_json(data: object) -> QuotedPlan:
    """Read the kept form back. Raises: OfferMisstated."""
    return codec.from_json(QuotedPlan, data, refusal=OfferMisstated)


def from_engine(quote: Quote, *, lender_name: str, lender_name_en: str) -> QuotedPlan:
    """The engine's quote of one of our lenders' plans."""
    return QuotedPlan(
        lender_code=quote.lender_code,
        lender_name=lender_name,
        lender_name_en=lender_name_en,
        plan_code=quote.plan_code,
        plan_name=quote.plan_name,
        amount_fen=quote.amount_fen,
        on=quote.on,
        method=quote.method,
        installments=quote.installments,
        rows=tuple(
            QuotedRow(
                number=row.number,
                due_on=row.due_on,
                principal_fen=row.principal_fen,
                interest_fen=row.interest_fen,
                fee_fen=row.fee_fen,
            )
            for row in quote.rows
        ),
        total_fen=quote.total_fen,
        total_cost_fen=quote.total_cost_fen,
        annual_rate_simple=quote.annual_rate_simple,
        annual_rate_compound=quote.annual_rate_compound,
        borne_by=quote.interest_borne_by,
        merchant_bears_fen=quote.subsidy.merchant_fen,
        lender_bears_fen=quote.subsidy.lender_fen,
        platform_bears_fen=quote.subsidy.platform_fen,
        settlement=quote.settlement,
        penalty_annual_rate=quote.penalty_annual_rate,
        cost_cap_annual_rate=quote.cost_cap_annual_rate,
        terms=quote.terms,
    )


def from_offer(
    offer: Offer,
    *,
    lender_code: str,
    lender_name: str,
    lender_name_en: str,
    amount_fen: int,
    on: date,
    cap_annual_rate: Decimal,
) -> QuotedPlan:
    """
    An outside lender's offer, with totals and annual rates computed from its rows: its own claims are not repeated.

    Raises: OfferMisstated if the principal does not add up, an amount or date is impossible, or the cost is above the cap.
    """
    rows = tuple(
        QuotedRow(
            number=row.number,
            due_on=row.due_on,
            principal_fen=row.principal_fen,
            interest_fen=row.interest_fen,
            fee_fen=row.fee_fen,
        )
        for row in offer.rows
    )
    if sum(row.principal_fen for row in rows) != amount_fen:
        raise OfferMisstated("rows", offer.offer_id, f"principal that adds up to {amount_fen}")
    if any(min(row.principal_fen, row.interest_fen, row.fee_fen) < 0 for row in rows):
        raise OfferMisstated("rows", offer.offer_id, "no amount below 0")
    dues = [on, *(row.due_on for row in rows)]
    if dues != sorted(set(dues)):
        raise OfferMisstated("rows", offer.offer_id, f"due dates that rise from after {on}")
    rates = annual_rates(flows=[(on, amount_fen), *((row.due_on, -row.total_fen) for row in rows)])
    if max(rates.simple, offer.penalty_annual_rate) > cap_annual_rate:
        raise OfferMisstated("annual_rate", rates.simple, f"at most {cap_annual_rate}")
    total_fen = sum(row.total_fen for row in rows)
    return QuotedPlan(
        lender_code=lender_code,
        lender_name=lender_name,
        lender_name_en=lender_name_en,
        plan_code=offer.plan_code,
        plan_name=offer.name,
        amount_fen=amount_fen,
        on=on,
        method=Method(offer.method),
        installments=len(rows),
        rows=rows,
        total_fen=total_fen,
        total_cost_fen=total_fen - amount_fen,
        annual_rate_simple=rates.simple,
        annual_rate_compound=rates.compound,
        borne_by=("borrower",) if total_fen > amount_fen else (),
        merchant_bears_fen=0,
        lender_bears_fen=0,
        platform_bears_fen=0,
        settlement=SettlementRules(
            fee_rate=offer.settlement_fee_rate,
            interest_to=InterestTo.DAY,
            remaining_fee=RemainingFee.WAIVED,
        ),
        penalty_annual_rate=offer.penalty_annual_rate,
        cost_cap_annual_rate=cap_annual_rate,
        offer_id=offer.offer_id,
        services_own_loans=True,
    )


def changes(before: QuotedPlan, after: QuotedPlan) -> list[Change]:
    """What a shopper has to be told before the second quote takes the place of the first; empty when nothing differs."""
    figures = [
        (_("分期金额"), yuan(before.amount_fen), yuan(after.amount_fen)),
        (_("每期应还"), yuan(before.per_period_fen), yuan(after.per_period_fen)),
        (_("期数"), str(before.installments), str(after.installments)),
        (_("总额"), yuan(before.total_fen), yuan(after.total_fen)),
        (_("总成本"), yuan(before.total_cost_fen), yuan(after.total_cost_fen)),
        (_("年化利率"), percent(before.annual_rate_simple), percent(after.annual_rate_simple)),
        (_("首期还款日"), day(before.first_due_on), day(after.first_due_on)),
        (_("末期还款日"), day(before.rows[-1].due_on), day(after.rows[-1].due_on)),
        (_("罚息年利率"), percent(before.penalty_annual_rate), percent(after.penalty_annual_rate)),
    ]
    found = [Change(label=label, before=was, after=now) for label, was, now in figures if was != now]
    if not found and before.digest() != after.digest():
        found.append(Change(label=_("方案条款"), before=str(before.on), after=str(after.on)))
    return found
