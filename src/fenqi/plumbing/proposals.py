"""What waits for a second pair of eyes, and what became of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing import clock, four_eyes
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.models import Proposal, ProposalDecision

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One proposal in a list."""

    id: UUID
    label: Any
    title: str
    subject: str
    borrower_id: int | None
    reason: str
    maker: str
    made_at: datetime.datetime
    verdict: str


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """All a checker reads. `shown` stands for exactly this; `problem` says in words why it can be done no more."""

    row: Row
    kind: four_eyes.Kind
    picture: four_eyes.Picture
    shown: str
    state: str
    expires_at: datetime.datetime
    problem: Any
    decided_by: str
    decided_at: datetime.datetime | None
    decision_reason: str


def waiting(roles: Iterable[str], *, name: str, limit: int = 100) -> list[Row]:
    """What this member may decide or has proposed, the longest waiting first."""
    rows = four_eyes.undecided().filter(_may_see(roles, name))[:limit]
    return [_row(one, four_eyes.WAITING) for one in rows]


def waiting_size(roles: Iterable[str], *, name: str) -> int:
    """How many wait for this member: of their kinds, and not their own."""
    return int(four_eyes.undecided().filter(kind__in=_kinds_for(roles)).exclude(maker=name).count())


def decided(roles: Iterable[str], *, name: str, limit: int = 20) -> list[Row]:
    """What was decided last, of what this member may see."""
    seen = Proposal.objects.filter(_may_see(roles, name))
    last = ProposalDecision.objects.filter(proposal_id__in=seen.values("id")).order_by("-at")[:limit]
    words = {one.proposal_id: one.verdict for one in last}
    found = Proposal.objects.in_bulk(words)
    return [_row(found[key], verdict) for key, verdict in words.items()]


def file(proposal_id: UUID) -> File:
    """One proposal, with what has become of it. Raises: ProposalUnknown."""
    proposal = Proposal.objects.filter(id=proposal_id).first()
    if proposal is None:
        raise four_eyes.ProposalUnknown(_("没有这项复核。"))
    decision = ProposalDecision.objects.filter(proposal_id=proposal_id).first()
    picture, shown = four_eyes.kept_picture(proposal)
    state, problem = (decision.verdict, "") if decision else (four_eyes.WAITING, "")
    if not decision and proposal.expires_at <= clock.now():
        state = four_eyes.EXPIRED
    if state == four_eyes.WAITING:
        problem = _problem(proposal, shown)
    return File(
        row=_row(proposal, state),
        kind=four_eyes.kind_of(proposal.kind),
        picture=picture,
        shown=shown,
        state=state,
        expires_at=proposal.expires_at,
        problem=problem,
        decided_by=decision.by if decision else "",
        decided_at=decision.at if decision else None,
        decision_reason=decision.reason if decision else "",
    )


def _problem(proposal: Proposal, shown: str) -> Any:
    try:
        _picture, present = four_eyes.present_picture(proposal)
    except Refusal as e:
        return str(e)
    return (
        "" if present == shown else _("提交之后数字有变化，不能按原来的数字执行；请驳回，由提交人重新提交。")
    )


def _may_see(roles: Iterable[str], name: str) -> Q:
    return Q(kind__in=_kinds_for(roles)) | Q(maker=name)


def _kinds_for(roles: Iterable[str]) -> set[str]:
    held = set(roles)
    return {code for code, kind in four_eyes.kinds().items() if four_eyes.holds(held, kind.checkers)}


def _row(proposal: Proposal, verdict: str) -> Row:
    picture, _shown = four_eyes.kept_picture(proposal)
    kind = four_eyes.kinds().get(proposal.kind)  # one that is no longer wired is still listed
    return Row(
        id=proposal.id,
        label=kind.label if kind else proposal.kind,
        title=picture.title,
        subject=proposal.subject,
        borrower_id=proposal.borrower_id,
        reason=proposal.reason,
        maker=proposal.maker,
        made_at=proposal.made_at,
        verdict=verdict,
    )
