"""What was decided and why, in words; the wish for a human look; and what a person earns, where a rule has to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from fenqi.credit import reviews
from fenqi.credit import services as credit
from fenqi.credit.steps import Step
from fenqi.plumbing.amounts import AmountUnreadable, fen_typed
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, shopper_required
from fenqi.purchases import queries as purchase_queries
from fenqi.purchases import services as purchases
from fenqi.web.checkout_common import application_of, steps
from fenqi.web.checkout_views_apply import evidence_of, to_step
from fenqi.web.people_views.shared import texts
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from fenqi.credit.queries import ApplicationView

LOOK_AGAIN_SECONDS = 4
_WAITS = ("started", "deciding", "referred")
MEANS_TEXT = "means"


@require_http_methods(["GET", "POST"])
@shopper_required
def decision(request: HttpRequest) -> HttpResponse:
    """Waiting for a decision, or what was decided; 再看一次 asks again at once."""
    application = application_of(request)
    if request.method == "POST":
        purchases.advance_application(borrower_id=application.borrower_id, application_id=application.id)
        return HttpResponseRedirect(f"/checkout/next/?application={application.id}")
    journey = purchase_queries.journey(application=application)
    if journey.step not in (Step.DECISION, Step.DECLINED, Step.CANCELLED):
        return to_step(journey)
    return render(request, "web/checkout/decision.html", _decision_page(application, journey.step))


@require_POST
@shopper_required
def ask_review(request: HttpRequest) -> HttpResponse:
    """要求人工复核: once for a decision, with what the applicant wants to say."""
    application = application_of(request)
    words = request.POST.get("words", "").replace("\x00", "")
    try:
        credit.request_review(borrower_id=application.borrower_id, application_id=application.id, words=words)
    except Refusal as e:
        flash(request, e, kind="warn")
    else:
        flash(request, _("已提交人工复核，答复后会通知您"))
    return HttpResponseRedirect(f"/checkout/decision/?application={application.id}")


def _decision_page(application: ApplicationView, step: Step) -> dict[str, Any]:
    return {
        "application": application,
        "step": step.value,
        "told": reviews.own_decision(application=application),
        "look_again": LOOK_AGAIN_SECONDS if application.state in _WAITS else 0,
        "steps": steps("contact"),
        "back_url": f"/orders/{application.order.number}/",
    }


_MONEY = {"inputmode": "decimal", "autocomplete": "off", "maxlength": "14", "placeholder": "8000"}


class MeansForm(PlainForm):
    """Two amounts of a month and one consent."""

    income = forms.CharField(
        label=gettext_lazy("每月税后收入（元）"), required=False, widget=forms.TextInput(attrs=_MONEY)
    )
    other_dues = forms.CharField(
        label=gettext_lazy("其他机构的每月还款（元）"),
        required=False,
        widget=forms.TextInput(attrs=_MONEY | {"placeholder": "0"}),
        help_text=gettext_lazy("信用卡分期、房贷、车贷等；没有就填 0。在我们这里的不用填。"),
    )
    agrees = forms.BooleanField(label=gettext_lazy("同意把这两项用于评估这次申请的还款能力"), required=False)


@require_http_methods(["GET", "POST"])
@shopper_required
def means(request: HttpRequest) -> HttpResponse:
    """What they earn and owe elsewhere a month, or that they would rather not say: then a person looks."""
    application = application_of(request)
    journey = purchase_queries.journey(application=application)
    if journey.step is not Step.MEANS:
        return to_step(journey)
    if request.method == "GET":
        return _means_page(request, application, MeansForm())
    if request.POST.get("answer") == "withhold":
        credit.withhold_means(borrower_id=application.borrower_id)
        return _after_means(application)
    form = MeansForm(request.POST)
    try:
        form.is_valid()
        credit.declare_means(
            borrower_id=application.borrower_id,
            income_fen=_fen(form.cleaned_data["income"]),
            other_dues_fen=_fen(form.cleaned_data["other_dues"]),
            agrees=form.cleaned_data["agrees"],
            evidence={"form": "means-form", "application": str(application.id), **evidence_of(request)},
        )
    except Refusal as e:
        refusal_to_form(form, e)
        return _means_page(request, application, form, status=e.status)
    return _after_means(application)


def _fen(text: str) -> int | None:
    """Fen as typed, nothing being an amount too; None for what is none, which the service refuses at its field."""
    try:
        return fen_typed(text, least_fen=0)
    except AmountUnreadable:
        return None


def _after_means(application: ApplicationView) -> HttpResponse:
    purchases.advance_application(borrower_id=application.borrower_id, application_id=application.id)
    return HttpResponseRedirect(f"/checkout/next/?application={application.id}")


def _means_page(
    request: HttpRequest, application: ApplicationView, form: MeansForm, status: int = 200
) -> HttpResponse:
    page = {
        "application": application,
        "form": form,
        "text": texts([MEANS_TEXT])[MEANS_TEXT],
        "steps": steps("identity"),
        "back_url": f"/orders/{application.order.number}/",
    }
    return render(request, "web/checkout/means.html", page, status=status)
