"""
Where a request comes from, when proxies stand in between: one place says it, everything else reads REMOTE_ADDR.

Each proxy adds to X-Forwarded-For the address it was called from. What stands left of what our own proxies added is the caller's
word and worth nothing, so only the last entries count, as many as there are proxies of ours; and they count only when the connection
itself comes from one of them.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORWARDED_FOR, FORWARDED_PROTO = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"


class ClientAddress:
    """Puts the caller's address in place of the proxy's; forgets forwarded headers that no proxy of ours has sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.hops: int = settings.PROXY_HOPS
        self.proxies = [ipaddress.ip_network(one) for one in settings.PROXY_ADDRESSES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        forwarded = request.META.pop(FORWARDED_FOR, "")
        peer = _address(request.META.get("REMOTE_ADDR", ""))
        if self.hops and peer is not None and any(peer in one for one in self.proxies):
            caller = _caller(forwarded, self.hops)
            if caller is not None:
                request.META["REMOTE_ADDR"] = str(caller)
        else:
            request.META.pop(FORWARDED_PROTO, None)
        return self.get_response(request)


def _caller(forwarded: str, hops: int) -> Address | None:
    """The address the outermost of our proxies was called from; fewer entries than proxies: somebody called an inner one."""
    ours = [entry.strip() for entry in forwarded.split(",")][-hops:]
    return _address(ours[0])


def _address(text: str) -> Address | None:
    """An address as proxies write it, also with a port; None for anything else."""
    bare = text.rpartition(":")[0] if text.count(":") == 1 else text
    if text.startswith("["):
        bare = text[1:].partition("]")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
