"""What pages with a passkey button share: the question as JSON for the script, and the words the script may have to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import JsonResponse
from django.utils.translation import gettext as _

from fenqi.plumbing.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse


def question(ask: Callable[[], dict[str, Any]]) -> HttpResponse:
    """What the device is asked, or why it is not: `{"question": …}` or `{"problem": "…"}`."""
    try:
        return JsonResponse({"question": ask()})
    except Refusal as refusal:
        return JsonResponse({"problem": str(refusal), "code": refusal.code}, status=refusal.status)


def passkey_words() -> dict[str, str]:
    """Sentences for what only the browser knows; empty where the site has no domain for passkeys."""
    if not settings.PASSKEY_DOMAIN:
        return {}
    origins = settings.PASSKEY_ORIGINS
    return {
        "origins": " ".join(origins),
        "none": _("这台设备或浏览器不支持通行密钥，请用其他方式。"),
        "elsewhere": _("通行密钥只能在 %(origin)s 上使用，请从那里打开本页。") % {"origin": origins[0]},
        "cancelled": _(
            "没有完成：已取消、已超时，或这台设备上没有可用的通行密钥。可以再试一次，或用其他方式。"
        ),
        "known": _("这台设备的通行密钥已经添加过了。"),
        "unanswered": _("网络没有响应，请再试一次。"),
    }
