"""Looking up people, orders and loans; shipping; conversations; the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fenqi.care import queries as care
from fenqi.care import services as care_services
from fenqi.mall import queries as mall
from fenqi.mall import services as mall_services
from fenqi.messages import conduct
from fenqi.messages import queries as messages
from fenqi.ops.shell import actor, flash, page, typed
from fenqi.ops.views.proposals import offers_for
from fenqi.people import queries as people
from fenqi.people import services as people_services
from fenqi.plumbing import audit, four_eyes
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import staff_required
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_GET
@staff_required()
def look_up(request: HttpRequest) -> HttpResponse:
    """Find by order number, loan number or phone; leads to the person's file."""
    query = typed(request.GET, "q", longest=60)
    content: dict[str, Any] = {"q": query}
    if query:
        borrower_id = _find(query)
        if borrower_id:
            return HttpResponseRedirect(f"/ops/people/{borrower_id}/")
        content["not_found"] = True
    return page(request, "ops/look_up.html", "look-up", content)


def _find(query: str) -> int | None:
    order = mall.find_order(query)
    if order:
        return order.borrower_id
    loan = servicing.find_loan(query)
    if loan:
        return loan.borrower_id
    return people.find_borrower_by_phone(query)


@require_GET
@staff_required()
def person(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """One person, masked: orders and loans; how to reach them; what was said to and done about them."""
    return _person_page(request, borrower_id, request.GET.get("tab", ""))


def _person_page(
    request: HttpRequest, borrower_id: int, tab: str, revealed: dict[str, str] | None = None
) -> HttpResponse:
    content: dict[str, Any] = {"person": people.person(borrower_id), "tab": tab, "revealed": revealed}
    if tab == "reach":
        contacts, dial = people.desk(borrower_id, at=conduct.moment())
        content |= {
            "contacts": contacts,
            "dial": dial,
            "calls": people.call_log(borrower_id=borrower_id, limit=30),
        }
    elif tab == "log":
        content |= {
            "messages": messages.log(borrower_id, limit=50),
            "trail": audit.trail(subject=f"account:{borrower_id}", limit=50),
        }
    else:
        content |= {
            "orders": mall.orders(borrower_id),
            "loans": servicing.loans(borrower_id),
            "may_bar": True,
            "is_blocked": borrower_id in people.blocked({borrower_id}),
            "standing_proposal": four_eyes.waiting_for(subject=f"account:{borrower_id}"),
        }
    return page(request, "ops/person.html", "look-up", content)


@require_POST
@staff_required("reviewer", "service", "collections", "compliance")
def reveal(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """One value in clear, for a reason that is kept and shown to the person; a limited number an hour."""
    try:
        value = people_services.reveal(
            staff=actor(request),
            borrower_id=borrower_id,
            field=typed(request.POST, "field"),
            reason=typed(request.POST, "reason"),
        )
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
        return HttpResponseRedirect(f"/ops/people/{borrower_id}/")
    return _person_page(request, borrower_id, "", {"field": typed(request.POST, "field"), "value": value})


@require_POST
@staff_required("collections", "service")
def dial(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """Note how a call to the borrower's own phone ended."""
    try:
        answer = people_services.record_dial(
            staff=actor(request),
            borrower_id=borrower_id,
            outcome=typed(request.POST, "outcome"),
            at=conduct.moment(),
        )
        flash(request, _("通话结果已记录"))
        if not answer.allowed:
            flash(request, _("这次拨打不符合规则，已留痕：%(why)s") % {"why": answer.why}, kind="warn")
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
    return HttpResponseRedirect(f"/ops/people/{borrower_id}/?tab=reach")


@require_POST
@staff_required("collections", "reviewer")
def contact(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """Use a contact for one purpose, if the gate lets it."""
    try:
        value = people_services.use_contact(
            staff=actor(request),
            borrower_id=borrower_id,
            contact_id=UUID(request.POST.get("contact", "")),
            purpose=typed(request.POST, "purpose"),
            at=conduct.moment(),
            note=typed(request.POST, "note"),
        )
    except ValueError as e:
        raise Http404 from e
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
        return HttpResponseRedirect(f"/ops/people/{borrower_id}/?tab=reach")
    return _person_page(request, borrower_id, "reach", {"field": "contact", "value": value})


@require_POST
@staff_required("collections", "reviewer")
def contact_call(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """Note how a call to a contact ended; a no stops every further use."""
    try:
        people_services.record_contact_call(
            staff=actor(request),
            borrower_id=borrower_id,
            contact_id=UUID(request.POST.get("contact", "")),
            outcome=typed(request.POST, "outcome"),
        )
        flash(request, _("通话结果已记录"))
    except ValueError as e:
        raise Http404 from e
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
    return HttpResponseRedirect(f"/ops/people/{borrower_id}/?tab=reach")


@require_GET
@staff_required("collections", "compliance")
def calls(request: HttpRequest) -> HttpResponse:
    """The log of all calls, newest first, with what the gate stopped."""
    return page(request, "ops/calls.html", "calls", {"calls": people.call_log(limit=100)})


@require_GET
@staff_required()
def loan(request: HttpRequest, number: str) -> HttpResponse:
    """A loan: installments and history."""
    found = servicing.find_loan(number)
    if found is None:
        raise Http404
    content = {
        "loan": found,
        "history": servicing.history(borrower_id=found.borrower_id, loan_id=found.id),
        "proposal_id": four_eyes.waiting_for(subject=f"loan:{found.id}"),
        "offers": offers_for(request, found),
    }
    return page(request, "ops/loan.html", "look-up", content)


@require_GET
@staff_required("service")
def shipping(request: HttpRequest) -> HttpResponse:
    """Paid orders to ship."""
    return page(request, "ops/shipping.html", "shipping", {"orders": mall.orders_to_ship()})


@require_POST
@staff_required("service")
def ship(request: HttpRequest) -> HttpResponse:
    """Note carrier and number; the shopper is told."""
    try:
        mall_services.mark_shipped(
            borrower_id=int(request.POST.get("borrower", "")),
            order_id=UUID(request.POST.get("order", "")),
            carrier=typed(request.POST, "carrier", longest=40),
            tracking=typed(request.POST, "tracking", longest=60),
            staff=request.staff,  # type: ignore[attr-defined]
        )
        flash(request, _("已登记发货"))
    except ValueError as e:
        raise Http404 from e
    except Refusal as e:
        flash(request, e, kind="late")
    return HttpResponseRedirect("/ops/shipping/")


@require_GET
@staff_required("service")
def chat(request: HttpRequest) -> HttpResponse:
    """Conversations, who has waited longest first."""
    return page(request, "ops/chat.html", "chat", _chat_content(request.GET.get("at", "")))


def _chat_content(at: str) -> dict[str, Any]:
    rows = care.waiting_conversations()
    place = _place(at) or ((rows[0].borrower_id, rows[0].conversation_id) if rows else None)
    content: dict[str, Any] = {
        "rows": [(row, f"{row.borrower_id}.{row.conversation_id}") for row in rows],
        "at": f"{place[0]}.{place[1]}" if place else "",
    }
    if place:
        content["conversation"] = care.conversation(borrower_id=place[0], conversation_id=place[1])
        content["person"] = people.person(place[0])
    return content


def _place(at: str) -> tuple[int, UUID] | None:
    borrower, _dot, key = at.partition(".")
    try:
        return int(borrower), UUID(key)
    except ValueError:
        return None


@require_POST
@staff_required("service")
def chat_answer(request: HttpRequest) -> HttpResponse:
    """Answer, or close the conversation."""
    place = _place(request.POST.get("at", ""))
    if place is None:
        raise Http404
    staff: str = request.staff  # type: ignore[attr-defined]
    try:
        if request.POST.get("action") == "close":
            care_services.close(staff=staff, borrower_id=place[0], conversation_id=place[1])
            flash(request, _("会话已结束"))
            return HttpResponseRedirect("/ops/chat/")
        care_services.answer(
            staff=staff,
            borrower_id=place[0],
            conversation_id=place[1],
            text=typed(request.POST, "text", longest=2000),
        )
        flash(request, _("已回复"))
    except NotFound:
        raise
    except Refusal as e:
        content = _chat_content(request.POST["at"]) | {
            "problem": str(e),
            "typed": request.POST.get("text", ""),
        }
        return page(request, "ops/chat.html", "chat", content, status=e.status)
    return HttpResponseRedirect(f"/ops/chat/?at={request.POST['at']}")


@require_GET
@staff_required("compliance")
def trail(request: HttpRequest) -> HttpResponse:
    """The audit trail, newest first, of everything or of one subject."""
    subject = typed(request.GET, "subject", longest=120)
    lines = audit.trail(subject=subject or None, limit=200)
    return page(request, "ops/audit.html", "audit", {"lines": lines, "subject": subject})
