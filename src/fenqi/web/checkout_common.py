"""What the checkout pages share: the steps shown at the top, addresses of steps, ways to pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils.translation import gettext as _

from fenqi.credit import explaining
from fenqi.credit import queries as credit
from fenqi.credit.errors import ApplicationUnknown
from fenqi.credit.services import GoodsLine, OrderSummary
from fenqi.credit.steps import Step
from fenqi.mall import queries as mall
from fenqi.people import queries as people
from fenqi.purchases.services import CASHIER

if TYPE_CHECKING:
    from django.http import HttpRequest

    from fenqi.credit.quotes import QuotedPlan
    from fenqi.mall.queries import Order

_PAGES = {
    Step.IDENTITY: "/checkout/identity/",
    Step.MEANS: "/checkout/means/",
    Step.CONTACT: "/checkout/contact/",
    Step.DECISION: "/checkout/decision/",
    Step.AGREEMENT: "/checkout/agreement/",
    Step.CONFIRM: "/checkout/confirm/",
    Step.DECLINED: "/checkout/decision/",
    Step.CANCELLED: "/checkout/decision/",
}
_STEPS = ("plan", "identity", "contact", "agreement", "confirm")


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to pay at once."""

    value: str
    label: str
    hint: str


def address_of(step: Step, *, application_id: UUID, order_number: str) -> str:
    """The page of a step."""
    if step is Step.CARD:
        return "/checkout/card/?" + urlencode(
            {"application": application_id, "next": f"/checkout/next/?application={application_id}"}
        )
    if step in (Step.WAITING, Step.DONE):
        return f"/checkout/waiting/?{urlencode({'order': order_number})}"
    return f"{_PAGES[step]}?{urlencode({'application': application_id})}"


def application_of(request: HttpRequest) -> credit.ApplicationView:
    """The signed-in shopper's application named in the address or the form. Raises: ApplicationUnknown."""
    named = request.POST.get("application") or request.GET.get("application") or ""
    try:
        application_id = UUID(named)
    except ValueError as e:
        raise ApplicationUnknown(_("没有这个分期申请。")) from e
    return credit.application(borrower_id=request.borrower_id, application_id=application_id)  # type: ignore[attr-defined]


def steps(now: str) -> list[dict[str, Any]]:
    """The steps of a purchase by installments, the current one marked."""
    labels = {
        "plan": _("分期方案"),
        "identity": _("实名认证"),
        "contact": _("第一联系人"),
        "agreement": _("签协议"),
        "confirm": _("确认支付"),
    }
    place = _STEPS.index(now)
    return [
        {"label": labels[name], "state": "done" if n < place else "now" if n == place else "todo"}
        for n, name in enumerate(_STEPS)
    ]


def methods(borrower_id: int) -> list[Method]:
    """The shopper's cards, then the channel's cashier."""
    bound = [
        Method(
            value=str(card.id),
            label=_("%(bank)s（尾号 %(tail)s）") % {"bank": card.bank, "tail": card.tail},
            hint=_("从这张卡付款"),
        )
        for card in people.cards(borrower_id)
    ]
    return [
        *bound,
        Method(value=CASHIER, label=_("收银台"), hint=_("前往支付机构的页面，用其他卡或账户付款")),
    ]


def reasons(quote: QuotedPlan, *, back: str) -> dict[str, dict[str, Any]]:
    """What each figure of a quote answers to 为什么是这个数, with the address of its derivation, which leads `back`."""
    asked = {"plan": quote.key, "amount_fen": quote.amount_fen, "back": back}
    address = "/checkout/why/?" + urlencode(asked)
    return {
        figure: {**explaining.why(quote, figure), "url": f"{address}&figure={figure}"}
        for figure in explaining.FIGURES
    }


def summary_of(order: Order) -> OrderSummary:
    """What the agreement says of an order, and what decisions look at: models of goods, where they go."""
    resells = mall.instant_resale({line.product_slug for line in order.lines})
    return OrderSummary(
        number=order.number,
        financed=tuple(
            GoodsLine(
                name=f"{line.name} {line.option}".strip(),
                quantity=line.quantity,
                amount_fen=line.amount_fen,
                model=line.product_slug,
                is_instant_resale=line.product_slug in resells,
            )
            for line in order.lines
            if line.pays_by == "installments"
        ),
        full_amount_fen=order.full_amount_fen,
        address="".join(order.address[part] for part in ("province", "city", "district", "street")),
    )
