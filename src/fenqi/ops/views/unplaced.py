"""Money nobody can place yet: the list of what waits, one sum's file, and the forms that take in, reveal and propose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from fenqi.ops.shell import actor, flash, page, typed
from fenqi.ops.views import proposals
from fenqi.payments import services, unplaced
from fenqi.people import queries as people
from fenqi.plumbing import four_eyes
from fenqi.plumbing.amounts import AmountUnreadable, fen_typed
from fenqi.plumbing.errors import NotFound, Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, staff_required
from fenqi.servicing import placing, reported
from fenqi.servicing import queries as servicing

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

LIST = "/ops/unplaced/"
SOURCES: dict[str, Any] = {
    "bank": gettext_lazy("银行流水"),
    "channel": gettext_lazy("渠道通知"),
    "payment": gettext_lazy("已到账的付款"),
}
MOVES: dict[str, Any] = {
    "placed": gettext_lazy("已入账到借据"),
    "returned": gettext_lazy("已退回付款人"),
    "taken_back": gettext_lazy("撤回，重新待查"),
}


class YuanField(forms.CharField):
    """An amount as people type it, cleaned to fen."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 20)
        kwargs.setdefault("error_messages", {"required": gettext_lazy("请填写金额。")})
        kwargs["widget"] = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**kwargs)

    def clean(self, value: Any) -> int:
        """Fen."""
        try:
            return fen_typed(super().clean(value))
        except AmountUnreadable as e:
            raise forms.ValidationError(str(e), code=e.code) from e


def _text(label: Any, *, longest: int, hint: Any = "", required: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=longest,
        required=bool(required),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": required} if required else None,
    )


def _date(label: Any, hint: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=hint,
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("请选择日期。"),
            "invalid": gettext_lazy("请按 年-月-日 填写日期。"),
        },
    )


_WHY = gettext_lazy("理由（会留在审计记录里）")
_WHY_MISSING = gettext_lazy("请写明理由。")


class TakeInForm(PlainForm):
    """A line of the bank's statement that belongs to nothing we know."""

    reference = _text(gettext_lazy("银行流水号"), longest=100, required=gettext_lazy("请填写银行流水号。"))
    amount = YuanField(label=gettext_lazy("金额（元）"))
    received_on = _date(gettext_lazy("到账日期"))
    payer = _text(gettext_lazy("付款人户名"), longest=80, hint=gettext_lazy("加密保存，列表里只显示姓氏"))
    note = _text(gettext_lazy("附言"), longest=200)


class PlaceForm(PlainForm):
    """Which loan it is for, how much of it, and from which day it counts."""

    number = _text(gettext_lazy("借据号"), longest=40, required=gettext_lazy("请填写借据号。"))
    amount = YuanField(label=gettext_lazy("金额（元）"))
    received_on = _date(
        gettext_lazy("入账日期"), gettext_lazy("默认是款项到账的那一天，借款人不会因查找时间多付息费")
    )
    reason = _text(_WHY, longest=300, required=_WHY_MISSING)


class ReturnForm(PlainForm):
    """How much goes back, and by which transfer."""

    return_amount = YuanField(label=gettext_lazy("退回金额（元）"))
    outgoing = _text(
        gettext_lazy("退回流水号"),
        longest=100,
        hint=gettext_lazy("先在网银退回，再填写银行的流水号；经渠道收到的可以留空，由渠道原路退回"),
    )
    return_reason = _text(_WHY, longest=300, required=_WHY_MISSING)


@require_GET
@staff_required("finance")
def listed(request: HttpRequest) -> HttpResponse:
    """What waits, the oldest first; what was done last; and the form for a bank line."""
    return _list_page(request, TakeInForm(initial={"received_on": servicing.today()}))


def _list_page(request: HttpRequest, form: TakeInForm, status: int = 200) -> HttpResponse:
    waiting = unplaced.waiting()
    content = {
        "rows": [(one, SOURCES[one.source]) for one in waiting],
        "total_fen": sum(one.open_fen for one in waiting),
        "done": [(one, SOURCES[one.source]) for one in unplaced.done()],
        "bills": unplaced.bills(),
        "form": form,
    }
    return page(request, "ops/unplaced.html", "unplaced", content, status=status)


@require_POST
@staff_required("finance")
def take_in(request: HttpRequest) -> HttpResponse:
    """Enter a line of the bank's statement; the same one again leads to its file."""
    form = TakeInForm(request.POST)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            taken = services.take_in(
                reference=f"bank:{facts['reference']}",
                amount_fen=facts["amount"],
                received_on=facts["received_on"],
                source=services.UnplacedSource.BANK,
                payer=facts["payer"],
                note=facts["note"],
                taken_by=actor(request),
            )
        except Refusal as e:
            refusal_to_form(form, e)
        else:
            if taken.is_new:
                flash(request, _("已登记，记入暂收款"))
            else:
                flash(request, _("这笔流水已经登记过，没有重复入账"), kind="info")
            return HttpResponseRedirect(f"{LIST}{taken.id}/")
    return _list_page(request, form, status=422)


@require_GET
@staff_required("finance")
def show(request: HttpRequest, money_id: UUID) -> HttpResponse:
    """One sum: where it comes from, what became of it, and what may be proposed."""
    return _file_page(request, money_id)


def _file_page(
    request: HttpRequest,
    money_id: UUID,
    *,
    place: PlaceForm | None = None,
    back: ReturnForm | None = None,
    revealed: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    file = unplaced.file(money_id)
    left = f"{file.open_fen // 100}.{file.open_fen % 100:02d}"
    loans = servicing.loans(file.borrower_id) if file.borrower_id else []
    first = {"number": typed(request.GET, "loan", longest=40), "amount": left}
    content = {
        "file": file,
        "source": SOURCES[file.source],
        "moves": [(move, MOVES[move.kind]) for move in file.moves],
        "person": people.persons([file.borrower_id]).get(file.borrower_id) if file.borrower_id else None,
        "loans": [loan for loan in loans if loan.serviced_by == "us"],
        "proposal_id": four_eyes.waiting_for(subject=_subject(money_id)),
        "names": people.staff_names(),
        "place": place or PlaceForm(initial=first | {"received_on": file.received_on}),
        "back": back or ReturnForm(initial={"return_amount": left}),
        "revealed": revealed,
    }
    return page(request, "ops/unplaced_one.html", "unplaced", content, status=status)


@require_POST
@staff_required("finance")
def propose(request: HttpRequest, money_id: UUID) -> HttpResponse:
    """Lay a placing, a return or the undoing of one before a colleague."""
    ways = {"place": _propose_placing, "return": _propose_return, "take_back": _propose_taking_back}
    way = ways.get(request.POST.get("do", ""))
    if way is None:
        raise Http404
    unplaced.file(money_id)
    return way(request, money_id)


def _propose_placing(request: HttpRequest, money_id: UUID) -> HttpResponse:
    form = PlaceForm(request.POST)
    if form.is_valid():
        facts = form.cleaned_data
        try:
            loan = reported.loan_of_number(facts["number"])
            wanted = placing.Placing(
                money_id=money_id,
                borrower_id=loan.borrower_id,
                loan_id=loan.id,
                amount_fen=facts["amount"],
                received_on=facts["received_on"],
            )
            return proposals.propose(
                request,
                kind=placing.PLACE_KIND,
                subject=_subject(money_id),
                borrower_id=loan.borrower_id,
                arguments=wanted.arguments(),
            )
        except Refusal as e:
            e.field = {"loan_number": "number", "on": "received_on"}.get(e.field or "", e.field)
            refusal_to_form(form, e)
    return _file_page(request, money_id, place=form, status=422)


def _propose_return(request: HttpRequest, money_id: UUID) -> HttpResponse:
    form = ReturnForm(request.POST)
    if form.is_valid():
        facts = form.cleaned_data
        arguments = {
            "money_id": str(money_id),
            "amount_fen": facts["return_amount"],
            "outgoing": facts["outgoing"],
        }
        try:
            return proposals.propose(
                request,
                kind=services.RETURN_KIND,
                subject=_subject(money_id),
                borrower_id=None,
                arguments=arguments,
                reason=facts["return_reason"],
            )
        except Refusal as e:
            e.field = {"amount": "return_amount", "reason": "return_reason"}.get(e.field or "", e.field)
            refusal_to_form(form, e)
    return _file_page(request, money_id, back=form, status=422)


def _propose_taking_back(request: HttpRequest, money_id: UUID) -> HttpResponse:
    number = typed(request.POST, "move", longest=4)
    if not (number.isascii() and number.isdecimal()):
        raise Http404
    try:
        return proposals.propose(
            request,
            kind=placing.TAKE_BACK_KIND,
            subject=_subject(money_id),
            borrower_id=None,
            arguments={"money_id": str(money_id), "number": int(number)},
        )
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
    return HttpResponseRedirect(f"{LIST}{money_id}/")


@require_POST
@staff_required("finance")
def reveal(request: HttpRequest, money_id: UUID) -> HttpResponse:
    """Payer and note in clear, for a reason that is kept."""
    try:
        shown = services.reveal_payer(
            staff=actor(request), money_id=money_id, reason=typed(request.POST, "reason")
        )
    except NotFound:
        raise
    except Refusal as e:
        flash(request, e, kind="late")
        return HttpResponseRedirect(f"{LIST}{money_id}/")
    return _file_page(request, money_id, revealed=shown)


def _subject(money_id: UUID) -> str:
    return f"unplaced:{money_id}"
