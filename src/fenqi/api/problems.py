"""Refusals as problem documents (RFC 9457): a stable code, a sentence, the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from ninja.errors import ValidationError

    from fenqi.plumbing.errors import Refusal

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Not known",
    403: "Not allowed",
    404: "Not found",
    409: "Conflict",
    422: "Not possible",
    429: "Too many requests",
    503: "Lender does not answer",
}


def problem(*, status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """One problem document."""
    body = {
        "type": f"/problems/{code}",
        "title": TITLES.get(status, "Not possible"),
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)


def of_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A service's refusal."""
    more = {"field": refusal.field} if refusal.field else {}
    answer = problem(status=refusal.status, code=refusal.code, detail=str(refusal), **more)
    if refusal.code == "key_unknown":
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def of_validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Input of the wrong shape, every field at once."""
    errors = [
        {
            # The first place is where it was looked for (query, body and the parameter's name), not a field.
            "field": ".".join(
                str(part) for part in found["loc"] if part not in ("query", "body", "path", "wanted")
            ),
            "code": found["type"],
            "detail": found["msg"],
        }
        for found in error.errors
    ]
    first = errors[0] if errors else {"field": "", "detail": ""}
    return problem(
        status=422,
        code="invalid_input",
        detail=f"{first['field']}: {first['detail']}",
        errors=errors,
    )
