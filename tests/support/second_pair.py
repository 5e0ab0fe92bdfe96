"""Two members of staff, one pair of eyes after the other, for services that may not be called without them."""

from __future__ import annotations

import datetime
import json
import zlib
from typing import Any
from uuid import UUID

from fenqi.plumbing import clock, four_eyes
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import Proposal, ProposalDecision

MAKER = four_eyes.Member(name="maker", person="employee 1", roles=frozenset({"admin"}))
CHECKER = four_eyes.Member(name="checker", person="employee 2", roles=frozenset({"admin"}))


def propose(kind: str, *, reason: str = "已核实", **place: Any) -> UUID:
    """Lay it before a second pair of eyes: `subject`, `borrower_id`, and `arguments` as a dict."""
    place.setdefault("subject", f"test:{zlib.crc32(str(place['arguments']).encode())}")
    return four_eyes.propose(maker=MAKER, kind=kind, reason=reason, **place)


def approve(proposal_id: UUID, *, reason: str = "已复核") -> None:
    """The second pair sees what would happen now, and lets it."""
    _picture, shown = four_eyes.present_picture(Proposal.objects.get(id=proposal_id))
    four_eyes.approve(checker=CHECKER, proposal_id=proposal_id, shown=shown, reason=reason)


def approval(kind: str, **arguments: Any) -> UUID:
    """An approval in hand for exactly these arguments, not carried out: for specifications of one service alone."""
    now = clock.now()
    proposal = Proposal.objects.create(
        id=new_id(),
        kind=kind,
        subject="test",
        arguments=json.dumps(arguments, sort_keys=True, default=str, ensure_ascii=False),
        picture="{}",
        digest=bytes(32),
        reason="已核实",
        maker=MAKER.name,
        maker_person=MAKER.person,
        made_at=now,
        expires_at=now + datetime.timedelta(hours=1),
    )
    ProposalDecision.objects.create(
        proposal_id=proposal.id,
        verdict=four_eyes.APPROVED,
        maker=MAKER.name,
        maker_person=MAKER.person,
        by=CHECKER.name,
        by_person=CHECKER.person,
        reason="已复核",
        at=now,
    )
    return proposal.id


def second_pair(kind: str, **place: Any) -> UUID:
    """Propose and approve: it is carried out; gives the proposal's id."""
    proposal_id = propose(kind, **place)
    approve(proposal_id)
    return proposal_id
