"""What people look at when they decide, and what an applicant may see of it: never a signal, never another person."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from fenqi.credit import decision_rules, queries, quotes
from fenqi.credit.models import (
    Application,
    ApplicationState,
    DecidedBy,
    Decision,
    ListEntry,
    ReviewRequest,
)
from fenqi.credit.models.risk import ReviewState
from fenqi.credit.rereading import Reread, read_again
from fenqi.credit.services.quoting import find_quote
from fenqi.credit.services.reviewing import BY_MACHINE
from fenqi.domain.decision import INPUT_NAMES, NotNeeded, State
from fenqi.people import queries as people
from fenqi.plumbing import business_date, clock, index_keys


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """One rule as it was read: `state` fired, passed, missing or not_applicable; figure and threshold as the rule compared them."""

    rule_id: str
    kind: str
    words: str
    state: str
    outcome: str
    input: str
    figure: Any
    threshold: Any


@dataclass(frozen=True, kw_only=True)
class DecisionView:
    """One word that was spoken on an application."""

    id: UUID
    by: str
    by_machine: bool
    decided_by: str
    result: str
    reasons: tuple[str, ...]
    words: str
    at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class ReviewView:
    """An applicant's wish for a human look."""

    id: UUID
    borrower_id: int
    application_id: UUID
    state: str
    state_label: str
    words: str
    answer: str
    asked_at: datetime.datetime
    answer_by: datetime.datetime
    answered_at: datetime.datetime | None
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class ReviewFile:
    """What a reviewer needs: the application, every rule with its figure, the snapshot they were read from, what was said, what is asked."""

    application: queries.ApplicationView
    quote: quotes.QuotedPlan
    rules: tuple[RuleLine, ...]
    snapshot: tuple[tuple[str, Any], ...]
    rules_digest: str
    decisions: tuple[DecisionView, ...]
    request: ReviewView | None


@dataclass(frozen=True, kw_only=True)
class OwnDecision:
    """
    A decision as its applicant reads it: reasons and next steps in words, whether a human look may be asked for.

    `is_automatic`: no person has decided yet.
    """

    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]
    is_automatic: bool
    by_lender: bool
    can_ask: bool
    request: ReviewView | None


def review_queue(limit: int = 100) -> list[queries.ApplicationView]:
    """Applications that wait for a person, the oldest first."""
    rows = Application.objects.filter(state=ApplicationState.REFERRED).order_by("started_at")[:limit]
    return queries.views_of(rows)


def open_requests(limit: int = 100) -> list[tuple[ReviewView, queries.ApplicationView]]:
    """Wishes for a human look that wait, the next deadline first."""
    asked = list(ReviewRequest.objects.filter(state=ReviewState.OPEN).order_by("answer_by")[:limit])
    applications = {
        view.id: view
        for view in queries.views_of(
            Application.objects.filter(
                borrower_id__in={one.borrower_id for one in asked},
                id__in=[one.application_id for one in asked],
            )
        )
    }
    return [(_request(one), applications[one.application_id]) for one in asked]


def desk_sizes() -> dict[str, int]:
    """
    How many wait for a person at the desks of credit, by one statement: applications the rules referred, wishes for a human
    look.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM credit_application WHERE state = %s),"
            " (SELECT count(*) FROM credit_reviewrequest WHERE state = %s)",
            [ApplicationState.REFERRED.value, ReviewState.OPEN.value],
        )
        applications, reviews = cursor.fetchone()
    return {"applications": applications, "reviews": reviews}


def review_file(*, borrower_id: int, application_id: UUID) -> ReviewFile:
    """An application with its quote, its rules and everything that was said on it. Raises: ApplicationUnknown."""
    view = queries.application(borrower_id=borrower_id, application_id=application_id)
    spoken = _decisions(borrower_id, application_id)
    rules_word = next((row for row in reversed(spoken) if row.by == DecidedBy.RULES and row.snapshot), None)
    again = read_again(rules_word) if rules_word else None
    return ReviewFile(
        application=view,
        quote=find_quote(quote_id=view.quote_id).quote,
        rules=tuple(_rule_lines(again)) if again else (),
        snapshot=tuple(_snapshot(again)) if again else (),
        rules_digest=again.rules.digest.hex()[:12] if again else "",
        decisions=tuple(_decision(row) for row in spoken),
        request=_newest_request(borrower_id, application_id),
    )


def own_decision(*, application: queries.ApplicationView) -> OwnDecision:
    """What the applicant may know of a decision on their application."""
    on = business_date.current()
    told = [decision_rules.reason_for_applicant(reason, on=on) for reason in application.reasons]
    spoken = _decisions(application.borrower_id, application.id)
    last = spoken[-1] if spoken else None
    by_lender = last is not None and last.by == DecidedBy.LENDER
    if by_lender or not told:
        told = [decision_rules.reason_for_applicant("lender_declined" if by_lender else "neutral", on=on)]
    request = _newest_request(application.borrower_id, application.id)
    is_automatic = last is not None and last.by in BY_MACHINE
    return OwnDecision(
        reasons=tuple(dict.fromkeys(one["words"] for one in told)),
        next_steps=tuple(dict.fromkeys(one["next"] for one in told)),
        is_automatic=is_automatic,
        by_lender=by_lender,
        can_ask=application.state == ApplicationState.DECLINED and is_automatic and request is None,
        request=request,
    )


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """An entry of a list, masked."""

    id: UUID
    list_code: str
    shown: str
    reason: str
    added_by: str
    added_at: datetime.datetime


def list_entries(limit: int = 200) -> list[ListRow]:
    """Entries that stand, the newest first."""
    rows = ListEntry.objects.filter(removed_at=None).order_by("-added_at")[:limit]
    return [
        ListRow(
            id=row.id,
            list_code=row.list_code,
            shown=row.shown,
            reason=row.reason,
            added_by=row.added_by,
            added_at=row.added_at,
        )
        for row in rows
    ]


def list_subject(kind: str, value: str) -> str:
    """How a value is named where it may not stand in clear."""
    return people.list_index(kind, value)[-index_keys.SIZE :].hex()[:16]


def _decisions(borrower_id: int, application_id: UUID) -> list[Decision]:
    return list(
        Decision.objects.filter(borrower_id=borrower_id, application_id=application_id).order_by("at", "id")
    )


def _decision(row: Decision) -> DecisionView:
    return DecisionView(
        id=row.id,
        by=row.get_by_display(),
        by_machine=row.by in BY_MACHINE,
        decided_by=row.decided_by,
        result=row.result,
        reasons=tuple(row.reasons),
        words=row.words,
        at=row.at,
    )


def _rule_lines(again: Reread) -> list[RuleLine]:
    words = {rule.id: decision_rules.words_of(rule) for rule in again.rules.rules}
    return [
        RuleLine(
            rule_id=one.rule_id,
            kind=one.kind,
            words=words.get(one.rule_id, one.rule_id),
            state=one.state.value,
            outcome=one.outcome.value,
            input=one.input,
            figure=one.figure,
            threshold=one.threshold,
        )
        for one in again.decision.readings
        if one.kind != "approval" or one.state is State.MISSING
    ]


def _snapshot(again: Reread) -> list[tuple[str, Any]]:
    """(input, value): "not_needed" for what was not asked, None for what is not known."""
    found = []
    for name in INPUT_NAMES:
        value = again.inputs.value(name)
        found.append((name, value.value if isinstance(value, NotNeeded) else value))
    return found


def _newest_request(borrower_id: int, application_id: UUID) -> ReviewView | None:
    asked = (
        ReviewRequest.objects.filter(borrower_id=borrower_id, application_id=application_id)
        .order_by("-asked_at")
        .first()
    )
    return _request(asked) if asked else None


def _request(asked: ReviewRequest) -> ReviewView:
    return ReviewView(
        id=asked.id,
        borrower_id=asked.borrower_id,
        application_id=asked.application_id,
        state=asked.state,
        state_label=asked.get_state_display(),
        words=asked.words,
        answer=asked.answer,
        asked_at=asked.asked_at,
        answer_by=asked.answer_by,
        answered_at=asked.answered_at,
        is_late=asked.state == ReviewState.OPEN and asked.answer_by < clock.now(),
    )
