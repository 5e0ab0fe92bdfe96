"""Why payments will not do something, and why the channel did not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.errors import Conflict, NotFound, PeerUnavailable, Refusal

NO_BALANCE = "NO_BALANCE"
PAID_MEANWHILE = "PAID_MEANWHILE"
# No further try under this mandate helps (rules 6.5: stop on hard errors).
CARD_UNBOUND = "CARD_UNBOUND"
"""The card was let go after the movement was written down and before it was sent: the channel is not asked."""

HARD_FAILURES = ("CARD_LOST", "CARD_EXPIRED", "CARD_CLOSED", "MANDATE_ENDED")

_FAILURES: dict[str, Any] = {
    NO_BALANCE: _("银行卡余额不足"),
    "CARD_LOST": _("银行卡已挂失"),
    "CARD_EXPIRED": _("银行卡已过期"),
    "CARD_CLOSED": _("银行卡已注销"),
    CARD_UNBOUND: _("银行卡已解绑"),
    "MANDATE_ENDED": _("代扣授权已终止"),
    "LIMIT_EXCEEDED": _("超过银行卡或授权的限额"),
    "DECLINED": _("银行未同意"),
    "CANCELLED": _("付款已取消"),
    "CLOSED": _("付款超时，已关闭"),
    PAID_MEANWHILE: _("已用其他方式还款，没有再扣"),
}


def failure_text(code: str) -> Any:
    """A failure in words (lazy); an empty text for none."""
    return _FAILURES.get(code, _("银行未能完成")) if code else ""


class AmountNotPositive(Refusal):
    """Money moves in whole fen, at least one."""

    code = "amount_not_positive"


class PaymentUnknown(NotFound):
    """No such payment, or somebody else's."""

    code = "payment_unknown"


class NothingToRefund(Conflict):
    """The payment never arrived, or more would go back than came."""

    code = "nothing_to_refund"


class MandateRefused(Refusal):
    """The channel would not sign; nothing is debited."""

    code = "mandate_refused"


class ChannelDown(PeerUnavailable):
    """The channel does not answer; nothing is lost, what was begun waits."""

    code = "channel_down"
