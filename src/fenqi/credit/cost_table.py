"""综合融资成本明示表: what borrowing costs, item by item, in the words and order the disclosure rule asks for (rules-cn 1.2)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from fenqi.domain.rules import RemainingFee
from fenqi.domain.terms import Method
from fenqi.plumbing.templatetags.fenqi import percent, yuan

if TYPE_CHECKING:
    from fenqi.credit.quotes import QuotedPlan


# Looked up per row of a board, so translated only when chosen.
_METHODS = {
    Method.EQUAL_INSTALLMENT: gettext_lazy("等额本息"),
    Method.EQUAL_PRINCIPAL: gettext_lazy("等额本金"),
    Method.FLAT_FEE: gettext_lazy("等本等费"),
    Method.INTEREST_ONLY: gettext_lazy("先息后本"),
    Method.DAILY_INTEREST: gettext_lazy("按日计息"),
    Method.INTEREST_FREE: gettext_lazy("等额本金"),
    Method.FLAT_INTEREST: gettext_lazy("等本等息"),
}
_BEARERS = {
    "borrower": gettext_lazy("您"),
    "merchant": gettext_lazy("商户"),
    "lender": gettext_lazy("贷款机构"),
    "platform": gettext_lazy("平台"),
}


@dataclass(frozen=True, kw_only=True)
class CostItem:
    """One kind of cost: how it is charged, at which yearly level, by whom. `amount_fen` is the borrower's part."""

    name: str
    method: str
    level: str
    payee: str
    amount_fen: int | None


@dataclass(frozen=True, kw_only=True)
class CostTable:
    """The whole table; `contingent` costs arise only when terms are not kept."""

    principal_fen: int
    total_fen: int
    total_cost_fen: int
    annual_rate: str
    annual_rate_method: str
    annual_rate_compound: str
    items: tuple[CostItem, ...]
    contingent: tuple[CostItem, ...]
    borne_by: str
    settlement: str
    statement: str

    def as_json(self) -> dict[str, Any]:
        """For the agreement that is kept and for the document."""
        return asdict(self)


def lender_name(quote: QuotedPlan) -> str:
    """The lender's name in the reader's language."""
    return quote.lender_name if (get_language() or "zh").startswith("zh") else quote.lender_name_en


def method_name(method: Method) -> str:
    """How principal and cost are laid over the installments, in words."""
    return str(_METHODS[method])


def bearers(quote: QuotedPlan) -> str:
    """Who bears interest and fee, in words and with amounts where others bear some."""
    if not quote.borne_by:
        return _("无利息和费用")
    others = [
        (name, fen)
        for name, fen in (
            ("merchant", quote.merchant_bears_fen),
            ("lender", quote.lender_bears_fen),
            ("platform", quote.platform_bears_fen),
        )
        if fen
    ]
    parts = [
        _("%(who)s承担 %(amount)s") % {"who": _BEARERS[name], "amount": yuan(fen)} for name, fen in others
    ]
    if "borrower" in quote.borne_by:
        parts.insert(
            0,
            _("%(who)s承担 %(amount)s") % {"who": _BEARERS["borrower"], "amount": yuan(quote.total_cost_fen)},
        )
    return _("、").join(parts)


def settlement_rule(quote: QuotedPlan) -> str:
    """What settling early costs, in one sentence."""
    rules = quote.settlement
    if rules.fee_rate or rules.fee_fixed_fen:
        fee = percent(rules.fee_rate) if rules.fee_rate else yuan(rules.fee_fixed_fen)
        return _("提前结清按实际天数计息，并按提前归还的本金收取 %(fee)s 手续费。") % {"fee": fee}
    if quote.is_free:
        return _("提前结清只还剩余本金，无手续费。")
    if quote.method is Method.FLAT_FEE:
        if rules.remaining_fee is RemainingFee.WAIVED:
            return _("提前结清免收未到期各期手续费，当期按天计收，无手续费。")
        return _("提前结清仍须支付剩余各期手续费。")
    return _("提前结清按实际天数计息，无手续费。")


def settlement_tag(quote: QuotedPlan) -> str:
    """The same in a few words, for a row of the board."""
    if quote.settlement.fee_rate or quote.settlement.fee_fixed_fen:
        return _("按日计息，收手续费")
    if quote.is_free:
        return _("只还剩余本金，无手续费")
    if quote.method is Method.FLAT_FEE:
        if quote.settlement.remaining_fee is RemainingFee.WAIVED:
            return _("未到期费用免收")
        return _("剩余费用仍须支付")
    return _("按日计息，无手续费")


def build(quote: QuotedPlan) -> CostTable:
    """The table of one quote, in the language in force."""
    payee = lender_name(quote)
    items = []
    if quote.interest_fen or (quote.terms and quote.terms.annual_rate):
        items.append(
            CostItem(
                name=_("利息"),
                method=_("%(method)s，按期计收") % {"method": method_name(quote.method)},
                level=_("年化 %(rate)s（单利）")
                % {"rate": percent(_nominal(quote) if quote.interest_fen else quote.annual_rate_simple)},
                payee=payee,
                amount_fen=quote.interest_fen,
            )
        )
    if quote.fee_fen or (quote.terms and quote.terms.flat_fee_rate):
        rate = quote.terms.flat_fee_rate if quote.terms else None
        items.append(
            CostItem(
                name=_("分期手续费"),
                method=_("每期按分期金额的 %(rate)s 计收") % {"rate": percent(rate)}
                if rate
                else _("按期计收"),
                level=_("年化 %(rate)s（单利，内部收益率）") % {"rate": percent(quote.annual_rate_simple)},
                payee=payee,
                amount_fen=quote.fee_fen,
            )
        )
    penalty = CostItem(
        name=_("罚息"),
        method=_("超过宽限期后，自还款日次日起按逾期本金逐日计收"),
        level=_("年化 %(rate)s") % {"rate": percent(quote.penalty_annual_rate)},
        payee=payee,
        amount_fen=None,
    )
    return CostTable(
        principal_fen=quote.amount_fen,
        total_fen=quote.total_fen,
        total_cost_fen=quote.total_cost_fen,
        annual_rate=percent(quote.annual_rate_simple),
        annual_rate_method=_("单利，内部收益率 × 12"),
        annual_rate_compound=percent(quote.annual_rate_compound),
        items=tuple(items),
        contingent=(penalty,),
        borne_by=bearers(quote),
        settlement=settlement_rule(quote),
        statement=_("除以上已明示的成本外，不再收取其他息费。"),
    )


def _nominal(quote: QuotedPlan) -> Any:
    return quote.terms.annual_rate if quote.terms else quote.annual_rate_simple
