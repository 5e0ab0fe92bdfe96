"""Lists nobody on is lent to: who stands on them, masked, and the forms that propose a change to a second pair of eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from fenqi.credit import reviews
from fenqi.credit.services import LIST_CODES, LIST_KIND
from fenqi.ops.shell import page, typed
from fenqi.ops.views import proposals
from fenqi.ops.words import word
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import staff_required

if TYPE_CHECKING:
    from django.http import HttpRequest

ROLES = ("reviewer", "compliance")


@require_GET
@staff_required(*ROLES)
def show(request: HttpRequest) -> HttpResponse:
    """Every entry that stands, the newest first."""
    return _show(request)


def _show(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    content = {
        "entries": reviews.list_entries(),
        "codes": [(code, word(code)) for code in LIST_CODES],
        "typed": {
            name: request.POST.get(name, "")[:100] for name in ("list_code", "kind", "value", "reason")
        },
        "problem": problem,
    }
    return page(request, "ops/lists.html", "lists", content, status=status)


@require_POST
@staff_required(*ROLES)
def propose(request: HttpRequest) -> HttpResponse:
    """Ask for an entry to be put on a list, or taken off."""
    arguments: dict[str, Any]
    if "entry_id" in request.POST:
        try:
            entry_id = str(UUID(request.POST["entry_id"]))
        except ValueError as e:
            raise Http404 from e
        arguments, subject = {"do": "remove", "entry_id": entry_id}, f"list-entry:{entry_id}"
    else:
        arguments = {"do": "add"} | {
            name: typed(request.POST, name, longest=40).upper()
            if name == "value"
            else typed(request.POST, name)
            for name in ("list_code", "kind", "value")
        }
        subject = f"list:{reviews.list_subject(arguments['kind'], arguments['value'])}"
    try:
        return proposals.propose(
            request, kind=LIST_KIND, subject=subject, borrower_id=None, arguments=arguments
        )
    except Refusal as e:
        return _show(request, problem=str(e), status=e.status)
