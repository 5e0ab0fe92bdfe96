"""The payment channel over signed HTTP: card checks for people, movements of money for payments."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings

from fenqi.adapters.peer import Peer, Refused, Silent, Unreachable
from fenqi.payments.ports import (
    BadNotice,
    BillLine,
    Cashier,
    ChannelAnswer,
    ChannelNotice,
    ChannelRefused,
    ChannelSilent,
    ChannelState,
    ChannelUnreachable,
    DebitOrder,
)
from fenqi.people.ports import CardAnswer, CheckResult
from fenqi.plumbing import signing

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Mapping, Sequence

NOTICE_PATH = "/notices/channel/"


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except Unreachable as e:
        raise ChannelUnreachable(str(e)) from e
    except Silent as e:
        raise ChannelSilent(str(e)) from e
    except Refused as e:
        raise ChannelRefused(e.code) from e


def _answer(content: dict[str, Any]) -> ChannelAnswer:
    return ChannelAnswer(
        reference=content["reference"],
        state=ChannelState(content["state"]),
        serial=content.get("serial", ""),
        amount_fen=content.get("amount_fen", 0),
        failure=content.get("failure", ""),
    )


def _notice_url() -> str:
    return settings.PUBLIC_URL.rstrip("/") + NOTICE_PATH


class Channel:
    """Fits people.ports.CardPort and payments.ports.ChannelPort."""

    def __init__(self) -> None:
        self._peer = Peer("channel")

    def check_card(
        self, *, reference: str, holder_name: str, id_number: str, card_number: str, phone: str
    ) -> CardAnswer:
        """See CardPort."""
        content = {
            "reference": reference,
            "holder_name": holder_name,
            "id_number": id_number,
            "card_number": card_number,
            "phone": phone,
        }
        try:
            answer = self._peer.ask("/cards/check", content)
        except Silent:
            return CardAnswer(result=CheckResult.RETRY, reason="NO_ANSWER")
        except Refused as e:
            return CardAnswer(result=CheckResult.FAIL, reason=e.code)
        known = answer["result"] in CheckResult.__members__
        return CardAnswer(
            result=CheckResult(answer["result"]) if known else CheckResult.RETRY,
            serial=answer.get("serial", ""),
            bank=answer.get("bank", ""),
            reason=answer.get("reason", ""),
        )

    def _move(self, path: str, content: dict[str, Any], on: datetime.date) -> dict[str, Any]:
        with _in_our_words():
            return self._peer.ask(path, {**content, "notice_url": _notice_url()}, on=on)

    def open_cashier(
        self, *, reference: str, amount_fen: int, subject: str, return_url: str, phone: str, on: datetime.date
    ) -> Cashier:
        """See ChannelPort."""
        content = {
            "reference": reference,
            "amount_fen": amount_fen,
            "subject": subject,
            "return_url": return_url,
            "phone": phone,
        }
        answer = self._move("/cashier", content, on)
        return Cashier(url=answer["url"], serial=answer["serial"])

    def close_cashier(self, *, reference: str) -> ChannelAnswer:
        """See ChannelPort."""
        with _in_our_words():
            return _answer(self._peer.ask("/cashier/close", {"reference": reference}))

    def charge(
        self, *, reference: str, card_token: str, amount_fen: int, subject: str, on: datetime.date
    ) -> ChannelAnswer:
        """See ChannelPort."""
        content = {
            "reference": reference,
            "card_token": card_token,
            "amount_fen": amount_fen,
            "subject": subject,
        }
        return _answer(self._move("/charge", content, on))

    def sign_mandate(
        self, *, reference: str, card_token: str, payee: str, max_fen: int, on: datetime.date
    ) -> str:
        """See ChannelPort."""
        content = {"reference": reference, "card_token": card_token, "payee": payee, "max_fen": max_fen}
        return self._move("/mandates", content, on)["mandate_number"]

    def revoke_mandate(self, *, mandate_number: str) -> None:
        """See ChannelPort."""
        with _in_our_words():
            self._peer.ask("/mandates/revoke", {"mandate_number": mandate_number})

    def debit(self, *, orders: Sequence[DebitOrder], on: datetime.date) -> Mapping[str, ChannelAnswer]:
        """See ChannelPort."""
        notice_url = _notice_url()
        content = {
            "orders": [
                {
                    "reference": order.reference,
                    "mandate_number": order.mandate_number,
                    "amount_fen": order.amount_fen,
                    "subject": order.subject,
                    "notice_url": notice_url,
                }
                for order in orders
            ]
        }
        with _in_our_words():
            answer = self._peer.ask("/debits", content, on=on)
        return {item["reference"]: _answer(item) for item in answer["answers"]}

    def refund(
        self, *, reference: str, original: str, amount_fen: int, subject: str, on: datetime.date
    ) -> ChannelAnswer:
        """See ChannelPort."""
        content = {"reference": reference, "original": original, "amount_fen": amount_fen, "subject": subject}
        return _answer(self._move("/refunds", content, on))

    def pay_out(
        self, *, reference: str, card_token: str, amount_fen: int, subject: str, on: datetime.date
    ) -> ChannelAnswer:
        """See ChannelPort."""
        content = {
            "reference": reference,
            "card_token": card_token,
            "amount_fen": amount_fen,
            "subject": subject,
        }
        return _answer(self._move("/payouts", content, on))

    def query(self, *, references: Sequence[str]) -> Mapping[str, ChannelAnswer]:
        """See ChannelPort."""
        with _in_our_words():
            answer = self._peer.ask("/query", {"references": list(references)})
        return {item["reference"]: _answer(item) for item in answer["answers"]}

    def bill(self, *, on: datetime.date) -> Sequence[BillLine]:
        """See ChannelPort."""
        with _in_our_words():
            answer = self._peer.ask("/bill", {"date": on.isoformat()}, on=on)
        return [
            BillLine(reference=line["reference"], serial=line["serial"], amount_fen=line["amount_fen"])
            for line in answer["lines"]
        ]

    def read_notice(self, *, body: bytes, headers: Mapping[str, str]) -> ChannelNotice:
        """See ChannelPort."""
        try:
            signing.verify(
                body,
                signature=headers.get(signing.SIGNATURE_HEADER),
                time=headers.get(signing.TIME_HEADER),
                secret=settings.PEER_SECRET,
                at=int(time.time()),
            )
            content = json.loads(body)
            return ChannelNotice(notice_id=str(content["notice_id"]), answer=_answer(content))
        except (signing.BadSignature, ValueError, KeyError, TypeError) as e:
            raise BadNotice(str(e)) from e
