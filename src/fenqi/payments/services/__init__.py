"""What payments does. Every outside call is three steps: intent written, call made, outcome written."""

from fenqi.payments.services.asking import ask_unknown, send_intended
from fenqi.payments.services.debits import DebitRun, debit_id, intend_debits, run_debits
from fenqi.payments.services.giving_back import PayOutStart, RefundStart, pay_out, refund_payment
from fenqi.payments.services.mandates import revoke_mandate, set_autopay, sign_mandate
from fenqi.payments.services.notices import take_notice
from fenqi.payments.services.paying import PaymentStart, ask_payment, start_payment

__all__ = [
    "DebitRun",
    "PayOutStart",
    "PaymentStart",
    "RefundStart",
    "ask_payment",
    "ask_unknown",
    "debit_id",
    "intend_debits",
    "pay_out",
    "refund_payment",
    "revoke_mandate",
    "run_debits",
    "send_intended",
    "set_autopay",
    "sign_mandate",
    "start_payment",
    "take_notice",
]
