"""隐私与授权: what is held about me, who saw it, what I agreed to; taking it away, putting it right, ending the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.people import queries, services
from fenqi.plumbing import business_date, rule_data
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, shopper_required
from fenqi.privacy import queries as my_data
from fenqi.privacy import services as privacy
from fenqi.web.people_views.shared import language, step_up_required
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from django.http import HttpRequest

# What a person may agree to by itself, and what stops without it; the same one tap gives and takes back.
CHOICES = {
    "identity": gettext_lazy("撤回后不能再申请新的分期，已有分期照常履行"),
    "lender_sharing": gettext_lazy("撤回后不再把您的信息交给出借机构审批"),
    "bureau_query": gettext_lazy("撤回后不再查询您的信用"),
    "bureau_reporting": gettext_lazy("撤回后不再报送新的还款情况"),
    "face": gettext_lazy("撤回后不再做人脸核验，可改用证件照片"),
    "means": gettext_lazy("撤回后删除您填写的收入和其他还款"),
    "contact": gettext_lazy("撤回后不再使用您填写的联系人"),
    "marketing": gettext_lazy("撤回后不再发送优惠信息"),
}


class CorrectionForm(PlainForm):
    """What is wrong, and what it should be."""

    subject = forms.ChoiceField(
        label=gettext_lazy("更正什么"),
        required=False,
        choices=lambda: [("", _("请选择")), *my_data.correction_subjects()],
        error_messages={"invalid_choice": gettext_lazy("请选择要更正的内容。")},
    )
    wish = forms.CharField(
        label=gettext_lazy("正确的内容"),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"maxlength": "300", "autocomplete": "off"}),
    )
    why = forms.CharField(
        label=gettext_lazy("哪里不对"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": "3", "maxlength": "300"}),
        help_text=gettext_lazy("例如：派出所更正了姓名，已换新证"),
    )


@require_GET
@shopper_required
def page(request: HttpRequest) -> HttpResponse:
    """What is held, who saw it, and what I agreed to."""
    return _page(request, CorrectionForm())


def _page(request: HttpRequest, form: CorrectionForm, status: int = 200) -> HttpResponse:
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    shown = {
        "person": queries.person(borrower_id),
        "held": my_data.held(borrower_id=borrower_id, language=language()),
        "consents": _consents(borrower_id),
        "contacts": queries.own_contacts(borrower_id),
        "seen": queries.who_saw(borrower_id=borrower_id),
        "corrections": my_data.corrections(borrower_id=borrower_id),
        "form": form,
        "days": rule_data.value("corrections_answered_in_days", on=business_date.current()),
    }
    return render(request, "web/people/privacy.html", shown, status=status)


def _consents(borrower_id: int) -> list[dict[str, object]]:
    """Every text one may agree to by itself: its newest version, and how this person stands to it."""
    latest: dict[str, queries.Given] = {}
    for one in queries.given(borrower_id=borrower_id, language=language()):
        latest.setdefault(one.text_code, one)
    return [
        {"text": text, "given": latest.get(text.code), "without": CHOICES[text.code]}
        for text in queries.newest_texts(codes=list(CHOICES), language=language())
    ]


@require_POST
@shopper_required
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take a consent back; as easy as giving it."""
    services.withdraw_consent(
        borrower_id=request.borrower_id,  # type: ignore[attr-defined]
        text_code=request.POST.get("text", "").replace("\x00", "")[:40],
        channel="web",
    )
    flash(request, _("已撤回。依赖这项授权的处理从现在起停止，已生效的协议不受影响。"))
    return HttpResponseRedirect("/me/privacy/#consents")


@require_POST
@shopper_required
def agree(request: HttpRequest) -> HttpResponse:
    """Give a consent by itself, to the version that was shown."""
    code, version = request.POST.get("text", ""), request.POST.get("version", "")
    if code in CHOICES and version.isdigit() and len(version) < 5:
        services.record_consent(
            borrower_id=request.borrower_id,  # type: ignore[attr-defined]
            text_code=code,
            version=int(version),
            channel="web",
            evidence={"form": "privacy-page", "language": language()},
        )
        flash(request, _("已同意，随时可以在这里撤回。"))
    return HttpResponseRedirect("/me/privacy/#consents")


@require_POST
@step_up_required
def export(request: HttpRequest) -> HttpResponse:
    """Everything held about me, as JSON."""
    content = my_data.export_json(borrower_id=request.borrower_id, language=language())  # type: ignore[attr-defined]
    response = HttpResponse(content, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@require_POST
@shopper_required
def correct(request: HttpRequest) -> HttpResponse:
    """Say what is wrong."""
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        privacy.ask_correction(borrower_id=request.borrower_id, **form.cleaned_data)  # type: ignore[attr-defined]
    except Refusal as e:
        refusal_to_form(form, e)
        return _page(request, form, status=e.status)
    flash(request, _("已提交，工作人员会核对并答复您。"))
    return HttpResponseRedirect("/me/privacy/#corrections")


@require_http_methods(["GET", "POST"])
@step_up_required
def close(request: HttpRequest) -> HttpResponse:
    """End the account: first what stands in the way or what will happen, then the deed."""
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    if request.method == "POST" and request.POST.get("sure") == "1":
        try:
            privacy.erase_account(borrower_id=borrower_id)
        except Refusal as e:
            return _close_page(request, status=e.status)
        ended = my_data.ended(borrower_id=borrower_id, language=language())
        request.session.flush()
        return render(request, "web/people/closed.html", {"ended": ended})
    return _close_page(request)


def _close_page(request: HttpRequest, status: int = 200) -> HttpResponse:
    borrower_id: int = request.borrower_id  # type: ignore[attr-defined]
    stands = privacy.what_stands(borrower_id=borrower_id)
    shown = {
        "stands": stands,
        "will_hold": [] if stands else privacy.would_hold(borrower_id=borrower_id, language=language()),
        "back_url": "/me/privacy/",
    }
    return render(request, "web/people/close.html", shown, status=status)
