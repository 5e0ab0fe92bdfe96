"""Who works here: the administrator's list, one colleague's page, and the link by which a password is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fenqi.ops.shell import actor, flash, page, typed
from fenqi.people import queries, services
from fenqi.people.services import RESET_KIND, ROLES_KIND, Role
from fenqi.plumbing import audit, four_eyes
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import PlainForm, refusal_to_form, staff_required

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

ROLE_WORDS = [
    (Role.REVIEWER.value, gettext_lazy("审核：实名、联系人、分期申请")),
    (Role.SERVICE.value, gettext_lazy("客服：会话、退货、发货")),
    (Role.COLLECTIONS.value, gettext_lazy("贷后：逾期跟进")),
    (Role.FINANCE.value, gettext_lazy("财务：账目、日终、退款")),
    (Role.COMPLIANCE.value, gettext_lazy("合规：审计、复核")),
    (Role.ADMIN.value, gettext_lazy("管理员：管理员工，可做以上全部")),
]


class NewStaffForm(PlainForm):
    """A new colleague."""

    name = forms.CharField(
        label=gettext_lazy("账号名"),
        help_text=gettext_lazy("小写字母开头，之后不能改"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    shown_name = forms.CharField(label=gettext_lazy("姓名"), max_length=40, required=False)
    person = forms.CharField(
        label=gettext_lazy("工号"),
        help_text=gettext_lazy("一个人只有一个工号，复核时据此分清两个人"),
        max_length=40,
        required=False,
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("角色"), choices=ROLE_WORDS, required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=300, required=False)


class RolesForm(PlainForm):
    """The roles somebody should hold."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("角色"), choices=ROLE_WORDS, required=False, widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(label=gettext_lazy("理由"), max_length=300, required=False)


class ChoosePasswordForm(PlainForm):
    """A first password, or another one after the old was forgotten."""

    password = forms.CharField(
        label=gettext_lazy("新密码"),
        max_length=300,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": gettext_lazy("请输入密码。")},
    )


@require_http_methods(["GET", "POST"])
@staff_required("admin")
def listed(request: HttpRequest) -> HttpResponse:
    """Everybody, and a form for one more."""
    form = NewStaffForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            token = services.open_staff_account(
                by=actor(request),
                name=facts["name"],
                shown_name=facts["shown_name"],
                person=facts["person"],
                reason=facts["reason"],
            )
        except Refusal as e:
            refusal_to_form(form, e)
            status = e.status
        else:
            name = facts["name"].strip().lower()
            if facts["roles"]:
                _propose_roles(request, name, facts["roles"], facts["reason"])
            return _link_page(request, name, token)
    content = {"form": form, "colleagues": queries.colleagues()}
    return page(request, "ops/staff.html", "staff", content, status=422 if form.errors else status)


@require_GET
@staff_required("admin")
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One colleague."""
    return _one(request, name)


def _one(
    request: HttpRequest, name: str, *, form: RolesForm | None = None, problem: Any = "", status: int = 200
) -> HttpResponse:
    found = queries.colleague(name)
    content = {
        "one": found,
        "form": form or RolesForm(initial={"roles": found.roles}),
        "is_self": name == request.staff,  # type: ignore[attr-defined]
        "waiting": {
            "roles": four_eyes.waiting_for(subject=f"staff:{name}", kind=ROLES_KIND),
            "reset": four_eyes.waiting_for(subject=f"staff:{name}", kind=RESET_KIND),
        },
        "trail": audit.trail(subject=f"staff:{name}", limit=30),
        "problem": problem,
    }
    return page(request, "ops/staff_one.html", "staff", content, status=status)


@require_POST
@staff_required("admin")
def roles(request: HttpRequest, name: str) -> HttpResponse:
    """Propose other roles; a second pair of eyes decides."""
    form = RolesForm(request.POST)
    if not form.is_valid():
        return _one(request, name, form=form, status=422)
    try:
        queries.colleague(name)
        _propose_roles(request, name, form.cleaned_data["roles"], form.cleaned_data["reason"])
    except Refusal as e:
        refusal_to_form(form, e)
        return _one(request, name, form=form, status=e.status)
    return HttpResponseRedirect(f"/ops/staff/{name}/")


def _propose_roles(request: HttpRequest, name: str, wanted: list[str], reason: str) -> None:
    services.propose(
        staff=request.staff,  # type: ignore[attr-defined]
        kind=ROLES_KIND,
        subject=f"staff:{name}",
        arguments={"name": name, "roles": sorted(wanted)},
        reason=reason,
    )
    flash(request, _("角色变更已提交，由另一位同事复核后生效"))


@require_POST
@staff_required("admin")
def act(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """Lock, unlock, mark as left, make a link, or propose to reset the second factor; each with its reason."""
    reason = typed(request.POST, "reason")
    try:
        if action == "link":
            return _link_page(
                request, name, services.make_staff_link(by=actor(request), name=name, reason=reason)
            )
        if action == "reset":
            services.propose(
                staff=request.staff,  # type: ignore[attr-defined]
                kind=RESET_KIND,
                subject=f"staff:{name}",
                arguments={"name": name},
                reason=reason,
            )
            flash(request, _("已提交，由另一位同事复核后重置"))
            return HttpResponseRedirect(f"/ops/staff/{name}/")
        if action not in _ACTIONS:
            raise Http404
        do, said = _ACTIONS[action]
        do(by=actor(request), name=name, reason=reason)
    except Refusal as e:
        if e.status == 404:
            raise
        return _one(request, name, problem=e, status=e.status)
    flash(request, said)
    return HttpResponseRedirect(f"/ops/staff/{name}/")


_ACTIONS: dict[str, tuple[Callable[..., None], Any]] = {
    "lock": (services.lock_staff, gettext_lazy("已锁定，对方的会话已结束")),
    "unlock": (services.unlock_staff, gettext_lazy("已解锁")),
    "leave": (services.dismiss_staff, gettext_lazy("已标记离职，账号永久停用")),
}


def _link_page(request: HttpRequest, name: str, token: str) -> HttpResponse:
    content = {"name": name, "link": request.build_absolute_uri(f"/ops/set-up/{token}/")}
    return page(request, "ops/staff_link.html", "staff", content)


@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password by a one-time link; the door then asks for it, and for a second factor."""
    name = services.link_holder(token=token)
    form = ChoosePasswordForm(request.POST or None)
    status = 200 if request.method == "GET" else 422
    if request.method == "POST" and form.is_valid():
        try:
            services.choose_password(token=token, password=form.cleaned_data["password"])
        except Refusal as e:
            refusal_to_form(form, e)
            status = e.status
        else:
            flash(request, _("密码已设置，请登录"))
            return HttpResponseRedirect("/ops/sign-in/")
    return render(request, "ops/set_up.html", {"form": form, "name": name}, status=status)
