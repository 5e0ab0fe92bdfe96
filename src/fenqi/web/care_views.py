"""帮助与反馈: our articles with search, and the conversation with staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from fenqi.care import help as help_centre
from fenqi.care import queries as care
from fenqi.care import services
from fenqi.mall import queries as mall
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.pages import PlainForm, current_borrower_id, refusal_to_form, shopper_required

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

LONGEST_QUESTION = 60


@require_GET
def help_home(request: HttpRequest) -> HttpResponse:
    """Every article, or those that answer `q`."""
    language = get_language() or "zh"
    asked = request.GET.get("q", "").strip()[:LONGEST_QUESTION]
    page = {
        "asked": asked,
        "articles": help_centre.search(asked, language) if asked else help_centre.articles(language),
    }
    return render(request, "web/care/help.html", page)


@require_GET
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article and what to read next."""
    language = get_language() or "zh"
    found = help_centre.article(slug, language)
    return render(
        request, "web/care/article.html", {"article": found, "related": help_centre.related(found, language)}
    )


class MessageForm(PlainForm):
    """A message to staff. The reference makes a second press of the button harmless."""

    text = forms.CharField(
        label=_("您的问题"),
        max_length=services.MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": services.MOST_CHARACTERS}),
        error_messages={
            "required": _("请先写下您的问题。"),
            "max_length": _("最多 %(limit_value)d 个字，请分几条发送。"),
        },
    )
    about_order = forms.CharField(label=_("相关订单号"), required=False, max_length=40)
    reference = forms.CharField(widget=forms.HiddenInput, max_length=40)


@require_http_methods(["GET", "POST"])
@shopper_required
def chat(request: HttpRequest) -> HttpResponse:
    """The conversation, and the box to write in."""
    borrower_id = current_borrower_id(request)
    assert borrower_id is not None
    if request.method == "POST":
        form = MessageForm(request.POST)
        if form.is_valid() and _write(borrower_id, form):
            return HttpResponseRedirect("/help/chat/#latest")
    else:
        services.mark_read(borrower_id=borrower_id)
        about = request.GET.get("order", "")[:40]
        form = MessageForm(initial={"reference": new_id(), "about_order": about})
    page = {"form": form, "conversation": care.latest_conversation(borrower_id)}
    return render(request, "web/care/chat.html", page, status=422 if form.errors else 200)


@require_GET
@shopper_required
def chat_messages(request: HttpRequest) -> HttpResponse:
    """The messages alone: what an open page asks for again every few seconds."""
    borrower_id = current_borrower_id(request)
    assert borrower_id is not None
    conversation = care.latest_conversation(borrower_id)
    return render(request, "web/care/_messages.html", {"conversation": conversation})


def _write(borrower_id: int, form: MessageForm) -> bool:
    """Send the message; False when something stands at a field now."""
    typed = form.cleaned_data
    number = typed["about_order"].strip().upper()
    try:
        if number:
            mall.order(borrower_id=borrower_id, number=number)
        services.write(
            borrower_id=borrower_id, text=typed["text"], about_order=number, reference=typed["reference"]
        )
    except NotFound:
        form.add_error("about_order", _("没有找到这个订单，请核对订单号，或者留空。"))
        return False
    except Refusal as refusal:
        refusal_to_form(form, refusal)
        return False
    return True
