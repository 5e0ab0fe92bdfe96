"""What payments does. Every outside call is three steps: intent written, call made, outcome written."""

from fenqi.payments.services.asking import ask_unknown, send_intended
from fenqi.payments.services.billing import take_bills
from fenqi.payments.services.debits import DebitRun, debit_id, intend_debits, run_debits
from fenqi.payments.services.giving_back import (
    RETURN_KIND,
    PayOutStart,
    RefundStart,
    pay_out,
    refund_payment,
    return_unplaced,
)
from fenqi.payments.services.mandates import revoke_mandate, set_autopay, sign_mandate
from fenqi.payments.services.notices import take_notice
from fenqi.payments.services.paying import PaymentStart, ask_payment, start_payment
from fenqi.payments.suspense import TakenIn, UnplacedSource, forget_payers, take_in
from fenqi.payments.suspense import reveal as reveal_payer

__all__ = [
    "RETURN_KIND",
    "DebitRun",
    "PayOutStart",
    "PaymentStart",
    "RefundStart",
    "TakenIn",
    "UnplacedSource",
    "ask_payment",
    "ask_unknown",
    "debit_id",
    "forget_payers",
    "intend_debits",
    "pay_out",
    "refund_payment",
    "return_unplaced",
    "reveal_payer",
    "revoke_mandate",
    "run_debits",
    "send_intended",
    "set_autopay",
    "sign_mandate",
    "start_payment",
    "take_bills",
    "take_in",
    "take_notice",
]
