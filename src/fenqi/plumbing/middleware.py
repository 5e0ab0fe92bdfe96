"""Headers on every answer, and a page for every refusal a view did not catch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from fenqi.plumbing import business_date, pages
from fenqi.plumbing.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'{peers}; base-uri 'none'; frame-ancestors 'none'"
)

WAYS_OUT = {"/sign-out/", "/ops/sign-out/"}


class SecurityHeaders:
    """Nothing inline, nothing from another host, nothing framed; personal pages stay out of shared caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # A form may lead on to the payment channel's cashier, which is another origin.
        peers = " " + settings.SANDBOX_URL if settings.SANDBOX_URL else ""
        self.policy = POLICY.format(peers=peers)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        # Here, as the answer to a strange host never comes by Django's own middleware for it.
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
        if request.method == "POST" and request.path in WAYS_OUT:
            response.headers["Clear-Site-Data"] = (
                '"cache", "storage"'  # the cookie ends with the session itself
            )
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class OneDateAPage:
    """A page that only shows reads the business date once; what writes reads it afresh, in its own transaction."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            return self.get_response(request)
        with business_date.held():
            return self.get_response(request)


class RefusalsAsPages:
    """A refusal that no view turned into a message at a field becomes a plain page with a way on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Refusal):
            return pages.refused(request, exception)
        return None
