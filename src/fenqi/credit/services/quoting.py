"""Quotes: the board of everything that is offered on an amount, and one quote held for a while."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fenqi.credit import quotes
from fenqi.credit.errors import (
    AmountImpossible,
    AmountTooSmall,
    LenderSilent,
    PlanUnknown,
    QuoteChanged,
    QuoteUnknown,
)
from fenqi.credit.models import HeldQuote, Lender, PublishedPlan
from fenqi.credit.ports import LenderRefused, LenderUnavailable
from fenqi.credit.services.catalogue import lpr_table
from fenqi.domain.errors import DomainError
from fenqi.domain.plans import CostCapExceeded, plan_from_json, quote_plan
from fenqi.plumbing import clock, gates, ports, rule_data
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.templatetags.fenqi import yuan
from fenqi.plumbing.unchanged import Unchanged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fenqi.credit.quotes import QuotedPlan
    from fenqi.domain.plans import Plan

LARGEST_AMOUNT_FEN = 10**12
# Published versions never change, so what was read of them once holds as long as the process lives.
_plans: dict[UUID, Plan] = {}
_RULES = ("credit.quote", "min_order_fen", "cost_cap_annual_rate")


@dataclass(frozen=True, kw_only=True)
class Board:
    """What is offered on an amount, cheapest first; `missing` names lenders that did not answer in time."""

    amount_fen: int
    on: datetime.date
    rows: tuple[QuotedPlan, ...]
    missing: tuple[str, ...]

    @property
    def terms(self) -> tuple[int, ...]:
        """The numbers of installments one can choose from."""
        return tuple(sorted({row.installments for row in self.rows}))

    def row(self, key: str) -> QuotedPlan | None:
        """The row named by `key`."""
        return next((row for row in self.rows if row.key == key), None)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A quote that stands until `expires_at` on the business date it was made."""

    id: UUID
    quote: QuotedPlan
    digest: bytes
    held_at: datetime.datetime
    expires_at: datetime.datetime

    def stands(self, *, now: datetime.datetime, on: datetime.date) -> bool:
        """Whether it may be signed now."""
        return now < self.expires_at and self.quote.on == on


def smallest_amount_fen(*, on: datetime.date) -> int:
    """The least that may be paid by installments."""
    return int(rule_data.value("min_order_fen", on=on))


def check_amount(*, amount_fen: int, on: datetime.date) -> None:
    """Whether an amount may be paid by installments at all. Raises: AmountTooSmall, AmountImpossible."""
    _check_amount(amount_fen, least_fen=smallest_amount_fen(on=on))


def make_quotes(*, amount_fen: int, on: datetime.date) -> Board:
    """
    Quote every plan in force on an amount. No person is named to anybody.

    Lenders serviced here are computed; one that keeps its own books is asked with a time limit and named when silent.

    Raises: AmountTooSmall, AmountImpossible.
    """
    rules, offered = _in_force.get(on)
    _check_amount(amount_fen, least_fen=int(rules["min_order_fen"]))
    rows: list[QuotedPlan] = []
    missing: list[str] = []
    for lender, plan_ids in offered:
        if lender.services_own_loans:
            try:
                rows += _ask_for_offers(lender, amount_fen=amount_fen, on=on, rules=rules)
            except (LenderUnavailable, LenderRefused):
                missing.append(_name_of(lender))
        else:
            rows += _quote_all(lender, plan_ids, amount_fen=amount_fen, on=on)
    return Board(
        amount_fen=amount_fen,
        on=on,
        rows=tuple(sorted(rows, key=lambda row: row.sort_key)),
        missing=tuple(missing),
    )


def own_quotes(*, amount_fen: int, on: datetime.date) -> list[QuotedPlan]:
    """What the lenders serviced here offer on an amount; nobody is asked, and an amount nobody finances gives nothing."""
    _rules, offered = _in_force.get(on)
    return [
        quote
        for lender, plan_ids in offered
        if not lender.services_own_loans
        for quote in _quote_all(lender, plan_ids, amount_fen=amount_fen, on=on)
    ]


def make_quote(*, key: str, amount_fen: int, on: datetime.date) -> QuotedPlan:
    """
    Quote the one plan a board row names.

    Raises: PlanUnknown, LenderSilent, AmountTooSmall, AmountImpossible.
    """
    rules, offered = _in_force.get(on)
    _check_amount(amount_fen, least_fen=int(rules["min_order_fen"]))
    lender_code, _dot, plan_code = key.partition(".")
    for lender, plan_ids in offered:
        if lender.code != lender_code:
            continue
        if not lender.services_own_loans:
            every = _quote_all(lender, plan_ids, amount_fen=amount_fen, on=on)
            found = [quote for quote in every if quote.plan_code == plan_code]
        else:
            try:
                offers = _ask_for_offers(lender, amount_fen=amount_fen, on=on, rules=rules)
            except (LenderUnavailable, LenderRefused) as e:
                raise LenderSilent(
                    _("%(lender)s 暂未响应，请稍后再试或选择其他方案。") % {"lender": _name_of(lender)},
                    field="plan",
                ) from e
            found = [quote for quote in offers if quote.plan_code == plan_code]
        if found:
            return found[0]
    raise PlanUnknown(_("这个方案现在不提供，请重新选择。"), field="plan")


def hold_quote(*, key: str, amount_fen: int, on: datetime.date, seen: str | None = None) -> Held:
    """
    Hold the plan a board row names, so that it can be applied for and signed.

    `seen` is the row's fingerprint, as the page showed it.

    Raises: QuoteChanged if the plan no longer costs what was seen; and whatever `make_quote` raises.
    """
    quote = make_quote(key=key, amount_fen=amount_fen, on=on)
    if seen and quote.fingerprint() != seen:
        raise QuoteChanged(_("这个方案的报价已更新，请核对后重新选择。"), field="plan")
    return _keep(quote)


def renew_quote(*, held: Held, on: datetime.date) -> tuple[Held, list[quotes.Change]]:
    """
    Quote the same plan on the same amount again: what now stands, and what differs from before (often nothing).

    Raises: PlanUnknown if it is not offered any more, LenderSilent.
    """
    fresh = make_quote(key=held.quote.key, amount_fen=held.quote.amount_fen, on=on)
    return _keep(fresh), quotes.changes(held.quote, fresh)


def find_quote(*, quote_id: UUID) -> Held:
    """A held quote. Raises: QuoteUnknown."""
    row = HeldQuote.objects.filter(id=quote_id).first()
    if row is None:
        raise QuoteUnknown(_("没有这个报价。"))
    return Held(
        id=row.id,
        quote=quotes.from_json(row.quote),
        digest=bytes(row.digest),
        held_at=row.held_at,
        expires_at=row.expires_at,
    )


@transaction.atomic
def _keep(quote: QuotedPlan) -> Held:
    now = clock.wall()
    minutes = int(rule_data.value("credit.quote", on=quote.on)["minutes"])
    row = HeldQuote.objects.create(
        id=new_id(),
        lender_id=quote.lender_code,
        plan_code=quote.plan_code,
        amount_fen=quote.amount_fen,
        quoted_on=quote.on,
        quote=quotes.to_json(quote),
        digest=quote.digest(),
        held_at=now,
        expires_at=now + datetime.timedelta(minutes=minutes),
    )
    return Held(
        id=row.id,
        quote=quote,
        digest=quote.digest(),
        held_at=row.held_at,
        expires_at=row.expires_at,
    )


def _check_amount(amount_fen: int, *, least_fen: int) -> None:
    if amount_fen <= 0 or amount_fen > LARGEST_AMOUNT_FEN:
        raise AmountImpossible(_("金额不正确。"), field="amount_fen")
    if amount_fen < least_fen:
        raise AmountTooSmall(
            _("分期付款的金额不能低于 %(least)s。") % {"least": yuan(least_fen)},
            field="amount_fen",
            least_fen=least_fen,
        )


def _name_of(lender: Lender) -> str:
    return lender.name if (get_language() or "zh").startswith("zh") else lender.name_en


def _read_offered(on: datetime.date) -> tuple[tuple[Lender, tuple[UUID, ...]], ...]:
    """Active lenders with the ids of their plans in force, each plan in its newest version: one statement for all plans."""
    lenders = {
        lender.code: lender for lender in Lender.objects.filter(is_active=True).order_by("position", "code")
    }
    newest = {}
    rows = PublishedPlan.objects.filter(lender_id__in=lenders, valid_from__lte=on).order_by("version")
    for plan_id, code, lender, until in rows.values_list("id", "code", "lender_id", "valid_until"):
        newest[code] = (plan_id, lender, until)
    in_force = [
        (plan_id, lender) for plan_id, lender, until in newest.values() if until is None or until >= on
    ]
    _read_plans({plan_id for plan_id, _lender in in_force})
    return tuple(
        (lender, tuple(plan_id for plan_id, owner in in_force if owner == code))
        for code, lender in lenders.items()
    )


# The rules quotes are made by, and what is offered, on a date.
_in_force: Unchanged[datetime.date, tuple[dict[str, Any], tuple[tuple[Lender, tuple[UUID, ...]], ...]]] = (
    Unchanged(
        tables=("plumbing_ruledatum", "credit_lender", "credit_publishedplan"),
        read=lambda on: (rule_data.values(*_RULES, on=on), _read_offered(on)),
    )
)


def _read_plans(plan_ids: set[UUID]) -> None:
    unknown = plan_ids - _plans.keys()
    for plan_id, form in (
        PublishedPlan.objects.filter(id__in=unknown).values_list("id", "plan") if unknown else ()
    ):
        _plans[plan_id] = plan_from_json(form)


def _quote_all(
    lender: Lender, plan_ids: tuple[UUID, ...], *, amount_fen: int, on: datetime.date
) -> Iterator[QuotedPlan]:
    for plan_id in plan_ids:
        plan = _plans[plan_id]
        if not plan.serves(amount_fen):
            continue
        try:
            yield _quote_of(plan_id, amount_fen, on, lender.name, lender.name_en)
        except CostCapExceeded as e:
            # Published while under the cap, above it today or on this amount: it is not shown.
            gates.keep(gate="cost_cap", subject=f"plan:{plan.code}", answer=gates.deny("cost_cap", str(e)))


@lru_cache(maxsize=4096)
def _quote_of(
    plan_id: UUID, amount_fen: int, on: datetime.date, lender_name: str, lender_name_en: str
) -> QuotedPlan:
    """A version of a plan on an amount and day is always the same quote: a board filtered or chosen from asks again."""
    quote = quote_plan(_plans[plan_id], amount_fen, on, lpr=lpr_table())
    return quotes.from_engine(quote, lender_name=lender_name, lender_name_en=lender_name_en)


def _ask_for_offers(
    lender: Lender, *, amount_fen: int, on: datetime.date, rules: dict[str, Any]
) -> list[QuotedPlan]:
    # A float is what the wire wants for seconds; no money is near it.
    seconds = float(rules["credit.quote"]["lender_wait_seconds"])
    offers = ports.get("lender").offers(
        lender_code=lender.code, amount_fen=amount_fen, on=on, timeout_seconds=seconds
    )
    found: list[QuotedPlan] = []
    for offer in offers:
        try:
            found.append(
                quotes.from_offer(
                    offer,
                    lender_code=lender.code,
                    lender_name=lender.name,
                    lender_name_en=lender.name_en,
                    amount_fen=amount_fen,
                    on=on,
                    cap_annual_rate=Decimal(rules["cost_cap_annual_rate"]),
                )
            )
        except (DomainError, ValueError) as e:
            # An offer that does not add up or breaks the cap is not shown to anybody.
            gates.keep(
                gate="cost_cap",
                subject=f"offer:{lender.code}.{offer.plan_code}",
                answer=gates.deny("offer_checked", str(e)),
            )
    return found
