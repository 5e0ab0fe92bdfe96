"""
Steps `accrual`, `provisions`, `lender_settlement`, `invariants`, `close`: the books of a date, in a few aggregates.

Each of the first three brings a balance of the ledger to a target computed from the loans, and posts the difference,
one entry a book. So rounding never adds up, and whatever changed on a loan since (a return, a correction in the past, a
loan that no longer accrues) reaches the ledger with the next date.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from fenqi.domain import posting_rules
from fenqi.domain.posting_rules import Account, Entry
from fenqi.ledger import batch
from fenqi.ledger import queries as ledger_queries
from fenqi.ledger import services as ledger
from fenqi.plumbing import business_date, rule_data
from fenqi.servicing.models import BookDay, LenderSettlement

ALL_DATES = datetime.date.max
INCOME = (Account.INTEREST_INCOME, Account.FEE_INCOME, Account.PENALTY_INCOME, Account.LATE_FEE_INCOME)
RECEIVABLE = (Account.INTEREST_RECEIVABLE, Account.FEE_RECEIVABLE)

ELAPSED = "greatest(0, least(%(on)s, l.accrues_to) - l.accrues_from)"
LENGTH = "(l.accrues_to - l.accrues_from)"
# Most loans have one of interest, fee and subsidy; what is not there costs no division.
ACCRUED = (
    f"CASE WHEN l.{{0}}_accruing_fen = 0 THEN 0 ELSE"
    f" coalesce((2 * l.{{0}}_accruing_fen * {ELAPSED} + {LENGTH}) / nullif(2 * {LENGTH}, 0), 0) END"
)
# A loan more than 90 days past due earns nothing until it is received; its receivable is taken back.
EARNS = "l.tier < 3"

# The one scan over all loans of a date. A SELECT of its own, because only that is read by several workers.
BOOK_DAY = f"""
SELECT l.book_id, l.bucket, l.tier, count(*), sum(l.principal_outstanding_fen), sum(l.outstanding_fen),
       sum(CASE WHEN {EARNS} THEN l.interest_carried_fen + {ACCRUED.format("interest")} ELSE 0 END),
       sum(CASE WHEN {EARNS} THEN l.fee_carried_fen + {ACCRUED.format("fee")} ELSE 0 END),
       sum(l.subsidy_unearned_fen - {ACCRUED.format("subsidy")})
FROM servicing_loan l
WHERE l.state IN ('active', 'overdue') AND l.serviced_by = 'us'
GROUP BY l.book_id, l.bucket, l.tier
"""


BOOK_DAY_COLUMNS = (
    "book_id",
    "bucket",
    "tier",
    "loans",
    "principal_outstanding_fen",
    "outstanding_fen",
    "interest_receivable_fen",
    "fee_receivable_fen",
    "subsidy_unearned_fen",
)

# What the step notes of the rows it wrote, so that a fen changed in them later is found.
CONTROL_TOTALS = {
    "principal_outstanding_fen": "book_principal_fen",
    "outstanding_fen": "book_outstanding_fen",
    "interest_receivable_fen": "book_interest_fen",
    "fee_receivable_fen": "book_fee_fen",
    "subsidy_unearned_fen": "book_subsidy_fen",
}


class InvariantBroken(Exception):
    """The books do not agree with themselves or with the loans; the date stays open."""


def accrue(on: datetime.date) -> dict[str, int]:
    """Bring what the books say is earned to what the loans have earned by the end of a date."""
    counts: dict[str, int] = defaultdict(int)
    with transaction.atomic():
        # Everybody who posts waits a moment, so that loans and ledger are read as of one point in time.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ledger.POSTING_LOCK])
            cursor.execute(BOOK_DAY, {"on": on})
            rows = cursor.fetchall()
        BookDay.objects.filter(business_date=on).delete()
        BookDay.objects.bulk_create(
            BookDay(business_date=on, **dict(zip(BOOK_DAY_COLUMNS, row, strict=True))) for row in rows
        )
        for column, total in CONTROL_TOTALS.items():
            counts[total] = sum(int(row[BOOK_DAY_COLUMNS.index(column)]) for row in rows)
        targets = _targets(on)
        balances = ledger_queries.balances_by_book(ALL_DATES)
        entries = {}
        for book in ledger_queries.books():
            book_id = book["id"]
            target = targets.get(book_id, {})
            interest_fen = target.get("interest", 0) - balances.get((Account.INTEREST_RECEIVABLE, book_id), 0)
            fee_fen = target.get("fee", 0) - balances.get((Account.FEE_RECEIVABLE, book_id), 0)
            unearned_fen = -balances.get((Account.UNEARNED_SUBSIDY, book_id), 0)
            subsidy_fen = unearned_fen - target.get("subsidy", 0)
            income_fen = -sum(balances.get((account, book_id), 0) for account in INCOME)
            income_fen += interest_fen + fee_fen + subsidy_fen
            shared_fen = balances.get((Account.LENDER_INCOME_SHARE, book_id), 0)
            entries[book_id] = posting_rules.accrue(
                interest_fen=interest_fen,
                fee_fen=fee_fen,
                subsidy_fen=subsidy_fen,
                lender_income_fen=_share(income_fen, book["lender_share_bp"]) - shared_fen,
            )
            counts["interest_fen"] += interest_fen + subsidy_fen
            counts["fee_fen"] += fee_fen
            difference_fen = target.get("principal", 0) - balances.get((Account.LOAN_PRINCIPAL, book_id), 0)
            counts["principal_difference_fen"] += abs(difference_fen)
        _post(entries, "accrual", on)
    return dict(counts)


@transaction.atomic
def provide(on: datetime.date) -> dict[str, int]:
    """Bring each book's provision to what its classes ask for."""
    rates = {int(tier): Decimal(rate) for tier, rate in rule_data.value("provision_rates", on=on).items()}
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for row in BookDay.objects.filter(business_date=on):
        wanted[row.book_id] += rates[row.tier] * row.principal_outstanding_fen
    balances = ledger_queries.balances_by_book(ALL_DATES)
    changes_fen = {}
    for book in ledger_queries.books():
        target_fen = int(wanted[book["id"]].quantize(Decimal(1), ROUND_HALF_UP))
        changes_fen[book["id"]] = target_fen + balances.get((Account.PROVISION, book["id"]), 0)
    entries = {book_id: posting_rules.provide(change_fen=fen) for book_id, fen in changes_fen.items()}
    _post(entries, "provision", on)
    return {"change_fen": sum(changes_fen.values())}


@transaction.atomic
def settle_with_lenders(on: datetime.date) -> dict[str, int]:
    """Make payable to each lender what came in for it: principal above what is still out, and income received."""
    balances = ledger_queries.balances_by_book(ALL_DATES)
    entries, settlements = {}, {}
    for book in ledger_queries.books():
        book_id, share_bp = book["id"], book["lender_share_bp"]

        def of(account: Account, book_id: int = book_id) -> int:
            return balances.get((account, book_id), 0)

        principal_fen = -of(Account.LENDER_FUNDING) - _share(of(Account.LOAN_PRINCIPAL), share_bp)
        received_fen = -sum(of(account) for account in INCOME) - sum(of(account) for account in RECEIVABLE)
        passed_on_fen = of(Account.LENDER_INCOME_SHARE) + of(Account.LENDER_INCOME_ACCRUED)
        income_fen = _share(received_fen, share_bp) - passed_on_fen
        entries[book_id] = posting_rules.settle_with_lender(
            principal_fen=principal_fen, income_fen=income_fen
        )
        settlements[book_id] = LenderSettlement(
            business_date=on, book_id=book_id, principal_fen=principal_fen, income_fen=income_fen
        )
    rows = [settlements[book_id] for book_id in _post(entries, "settlement", on)]
    LenderSettlement.objects.bulk_create(rows, ignore_conflicts=True)
    return {"payable_fen": sum(row.principal_fen + row.income_fen for row in rows)} if rows else {}


def check_invariants(on: datetime.date) -> dict[str, int]:
    """
    What must be true before a date is closed.

    Raises: InvariantBroken, naming each that is not.
    """
    from fenqi.servicing.models import DayEndStep

    broken = []
    trial = ledger_queries.trial_balance(on)
    if trial.difference_fen:
        broken.append(f"the trial balance differs by {trial.difference_fen} fen")
    accrual = DayEndStep.objects.filter(business_date=on, name="accrual").first()
    if accrual and accrual.counts.get("principal_difference_fen"):
        broken.append(
            f"principal in the ledger and on the loans differ by {accrual.counts['principal_difference_fen']} fen"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM servicing_debitinstruction WHERE business_date = %s AND state = 'collected'",
            [on],
        )
        unbooked = cursor.fetchone()[0]
    if unbooked:
        broken.append(f"{unbooked} collected debits are not booked")
    if broken:
        raise InvariantBroken("; ".join(broken))
    return {"accounts": len(trial)}


def close(on: datetime.date) -> dict[str, int]:
    """Fix the totals of a date and open the next one, both or neither."""
    with transaction.atomic():
        transfers = ledger.close_day(on)
        if business_date.current() == on:
            business_date.close(on)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_summarize_dates(), servicing_summarize_dates()")
    return {"transfers": transfers}


def _targets(on: datetime.date) -> dict[int, dict[str, int]]:
    rows: Any = (
        BookDay.objects.filter(business_date=on)
        .values("book_id")
        .annotate(
            interest=Sum("interest_receivable_fen"),
            fee=Sum("fee_receivable_fen"),
            subsidy=Sum("subsidy_unearned_fen"),
            principal=Sum("principal_outstanding_fen"),
        )
    )
    return {
        row["book_id"]: {name: int(fen) for name, fen in row.items() if name != "book_id"} for row in rows
    }


def _share(fen: int, share_bp: int) -> int:
    """The lender's part of an amount, half up, in whole fen; of a negative amount the mirror image."""
    part = (2 * abs(fen) * share_bp + 10_000) // 20_000
    return part if fen >= 0 else -part


def _post(entries: dict[int, Entry], what: str, on: datetime.date) -> set[int]:
    """Post each book's entry of a date unless an earlier run of the step did; tells the books that were posted now."""
    sources = {book_id: f"{what}:{on}:{book_id}" for book_id, entry in entries.items() if entry.legs}
    before = ledger_queries.posted(borrower_id=ledger.HOUSE, sources=sources.values())
    new = {book_id: source for book_id, source in sources.items() if source not in before}
    batch.post_many(
        [
            batch.Posting(
                borrower_id=ledger.HOUSE,
                loan_id=None,
                book_id=book_id,
                business_date=on,
                source=source,
                entry=entries[book_id],
            )
            for book_id, source in new.items()
        ]
    )
    return set(new)
