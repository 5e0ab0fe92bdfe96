"""As much of a web framework as the sandbox needs: requests, answers, routes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LARGEST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @classmethod
    def from_environ(cls, environ: dict[str, Any]) -> Request:
        """Read a WSGI request."""
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_BODY)
        headers = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        return cls(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
            query={key: values[-1] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()},
            headers=headers,
            body=environ["wsgi.input"].read(length) if length else b"",
        )

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises: Refused."""
        try:
            content = json.loads(self.body or b"{}")
        except ValueError as e:
            raise Refused("not_json", status=400) from e
        if not isinstance(content, dict):
            raise Refused("not_an_object", status=400)
        return content

    def form(self) -> dict[str, str]:
        """The fields of a form."""
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {key: values[-1] for key, values in fields.items()}

    @property
    def language(self) -> str:
        """`en` when asked for, else `zh`."""
        return "en" if self.headers.get("accept-language", "").lower().startswith("en") else "zh"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The request cannot be done; nothing was done."""

    def __init__(self, code: str, *, status: int = 422, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.details = details


def as_json(content: Any, *, status: int = 200) -> Answer:
    """An answer for machines."""
    return Answer(
        status=status,
        body=json.dumps(content, ensure_ascii=False, sort_keys=True).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )


# Stricter than the shop's, as there are no scripts; but a cashier's form leads back to whatever shop it was opened by.
PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' http: https:; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


def as_page(html: str, *, status: int = 200) -> Answer:
    """An answer for people."""
    return Answer(status=status, body=html.encode(), headers=PAGE_HEADERS)


def redirect(to: str) -> Answer:
    """Go there with GET."""
    return Answer(status=303, headers={"Location": to})


class Routes:
    """Addresses with `<name>` parts, each with its method."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = []

    def add(self, method: str, address: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
        """Decorate a function `handler(sandbox, request, **parts) -> Answer`."""
        pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", address) + r"\Z")

        def decorate(handler: Callable[..., Answer]) -> Callable[..., Answer]:
            self._routes.append((method, pattern, handler))
            return handler

        return decorate

    def extend(self, other: Routes) -> None:
        """Take over another list."""
        self._routes.extend(other._routes)

    def find(self, method: str, path: str) -> tuple[Callable[..., Answer], dict[str, str]] | None:
        """The handler for a request and the parts of its address."""
        for wanted, pattern, handler in self._routes:
            match = pattern.match(path)
            if match and wanted == method:
                return handler, match.groupdict()
        return None


def to_wsgi(answer: Answer, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Send an answer."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(headers.items()))
    return [answer.body]
