"""The frame of the console: who may see which desk, one-time notices, and the actor's name in the books."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from fenqi.people.services import Role

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """One entry of the navigation."""

    code: str
    url: str
    label: Any
    icon: str
    roles: tuple[Role, ...]


DESKS = (
    Desk(
        code="identity",
        url="/ops/queues/identity/",
        label=_("实名审核"),
        icon="id-card",
        roles=(Role.REVIEWER,),
    ),
    Desk(
        code="phones",
        url="/ops/queues/phones/",
        label=_("找回账号"),
        icon="phone",
        roles=(Role.REVIEWER,),
    ),
    Desk(
        code="contacts",
        url="/ops/queues/contacts/",
        label=_("联系人审核"),
        icon="user-check",
        roles=(Role.REVIEWER,),
    ),
    Desk(
        code="applications",
        url="/ops/queues/applications/",
        label=_("分期申请"),
        icon="file-check",
        roles=(Role.REVIEWER,),
    ),
    Desk(
        code="reviews",
        url="/ops/queues/reviews/",
        label=_("复核请求"),
        icon="gavel",
        roles=(Role.REVIEWER,),
    ),
    Desk(
        code="lists",
        url="/ops/lists/",
        label=_("阻止名单"),
        icon="ban",
        roles=(Role.REVIEWER, Role.COMPLIANCE),
    ),
    Desk(
        code="returns", url="/ops/queues/returns/", label=_("退货审核"), icon="undo-2", roles=(Role.SERVICE,)
    ),
    Desk(code="shipping", url="/ops/shipping/", label=_("待发货"), icon="truck", roles=(Role.SERVICE,)),
    Desk(code="chat", url="/ops/chat/", label=_("会话"), icon="messages-square", roles=(Role.SERVICE,)),
    Desk(
        code="disputes",
        url="/ops/queues/disputes/",
        label=_("征信异议"),
        icon="scale",
        roles=(Role.SERVICE, Role.COMPLIANCE),
    ),
    Desk(
        code="corrections",
        url="/ops/queues/corrections/",
        label=_("信息更正"),
        icon="pencil",
        roles=(Role.REVIEWER, Role.COMPLIANCE),
    ),
    Desk(
        code="refunds",
        url="/ops/refunds/",
        label=_("退款与代付"),
        icon="banknote",
        roles=(Role.FINANCE, Role.SERVICE),
    ),
    Desk(
        code="unplaced",
        url="/ops/unplaced/",
        label=_("待查款项"),
        icon="inbox",
        roles=(Role.FINANCE,),
    ),
    Desk(
        code="calls",
        url="/ops/calls/",
        label=_("通话记录"),
        icon="phone",
        roles=(Role.COLLECTIONS, Role.COMPLIANCE),
    ),
    Desk(
        code="proposals",
        url="/ops/proposals/",
        label=_("待复核"),
        icon="users",
        roles=tuple(Role),
    ),
    Desk(code="look-up", url="/ops/look-up/", label=_("查询"), icon="search", roles=tuple(Role)),
    Desk(code="books", url="/ops/books/", label=_("账目与日终"), icon="book-open", roles=(Role.FINANCE,)),
    Desk(
        code="reports",
        url="/ops/reports/",
        label=_("报表"),
        icon="chart-column",
        roles=(Role.FINANCE, Role.COMPLIANCE),
    ),
    Desk(
        code="entry",
        url="/ops/entry/",
        label=_("还款入口"),
        icon="toggle-right",
        roles=(Role.COMPLIANCE, Role.FINANCE),
    ),
    Desk(code="staff", url="/ops/staff/", label=_("员工"), icon="users", roles=(Role.ADMIN,)),
    Desk(code="audit", url="/ops/audit/", label=_("审计记录"), icon="scroll-text", roles=(Role.COMPLIANCE,)),
)


def may_open(request: HttpRequest, desk: Desk) -> bool:
    """Does this staff member hold a role of the desk?"""
    held: frozenset[str] = request.staff_roles  # type: ignore[attr-defined]
    return bool(held & {*desk.roles, Role.ADMIN})


def actor(request: HttpRequest) -> str:
    """How this staff member stands in the audit trail."""
    return f"staff:{request.staff}"  # type: ignore[attr-defined]


def typed(source: QueryDict, name: str, *, longest: int = 300) -> str:
    """What was typed into a field that is no form's: without NUL (the database takes none), trimmed, cut."""
    return source.get(name, "").replace("\x00", "").strip()[:longest]


def date_asked(request: HttpRequest, name: str, default: datetime.date) -> datetime.date:
    """The date in the address under this name; the default where there is none, or none that can be read."""
    try:
        return datetime.date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return default


def span_asked(
    request: HttpRequest, *, from_on: datetime.date, to_on: datetime.date
) -> tuple[datetime.date, datetime.date]:
    """The dates `from` and `to` of the address, or these; turned round where they are."""
    first, last = date_asked(request, "from", from_on), date_asked(request, "to", to_on)
    return min(first, last), max(first, last)


def flash(request: HttpRequest, text: object, *, kind: str = "good") -> None:
    """Show a notice once, on the next page; the shell of every page takes it from the session."""
    request.session["flashes"] = [
        *request.session.get("flashes", []),
        {"kind": kind, "text": str(text), "link_url": "", "link_label": ""},
    ]


def page(
    request: HttpRequest, template: str, desk: str, content: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render a page of the console with its navigation."""
    nav = [
        {"url": one.url, "label": one.label, "icon": one.icon, "count": None, "is_current": one.code == desk}
        for one in DESKS
        if may_open(request, one)
    ]
    frame = {"ops_nav": nav, "has_time_bar": settings.CLOCK_FOLLOWS_BUSINESS_DATE and _runs_dayends(request)}
    return render(request, template, frame | (content or {}), status=status)


def _runs_dayends(request: HttpRequest) -> bool:
    return bool({Role.FINANCE, Role.ADMIN} & request.staff_roles)  # type: ignore[attr-defined]
