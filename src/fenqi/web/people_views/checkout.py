"""The steps of an application that are about the person: identity, first contact, bank card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from fenqi.credit.services.deciding import CONSENTS_NEEDED
from fenqi.people import queries, refusals, services
from fenqi.people.queries.consents import missing_consents
from fenqi.people.services import IdentityOutcome
from fenqi.plumbing.errors import PeerUnavailable, Refusal
from fenqi.plumbing.pages import refusal_to_form, safe_next, shopper_required
from fenqi.plumbing.sessions import is_fresh
from fenqi.web.checkout_common import steps
from fenqi.web.people_views.forms import (
    AGREEMENTS,
    CardCodeForm,
    CardForm,
    ConsentsForm,
    ContactForm,
    IdentityForm,
)
from fenqi.web.people_views.shared import address_of, agreed, texts, to_confirm
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def _application(request: HttpRequest) -> UUID | None:
    """The application these steps belong to, where the address names one."""
    try:
        return UUID(request.POST.get("application") or request.GET.get("application") or "")
    except ValueError:
        return None


def _query(request: HttpRequest) -> str:
    application = _application(request)
    kept = {"application": str(application)} if application else {}
    if request.GET.get("next"):
        kept["next"] = safe_next(request, request.GET["next"])
    return "?" + urlencode(kept) if kept else ""


def _after(request: HttpRequest) -> str:
    """Where to go when a step is done: the named place, else wherever the application waits, else the account."""
    if request.GET.get("next"):
        target = safe_next(request, request.GET["next"])
        return "/me/" if target.startswith(request.path) else target
    application = _application(request)
    return f"/checkout/next/?application={application}" if application else "/me/"


@require_http_methods(["GET", "POST"])
@shopper_required
def identity(request: HttpRequest) -> HttpResponse:
    """The real-name check."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    person = queries.person(borrower_id)
    if person.is_identified:
        missing = missing_consents(borrower_id=borrower_id, codes=CONSENTS_NEEDED)
        return _consents(request, missing) if missing else HttpResponseRedirect(_after(request))
    if request.method == "GET":
        if person.identity_status in ("review", "retry", "checking"):
            return _identity_wait(request, person.identity_status)
        return _identity_page(request, IdentityForm(), person.identity_status)
    form = IdentityForm(request.POST, request.FILES)
    if not form.is_valid():
        return _identity_page(request, form, status=422)
    facts = form.cleaned_data
    is_face = facts["method"] == "face"
    boxes = {field: code for field, code in AGREEMENTS.items() if is_face or field != "agree_face"}
    try:
        services.record_consents(
            borrower_id=borrower_id,
            given=agreed(form, boxes),
            channel="web",
            evidence={"form": "identity-form", "application": str(_application(request) or "")},
        )
        outcome = services.submit_identity(
            borrower_id=borrower_id,
            real_name=facts["real_name"],
            id_number=facts["id_number"],
            front=None if is_face else _bytes(facts.get("front")),
            back=None if is_face else _bytes(facts.get("back")),
            face=is_face,
            valid_until=None if facts["long_term"] else facts["valid_until"],
            is_student=facts["is_student"] == "yes",
        )
    except Refusal as e:
        refusal_to_form(form, e)
        return _identity_page(request, form, status=e.status)
    return _identity_outcome(request, outcome, form)


def _consents(request: HttpRequest, missing: list[str]) -> HttpResponse:
    """Known already, but a consent this needs was never given or taken back."""
    form = ConsentsForm(request.POST if request.method == "POST" else None, missing=missing)
    if request.method == "POST" and form.is_valid():
        boxes = {name: AGREEMENTS[name] for name in form.fields}
        services.record_consents(
            borrower_id=request.borrower_id,  # type: ignore[attr-defined]
            given=agreed(form, boxes),
            channel="web",
            evidence={"form": "consents-form", "application": str(_application(request) or "")},
        )
        return HttpResponseRedirect(_after(request))
    page = {
        "form": form,
        "texts": texts(missing),
        "agreements": [(form[name], AGREEMENTS[name]) for name in form.fields],
        "query": _query(request),
        "steps": steps("identity") if _application(request) else None,
        "back_url": "/cart/" if _application(request) else "/me/",
    }
    return render(request, "web/people/consents.html", page, status=422 if form.errors else 200)


def _bytes(upload: Any) -> bytes | None:
    return upload.read() if upload else None


def _identity_outcome(request: HttpRequest, outcome: IdentityOutcome, form: IdentityForm) -> HttpResponse:
    if outcome is IdentityOutcome.PASS:
        flash(request, _("实名认证已通过"))
        return HttpResponseRedirect(_after(request))
    if outcome in (IdentityOutcome.REVIEW, IdentityOutcome.RETRY):
        return HttpResponseRedirect(request.path + _query(request))
    if outcome is IdentityOutcome.FAIL:
        refusal = Refusal(_("姓名与身份证号不一致，请对照身份证逐字检查。"), field="real_name")
    else:
        refusal = Refusal(_("今天的核验次数已用完，请明天再试；订单会为您保留到期限为止。"))
    refusal_to_form(form, refusal)
    return _identity_page(request, form, status=422)


def _identity_page(
    request: HttpRequest, form: IdentityForm, identity_status: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "form": form,
        "texts": texts(list(AGREEMENTS.values())),
        "agreements": [(form[field], code) for field, code in AGREEMENTS.items()],
        "identity_status": identity_status,
        "query": _query(request),
        "steps": steps("identity") if _application(request) else None,
        "back_url": "/cart/" if _application(request) else "/me/",
    }
    return render(request, "web/people/identity.html", page, status=status)


def _identity_wait(request: HttpRequest, identity_status: str) -> HttpResponse:
    page = {
        "identity_status": identity_status,
        "query": _query(request),
        "steps": steps("identity") if _application(request) else None,
        "back_url": "/me/",
    }
    return render(request, "web/people/identity_wait.html", page)


@require_POST
@shopper_required
def identity_retry(request: HttpRequest) -> HttpResponse:
    """Ask the identity party once more with what was kept."""
    try:
        outcome = services.retry_identity(borrower_id=request.borrower_id)  # type: ignore[attr-defined]
    except Refusal as e:
        flash(request, e, kind="warn")
    else:
        if outcome is IdentityOutcome.FAIL:
            flash(request, _("姓名与身份证号不一致，请对照身份证逐字检查。"), kind="late")
    return HttpResponseRedirect("/checkout/identity/" + _query(request))


@require_http_methods(["GET", "POST"])
@shopper_required
def contact(request: HttpRequest) -> HttpResponse:
    """Name a first contact, and wait for their word and the reviewer's."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    person = queries.person(borrower_id)
    if not person.is_identified:
        return HttpResponseRedirect("/checkout/identity/" + _query(request))
    if person.contact_status == "approved" and request.method == "GET" and "replace" not in request.GET:
        return HttpResponseRedirect(_after(request))
    if request.method == "POST":
        return _name_contact(request, borrower_id)
    contacts = queries.own_contacts(borrower_id)
    waiting = next((one for one in contacts if one.state in ("invited", "accepted")), None)
    if waiting and "replace" not in request.GET:
        return _contact_wait(request, waiting)
    return _contact_page(request, ContactForm(), contacts)


def _name_contact(request: HttpRequest, borrower_id: int) -> HttpResponse:
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _contact_page(request, form, queries.own_contacts(borrower_id), status=422)
    facts = form.cleaned_data
    try:
        services.record_consents(
            borrower_id=borrower_id,
            given=agreed(form, {"confirm": "contact"}),
            channel="web",
            evidence={"form": "contact-form", "application": str(_application(request) or "")},
        )
        services.name_contact(
            borrower_id=borrower_id,
            name=facts["name"],
            relationship=facts["relationship"],
            phone=facts["phone"],
            application_id=_application(request),
            replaces=_uuid(request.POST.get("replaces")),
        )
    except Refusal as e:
        refusal_to_form(form, e)
        return _contact_page(request, form, queries.own_contacts(borrower_id), status=e.status)
    return HttpResponseRedirect(request.path + _query(request))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _contact_page(
    request: HttpRequest, form: ContactForm, contacts: list[queries.OwnContact], status: int = 200
) -> HttpResponse:
    page = {
        "form": form,
        "text": texts(["contact"])["contact"],
        "not_confirmed": next((one for one in contacts if one.state == "not_confirmed"), None),
        "replaces": _uuid(request.POST.get("replaces") or request.GET.get("replace")),
        "query": _query(request),
        "steps": steps("contact") if _application(request) else None,
        "back_url": "/me/",
    }
    return render(request, "web/people/contact.html", page, status=status)


def _contact_wait(request: HttpRequest, waiting: queries.OwnContact) -> HttpResponse:
    page = {
        "contact": waiting,
        "query": _query(request),
        "replace_query": (_query(request) or "?")
        + ("&" if _query(request) else "")
        + f"replace={waiting.id}",
        "steps": steps("contact") if _application(request) else None,
        "back_url": "/orders/",
    }
    return render(request, "web/people/contact_wait.html", page)


@require_POST
@shopper_required
def contact_resend(request: HttpRequest) -> HttpResponse:
    """Send the contact's link once more."""
    contact_id = _uuid(request.POST.get("contact"))
    try:
        if contact_id is None:
            raise refusals.NotFound(_("没有这位联系人。"))
        services.resend_contact_link(borrower_id=request.borrower_id, contact_id=contact_id)  # type: ignore[attr-defined]
        flash(request, _("短信已再次发送"))
    except Refusal as e:
        flash(request, e, kind="warn")
    return HttpResponseRedirect("/checkout/contact/" + _query(request))


@require_http_methods(["GET", "POST"])
@shopper_required
def card(request: HttpRequest) -> HttpResponse:
    """Ask for a card; a readable one leads to the code sent to its phone."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    if not queries.person(borrower_id).is_identified:
        return HttpResponseRedirect("/checkout/identity/?" + urlencode({"next": request.get_full_path()}))
    if not is_fresh(request):
        return to_confirm(request, request.get_full_path())
    form = CardForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _card_page(request, form, status=200 if request.method == "GET" else 422)
    facts = form.cleaned_data
    try:
        services.send_card_code(
            borrower_id=borrower_id,
            number=facts["number"],
            holder_phone=facts["phone"],
            ip=address_of(request),
        )
    except refusals.TooSoon as e:
        if not e.details.get("is_open"):
            refusal_to_form(form, e)
            return _card_page(request, form, status=429)
        return _card_code_page(request, CardCodeForm(initial=facts), wait_seconds=e.details["wait_seconds"])
    except Refusal as e:
        _refuse_card(form, e)
        return _card_page(request, form, status=e.status)
    return _card_code_page(request, CardCodeForm(initial=facts))


@require_POST
@shopper_required
def card_code(request: HttpRequest) -> HttpResponse:
    """Bind the card."""
    form = CardCodeForm(request.POST)
    if not form.is_valid():
        return _card_code_page(request, form, status=422)
    facts = form.cleaned_data
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    if not is_fresh(request):
        return to_confirm(request, "/me/cards/add/" + _query(request))
    try:
        services.bind_card(
            borrower_id=borrower_id, number=facts["number"], holder_phone=facts["phone"], code=facts["code"]
        )
    except Refusal as e:
        if e.field in ("number", "holder_phone"):
            back = CardForm(request.POST)
            back.is_valid()
            _refuse_card(back, e)
            return _card_page(request, back, status=e.status)
        refusal_to_form(form, e)
        return _card_code_page(request, form, status=503 if isinstance(e, PeerUnavailable) else e.status)
    flash(request, _("银行卡已绑定"))
    return HttpResponseRedirect(_after(request) if _query(request) else "/me/cards/")


def _refuse_card(form: CardForm, refusal: Refusal) -> None:
    refusal.field = "phone" if refusal.field == "holder_phone" else refusal.field
    refusal_to_form(form, refusal)


def _card_page(request: HttpRequest, form: CardForm, status: int = 200) -> HttpResponse:
    return render(request, "web/people/card.html", _card_context(request, form), status=status)


def _card_code_page(
    request: HttpRequest, form: CardCodeForm, *, status: int = 200, wait_seconds: int | None = None
) -> HttpResponse:
    page = _card_context(request, form) | {"wait_seconds": wait_seconds}
    return render(request, "web/people/card_code.html", page, status=status)


def _card_context(request: HttpRequest, form: CardForm) -> dict[str, Any]:
    return {
        "form": form,
        "query": _query(request),
        "steps": steps("agreement")
        if _application(request) or "checkout" in request.GET.get("next", "")
        else None,
        "back_url": "/me/cards/",
    }
