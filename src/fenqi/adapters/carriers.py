"""Those who carry messages, over signed HTTP: the SMS gateway, the mail server, the push service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from fenqi.adapters.peer import Peer, Refused, Silent
from fenqi.messages.ports import CarrierRefused, CarrierSilent, Receipt, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class _Carrier:
    """Fits messages.ports.CarrierPort."""

    name = ""

    def __init__(self) -> None:
        self._peer = Peer(self.name)

    def send(self, *, texts: Sequence[Text]) -> Mapping[str, Receipt]:
        """See CarrierPort."""
        content = {
            "texts": [
                {
                    "reference": text.reference,
                    "recipient": text.recipient,
                    "subject": text.subject,
                    "body": text.body,
                    "shown_at": timezone.localtime(text.written_at).strftime("%Y-%m-%d %H:%M"),
                }
                for text in texts
            ]
        }
        try:
            answer = self._peer.ask("/send", content)
        except Silent as e:
            raise CarrierSilent(str(e)) from e
        except Refused as e:
            raise CarrierRefused(e.code) from e
        return {
            item["reference"]: Receipt(taken=item["taken"], reason=item["reason"])
            for item in answer["answers"]
        }


class Sms(_Carrier):
    """Texts to phones."""

    name = "sms"


class Email(_Carrier):
    """Mail."""

    name = "email"


class Push(_Carrier):
    """Notes on the screen of a phone."""

    name = "push"
