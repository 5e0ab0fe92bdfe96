"""
Reports of the book at a date. Amounts are fen, shares Decimal.

A report stands on closed dates only: `as_of` is the last closed date up to the one asked for. What can be is read from
the totals a day-end left (`BookDay`, the ledger's day totals); vintage and roll rate join loans with their bucket moves.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from django.db import connection

from fenqi.domain.calendar import add_months
from fenqi.domain.posting_rules import Account
from fenqi.ledger import queries as ledger
from fenqi.servicing.models import BookDay, DayEndRun, LenderSettlement

Line = TypeVar("Line")

BUCKETS = 8
LATE_BUCKET = 2
"""A loan counts as gone bad in its vintage once it is more than 30 days past due (M2)."""
MONTHS_SHOWN = 12
NON_PERFORMING_TIER = 3


@dataclass(frozen=True, kw_only=True)
class PortfolioLine:
    """One book (lender and product) at the end of a date."""

    lender_code: str
    product: str
    loans: int
    principal_fen: int
    outstanding_fen: int
    receivable_fen: int
    """Interest and fee earned and not received."""
    overdue_principal_fen: int
    non_performing_fen: int
    """Principal in class 3 and worse."""
    provision_fen: int


@dataclass(frozen=True, kw_only=True)
class ArrearsLine:
    """One bucket, M0 to M7; `share` is of all principal."""

    bucket: int
    loans: int
    principal_fen: int
    outstanding_fen: int
    share: Decimal


@dataclass(frozen=True, kw_only=True)
class VintageLine:
    """The loans of one month; `late_shares[k]`: principal that was ever in M2 by k months later, of what was paid out."""

    month: datetime.date
    loans: int
    principal_fen: int
    late_shares: tuple[Decimal, ...]


@dataclass(frozen=True, kw_only=True)
class RollLine:
    """Where the loans that were in a bucket at the beginning stood at the end, by number of loans."""

    bucket: int
    loans: int
    to_buckets: tuple[int, ...]
    closed: int
    """Paid off in between."""
    charged_off: int

    @property
    def better(self) -> int:
        """Loans in a lower bucket now, or paid off."""
        return sum(self.to_buckets[: self.bucket]) + self.closed

    @property
    def same(self) -> int:
        """Loans in the same bucket."""
        return self.to_buckets[self.bucket]

    @property
    def worse(self) -> int:
        """Loans in a higher bucket now, or charged off."""
        return sum(self.to_buckets[self.bucket + 1 :]) + self.charged_off

    @property
    def worse_share(self) -> Decimal:
        """The roll rate: worse of all."""
        return _share(self.worse, self.loans)


@dataclass(frozen=True, kw_only=True)
class IncomeLine:
    """What one book, or one month, earned and cost, as the ledger has it."""

    lender_code: str = ""
    product: str = ""
    month: datetime.date
    interest_fen: int = 0
    fee_fen: int = 0
    penalty_fen: int = 0
    late_fee_fen: int = 0
    recoveries_fen: int = 0
    lender_share_fen: int = 0
    subsidy_fen: int = 0
    goodwill_fen: int = 0
    credit_loss_fen: int = 0

    @property
    def charges_fen(self) -> int:
        """Penalty, late fee and what was recovered of losses."""
        return self.penalty_fen + self.late_fee_fen + self.recoveries_fen

    @property
    def given_fen(self) -> int:
        """Subsidies of our own and goodwill."""
        return self.subsidy_fen + self.goodwill_fen

    @property
    def income_fen(self) -> int:
        """Everything earned."""
        return self.interest_fen + self.fee_fen + self.charges_fen

    @property
    def cost_fen(self) -> int:
        """Everything it cost."""
        return self.lender_share_fen + self.given_fen + self.credit_loss_fen

    @property
    def net_fen(self) -> int:
        """What is left."""
        return self.income_fen - self.cost_fen


@dataclass(frozen=True, kw_only=True)
class SettlementLine:
    """What one date made payable to a lender for one book."""

    business_date: datetime.date
    lender_code: str
    product: str
    principal_fen: int
    income_fen: int

    @property
    def payable_fen(self) -> int:
        """Principal and income."""
        return self.principal_fen + self.income_fen


@dataclass(frozen=True, kw_only=True)
class SettlementTotal:
    """The lines of a span for one book, and what is owed to the lender at the end of it."""

    lender_code: str
    product: str
    principal_fen: int
    income_fen: int
    owed_fen: int


@dataclass(frozen=True, kw_only=True)
class Report(Generic[Line]):
    """One report: the span it is about (`from_on` equals `as_of` where it is about one date) and its lines."""

    from_on: datetime.date
    as_of: datetime.date
    lines: tuple[Line, ...]
    totals: dict[str, int] = field(default_factory=dict)


def closed_date(on: datetime.date) -> datetime.date | None:
    """The last closed business date up to and with `on`; none before the first day-end."""
    run = DayEndRun.objects.filter(state="closed", business_date__lte=on).order_by("-business_date").first()
    return run.business_date if run else None


def portfolio(as_of: datetime.date) -> Report[PortfolioLine]:
    """Every book with loans at the end of a closed date."""
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in BookDay.objects.filter(business_date=as_of):
        of_book = sums[row.book_id]
        of_book["loans"] += row.loans
        of_book["principal_fen"] += row.principal_outstanding_fen
        of_book["outstanding_fen"] += row.outstanding_fen
        of_book["receivable_fen"] += row.interest_receivable_fen + row.fee_receivable_fen
        of_book["overdue_principal_fen"] += row.principal_outstanding_fen if row.bucket else 0
        of_book["non_performing_fen"] += (
            row.principal_outstanding_fen if row.tier >= NON_PERFORMING_TIER else 0
        )
    balances = ledger.balances_by_book(as_of)
    lines = tuple(
        PortfolioLine(
            lender_code=lender_code,
            product=product,
            provision_fen=-balances.get((int(Account.PROVISION), book_id), 0),
            **sums[book_id],
        )
        for book_id, (lender_code, product) in _books().items()
        if book_id in sums
    )
    return Report(from_on=as_of, as_of=as_of, lines=lines, totals=_totals(lines, PORTFOLIO_SUMS))


PORTFOLIO_SUMS = (
    "loans",
    "principal_fen",
    "outstanding_fen",
    "receivable_fen",
    "overdue_principal_fen",
    "non_performing_fen",
    "provision_fen",
)


def arrears(as_of: datetime.date) -> Report[ArrearsLine]:
    """All eight buckets at the end of a closed date."""
    loans, principal, outstanding = [0] * BUCKETS, [0] * BUCKETS, [0] * BUCKETS
    for row in BookDay.objects.filter(business_date=as_of):
        loans[row.bucket] += row.loans
        principal[row.bucket] += row.principal_outstanding_fen
        outstanding[row.bucket] += row.outstanding_fen
    lines = tuple(
        ArrearsLine(
            bucket=bucket,
            loans=loans[bucket],
            principal_fen=principal[bucket],
            outstanding_fen=outstanding[bucket],
            share=_share(principal[bucket], sum(principal)),
        )
        for bucket in range(BUCKETS)
    )
    sums = ("loans", "principal_fen", "outstanding_fen")
    return Report(from_on=as_of, as_of=as_of, lines=lines, totals=_totals(lines, sums))


PAID_OUT = """
SELECT date_trunc('month', opened_on)::date, count(*), sum(principal_fen)::bigint
FROM servicing_loan
WHERE serviced_by = 'us' AND opened_on >= %(from_on)s AND opened_on <= %(on)s
GROUP BY 1 ORDER BY 1
"""

# The principal a loan still owed when it first came into the bucket.
GONE_LATE = """
SELECT date_trunc('month', l.opened_on)::date,
       (extract(year FROM b.late_on) - extract(year FROM l.opened_on))::int * 12
         + (extract(month FROM b.late_on) - extract(month FROM l.opened_on))::int,
       sum(b.principal_fen)::bigint
FROM (
  SELECT borrower_id, loan_id, min(moved_on) AS late_on,
         (array_agg(principal_outstanding_fen ORDER BY moved_on))[1] AS principal_fen
  FROM servicing_bucketmove
  WHERE to_bucket >= %(bucket)s AND moved_on <= %(on)s
  GROUP BY borrower_id, loan_id
) b
JOIN servicing_loan l ON l.borrower_id = b.borrower_id AND l.id = b.loan_id
WHERE l.opened_on >= %(from_on)s
GROUP BY 1, 2
"""


def vintage(as_of: datetime.date, *, months: int = MONTHS_SHOWN) -> Report[VintageLine]:
    """The loans of each of the last months, and what share of their principal went bad by each age in months."""
    from_on = add_months(as_of.replace(day=1), 1 - months)
    given = {"on": as_of, "from_on": from_on, "bucket": LATE_BUCKET}
    late: dict[datetime.date, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(PAID_OUT, given)
        paid_out = cursor.fetchall()
        cursor.execute(GONE_LATE, given)
        for month, age, fen in cursor.fetchall():
            late[month][age] = fen
    lines = []
    for month, loans, principal_fen in paid_out:
        reached_fen, shares = 0, []
        for age in range(_months_between(month, as_of) + 1):
            reached_fen += late[month].get(age, 0)
            shares.append(_share(reached_fen, principal_fen))
        lines.append(
            VintageLine(month=month, loans=loans, principal_fen=principal_fen, late_shares=tuple(shares))
        )
    return Report(
        from_on=from_on, as_of=as_of, lines=tuple(lines), totals=_totals(lines, ("loans", "principal_fen"))
    )


# -1 is paid off, -2 charged off; a loan that was either at the beginning is not counted.
ROLLS = """
SELECT was, CASE WHEN loss_on <= %(on)s THEN -2 WHEN settled_on <= %(on)s THEN -1 ELSE is_now END, count(*)
FROM (
  SELECT coalesce(m.was, 0) AS was, coalesce(m.is_now, 0) AS is_now, l.settled_on,
         CASE WHEN l.state IN ('charged_off', 'written_off') THEN (
           SELECT min(e.happened_on) FROM servicing_loanevent e
           WHERE e.borrower_id = l.borrower_id AND e.loan_id = l.id AND e.kind IN ('charge_off', 'write_off')
         ) END AS loss_on
  FROM servicing_loan l
  LEFT JOIN (
    SELECT borrower_id, loan_id,
           (array_agg(to_bucket ORDER BY moved_on DESC) FILTER (WHERE moved_on <= %(from_on)s))[1] AS was,
           (array_agg(to_bucket ORDER BY moved_on DESC))[1] AS is_now
    FROM servicing_bucketmove WHERE moved_on <= %(on)s GROUP BY borrower_id, loan_id
  ) m ON m.borrower_id = l.borrower_id AND m.loan_id = l.id
  WHERE l.serviced_by = 'us' AND l.opened_on <= %(from_on)s
    AND (l.settled_on IS NULL OR l.settled_on > %(from_on)s)
) seen
WHERE loss_on IS NULL OR loss_on > %(from_on)s
GROUP BY 1, 2
"""


def roll_rate(as_of: datetime.date, *, from_on: datetime.date | None = None) -> Report[RollLine]:
    """Where the loans of each bucket at the end of `from_on` (a month before, without one) are at the end of `as_of`."""
    from_on = from_on or add_months(as_of, -1)
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(ROLLS, {"on": as_of, "from_on": from_on})
        for was, is_now, loans in cursor.fetchall():
            counts[was][is_now] = loans
    lines = tuple(
        RollLine(
            bucket=bucket,
            loans=sum(counts[bucket].values()),
            to_buckets=tuple(counts[bucket].get(to, 0) for to in range(BUCKETS)),
            closed=counts[bucket].get(-1, 0),
            charged_off=counts[bucket].get(-2, 0),
        )
        for bucket in range(BUCKETS)
    )
    sums = ("loans", "better", "same", "worse")
    return Report(from_on=from_on, as_of=as_of, lines=lines, totals=_totals(lines, sums))


INCOME_ACCOUNTS = {
    Account.INTEREST_INCOME: "interest_fen",
    Account.FEE_INCOME: "fee_fen",
    Account.PENALTY_INCOME: "penalty_fen",
    Account.LATE_FEE_INCOME: "late_fee_fen",
    Account.RECOVERIES: "recoveries_fen",
}
COST_ACCOUNTS = {
    Account.LENDER_INCOME_SHARE: "lender_share_fen",
    Account.SUBSIDY_EXPENSE: "subsidy_fen",
    Account.GOODWILL_EXPENSE: "goodwill_fen",
    Account.CREDIT_LOSS: "credit_loss_fen",
}
INCOME_SUMS = (*INCOME_ACCOUNTS.values(), *COST_ACCOUNTS.values(), "income_fen", "cost_fen", "net_fen")


def income(as_of: datetime.date) -> Report[IncomeLine]:
    """Each book's income and cost in the month of a closed date, up to it."""
    month = as_of.replace(day=1)
    books = _books()
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for _month, account, book_id, fen in ledger.moved_by_month(month, as_of):
        _add_income(sums[book_id], account, fen)
    lines = []
    for book_id, of_book in sums.items():
        lender_code, product = books.get(book_id, ("", ""))
        if of_book:
            lines.append(IncomeLine(lender_code=lender_code, product=product, month=month, **of_book))
    lines.sort(key=lambda line: (line.lender_code, line.product))
    return Report(from_on=month, as_of=as_of, lines=tuple(lines), totals=_totals(lines, INCOME_SUMS))


def income_by_month(as_of: datetime.date, *, months: int = MONTHS_SHOWN) -> Report[IncomeLine]:
    """Income and cost of all books in each of the last months, the month of `as_of` up to it."""
    from_on = add_months(as_of.replace(day=1), 1 - months)
    sums: dict[datetime.date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for month, account, _book_id, fen in ledger.moved_by_month(from_on, as_of):
        _add_income(sums[month], account, fen)
    lines = tuple(IncomeLine(month=month, **of_month) for month, of_month in sorted(sums.items()))
    return Report(from_on=from_on, as_of=as_of, lines=lines, totals=_totals(lines, INCOME_SUMS))


def lender_settlement(as_of: datetime.date) -> Report[SettlementLine]:
    """What each date of the month, up to a closed one, made payable to lenders."""
    month = as_of.replace(day=1)
    books = _books()
    rows = LenderSettlement.objects.filter(business_date__gte=month, business_date__lte=as_of)
    lines = tuple(
        SettlementLine(
            business_date=row.business_date,
            lender_code=books[row.book_id][0],
            product=books[row.book_id][1],
            principal_fen=row.principal_fen,
            income_fen=row.income_fen,
        )
        for row in rows.order_by("business_date", "book_id")
    )
    sums = ("principal_fen", "income_fen", "payable_fen")
    return Report(from_on=month, as_of=as_of, lines=lines, totals=_totals(lines, sums))


def settlement_totals(report: Report[SettlementLine]) -> tuple[SettlementTotal, ...]:
    """A settlement report summed by lender and product, with the balance owed at its end."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in report.lines:
        of_book = sums[(line.lender_code, line.product)]
        of_book[0] += line.principal_fen
        of_book[1] += line.income_fen
    books = _books()
    for (account, book_id), fen in ledger.balances_by_book(report.as_of).items():
        if account == Account.LENDER_PAYABLE and fen:
            sums[books.get(book_id, ("", ""))][2] -= fen
    return tuple(
        SettlementTotal(
            lender_code=lender_code,
            product=product,
            principal_fen=three[0],
            income_fen=three[1],
            owed_fen=three[2],
        )
        for (lender_code, product), three in sorted(sums.items())
    )


def _add_income(sums: dict[str, int], account: int, debit_less_credit_fen: int) -> None:
    if account in INCOME_ACCOUNTS:
        sums[INCOME_ACCOUNTS[Account(account)]] -= debit_less_credit_fen
    elif account in COST_ACCOUNTS:
        sums[COST_ACCOUNTS[Account(account)]] += debit_less_credit_fen


def _books() -> dict[int, tuple[str, str]]:
    """Lender and product by book, in their order."""
    return {book["id"]: (book["lender_code"], book["product"]) for book in ledger.books()}


def _totals(lines: tuple[Line, ...] | list[Line], names: tuple[str, ...]) -> dict[str, int]:
    return {name: sum(getattr(line, name) for line in lines) for name in names}


def _share(part: int, whole: int) -> Decimal:
    """Part of whole to six decimals, 0 of nothing."""
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001")) if whole else Decimal(0)


def _months_between(first: datetime.date, last: datetime.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
