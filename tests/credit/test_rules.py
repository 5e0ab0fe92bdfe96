"""Steps as a table: progress in, step out. Decisions stand in tests/domain/test_decision.py."""

from __future__ import annotations

import pytest

from fenqi.credit.steps import Progress, next_step


@pytest.mark.parametrize(
    ("state", "identified", "contact", "card", "step"),
    [
        ("started", False, "none", False, "identity"),
        ("started", False, "approved", True, "identity"),
        ("started", True, "none", False, "contact"),
        ("started", True, "invited", False, "contact"),
        ("started", True, "accepted", False, "contact"),
        ("started", True, "declined", False, "contact"),
        ("started", True, "withdrawn", False, "contact"),
        ("started", True, "approved", False, "decision"),
        ("deciding", True, "approved", False, "decision"),
        ("referred", True, "approved", False, "decision"),
        ("approved", True, "approved", False, "card"),
        ("approved", True, "approved", True, "agreement"),
        ("signed", True, "approved", True, "confirm"),
        ("disbursing", True, "approved", True, "waiting"),
        ("done", True, "approved", True, "done"),
        ("declined", True, "approved", True, "declined"),
        ("cancelled", True, "approved", True, "cancelled"),
    ],
)
def test_next_step(state, identified, contact, card, step):
    progress = Progress(state=state, is_identified=identified, contact_status=contact, has_card=card)
    assert next_step(progress) == step


@pytest.mark.parametrize(
    ("identified", "contact", "step"),
    [(False, "none", "identity"), (True, "none", "means"), (True, "approved", "means")],
)
def test_means_are_asked_after_the_register_and_before_the_contact(identified, contact, step):
    progress = Progress(
        state="started", is_identified=identified, contact_status=contact, has_card=False, wants_means=True
    )
    assert next_step(progress) == step
