"""Notices to partners over HTTP, at the address each of them gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from django.conf import settings

from fenqi.adapters.peer import forbid_transaction
from fenqi.partners.ports import HookSilent

if TYPE_CHECKING:
    from collections.abc import Mapping


class Hooks:
    """Fits partners.ports.HookPort."""

    def post(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """See HookPort."""
        forbid_transaction()
        try:
            # The answer's body is nothing to us: it is not read, however long it is.
            with httpx.stream(
                "POST",
                url,
                content=body,
                headers=dict(headers),
                timeout=settings.PEER_TIMEOUT_SECONDS,
                follow_redirects=False,
                trust_env=False,
            ) as response:
                return response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as e:
            raise HookSilent(type(e).__name__) from e
