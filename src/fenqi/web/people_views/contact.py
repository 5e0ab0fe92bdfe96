"""The page behind a contact's link. No account is needed; the link is the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from fenqi.people import queries, services
from fenqi.people.services.accounts import describe_device
from fenqi.people.services.contact_endings import delete_by_contact
from fenqi.plumbing import masks
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.web.people_views.shared import address_of, language, paragraphs

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """What is asked, what was answered, and the way back out."""
    problem = ""
    status = 200
    if request.method == "POST":
        evidence = {
            "form": "contact-answer",
            "device": describe_device(request.META.get("HTTP_USER_AGENT", "")),
            "address": masks.address(address_of(request)),
            "language": language(),
        }
        try:
            said = request.POST.get("answer", "")
            if said == "delete":
                delete_by_contact(token=token, evidence=evidence)
            else:
                services.answer_contact(token=token, answer=said, evidence=evidence)
            return HttpResponseRedirect(request.path)
        except NotFound:
            raise
        except Refusal as e:
            problem, status = str(e), e.status
    invite = queries.invite_page(token=token, language=language())
    page = {"invite": invite, "text_html": paragraphs(invite.text_body), "problem": problem}
    response = render(request, "web/people/contact_answer.html", page, status=status)
    # The address is the key: into no index (and, by the policy of every page, to no other host).
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
