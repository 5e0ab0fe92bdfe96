"""Two members of staff, one pair of eyes after the other, for services that may not be called without them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fenqi.plumbing import four_eyes
from fenqi.plumbing.models import Proposal

MAKER = four_eyes.Member(name="maker", person="employee 1", roles=frozenset({"admin"}))
CHECKER = four_eyes.Member(name="checker", person="employee 2", roles=frozenset({"admin"}))


def propose(kind: str, *, reason: str = "已核实", **place: Any) -> UUID:
    """Lay it before a second pair of eyes: `subject`, `borrower_id`, and `arguments` as a dict."""
    place.setdefault("subject", f"test:{place['arguments']}")
    return four_eyes.propose(maker=MAKER, kind=kind, reason=reason, **place)


def approve(proposal_id: UUID, *, reason: str = "已复核") -> None:
    """The second pair sees what would happen now, and lets it."""
    _picture, shown = four_eyes.present_picture(Proposal.objects.get(id=proposal_id))
    four_eyes.approve(checker=CHECKER, proposal_id=proposal_id, shown=shown, reason=reason)


def second_pair(kind: str, **place: Any) -> UUID:
    """Propose and approve: it is carried out; gives the proposal's id."""
    proposal_id = propose(kind, **place)
    approve(proposal_id)
    return proposal_id
