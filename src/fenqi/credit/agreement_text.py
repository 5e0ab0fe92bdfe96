"""The agreement's words: versioned files, filled with the figures of one quote. The Chinese text is what is signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils import translation

from fenqi.credit import cost_table
from fenqi.plumbing.templatetags.fenqi import percent, yuan

if TYPE_CHECKING:
    import datetime

    from fenqi.credit.quotes import QuotedPlan

FOLDER = Path(__file__).parent / "texts"
VERSION = "1"
SHOP = "青屿商城"
DEFAULT_GRACE_DAYS = 3
DEFAULT_TOLERANCE_FEN = 1000


@dataclass(frozen=True, kw_only=True)
class Text:
    """A filled text: `blocks` are ("title" | "heading" | "clause" | "item", words)."""

    version: str
    body: str

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """What a page or a document prints, in order."""
        found = []
        for line in self.body.splitlines():
            for mark, kind in (("# ", "title"), ("## ", "heading"), ("- ", "item")):
                if line.startswith(mark):
                    found.append((kind, line.removeprefix(mark)))
                    break
            else:
                if line.strip():
                    found.append(("clause", line))
        return found

    def digest(self) -> bytes:
        """SHA-256 of the filled text."""
        return hashlib.sha256(self.body.encode()).digest()


@lru_cache(maxsize=16)
def _template(name: str, version: str, language: str) -> str:
    return (FOLDER / f"{name}.{version}.{language}.md").read_text(encoding="utf-8")


def agreement(quote: QuotedPlan, *, order_number: str, language: str = "zh", version: str = VERSION) -> Text:
    """The agreement (or its English summary) on one quote and order."""
    with translation.override("zh-hans" if language == "zh" else "en"):
        overdue = quote.terms.overdue if quote.terms else None
        body = _template("agreement", version, language).format(
            lender=quote.lender_name if language == "zh" else quote.lender_name_en,
            shop=SHOP,
            order_number=order_number,
            amount=yuan(quote.amount_fen),
            installments=quote.installments,
            first_due_on=_full_date(quote.first_due_on, language),
            last_due_on=_full_date(quote.rows[-1].due_on, language),
            settlement=cost_table.settlement_rule(quote),
            grace_days=overdue.grace_days if overdue else DEFAULT_GRACE_DAYS,
            tolerance=yuan(overdue.tolerance_fen if overdue else DEFAULT_TOLERANCE_FEN),
            penalty_rate=percent(quote.penalty_annual_rate),
        )
    return Text(version=version, body=body)


def mandate(quote: QuotedPlan, *, bank: str, tail: str, language: str = "zh", version: str = VERSION) -> Text:
    """The debit mandate that goes with the agreement."""
    return Text(
        version=version,
        body=_template("mandate", version, language).format(
            payee=quote.lender_name if language == "zh" else quote.lender_name_en,
            bank=bank,
            tail=tail,
            limit=yuan(mandate_limit_fen(quote)),
        ),
    )


def mandate_limit_fen(quote: QuotedPlan) -> int:
    """The most the mandate may take in all: the total and a tenth for what being late may add."""
    return quote.total_fen + quote.total_fen // 10


def _full_date(on: datetime.date, language: str) -> str:
    return f"{on.year} 年 {on.month} 月 {on.day} 日" if language == "zh" else f"{on:%d %B %Y}"
