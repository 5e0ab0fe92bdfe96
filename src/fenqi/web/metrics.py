"""Figures for operators in the text format of Prometheus: what waits, what is unknown, how old the oldest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse
from django.utils.crypto import constant_time_compare

from fenqi.messages import queries as messages
from fenqi.payments import queries as payments
from fenqi.plumbing import business_date, clock, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest


def metrics(request: HttpRequest) -> HttpResponse:
    """Open in a demo; elsewhere FENQI_METRICS_TOKEN is asked for as a bearer token, and without one nobody may look."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.DEMO and not (token and constant_time_compare(given, token)):
        return HttpResponse("forbidden", status=403, content_type="text/plain")
    return HttpResponse("".join(_lines()), content_type="text/plain; version=0.0.4")


def _lines() -> Iterator[str]:
    behind = (clock.date_of(clock.wall()) - business_date.current()).days
    yield _gauge(
        "fenqi_business_date_behind_days", "Days from the open business date to today.", {"": behind}
    )
    waiting = outbox.waiting()
    yield _gauge("fenqi_announcements_waiting", "Announcements not delivered yet.", {"": waiting.count})
    yield _gauge(
        "fenqi_announcements_oldest_seconds",
        "Age of the oldest of them.",
        {"": round(waiting.oldest_seconds)},
    )
    yield _gauge(
        "fenqi_movements_open",
        "Movements of money without an outcome, by kind and state.",
        payments.open_counts(),
    )
    yield _gauge("fenqi_messages", "Messages that have not left, by state.", messages.waiting_counts())


def _gauge(name: str, help_text: str, values: dict[str, int]) -> str:
    """`values`: labels as they stand between the braces -> figure."""
    lines = [
        f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in values.items()
    ]
    return "\n".join([f"# HELP {name} {help_text}", f"# TYPE {name} gauge", *lines, ""])
