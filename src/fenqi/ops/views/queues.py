"""One page for every queue: rows, the evidence of one, the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fenqi.ops.queues import QUEUES
from fenqi.ops.shell import actor, flash, page
from fenqi.ops.shell import typed as read_typed
from fenqi.people import queries as people
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import forbidden, staff_required

if TYPE_CHECKING:
    from django.http import HttpRequest

    from fenqi.ops.queues import Queue, Row


def _queue(request: HttpRequest, code: str) -> Queue | None:
    """The queue, if this staff member may work it. Raises: Http404."""
    queue = QUEUES.get(code)
    if queue is None:
        raise Http404
    held: frozenset[str] = request.staff_roles  # type: ignore[attr-defined]
    return queue if held & {*queue.roles, "admin"} else None


def _address(code: str, row: Row | None) -> str:
    query = "?" + urlencode({"at": f"{row.borrower_id}.{row.key}"}) if row else ""
    return f"/ops/queues/{code}/{query}"


@require_GET
@staff_required()
def show(request: HttpRequest, code: str) -> HttpResponse:
    """The queue with one row open: the one asked for, else the longest waiting."""
    queue = _queue(request, code)
    if queue is None:
        return forbidden(request)
    return _page(request, queue, request.GET.get("at", ""))


def _page(request: HttpRequest, queue: Queue, at: str, *, problem: str = "", typed: str = "") -> HttpResponse:
    rows = queue.rows()
    borrower_id, key = _read(at) or ((rows[0].borrower_id, rows[0].key) if rows else (None, ""))
    evidence = None
    if borrower_id is not None:
        try:
            evidence = queue.evidence(borrower_id, key)
        except (Refusal, ValueError):
            flash(request, _("这一项已不在队列中。"), kind="info")
    content: dict[str, Any] = {
        "queue": queue,
        "rows": [
            (row, _address(queue.code, row), (row.borrower_id, row.key) == (borrower_id, key)) for row in rows
        ],
        "evidence": evidence,
        "at": f"{borrower_id}.{key}" if borrower_id is not None else "",
        "codes": queue.codes() if queue.codes else [],
        "code": request.POST.get("reason_code", ""),
        "problem": problem,
        "typed": typed,
    }
    return page(request, "ops/queue.html", queue.code, content, status=422 if problem else 200)


def _read(at: str) -> tuple[int, str] | None:
    borrower, _dot, key = at.partition(".")
    if not (borrower.isascii() and borrower.isdigit() and len(borrower) < 20):
        return None
    return int(borrower), key


@require_POST
@staff_required()
def decide(request: HttpRequest, code: str) -> HttpResponse:
    """Approve or refuse with a reason, then show the next one."""
    queue = _queue(request, code)
    if queue is None:
        return forbidden(request)
    place = _read(request.POST.get("at", ""))
    decision = request.POST.get("decision", "")
    if place is None or decision not in ("approve", "refuse"):
        raise Http404
    borrower_id, key = place
    reason = read_typed(request.POST, "reason")
    rows = queue.rows()
    try:
        queue.decide(
            staff=request.staff,  # type: ignore[attr-defined]
            borrower_id=borrower_id,
            key=key,
            approve=decision == "approve",
            reason=reason,
            **({"reason_code": read_typed(request.POST, "reason_code")} if queue.codes else {}),
        )
    except ValueError as e:
        raise Http404 from e
    except Refusal as e:
        return _page(request, queue, request.POST["at"], problem=str(e), typed=reason)
    label = queue.approve_label if decision == "approve" else queue.refuse_label
    flash(request, _("已处理：%(decision)s") % {"decision": label})
    return HttpResponseRedirect(_address(code, _next(rows, borrower_id, key)))


def _next(rows: list[Row], borrower_id: int, key: str) -> Row | None:
    """The row after the decided one, or the first that is left."""
    places = [(row.borrower_id, row.key) for row in rows]
    at = places.index((borrower_id, key)) if (borrower_id, key) in places else -1
    left = rows[at + 1 :] + rows[:at] if at >= 0 else rows
    return left[0] if left else None


@require_GET
@staff_required("reviewer")
def photo(request: HttpRequest, borrower_id: int, side: str) -> HttpResponse:
    """A photo of an identity card in clear; the look is logged."""
    content, media_type = people.identity_photo(
        borrower_id=borrower_id, side=side, actor=actor(request), reason="identity review"
    )
    return HttpResponse(content, content_type=media_type, headers={"Content-Disposition": "inline"})
