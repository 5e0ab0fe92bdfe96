"""The SMS gateway, the mail server and the push service: each takes a batch and shows it to whoever it is for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fenqi.adapters.sandbox.http import Answer, Refused, Request, Routes, as_json

if TYPE_CHECKING:
    from fenqi.adapters.sandbox.app import Call

routes = Routes()
LONGEST_SMS = 500


def _take(call: Call, request: Request, kind: str) -> Answer:
    """Each text once by its reference; what cannot be sent is answered with a reason, the others go."""
    texts = request.json().get("texts")
    if not isinstance(texts, list):
        raise Refused("missing", field="texts", status=400)
    answers = []
    with call.store.change() as db:
        for text in texts:
            reason = "DECLINED" if "decline" in call.faults else _problem(text, kind)
            if not reason:
                db.execute(
                    """
                    INSERT INTO text (kind, reference, recipient, subject, body, shown_at, at)
                    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                    """,
                    (
                        kind,
                        text["reference"],
                        text["recipient"],
                        str(text.get("subject", "")),
                        text["body"],
                        str(text.get("shown_at", "")),
                        time.time(),
                    ),
                )
            answers.append({"reference": text.get("reference"), "taken": not reason, "reason": reason})
    return as_json({"answers": answers})


def _problem(text: dict[str, Any], kind: str) -> str:
    if not all(isinstance(text.get(name), str) and text[name] for name in ("reference", "recipient", "body")):
        return "MISSING"
    if kind == "sms" and len(text["body"]) > LONGEST_SMS:
        return "TOO_LONG"
    if kind == "sms" and not text["body"].startswith("【"):
        return "NO_SIGNATURE"
    if kind == "email" and "@" not in text["recipient"]:
        return "BAD_ADDRESS"
    return ""


@routes.add("POST", "/sms/send")
def send_sms(call: Call, request: Request) -> Answer:
    """Texts to phones; each carries the sender's signature in 【】 and at most 500 characters."""
    return _take(call, request, "sms")


@routes.add("POST", "/email/send")
def send_email(call: Call, request: Request) -> Answer:
    """Mail."""
    return _take(call, request, "email")


@routes.add("POST", "/push/send")
def send_push(call: Call, request: Request) -> Answer:
    """Notes on the screen of a phone."""
    return _take(call, request, "push")
