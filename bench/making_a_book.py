"""
A book of any size through bulk paths: the engine projects a few thousand templates, SQL multiplies them.

Loans: three plans, four amounts, 12 installments. 97 % are on schedule, opened over the last two months so that about
1/30 falls due every day; 3 % are 1 to 90 days past due. `quiet` loans have no due date near the days that are measured.
"""

from __future__ import annotations

import datetime
import io
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection

INSTALLMENTS = 12
AMOUNTS = (49_900, 129_900, 299_900, 499_900)
ON_SCHEDULE_DAYS = range(1, 61)
LATE_DAYS = range(1, 91)
LATE_PERCENT = 3
QUIET_FROM, QUIET_TO = 12, 18
"""Quiet loans were opened so many days before the first measured day, so their due days lie well away from it."""

say: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731


def plans() -> list[Any]:
    """Terms of the three kinds of plans."""
    from fenqi.domain.terms import LoanTerms, Method, Subsidy

    return [
        LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=INSTALLMENTS, annual_rate=Decimal("0.144")),
        LoanTerms(method=Method.FLAT_FEE, installments=INSTALLMENTS, flat_fee_rate=Decimal("0.006")),
        LoanTerms(
            method=Method.EQUAL_INSTALLMENT,
            installments=INSTALLMENTS,
            annual_rate=Decimal("0.12"),
            subsidy=Subsidy(borrower=Decimal(0), merchant=Decimal(1)),
        ),
    ]


class Templates:
    """Loans as they stand on a date, projected once each; `add` returns the template's number."""

    def __init__(self, as_of: datetime.date) -> None:
        from fenqi.ledger import services as ledger
        from fenqi.servicing import terms_sheets

        self.as_of = as_of
        self.kinds = [
            (terms, terms_sheets.keep(terms), ledger.book(lender_code=lender, product="installment"))
            for terms, lender in zip(plans(), ("bank", "micro", "finance"), strict=True)
        ]
        self.lenders = ("bank", "micro", "finance")
        self.loans: list[dict[str, Any]] = []
        self.installments: list[tuple[Any, ...]] = []
        self.events: list[tuple[Any, ...]] = []
        self.legs: list[tuple[Any, ...]] = []

    def add(self, kind: int, principal_fen: int, opened_on: datetime.date, *, pays: bool) -> int:
        from fenqi.domain import posting_rules
        from fenqi.domain.events import Event, EventKind
        from fenqi.domain.replay import replay
        from fenqi.domain.subsidy import NO_SUBSIDY
        from fenqi.servicing.projection import project
        from fenqi.servicing.recording import outcome_of, subsidies

        terms, sheet, book_id = self.kinds[kind]
        number = len(self.loans)
        events = [Event(id="1", kind=EventKind.PAYOUT, on=opened_on, amount_fen=principal_fen, sequence=1)]
        state = replay(terms, events, self.as_of)
        entries = [
            posting_rules.payout(
                amount_fen=principal_fen, lender_share_fen=principal_fen, through_channel=False
            )
            + posting_rules.subsidy(before=NO_SUBSIDY, after=subsidies(state))
        ]
        for row in state.installments:
            if pays and row.due_on <= self.as_of:
                fen = row.principal_fen + row.interest_fen + row.fee_fen
                sequence = len(events) + 1
                events.append(
                    Event(
                        id=str(sequence),
                        kind=EventKind.REPAYMENT,
                        on=row.due_on,
                        amount_fen=fen,
                        sequence=sequence,
                    )
                )
                moved = posting_rules.movement_of(
                    outcome_of(replay(terms, events, row.due_on), str(sequence))
                )
                entries.append(posting_rules.repayment(fen, moved))
        state = replay(terms, events, self.as_of)
        projection = project(terms, events, state)
        self.loans.append(
            {
                "template": number,
                "book_id": book_id,
                "lender_code": self.lenders[kind],
                "terms_id": sheet,
                "opened_on": opened_on,
                "principal_fen": principal_fen,
                "sequence": len(events),
                "last_event_on": events[-1].on,
                "grace_days": terms.overdue.grace_days,
                **projection.loan,
            }
        )
        self.installments += [(number, *row) for row in projection.installments]
        for event, entry in zip(events, entries, strict=True):
            self.events.append((number, event.sequence, event.kind.value, event.on, event.amount_fen))
            self.legs += [
                (number, event.sequence, position, event.on, int(one.debit), int(one.credit), one.amount_fen)
                for position, one in enumerate(entry.legs, start=1)
            ]
        return number


def _copy(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    lines = io.StringIO()
    for row in rows:
        lines.write("\t".join(r"\N" if value is None else str(value) for value in row) + "\n")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE UNLOGGED TABLE {table} ({columns})")
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            copy.write(lines.getvalue())
        cursor.execute(f"ANALYZE {table}")


LOAN_TYPES = {
    "terms_id": "uuid",
    "lender_code": "text",
    "state": "text",
    "is_paused": "boolean",
    "is_plain": "boolean",
}


def make(count: int, first: int, first_day: datetime.date, *, quiet: bool = False) -> float:
    """Make loans number `first` and following as they stand before `first_day`; tells the seconds it took."""
    from fenqi.servicing.projection import INSTALLMENT_COLUMNS

    began = time.perf_counter()
    templates = Templates(first_day - datetime.timedelta(days=1))
    slots = _slots(templates, first_day, quiet=quiet)
    names = list(templates.loans[0])
    _copy(
        "making_loan",
        ", ".join(
            f"{name} {LOAN_TYPES.get(name) or ('date' if name.endswith(('_on', '_from', '_to')) else 'bigint')}"
            for name in names
        ),
        [tuple(loan.values()) for loan in templates.loans],
    )
    _copy(
        "making_installment",
        "template bigint, "
        + ", ".join(f"{name} {'date' if name.endswith('_on') else 'bigint'}" for name in INSTALLMENT_COLUMNS),
        templates.installments,
    )
    _copy(
        "making_event",
        "template bigint, sequence int, kind text, happened_on date, amount_fen bigint",
        templates.events,
    )
    _copy(
        "making_leg",
        "template bigint, sequence int, leg int, business_date date, debit int, credit int, fen bigint",
        templates.legs,
    )
    _copy("making_slot", "slot int, template bigint", list(enumerate(slots)))
    for low in range(first, first + count, 100_000):
        high = min(low + 100_000, first + count) - 1
        with connection.cursor() as cursor:
            for statement in _statements(names):
                cursor.execute(statement, {"low": low, "high": high, "slots": len(slots)})
        say(f"  {high - first + 1:>9,} loans  {time.perf_counter() - began:6.1f} s")
    with connection.cursor() as cursor:
        for table in ("loan", "loaninstallment", "loanevent", "eventreference"):
            cursor.execute(f"VACUUM (ANALYZE) servicing_{table}")
        cursor.execute("VACUUM (ANALYZE) ledger_transfer")
    return time.perf_counter() - began


def _slots(templates: Templates, first_day: datetime.date, *, quiet: bool) -> list[int]:
    """Which template the loan in each slot has; the slots are dealt out over and over."""
    kinds = [(kind, amount) for kind in range(3) for amount in AMOUNTS]
    day = datetime.timedelta(days=1)
    if quiet:
        return [
            templates.add(kind, amount, first_day - days * day, pays=True)
            for days in range(QUIET_FROM, QUIET_TO + 1)
            for kind, amount in kinds
        ]
    on_schedule = [
        templates.add(kind, amount, first_day - days * day, pays=True)
        for days in ON_SCHEDULE_DAYS
        for kind, amount in kinds
    ]
    # Opened a month before the first due date, which has gone by unpaid.
    late = [
        templates.add(kind, amount, _a_month_before(first_day - days * day), pays=False)
        for days in LATE_DAYS
        for kind, amount in kinds
    ]
    slots = (
        on_schedule * 97
        + (late * (LATE_PERCENT * len(on_schedule) // len(late) + 1))[: LATE_PERCENT * len(on_schedule)]
    )
    # Dealt so that a dozen neighbours were opened on one day, as loans lie that are opened together.
    step = next(step for step in range(7_919, 10_000) if len(slots) % step)
    return [slots[(position * step) % len(slots)] for position in range(len(slots))]


def _a_month_before(on: datetime.date) -> datetime.date:
    from fenqi.domain.calendar import add_months

    return add_months(on, -1)


BORROWER = "((1700000000000 + g.n) << 22 | (g.n * 7919 %% 4194304))"
LOAN_ID = "md5('loan' || g.n)::uuid"
DEALT = (
    "generate_series(%(low)s::bigint, %(high)s::bigint) AS g (n)"
    " JOIN making_slot s ON s.slot = g.n %% %(slots)s"
)


def _statements(names: list[str]) -> list[str]:
    from fenqi.servicing.projection import INSTALLMENT_COLUMNS

    columns = [name for name in names if name != "template"]
    return [
        f"""
        INSERT INTO servicing_loan (borrower_id, id, number, product, serviced_by, lender_share_bp, is_through_channel,
                                    external_number, pay_url, {", ".join(columns)})
        SELECT {BORROWER}, {LOAN_ID}, 'L' || g.n, 'installment', 'us', 10000, false, '', '',
               {", ".join(f"m.{name}" for name in columns)}
        FROM {DEALT} JOIN making_loan m USING (template)
        """,
        f"""
        INSERT INTO servicing_loaninstallment (borrower_id, loan_id, {", ".join(INSTALLMENT_COLUMNS)})
        SELECT {BORROWER}, {LOAN_ID}, {", ".join(f"m.{name}" for name in INSTALLMENT_COLUMNS)}
        FROM {DEALT} JOIN making_installment m USING (template) ORDER BY g.n, m.number
        """,
        f"""
        INSERT INTO servicing_loanevent
          (borrower_id, loan_id, sequence, kind, happened_on, amount_fen, source, reference)
        SELECT {BORROWER}, {LOAN_ID}, m.sequence, m.kind, m.happened_on, m.amount_fen, 'made',
               'made:' || g.n || ':' || m.sequence
        FROM {DEALT} JOIN making_event m USING (template) ORDER BY g.n, m.sequence
        """,
        f"""
        INSERT INTO servicing_eventreference (reference, borrower_id, loan_id, sequence, kind, amount_fen)
        SELECT 'made:' || g.n || ':' || m.sequence, {BORROWER}, {LOAN_ID}, m.sequence,
               CASE WHEN m.kind = 'payout' THEN 'payout' ELSE 'received' END, m.amount_fen
        FROM {DEALT} JOIN making_event m USING (template)
        """,
        f"""
        INSERT INTO ledger_transfer
          (borrower_id, entry_id, leg, loan_id, book_id, debit_account, credit_account, amount_fen, business_date, source)
        SELECT {BORROWER}, md5('loan:' || {LOAN_ID} || ':' || m.sequence)::uuid, m.leg, {LOAN_ID}, l.book_id, m.debit,
               m.credit, m.fen, m.business_date, 'loan:' || {LOAN_ID} || ':' || m.sequence
        FROM {DEALT} JOIN making_leg m USING (template) JOIN making_loan l USING (template)
        """,
        f"""
        INSERT INTO servicing_bucketmove
          (borrower_id, loan_id, moved_on, from_bucket, to_bucket, book_id, principal_outstanding_fen)
        SELECT {BORROWER}, {LOAN_ID}, m.projected_on, 0, m.bucket, m.book_id, m.principal_outstanding_fen
        FROM {DEALT} JOIN making_loan m USING (template) WHERE m.bucket > 0
        """,
    ]


def close_past(before: datetime.date) -> None:
    """Take the totals of all dates before the first open one, as their day-ends would have."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_daytotal")
        cursor.execute("DELETE FROM ledger_closedday")
        cursor.execute(
            "INSERT INTO ledger_daytotal (business_date, account, book_id, debit_fen, credit_fen)"
            " SELECT t.business_date, side.account, t.book_id, sum(side.debit_fen), sum(side.credit_fen)"
            " FROM ledger_transfer t CROSS JOIN LATERAL (VALUES (t.debit_account, t.amount_fen, 0::bigint),"
            " (t.credit_account, 0::bigint, t.amount_fen)) AS side (account, debit_fen, credit_fen)"
            " WHERE t.business_date < %s GROUP BY 1, 2, 3",
            [before],
        )
        cursor.execute(
            "INSERT INTO ledger_closedday (business_date, transfers)"
            " SELECT business_date, count(*) FROM ledger_transfer WHERE business_date < %s GROUP BY 1",
            [before],
        )
