"""Files of the finance app: the calendar to subscribe to, the certificate of settlement, the installable shell."""

from __future__ import annotations

import datetime
import hmac
from typing import TYPE_CHECKING

import icalendar
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET

from fenqi.people import queries as people
from fenqi.plumbing import clock
from fenqi.plumbing.errors import NotFound
from fenqi.plumbing.pages import shopper_required
from fenqi.plumbing.templatetags.fenqi import figures
from fenqi.servicing import queries as servicing
from fenqi.web.finance_certificate import certificate_document
from fenqi.web.finance_views_common import calendar_tokens, loan_of

if TYPE_CHECKING:
    from django.http import HttpRequest

REMIND_BEFORE = datetime.timedelta(hours=-15)  # 9:00 of the day before


@require_GET
def calendar(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """Every due date still to come as a calendar that phones subscribe to."""
    if not any(hmac.compare_digest(token.encode(), good.encode()) for good in calendar_tokens(number)):
        raise NotFound(_("没有这个日历。"))
    loan = servicing.find_loan(number)
    if loan is None:
        raise NotFound(_("没有这个日历。"))
    language = "en" if request.GET.get("lang") == "en" else "zh-hans"
    with override(language):
        body = _calendar_of(loan).to_ical()
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{number}.ics"'
    return response


def _calendar_of(loan: servicing.LoanView) -> icalendar.Calendar:
    book = icalendar.Calendar()
    book.add("prodid", "-//Fenqi//Repayments//ZH")
    book.add("version", "2.0")
    book.add("method", "PUBLISH")
    book.add("x-wr-calname", _("还款日 %(number)s") % {"number": loan.number})
    book.add("refresh-interval", datetime.timedelta(hours=12), parameters={"value": "DURATION"})
    for one in loan.installments:
        if one.outstanding_fen <= 0:
            continue
        event = icalendar.Event()
        event.add("uid", f"{loan.number}-{one.number}@fenqi")
        event.add("dtstamp", clock.wall())
        event.add("dtstart", one.due_on)
        event.add("dtend", one.due_on + datetime.timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add(
            "summary",
            _("还款 ¥%(amount)s（第 %(number)d/%(all)d 期）")
            % {"amount": figures(one.outstanding_fen), "number": one.number, "all": len(loan.installments)},
        )
        event.add("url", f"{settings.PUBLIC_URL}/finance/loans/{loan.number}/")
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", REMIND_BEFORE)
        alarm.add("description", _("明天是还款日"))
        event.add_component(alarm)
        book.add_component(event)
    return book


@require_GET
@shopper_required
def certificate(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate of settlement as a page."""
    loan = loan_of(request, number)
    facts = servicing.certificate(borrower_id=request.borrower_id, loan_id=loan.id)  # type: ignore[attr-defined]
    page = {
        "part": "bills",
        "loan": loan,
        "facts": facts,
        "person": people.person(request.borrower_id),  # type: ignore[attr-defined]
    }
    return render(request, "web/finance/certificate.html", page)


@require_GET
@shopper_required
def certificate_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate as a PDF, with the full name: a document shown to others. The reveal is logged."""
    borrower_id = request.borrower_id  # type: ignore[attr-defined]
    loan = loan_of(request, number)
    facts = servicing.certificate(borrower_id=borrower_id, loan_id=loan.id)
    name = people.full_name_for(
        borrower_id=borrower_id, reason="certificate of settlement", actor=f"shopper:{borrower_id}"
    )
    response = HttpResponse(
        certificate_document(facts=facts, name=name),
        content_type="application/pdf",
    )
    response["Content-Disposition"] = f'attachment; filename="settled-{number}.pdf"'
    return response


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What the installed app shows without a network: no figure that could be stale."""
    return render(request, "web/finance/offline.html")


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What makes the finance app installable."""
    icons = [
        {"src": static(f"fenqi/icons/finance-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    body = {
        "id": "/finance/",
        "name": _("青屿金融"),
        "short_name": _("青屿金融"),
        "description": _("账单、备用金和信用记录"),
        "start_url": "/finance/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#F6F7F5",
        "theme_color": "#0B6E4F",
        "icons": [*icons, {**icons[1], "purpose": "maskable"}],
    }
    return JsonResponse(
        body, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False}
    )


@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """The small worker of the shell. It caches style and the offline page, never a page with a person's figures."""
    response = render(request, "web/finance/sw.js", content_type="text/javascript")
    response["Service-Worker-Allowed"] = "/finance/"
    response["Cache-Control"] = "no-cache"
    return response
