"""The staff of a demo: who they are and how they come in. Printed by the demo, and added by it and by tests alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoMember:
    """`totp_secret` is what an authenticator app would hold; the demo's sandbox shows its codes."""

    name: str
    shown_name: str
    role: str
    password: str
    totp_secret: str


MEMBERS = (
    DemoMember("lin", "林审核", "reviewer", "review-the-demo", "REVIEWSTHEDEMOREVIEWSTHEDEMO2345"),
    DemoMember("zhou", "周客服", "service", "serve-the-demo", "SERVESTHEDEMOQSERVESTHEDEMOQ2345"),
    DemoMember("qian", "钱财务", "finance", "count-the-demo", "COUNTSTHEDEMOQCOUNTSTHEDEMOQ2345"),
    DemoMember("shen", "沈合规", "compliance", "check-the-demo", "CHECKSTHEDEMOQCHECKSTHEDEMOQ2345"),
    DemoMember("cui", "崔贷后", "collections", "follow-the-demo", "FOLLOWSTHEDEMOFOLLOWSTHEDEMO2345"),
    DemoMember("admin", "管理员", "admin", "fenqi-demo", "ADMINSTHEDEMOQADMINSTHEDEMOQ2345"),
)
_BY_NAME = {one.name: one for one in MEMBERS}


def member(name: str) -> DemoMember:
    """Raises: KeyError."""
    return _BY_NAME[name]
