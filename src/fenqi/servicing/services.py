"""What others do with loans: the entrances of servicing, one line each. The modules named say how."""

from __future__ import annotations

from fenqi.servicing.dayend import DayEndError, DayEndRunning, run_dayend
from fenqi.servicing.letting_go import LettingGo, let_go
from fenqi.servicing.notices import hand_over as hand_over_notices
from fenqi.servicing.opening import (
    ExternalInstallment,
    open_external_loan,
    open_loan,
    refresh_external_loan,
)
from fenqi.servicing.pay_links import make_pay_link, make_pay_links
from fenqi.servicing.recording import Recorded
from fenqi.servicing.repaying import (
    BillRepayment,
    record_bill_repayment,
    record_event,
    record_repayment,
    return_overpayment,
    reverse_event,
)
from fenqi.servicing.settling import SettlementOffer, quote_settlement, settle, settlement_offer

Repayment = Recorded

__all__ = [
    "BillRepayment",
    "DayEndError",
    "DayEndRunning",
    "ExternalInstallment",
    "LettingGo",
    "Recorded",
    "Repayment",
    "SettlementOffer",
    "hand_over_notices",
    "let_go",
    "make_pay_link",
    "make_pay_links",
    "open_external_loan",
    "open_loan",
    "quote_settlement",
    "record_bill_repayment",
    "record_event",
    "record_repayment",
    "refresh_external_loan",
    "return_overpayment",
    "reverse_event",
    "run_dayend",
    "settle",
    "settlement_offer",
]
