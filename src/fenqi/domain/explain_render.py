"""Derivations as sentences, in Chinese or English: one line per figure, its steps below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from fenqi.domain.errors import DomainError
from fenqi.domain.events import Event
from fenqi.domain.explain_formulas import Derivation, Formula
from fenqi.domain.explain_texts import (
    BEARER_WORDS,
    CLAUSE_SENTENCE,
    CLAUSE_WORDS,
    DAYS_WORDS,
    DOWN_PAYMENT_WORDS,
    EVENT_SENTENCE,
    EVENT_WORDS,
    FIGURE_WORDS,
    FORMULA_WORDS,
    INSTALLMENT_WORDS,
    LANGUAGES,
    LISTING,
    ROUNDING_WORDS,
    SENTENCE,
    STOP,
)
from fenqi.domain.terms import Subsidy

YEARS = (365, 366)
SAYS_ITS_DAYS = frozenset({Formula.PENALTY_SPAN, Formula.PRO_RATA})


class UnknownLanguage(DomainError):
    """A language the derivations are not written in."""

    code = "unknown_language"


class Line(NamedTuple):
    """One sentence; `depth` says how far it is a step of those above."""

    depth: int
    text: str


def render(derivation: Derivation, language: str, events: Mapping[str, Event] | None = None) -> list[Line]:
    """
    Return the derivation as sentences, the figure asked for first.

    `events` by id: those named are called by their kind and date. Raises: UnknownLanguage.
    """
    if language not in LANGUAGES:
        raise UnknownLanguage("language", language, "one of " + ", ".join(LANGUAGES))
    return list(_lines(derivation, language, events or {}, 0))


def as_text(derivation: Derivation, language: str, events: Mapping[str, Event] | None = None) -> str:
    """The sentences as indented lines of text. Raises: UnknownLanguage."""
    return "\n".join(f"{'  ' * line.depth}{line.text}" for line in render(derivation, language, events))


def yuan(fen: int) -> str:
    """¥4,999.00 for 499900."""
    return f"{'-' if fen < 0 else ''}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def percent(rate: Decimal) -> str:
    """14.4% for 0.144; annual rates that were found, not agreed, to two decimals."""
    shown = rate * 100
    shown = shown.quantize(Decimal("0.01")) if shown.as_tuple().exponent < -6 else shown.normalize()  # type: ignore[operator]
    return f"{shown:f}%"


def _lines(derivation: Derivation, language: str, events: Mapping[str, Event], depth: int) -> Iterator[Line]:
    yield Line(depth, _sentence(derivation, language, events))
    for step in derivation.steps:
        yield from _lines(step, language, events, depth + 1)


def _sentence(derivation: Derivation, language: str, events: Mapping[str, Event]) -> str:
    value = yuan(derivation.amount_fen) if derivation.rate is None else percent(derivation.rate)
    text = SENTENCE[language].format(
        figure=_figure(derivation, language), value=value, formula=_formula(derivation, language)
    )
    parts = [text]
    if derivation.days is not None and derivation.formula not in SAYS_ITS_DAYS:
        parts.append(DAYS_WORDS[language].format(days=derivation.days))
    if derivation.rounding is not None:
        parts.append(ROUNDING_WORDS[derivation.rounding.value][language])
    if derivation.event_id is not None:
        parts.append(_event(derivation.event_id, language, events))
    parts.append(CLAUSE_SENTENCE[language].format(clause=CLAUSE_WORDS[derivation.clause][language]))
    return STOP[language].join(parts)


def _figure(derivation: Derivation, language: str) -> str:
    figure = FIGURE_WORDS[derivation.figure][language]
    number = derivation.installment_number
    if number is None:
        return figure
    if number <= 0:
        return DOWN_PAYMENT_WORDS[language].format(figure=figure)
    return INSTALLMENT_WORDS[language].format(number=number, figure=figure)


def _event(event_id: str, language: str, events: Mapping[str, Event]) -> str:
    event = events.get(event_id)
    if event is None:
        return event_id
    return EVENT_SENTENCE[language].format(
        on=event.on.isoformat(), event=EVENT_WORDS[event.kind][language], id=event_id
    )


def _formula(derivation: Derivation, language: str) -> str:
    shown: dict[str, Any] = {name: _shown(name, value, language) for name, value in derivation.inputs}
    shown["days"] = derivation.days
    if "factor" in shown:
        rates = [value for name, value in derivation.inputs if name.endswith("rate")]
        shown["rate"] = percent(rates[0]) if rates else ""
        shown["share"] = _share(derivation, rates[0]) if rates and rates[0] else ""
    if "flows" in shown:
        shown["count"] = len(derivation.input("flows"))
    return FORMULA_WORDS[derivation.formula][language].format(**shown)


def _share(derivation: Derivation, rate: Decimal) -> str:
    """The part of a year that the factor is of its rate: 1/12, 30/365: days over the days of a year, not 6/73."""
    share = Fraction(*derivation.input("factor")) / Fraction(rate)
    year = share and (derivation.days or 0) / share
    return f"{derivation.days}/{year}" if year in YEARS else str(share)


def _shown(name: str, value: Any, language: str) -> str:
    if name.endswith("_fen"):
        return yuan(value)
    if isinstance(value, Decimal):
        return percent(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Subsidy):
        shares = ((who, getattr(value, who)) for who in BEARER_WORDS)
        return LISTING[language].join(
            f"{BEARER_WORDS[who][language]} {percent(share)}" for who, share in shares if share
        )
    return str(value)
