"""What others do with loans: the entrances of servicing, one line each. The modules named say how."""

from __future__ import annotations

from fenqi.servicing.opening import (
    ExternalInstallment,
    open_external_loan,
    open_loan,
    refresh_external_loan,
)
from fenqi.servicing.pay_links import make_pay_link
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
    "ExternalInstallment",
    "Recorded",
    "Repayment",
    "SettlementOffer",
    "make_pay_link",
    "open_external_loan",
    "open_loan",
    "quote_settlement",
    "record_bill_repayment",
    "record_event",
    "record_repayment",
    "refresh_external_loan",
    "return_overpayment",
    "reverse_event",
    "settle",
    "settlement_offer",
]
