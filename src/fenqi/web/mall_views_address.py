"""The address book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fenqi.mall import queries, services
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import refusal_to_form, safe_next, shopper_required
from fenqi.web import mall_checkout
from fenqi.web.mall_forms import AddressForm
from fenqi.web.shell import flash

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest


@require_safe
@shopper_required
def addresses(request: HttpRequest) -> HttpResponse:
    """All addresses, the default first."""
    own = queries.addresses(borrower_id=request.borrower_id)  # type: ignore[attr-defined]
    return render(request, "web/mall/addresses.html", {"addresses": own})


@require_http_methods(["GET", "POST"])
@shopper_required
def new(request: HttpRequest) -> HttpResponse:
    """Write down a new address; from the checkout it is also chosen there."""
    return _edit(request, AddressForm(request.POST if request.method == "POST" else None), address_id=None)


@require_http_methods(["GET", "POST"])
@shopper_required
def edit(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """Change an address."""
    known = queries.address(borrower_id=request.borrower_id, address_id=address_id)  # type: ignore[attr-defined]
    initial = {name: getattr(known, name) for name in AddressForm.base_fields}
    return _edit(
        request,
        AddressForm(request.POST if request.method == "POST" else None, initial=initial),
        address_id=address_id,
    )


@require_POST
@shopper_required
def delete(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """Forget an address; orders keep their own copy."""
    services.delete_address(borrower_id=request.borrower_id, address_id=address_id)  # type: ignore[attr-defined]
    flash(request, _("地址已删除"))
    return HttpResponseRedirect(reverse("addresses"))


def _edit(request: HttpRequest, form: AddressForm, *, address_id: UUID | None) -> HttpResponse:
    back = safe_next(request, request.POST.get("next") or request.GET.get("next"), reverse("addresses"))
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_address(
                borrower_id=request.borrower_id,  # type: ignore[attr-defined]
                entry=form.entry(),
                address_id=address_id,
                is_default=form.cleaned_data["is_default"],
            )
        except Refusal as refusal:
            refusal_to_form(form, refusal)
        else:
            mall_checkout.choose(request, address_id=saved)
            flash(request, _("地址已保存"))
            return HttpResponseRedirect(back)
    return render(
        request,
        "web/mall/address.html",
        {"form": form, "back_url": back, "address_id": address_id},
        status=422 if form.errors else 200,
    )
