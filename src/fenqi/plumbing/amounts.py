"""Amounts of money as people type them."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.typed import narrow

MOST_FEN = 100_000_000  # a million yuan: more is a slip of the finger
_YUAN = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?")


class AmountUnreadable(Refusal):
    """What was typed is no amount of money."""

    code = "amount_unreadable"


def fen_typed(text: str, *, least_fen: int = 1) -> int:
    """
    Fen from what a person types as yuan: 449.79, ¥1,000, １００.

    Raises: AmountUnreadable at `amount`.
    """
    plain = re.sub(r"[¥￥, ]", "", narrow(text.strip())).removesuffix("元")
    match = _YUAN.fullmatch(plain)
    if match is None:
        raise AmountUnreadable(_("请输入金额，例如 449.79，最多两位小数。"), field="amount")
    fen = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
    if not least_fen <= fen <= MOST_FEN:
        raise AmountUnreadable(_("请输入 0.01 到 1,000,000.00 之间的金额。"), field="amount")
    return fen
