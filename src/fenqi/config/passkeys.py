"""Which domain passkeys are bound to, where the environment does not say."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def domain_of(public_url: str) -> str:
    """The host of the public address; this machine's own number is `localhost`, any other number has no passkeys: empty."""
    host = urlsplit(public_url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return "localhost" if address.is_loopback else ""


def origin_of(public_url: str) -> str:
    """The origin pages of that domain have: scheme, host and port."""
    parts = urlsplit(public_url)
    host = domain_of(public_url)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
