"""The credit bureau, as we speak to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime


class BureauUnavailable(Exception):
    """The bureau did not answer; whether it took the batch is not known. The same batch id is sent again."""


class BatchRefused(Exception):
    """The bureau answered and took nothing; the message is its reason, `row` the place of the row it is about, if it says so."""

    def __init__(self, reason: str, *, row: int | None = None) -> None:
        super().__init__(reason)
        self.row = row


@dataclass(frozen=True, kw_only=True)
class ReportedRow:
    """One month of one account. `account_type` D1 (one-off loan) or R4 (draw under a limit); amounts in fen."""

    account: str
    account_type: str
    month: str  # 2026-12
    status: str
    days_past_due: int
    balance_fen: int
    overdue_fen: int
    as_of: datetime.date


class BureauPort(Protocol):
    """T+1 export of repayment status."""

    def send_rows(self, *, batch_id: str, rows: list[ReportedRow]) -> None:
        """
        Hand over one batch; the same `batch_id` twice counts once.

        Raises: BureauUnavailable, BatchRefused.
        """
