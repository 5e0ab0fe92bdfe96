"""The identity service over signed HTTP."""

from __future__ import annotations

from base64 import b64encode

from fenqi.adapters.peer import Peer, Refused, Silent
from fenqi.people.ports import CheckResult, IdentityAnswer


class Identity:
    """Fits people.ports.IdentityPort."""

    def __init__(self) -> None:
        self._peer = Peer("identity")

    def check_identity(
        self,
        *,
        reference: str,
        real_name: str,
        id_number: str,
        front: bytes | None,
        back: bytes | None,
        face: bool,
    ) -> IdentityAnswer:
        """See IdentityPort."""
        content = {
            "reference": reference,
            "real_name": real_name,
            "id_number": id_number,
            "front": b64encode(front).decode() if front else "",
            "back": b64encode(back).decode() if back else "",
            "face": face,
        }
        try:
            answer = self._peer.ask("/checks", content)
        except Silent:
            return IdentityAnswer(result=CheckResult.RETRY, reason="NO_ANSWER")
        except Refused as e:
            return IdentityAnswer(result=CheckResult.FAIL, reason=e.code)
        known = answer["result"] in CheckResult.__members__
        return IdentityAnswer(
            result=CheckResult(answer["result"]) if known else CheckResult.RETRY,
            serial=answer.get("serial", ""),
            reason=answer.get("reason", ""),
        )
