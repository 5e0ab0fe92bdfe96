"""Where the payment channel calls back. Its signature is its password; no session, no form secret."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fenqi.payments import services
from fenqi.payments.ports import BadNotice
from fenqi.payments.refusals import PaymentUnknown

if TYPE_CHECKING:
    from django.http import HttpRequest

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """200: taken, now or before. Anything else makes the channel send it again."""
    try:
        services.take_notice(body=request.body, headers=request.headers)
    except BadNotice as e:
        log.warning("a notice that is not the channel's: %s", e)
        return HttpResponse("refused", status=401, content_type="text/plain")
    except PaymentUnknown:
        return HttpResponse("unknown reference", status=404, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
