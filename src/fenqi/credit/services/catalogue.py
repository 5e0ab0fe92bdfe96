"""Publishing plans: a plan above its cap is refused, a change is a new version."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.credit.errors import PlanAboveCap, PlanUnknown
from fenqi.credit.models import Lender, PublishedPlan
from fenqi.domain.plans import CostCapExceeded, LprRate, Plan, check_plan, plan_to_json
from fenqi.plumbing import audit, clock, gates, rule_data
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.templatetags.fenqi import percent, yuan

if TYPE_CHECKING:
    from uuid import UUID


def lpr_table() -> list[LprRate]:
    """The one-year loan prime rates we know, by the day they came into force."""
    return [
        LprRate(effective_on=datetime.date.fromisoformat(day), annual_rate=Decimal(rate))
        for day, rate in rule_data.shipped()["lpr_1y"]["values"].items()
    ]


@transaction.atomic
def register_lender(
    *,
    code: str,
    name: str,
    name_en: str,
    kind: str,
    services_own_loans: bool = False,
    position: int = 0,
) -> None:
    """Connect a lender, or bring its names up to date; repeatable."""
    Lender.objects.update_or_create(
        code=code,
        defaults={
            "name": name,
            "name_en": name_en,
            "kind": kind,
            "services_own_loans": services_own_loans,
            "position": position,
        },
    )


def publish_plan(
    *, plan: Plan, on: datetime.date, published_by: str, valid_until: datetime.date | None = None
) -> UUID:
    """
    Publish a plan from `on`: the same plan again changes nothing, another one under the same code is a new version.

    The cost-cap gate's answer is kept, also when it refuses.

    Raises: PlanAboveCap (nothing is published), PlanUnknown for a lender we do not know.
    """
    if not Lender.objects.filter(code=plan.lender_code).exists():
        raise PlanUnknown(_("没有这家贷款机构。"), field="lender_code")
    try:
        check_plan(plan, on=on, lpr=lpr_table())
    except CostCapExceeded as e:
        gates.keep(gate="cost_cap", subject=f"plan:{plan.code}", answer=gates.deny("cost_cap", str(e)))
        raise PlanAboveCap(
            _("该方案在 %(amount)s 时的年化成本为 %(rate)s，超过上限，不能发布。")
            % {"amount": yuan(e.amount_fen), "rate": percent(e.value)},  # type: ignore[arg-type]
            field="annual_rate",
            amount_fen=e.amount_fen,
        ) from e
    with transaction.atomic():
        return _add_version(plan, on, published_by, valid_until)


def _add_version(plan: Plan, on: datetime.date, published_by: str, valid_until: datetime.date | None) -> UUID:
    # The lender's row is the lock: two publishers of one lender queue up, so versions do not collide.
    Lender.objects.select_for_update().get(code=plan.lender_code)
    form = plan_to_json(plan)
    last = PublishedPlan.objects.filter(code=plan.code).order_by("-version").first()
    if last and last.plan == form and last.valid_until == valid_until:
        return last.id
    version = PublishedPlan.objects.create(
        id=new_id(),
        code=plan.code,
        version=last.version + 1 if last else 1,
        lender_id=plan.lender_code,
        plan=form,
        valid_from=on,
        valid_until=valid_until,
        published_by=published_by,
        published_at=clock.now(),
    )
    gates.keep(gate="cost_cap", subject=f"plan:{plan.code}", answer=gates.allow("cost_cap"))
    audit.record(
        actor=f"staff:{published_by}",
        action="plan.published",
        subject=f"plan:{plan.code}",
        version=version.version,
    )
    return version.id
