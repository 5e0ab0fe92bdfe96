"""
The sandbox's pages under our own address, so that a phone needs one address only.

Only with FENQI_SANDBOX_URL. Cookies of our site are not handed on: the outside world knows nothing of our sessions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from fenqi.plumbing import business_date

if TYPE_CHECKING:
    from django.http import HttpRequest

TIMEOUT_SECONDS = 15
KEPT_HEADERS = ("content-type", "location")


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def forward(request: HttpRequest, rest: str) -> HttpResponse:
    """Hand a request for /sandbox/… to the sandbox, and its answer back."""
    headers = {
        "Accept-Language": get_language() or "zh",
        "X-Fenqi-Business-Date": business_date.current().isoformat(),
    }
    if request.POST:
        content, headers["Content-Type"] = (
            request.POST.urlencode().encode(),
            "application/x-www-form-urlencoded",
        )
    else:
        content, headers["Content-Type"] = request.body, request.content_type or ""
    url = f"{settings.SANDBOX_URL}/sandbox/{quote(rest)}"
    try:
        answer = _client().request(
            request.method,
            url,
            params=request.META.get("QUERY_STRING", ""),
            content=content,
            headers=headers,
        )
    except httpx.HTTPError:
        return render(request, "web/sandbox/down.html", status=503)
    response = HttpResponse(answer.content, status=answer.status_code)
    for name in KEPT_HEADERS:
        if name in answer.headers:
            response.headers[name] = answer.headers[name]
    return response
