"""/api/v1/: one NinjaAPI; refusals leave as problem documents."""

from __future__ import annotations

from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from fenqi.api import bills, problems, quotes, repayments
from fenqi.plumbing.errors import Refusal

api = NinjaAPI(
    title="Fenqi",
    version="1.0.0",
    description="Installment quotes, bills, and repayments reported by partners. Money is integer fen, rates are decimals per year as text.",
    docs_url=None,
    urls_namespace="api-1",
)
api.add_router("/quotes", quotes.router)
api.add_router("/bills", bills.router)
api.add_router("/repayments", repayments.router)
api.add_exception_handler(Refusal, problems.of_refusal)
api.add_exception_handler(ValidationError, problems.of_validation)


@api.exception_handler(HttpError)
def _unreadable(request, error):  # type: ignore[no-untyped-def]
    # A body that is no JSON; ninja's own words would name a library.
    return problems.problem(status=error.status_code, code="unreadable", detail=_("请求内容无法读取。"))


@api.exception_handler(Http404)
def _missing(request, error):  # type: ignore[no-untyped-def]
    return problems.problem(status=404, code="not_found", detail=_("没有这个资源。"))


urlpatterns = [path("", api.urls)]
