"""Books, day-end, time bar, refunds under way, and the switch of the mall's repayment entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.care import queries as care
from fenqi.care import services as care_services
from fenqi.ledger import queries as ledger
from fenqi.ops import timebar
from fenqi.ops.shell import date_asked, flash, page
from fenqi.payments import queries as payments
from fenqi.people import queries as people
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, staff_required
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from django.http import HttpRequest

_RUN = "dayend_run"


class EntryForm(PlainForm):
    """Open or close the mall's repayment entry for a cohort."""

    cohort = forms.CharField(widget=forms.HiddenInput, max_length=40)
    is_open = forms.ChoiceField(
        label=gettext_lazy("商城还款入口"),
        choices=[("yes", gettext_lazy("开放")), ("no", gettext_lazy("关闭，指向金融应用"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择开放或关闭。")},
    )
    unproven_ok = forms.BooleanField(label=gettext_lazy("尚未验证也关闭"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("原因"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"maxlength": "300"}),
    )


@require_GET
@staff_required("finance", "compliance")
def books(request: HttpRequest) -> HttpResponse:
    """The trial balance at a date and the last day-ends with their steps."""
    on = date_asked(request, "on", timebar.open_date())
    content = {"balance": ledger.trial_balance(on), "on": on, "runs": servicing.dayend_runs(7)}
    return page(request, "ops/books.html", "books", content)


@require_http_methods(["GET", "POST"])
@staff_required("finance")
def time(request: HttpRequest) -> HttpResponse:
    """Move the business date through the worker, and watch it move. Only where time is not the wall clock's."""
    if not settings.CLOCK_FOLLOWS_BUSINESS_DATE:
        raise Http404
    if request.method == "POST":
        try:
            to = timebar.target(
                move=request.POST.get("move", ""), to=request.POST.get("to", ""), on=timebar.open_date()
            )
            request.session[_RUN] = timebar.start(to=to)
        except Refusal as e:
            flash(request, e, kind="late")
        return HttpResponseRedirect("/ops/time/")
    run = None
    if _RUN in request.session:
        try:
            run = timebar.progress(request.session[_RUN])
        except NotFound:
            del request.session[_RUN]
    is_moving = bool(run and not run.is_over)
    content = {
        "run": run,
        "percent": int(run.share * 100) if run else 0,
        "is_moving": is_moving,
        "state": "running" if is_moving else "failed" if run and run.state == "failed" else "idle",
    }
    return page(request, "ops/time.html", "books", content)


@require_GET
@staff_required("finance", "service")
def refunds(request: HttpRequest) -> HttpResponse:
    """Money on its way back or out whose end is not known yet."""
    waiting = payments.refunds_waiting()
    known = people.persons({one.borrower_id for one in waiting})
    content = {"rows": [(one, known.get(one.borrower_id)) for one in waiting]}
    return page(request, "ops/refunds.html", "refunds", content)


@require_GET
@staff_required("compliance", "finance")
def entry(request: HttpRequest) -> HttpResponse:
    """The switch of the mall's repayment entry, a form a cohort."""
    return _entry_page(request)


def _entry_page(request: HttpRequest, wrong: EntryForm | None = None) -> HttpResponse:
    cohorts = []
    for cohort in care.mall_entry():
        form = EntryForm(initial={"cohort": cohort.code, "is_open": "yes" if cohort.is_mall_open else "no"})
        if wrong is not None and wrong.data.get("cohort") == cohort.code:
            form = wrong
        cohorts.append((cohort, form))
    return page(request, "ops/entry.html", "entry", {"cohorts": cohorts}, status=422 if wrong else 200)


@require_POST
@staff_required("compliance", "finance")
def entry_set(request: HttpRequest) -> HttpResponse:
    """Open or close it."""
    form = EntryForm(request.POST)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            care_services.set_mall_entry(
                staff=request.staff,  # type: ignore[attr-defined]
                cohort=facts["cohort"],
                is_open=facts["is_open"] == "yes",
                reason=facts["reason"],
                unproven_ok=facts["unproven_ok"],
            )
        except Refusal as e:
            refusal_to_form(form, e)
        else:
            flash(request, _("还款入口已更新"))
            return HttpResponseRedirect("/ops/entry/")
    return _entry_page(request, form)
