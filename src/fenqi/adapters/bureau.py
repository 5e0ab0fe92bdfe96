"""The credit bureau over signed HTTP."""

from __future__ import annotations

from fenqi.adapters.peer import Peer, Refused, Silent
from fenqi.bureau.ports import BatchRefused, BureauUnavailable, ReportedRow


class Bureau:
    """Fits bureau.ports.BureauPort."""

    def __init__(self) -> None:
        self._peer = Peer("bureau")

    def send_rows(self, *, batch_id: str, rows: list[ReportedRow]) -> None:
        """See BureauPort."""
        content = {
            "batch_id": batch_id,
            "rows": [
                {
                    "account": row.account,
                    "account_type": row.account_type,
                    "month": row.month,
                    "status": row.status,
                    "days_past_due": row.days_past_due,
                    "balance_fen": row.balance_fen,
                    "overdue_fen": row.overdue_fen,
                    "as_of": row.as_of.isoformat(),
                }
                for row in rows
            ],
        }
        try:
            self._peer.ask("/batches", content)
        except Silent as e:
            raise BureauUnavailable(str(e)) from e
        except Refused as e:
            row = e.details.get("row")
            raise BatchRefused(e.code, row=row if type(row) is int else None) from e
