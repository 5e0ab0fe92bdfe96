"""What the frame around every page needs: the tab that is lit, and one-time notices after a redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.functional import SimpleLazyObject

if TYPE_CHECKING:
    from django.http import HttpRequest

_FLASHES = "flashes"

# Longest prefix first: the first one that fits lights its tab.
_TABS = (
    ("/categories/", "categories"),
    ("/c/", "categories"),
    ("/cart/", "cart"),
    ("/finance/", "finance"),
    ("/orders/", "orders"),
    ("/help/", "help"),
    ("/me/", "me"),
    ("/sign-in/", "me"),
    ("/p/", "shop"),
    ("/search", "shop"),
)


def flash(
    request: HttpRequest, text: object, *, kind: str = "good", link_url: str = "", link_label: object = ""
) -> None:
    """Show a notice once, on the next page: kind is good, info, warn or late."""
    waiting = request.session.get(_FLASHES, [])
    notice = {"kind": kind, "text": str(text), "link_url": link_url, "link_label": str(link_label)}
    request.session[_FLASHES] = [*waiting, notice]


def context(request: HttpRequest) -> dict[str, Any]:
    """For every template: `flashes` (taken out of the session when a page shows them) and `page_tab`."""
    return {
        "flashes": SimpleLazyObject(lambda: _take_flashes(request)),
        "page_tab": next(
            (tab for prefix, tab in _TABS if request.path.startswith(prefix)), _root_tab(request)
        ),
    }


def _root_tab(request: HttpRequest) -> str:
    return "shop" if request.path == "/" else ""


def _take_flashes(request: HttpRequest) -> list[dict[str, str]]:
    if not hasattr(request, "session"):
        return []
    return request.session.pop(_FLASHES, [])
