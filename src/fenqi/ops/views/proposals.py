"""What waits for a second pair of eyes: the queue, one proposal with its figures, the decision; and the forms that propose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fenqi.ops.shell import flash, page, typed
from fenqi.people import queries as people
from fenqi.people import services
from fenqi.plumbing import four_eyes, proposals
from fenqi.plumbing.amounts import fen_typed
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import forbidden, staff_required
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from django.http import HttpRequest

LIST = "/ops/proposals/"
OVERPAID = "servicing.overpayment_refund"
# What the desk may ask for about a loan, and which fields each needs.
OF_A_LOAN = {
    "servicing.waiver": ("component", "amount_fen"),
    "servicing.goodwill_credit": ("amount_fen",),
    "servicing.charge_off": (),
    "servicing.write_off": (),
    OVERPAID: (),
}


@require_GET
@staff_required()
def queue(request: HttpRequest) -> HttpResponse:
    """What this member may decide, what they proposed themselves, and what was decided last."""
    name, roles = _who(request)
    waiting = proposals.waiting(roles, name=name)
    content = {
        "mine": [row for row in waiting if row.maker == name],
        "rows": [row for row in waiting if row.maker != name],
        "decided": proposals.decided(roles, name=name),
        "names": people.staff_names(),
    }
    return page(request, "ops/proposals.html", "proposals", content)


@require_GET
@staff_required()
def show(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Who proposes what and why, and what will happen in figures."""
    return _show(request, proposal_id)


def _show(request: HttpRequest, proposal_id: UUID, *, problem: str = "", reason: str = "") -> HttpResponse:
    name, roles = _who(request)
    file = proposals.file(proposal_id)
    may_check = four_eyes.holds(roles, file.kind.checkers)
    is_mine = file.row.maker == name
    if not (may_check or is_mine or four_eyes.holds(roles, file.kind.makers)):
        return forbidden(request)
    content: dict[str, Any] = {
        "file": file,
        "is_waiting": file.state == four_eyes.WAITING,
        "is_mine": is_mine,
        "may_check": may_check and not is_mine,
        "names": people.staff_names(),
        "problem": problem,
        "typed": reason,
    }
    return page(request, "ops/proposal.html", "proposals", content, status=422 if problem else 200)


@require_POST
@staff_required()
def decide(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Approve what was shown, reject it, or take one's own back."""
    name, _roles = _who(request)
    reason = typed(request.POST, "reason")
    decision = request.POST.get("decision", "")
    try:
        if decision == "approve":
            services.approve(
                staff=name, proposal_id=proposal_id, shown=typed(request.POST, "shown"), reason=reason
            )
            flash(request, _("已复核并执行"))
        elif decision == "reject":
            services.reject(staff=name, proposal_id=proposal_id, reason=reason)
            flash(request, _("已驳回，没有执行"))
        elif decision == "withdraw":
            services.withdraw(staff=name, proposal_id=proposal_id, reason=reason)
            flash(request, _("已撤回"))
        else:
            raise Http404
    except NotFound:
        raise
    except Refusal as e:
        return _show(request, proposal_id, problem=str(e), reason=reason)
    return HttpResponseRedirect(LIST)


@require_POST
@staff_required("collections", "service", "finance")
def propose_for_loan(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for something to be given up on a loan, or for an overpayment to be paid out."""
    loan = servicing.find_loan(number)
    kind = request.POST.get("kind", "")
    if loan is None or kind not in OF_A_LOAN:
        raise Http404
    arguments: dict[str, Any] = {"borrower_id": loan.borrower_id, "loan_id": str(loan.id)}
    try:
        if "component" in OF_A_LOAN[kind]:
            arguments["component"] = typed(request.POST, "component", longest=20)
        if "amount_fen" in OF_A_LOAN[kind]:
            arguments["amount_fen"] = fen_typed(typed(request.POST, "amount", longest=30))
        return propose(
            request, kind=kind, subject=f"loan:{loan.id}", borrower_id=loan.borrower_id, arguments=arguments
        )
    except Refusal as e:
        flash(request, e, kind="late")
    return HttpResponseRedirect(f"/ops/loans/{number}/")


def offers_for(request: HttpRequest, loan: servicing.LoanView) -> list[tuple[str, Any]]:
    """What this member may ask for about this loan: (kind, words)."""
    _name, roles = _who(request)
    if loan.serviced_by != "us":
        return []
    is_open, has_surplus = loan.outstanding_fen > 0, loan.overpaid_fen > 0
    return [
        (code, four_eyes.kind_of(code).label)
        for code in OF_A_LOAN
        if four_eyes.holds(roles, four_eyes.kind_of(code).makers)
        and (has_surplus if code == OVERPAID else is_open)
    ]


@require_POST
@staff_required("reviewer", "collections", "compliance")
def propose_standing(request: HttpRequest, borrower_id: int) -> HttpResponse:
    """Ask for an account to be barred from new credit, or let back in."""
    wanted = {"bar": True, "allow": False}.get(request.POST.get("standing", ""))
    if wanted is None:
        raise Http404
    try:
        return propose(
            request,
            kind="people.standing",
            subject=f"account:{borrower_id}",
            borrower_id=borrower_id,
            arguments={"borrower_id": borrower_id, "is_blocked": wanted},
        )
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
    return HttpResponseRedirect(f"/ops/people/{borrower_id}/")


def propose(
    request: HttpRequest,
    *,
    kind: str,
    subject: str,
    borrower_id: int | None,
    arguments: dict[str, Any],
    reason: str | None = None,
) -> HttpResponse:
    """
    Lay it before a colleague and show what was laid; the reason is the form's `reason`, if none is given.

    Raises: what `services.propose` refuses.
    """
    name, _roles = _who(request)
    try:
        proposal_id = services.propose(
            staff=name,
            kind=kind,
            subject=subject,
            borrower_id=borrower_id,
            arguments=arguments,
            reason=typed(request.POST, "reason") if reason is None else reason,
        )
    except four_eyes.AlreadyProposed as e:
        flash(request, e, kind="info")
        return HttpResponseRedirect(f"{LIST}{e.details['proposal_id']}/")
    flash(request, _("已提交，等另一位同事复核"))
    return HttpResponseRedirect(f"{LIST}{proposal_id}/")


def _who(request: HttpRequest) -> tuple[str, frozenset[str]]:
    return request.staff, request.staff_roles  # type: ignore[attr-defined]
