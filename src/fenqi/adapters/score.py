"""The bureau's score over signed HTTP."""

from __future__ import annotations

from fenqi.adapters.peer import Peer, Refused, Silent
from fenqi.credit.ports import ScoreAnswer, ScoreUnavailable

WORST, BEST = 0, 1000


class Score:
    """Fits credit.ports.ScorePort."""

    def __init__(self) -> None:
        self._peer = Peer("score")

    def score(self, *, reference: str, real_name: str, id_number: str, timeout_seconds: float) -> ScoreAnswer:
        """See ScorePort."""
        content = {"reference": reference, "real_name": real_name, "id_number": id_number}
        try:
            answer = self._peer.ask("/scores", content, timeout_seconds=timeout_seconds)
        except (Silent, Refused) as e:
            raise ScoreUnavailable(str(e)) from e
        score = answer.get("score")
        if score is not None and (type(score) is not int or not WORST <= score <= BEST):
            raise ScoreUnavailable("a score that is none")
        return ScoreAnswer(score=score, serial=str(answer.get("serial", ""))[:80])
