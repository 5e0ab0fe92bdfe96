"""
The documented JSON form of the engine: a request to replay, and the state that answers it.

Strict on the way in: money is whole fen, decimals and dates are text, a float or an unknown key is refused with its
path. The schema of both is made by `fenqi.domain.schema` from the same dataclasses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fenqi.domain import codec
from fenqi.domain.errors import DomainError, EventError, TermsError
from fenqi.domain.events import Event, event_from_json
from fenqi.domain.state import LoanState
from fenqi.domain.terms import LoanTerms, terms_from_json


class FormError(DomainError):
    """A text that is not JSON, or JSON that is not the form asked for."""

    code = "form_malformed"


class DatesOutOfOrder(FormError):
    """Events of a file go back in time: a line is missing or in the wrong place."""

    code = "dates_out_of_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """Terms and events, ascending by date, and the date whose state is asked for."""

    terms: LoanTerms
    events: tuple[Event, ...]
    as_of: date


class _Refused:
    """A number JSON can hold and money cannot; its text stands in the error."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"{self.text} (a float)"


def read_json(text: str) -> Any:
    """
    Parse JSON so that floats reach the reader as what it refuses, and repeated keys are an error.

    Raises: FormError.
    """
    try:
        return json.loads(
            text, parse_float=_Refused, parse_constant=_Refused, object_pairs_hook=_object_without_repeats
        )
    except json.JSONDecodeError as fault:
        raise FormError(f"line {fault.lineno}, column {fault.colno}", fault.msg, "JSON") from fault
    except RecursionError as fault:
        raise FormError("the file", "nested without end", "the form described in the reference") from fault


def replay_request(data: object, *, as_of: date | None = None) -> ReplayRequest:
    """
    Read a request from its JSON form; `as_of` given here stands in for one the form lacks, and before it.

    Raises: FormError, TermsError and EventError with the path of the field.
    """
    if not isinstance(data, Mapping):
        raise FormError("the form", data, "an object with terms, events and as_of")
    for key in data:
        if key not in ("terms", "events", "as_of"):
            raise FormError(key, data[key], "one of terms, events, as_of")
    if not isinstance(data.get("events"), list):
        raise FormError("events", data.get("events"), "a list")
    try:
        terms = terms_from_json(data.get("terms"))
    except TermsError as fault:
        raise type(fault)(_path("terms", fault.field), fault.value, fault.allowed) from fault
    events = tuple(_event(item, index) for index, item in enumerate(data["events"]))
    seen: set[str] = set()
    for index, event in enumerate(events):
        if event.id in seen:
            raise FormError(f"events[{index}].id", event.id, "an id that no event above it has")
        seen.add(event.id)
    for index in range(1, len(events)):
        if events[index].on < events[index - 1].on:
            raise DatesOutOfOrder(
                f"events[{index}].on",
                events[index].on.isoformat(),
                f"not before {events[index - 1].on.isoformat()}, the date of the event above it",
            )
    return ReplayRequest(terms=terms, events=events, as_of=as_of or read_date(data.get("as_of"), "as_of"))


def read_date(data: object, field: str) -> date:
    """Read a date from its text. Raises: FormError."""
    allowed = "a date as text, such as 2027-01-31"
    if not isinstance(data, str):
        raise FormError(field, data, allowed)
    try:
        return date.fromisoformat(data)
    except ValueError as fault:
        raise FormError(field, data, allowed) from fault


def state_to_json(state: LoanState) -> dict[str, Any]:
    """The JSON form of a state: every installment, every outcome, the totals."""
    form: dict[str, Any] = codec.to_json(state)
    return form


def _event(item: object, index: int) -> Event:
    try:
        return event_from_json(item)
    except EventError as fault:
        raise type(fault)(_path(f"events[{index}]", fault.field), fault.value, fault.allowed) from fault


def _path(parent: str, field: str) -> str:
    return f"{parent}.{field}" if field[:1].islower() else parent


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise FormError(repeated, members[repeated], "every key once in an object")
    return members
