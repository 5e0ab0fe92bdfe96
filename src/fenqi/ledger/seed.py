"""Loads the chart of accounts."""

from __future__ import annotations

import json
from pathlib import Path

from fenqi.ledger.models import LedgerAccount


def load() -> int:
    """Bring the chart in the database to chart.json; safe to repeat. Tells how many accounts there are."""
    rows = json.loads((Path(__file__).parent / "chart.json").read_text(encoding="utf-8"))
    LedgerAccount.objects.bulk_create(
        [LedgerAccount(**row) for row in rows],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name_zh", "name_en", "kind", "grows_by"],
    )
    return len(rows)
