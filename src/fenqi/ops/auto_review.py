"""
The demo's reviewer: approves what a person would wave through, by the same services, under its own name.

Hears the outbox; does nothing unless FENQI_AUTO_REVIEW is on. What is odd (an ID number on two accounts) waits for a person.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings

from fenqi.mall.services import RETURN_KIND
from fenqi.people import refusals, services
from fenqi.plumbing import four_eyes, proposals
from fenqi.plumbing.errors import Conflict

NAME = "auto-reviewer"
ACTOR = f"system:{NAME}"
# Money goes back by two: the demo's second pair of eyes is a second robot, and both stand in the trail.
MAKER = four_eyes.Member(name=ACTOR, person=ACTOR, roles=frozenset({"service"}))
CHECKER = four_eyes.Member(
    name="system:auto-checker", person="system:auto-checker", roles=frozenset({"finance"})
)

Payload = dict[str, Any]


def contact_answered(payload: Payload) -> None:
    """A contact who accepted is approved."""
    if not settings.AUTO_REVIEW or payload["answer"] != "accept":
        return
    try:
        services.review_contact(
            staff=ACTOR,
            borrower_id=payload["borrower_id"],
            contact_id=UUID(payload["contact_id"]),
            approve=True,
            reason="演示环境自动审核：联系人本人已同意",
        )
    except refusals.NotWaiting:
        # Somebody was faster, or the contact withdrew in between: their word stands.
        return


def identity_review_wanted(payload: Payload) -> None:
    """Photos the register knows are approved; anything else is a person's to decide."""
    if not settings.AUTO_REVIEW or payload["reason"] != "photos_to_be_seen":
        return
    try:
        services.review_identity(
            staff=ACTOR,
            borrower_id=payload["borrower_id"],
            approve=True,
            reason="演示环境自动审核：登记信息一致",
        )
    except refusals.NotWaiting:
        return


def return_requested(payload: Payload) -> None:
    """A return is proposed by one and approved by another."""
    if not settings.AUTO_REVIEW:
        return
    reason = "演示环境自动审核"
    try:
        proposal_id = four_eyes.propose(
            maker=MAKER,
            kind=RETURN_KIND,
            subject=f"return:{payload['return_id']}",
            borrower_id=payload["borrower_id"],
            arguments={"borrower_id": payload["borrower_id"], "return_id": payload["return_id"]},
            reason=reason,
        )
        four_eyes.approve(
            checker=CHECKER,
            proposal_id=proposal_id,
            shown=proposals.file(proposal_id).shown,
            reason=reason,
        )
    except Conflict:
        # Somebody was faster, or the shopper withdrew it in between.
        return
