"""The gate before any use of data that rests on a consent: asked at the moment of the use, its answer kept."""

from __future__ import annotations

from fenqi.people.queries.persons import has_consent
from fenqi.plumbing import gates
from fenqi.plumbing.gates import Answer, allow, deny

GATE = "consent"


def ask_consent(*, borrower_id: int, text_code: str, subject: str) -> Answer:
    """May this be done under this consent now? `subject` names the use, for example `application:<id>`."""
    rule_id = f"consent.{text_code}"
    stands = has_consent(borrower_id=borrower_id, text_code=text_code)
    answer = allow(rule_id) if stands else deny(rule_id, "not given, or withdrawn")
    return gates.keep(gate=GATE, subject=subject, answer=answer)
