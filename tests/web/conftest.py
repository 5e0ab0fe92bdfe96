"""The shop and the shopper of the specifications that buy."""

from __future__ import annotations

from tests.purchases.conftest import shop, shopper  # noqa: F401 - fixtures shared with purchases
