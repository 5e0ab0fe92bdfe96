"""
Pages against a bare page of the same server: median times over HTTP, queries and weight of each.

    python bench/pages.py [--quick]

Brings up PostgreSQL, the sandbox and the web server on a temporary folder, makes a shopper with an order by 12
installments, and asks for each page in turn with the bare one (/healthz), so that both see the same machine.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._report import report
from fenqi.cli import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = "/healthz"
SHOPPER = 4711
MOST_QUERIES = 7

# The most a page may take, in bare pages. A bare page is a JSON answer of fifteen bytes through the same middleware.
AIMS = {"home": 15, "product": 20, "board": 35, "bills": 20, "orders": 15, "cart": 10}


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 60 if parser.parse_args().quick else 300
    with tempfile.TemporaryDirectory(prefix="fenqi-bench-") as folder:
        home = Path(folder)
        with stack.running(home) as running:
            prepare(running)
            paths, cookie = a_shopper()
            queries = counted(paths, cookie)
            weights = weighed(running.web_url, paths, cookie)
            medians = dict(measured(running.web_url, paths, cookie, rounds))
    report(
        "pages",
        ratios={f"{name}_to_bare": (page / bare, AIMS[name]) for name, (page, bare) in medians.items()},
        milliseconds={name: round(1000 * page, 2) for name, (page, _bare) in medians.items()},
        bare_milliseconds=round(1000 * statistics.median(bare for _page, bare in medians.values()), 3),
        queries=queries,
        most_queries=[max(queries.values()), MOST_QUERIES],
        kilobytes=weights,
    )


def prepare(running: stack.Stack) -> None:
    """Set Django up in this process on the same database and secrets as the server."""
    os.environ |= {
        "FENQI_MODE": "demo",
        "FENQI_HOME": str(running.home),
        "FENQI_SANDBOX_URL": running.sandbox_url,
        "DATABASE_URL": running.database_url,
    }
    from fenqi.cli.environment import start_django

    start_django(as_owner=True)


def a_shopper() -> tuple[dict[str, str], str]:
    """A shopper with a cart, a checkout and an order by installments: (pages to ask for, session cookie)."""
    from django.contrib.sessions.backends.db import SessionStore

    from fenqi.mall import queries, services
    from fenqi.mall.services import Item
    from fenqi.mall.services.addresses import AddressEntry

    address_id = services.save_address(
        borrower_id=SHOPPER,
        entry=AddressEntry(
            recipient="李雷",
            phone="13800138000",
            province="浙江省",
            city="杭州市",
            district="西湖区",
            street="文三路 90 号",
        ),
    )
    phone, band = "qingyu-15-ink-12-256gb", "band-8-ink"
    order_id = services.place_order(
        borrower_id=SHOPPER,
        lines=[Item(sku=phone, quantity=1), Item(sku=band, quantity=1)],
        financed_skus=[phone],
        address_id=address_id,
        reference="bench",
    )
    for part in ("full", "financed"):
        services.mark_paid(borrower_id=SHOPPER, order_id=order_id, part=part, reference=part)
    _a_loan(order_id)
    for sku in (phone, band):
        services.add_to_cart(borrower_id=SHOPPER, sku=sku)
    session = SessionStore()
    session["borrower_id"] = SHOPPER
    session["checkout"] = {
        "items": [[phone, 1]],
        "financed": [phone],
        "address_id": str(address_id),
        "from_cart": False,
        "reference": "bench",
    }
    session.create()
    number = queries.order(borrower_id=SHOPPER, order_id=order_id).number
    paths = {
        "home": "/",
        "product": "/p/qingyu-15/",
        "board": "/checkout/plans/",
        "bills": f"/orders/{number}/",
        "orders": "/orders/",
        "cart": "/cart/",
    }
    return paths, session.session_key


def _a_loan(order_id: object) -> None:
    from decimal import Decimal

    from fenqi.domain.terms import LoanTerms, Method
    from fenqi.plumbing import business_date
    from fenqi.servicing import services

    services.open_loan(
        borrower_id=SHOPPER,
        agreement_id=None,
        order_id=order_id,
        lender_code="jiangcheng",
        terms=LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=12, annual_rate=Decimal("0.144")),
        principal_fen=499_900,
        on=business_date.current(),
        source="bench",
        reference="bench",
        product="installment",
    )


def counted(paths: dict[str, str], cookie: str) -> dict[str, int]:
    """Queries of each page once it is warm."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    queries: dict[str, int] = {}
    for name, path in paths.items():
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        queries[name] = len(captured)
    return queries


def weighed(base: str, paths: dict[str, str], cookie: str) -> dict[str, float]:
    """kB of each page with every picture, style sheet and script it names, as sent to a first visitor."""
    from django.conf import settings

    weights: dict[str, float] = {}
    with httpx.Client(base_url=base, cookies={settings.SESSION_COOKIE_NAME: cookie}, timeout=30) as client:
        for name, path in paths.items():
            parts = set(re.findall(r'(?:src|href)="(/(?:static|pictures)/[^"]+)"', client.get(path).text))
            weights[name] = round(sum(_sent(client, part) for part in [path, *parts]) / 1000, 1)
    return weights


def _sent(client: httpx.Client, path: str) -> int:
    with client.stream("GET", path) as answer:
        return sum(len(chunk) for chunk in answer.iter_raw())


def measured(
    base: str, paths: dict[str, str], cookie: str, rounds: int
) -> Iterator[tuple[str, tuple[float, float]]]:
    """The medians, in seconds, of each page and of the bare page asked for between."""
    from django.conf import settings

    with httpx.Client(base_url=base, cookies={settings.SESSION_COOKIE_NAME: cookie}, timeout=30) as client:
        for name, path in paths.items():
            times: dict[str, list[float]] = {path: [], BARE: []}
            for turn in range(rounds + 5):
                for one, kept in times.items():
                    began = time.perf_counter()
                    answer = client.get(one)
                    took = time.perf_counter() - began
                    assert answer.status_code == 200, f"{one}: {answer.status_code}"
                    if turn >= 5:  # the first few fill caches and connections
                        kept.append(took)
            yield name, (statistics.median(times[path]), statistics.median(times[BARE]))


if __name__ == "__main__":
    main()
