"""What every step does with an application's row: lock it, keep a word on it, close it, announce it."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fenqi.credit import decision_rules, exposure
from fenqi.credit.errors import ApplicationMovedOn, ApplicationUnknown
from fenqi.credit.models import Application, ApplicationState, DecidedBy, Decision, LenderInquiry
from fenqi.domain.decision import decision_digest, fired_rules
from fenqi.plumbing import clock, outbox
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

    from fenqi.credit.ports import DecisionResult
    from fenqi.domain import decision


def locked(borrower_id: int, application_id: UUID) -> Application:
    """The application under its row lock, the first lock of credit. Raises: ApplicationUnknown."""
    row = Application.objects.select_for_update().filter(borrower_id=borrower_id, id=application_id).first()
    if row is None:
        raise ApplicationUnknown(_("没有这个分期申请。"))
    return row


def keep_rules_word(
    row: Application, *, rules: decision.RuleSet, inputs: decision.Inputs, word: decision.Decision
) -> Decision:
    """Keep what the rules said and all that gives it again; the salt keeps the hash from being guessed back to the inputs."""
    snapshot = {"salt": secrets.token_hex(16), "inputs": inputs.as_json()}
    return Decision.objects.create(
        borrower_id=row.borrower_id,
        id=new_id(),
        application_id=row.id,
        by=DecidedBy.RULES,
        result=decision_rules.RESULT_OF[word.outcome].value,
        reasons=list(word.reasons),
        rule_ids=fired_rules(word.readings),
        snapshot=json.dumps(snapshot, sort_keys=True),
        rules_digest=rules.digest,
        digest=decision_digest(rules=rules, snapshot=snapshot, decision=word),
        at=clock.now(),
    )


def keep_word(
    row: Application,
    *,
    by: DecidedBy,
    result: DecisionResult,
    reasons: list[str],
    serial: str = "",
    decided_by: str = "",
    words: str = "",
    overrides: UUID | None = None,
) -> Decision:
    """Keep what the lender or a person said."""
    return Decision.objects.create(
        borrower_id=row.borrower_id,
        id=new_id(),
        application_id=row.id,
        by=by,
        decided_by=decided_by,
        result=result.value,
        reasons=reasons,
        serial=serial,
        words=words,
        overrides=overrides,
        at=clock.now(),
    )


def close(
    row: Application, *, reasons: list[str], state: ApplicationState = ApplicationState.CANCELLED
) -> None:
    """End an application; what it held of its person's limits is free. Raises: ApplicationMovedOn while money is on its way."""
    if row.state == ApplicationState.DISBURSING and state is ApplicationState.CANCELLED:
        raise ApplicationMovedOn(_("贷款机构正在放款，现在不能更改。"))
    row.state, row.reasons, row.closed_at = state, reasons, clock.now()
    row.save(update_fields=["state", "reasons", "closed_at"])
    exposure.release(person_index=row.person_index, subject_id=row.id)


def intend_inquiry(row: Application) -> LenderInquiry:
    """The lender is to be asked."""
    row.state = ApplicationState.DECIDING
    row.save(update_fields=["state"])
    return LenderInquiry.objects.create(
        borrower_id=row.borrower_id,
        id=new_id(),
        application_id=row.id,
        state="INTENDED",
        intended_at=clock.now(),
    )


def announce(row: Application) -> None:
    """Tell everybody what it came to."""
    outbox.publish(
        "credit.application.decided",
        borrower_id=row.borrower_id,
        application_id=row.id,
        order_id=row.order_id,
        lender_code=row.lender_code,
        state=row.state,
    )
