"""What the finance pages share: the shopper's loan, ways to pay, amounts people type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fenqi.domain.explain_render import render as render_lines
from fenqi.payments import queries as payment_queries
from fenqi.payments import services as payments
from fenqi.people import queries as people
from fenqi.plumbing import index_keys
from fenqi.plumbing.errors import Refusal
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse, QueryDict

    from fenqi.domain.events import Event
    from fenqi.domain.explain_formulas import Derivation
    from fenqi.domain.explain_render import Line

CASHIER = "cashier"


class MethodUnknown(Refusal):
    """A way to pay that was not offered."""

    code = "method_unknown"


def loan_of(request: HttpRequest, number: str) -> servicing.LoanView:
    """The signed-in shopper's loan of this number. Raises: NotFound, for another's too."""
    return servicing.loan(borrower_id=request.borrower_id, number=number)  # type: ignore[attr-defined]


def told(derivation: Derivation, events: Sequence[Event] = ()) -> list[Line]:
    """Why a figure is what it is, in the language of the page."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return render_lines(derivation, language, {event.id: event for event in events})


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to pay."""

    value: str
    label: str
    hint: str


def methods(cards: Sequence[people.Card]) -> list[Method]:
    """The shopper's cards, then the channel's cashier."""
    bound = [
        Method(
            value=str(card.id),
            label=_("%(bank)s（尾号 %(tail)s）") % {"bank": card.bank, "tail": card.tail},
            hint=_("从这张卡付款，即时到账"),
        )
        for card in cards
    ]
    return [
        *bound,
        Method(value=CASHIER, label=_("收银台"), hint=_("其他银行卡或账户，前往支付机构的页面付款")),
    ]


def chosen_card(posted: QueryDict, offered: Sequence[Method]) -> UUID | None:
    """
    The card to pay with, or None for the cashier.

    Raises: MethodUnknown at `method`.
    """
    value = posted.get("method", "")
    if value not in {one.value for one in offered}:
        raise MethodUnknown(_("请选择付款方式。"), field="method")
    return None if value == CASHIER else UUID(value)


def pay(
    *,
    borrower_id: int,
    amount_fen: int,
    subject: dict[str, Any],
    card_id: UUID | None,
    reference: str,
    outcome_url: str | None = None,
) -> HttpResponse:
    """Start a repayment and lead on: to the channel's cashier, or to the page that waits for the outcome."""
    outcome_url = outcome_url or reverse("finance-payment", args=[reference])
    start = payments.start_payment(
        borrower_id=borrower_id,
        amount_fen=amount_fen,
        purpose="repayment",
        subject=subject,
        card_id=card_id,
        return_url=outcome_url,
        reference=reference,
    )
    return HttpResponseRedirect(start.redirect_url or outcome_url)


def begun_already(*, borrower_id: int, posted: QueryDict) -> HttpResponse | None:
    """For a form sent twice: where its payment stands, whatever the bill says by now."""
    reference = reference_typed(posted)
    payment = payment_queries.payment_by_reference(borrower_id=borrower_id, reference=reference)
    if payment is None:
        return None
    waits_at_cashier = payment.is_open and payment.redirect_url
    return HttpResponseRedirect(
        payment.redirect_url if waits_at_cashier else reverse("finance-payment", args=[reference])
    )


def reference_typed(posted: QueryDict) -> str:
    """The form's hidden reference, in canonical form. Raises: Refusal when it was tampered with."""
    try:
        return str(UUID(posted.get("reference", "")))
    except ValueError as e:
        raise Refusal(_("页面已失效，请刷新后重试；没有扣款。"), code="reference_missing") from e


def calendar_path(loan_number: str) -> str:
    """The private address of a loan's calendar: whoever holds it sees dates and amounts of this loan, nothing else."""
    return reverse("finance-calendar", args=[loan_number, calendar_tokens(loan_number)[0]])


def calendar_tokens(loan_number: str) -> list[str]:
    """What makes a calendar's address impossible to guess from the loan's number: the newest first, older ones still good."""
    return [mark.hex()[:32] for mark in index_keys.marks(loan_number, purpose="calendar")]
