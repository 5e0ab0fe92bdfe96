"""The ledger: entries balance, are posted once, are never changed, and add up on any date."""

from __future__ import annotations

import csv
import datetime
import io
import re
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from fenqi.domain import posting_rules
from fenqi.domain.events import EventKind
from fenqi.domain.posting_rules import Account, Entry, Movement
from fenqi.ledger import queries, seed, services
from fenqi.ledger.models import LedgerAccount
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound

pytestmark = pytest.mark.django_db

ON = datetime.date(2026, 3, 2)
NEXT = ON + datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def books(db: None) -> None:
    seed.load()
    business_date.start(ON)


def paid(fen: int, source: str, on: datetime.date = ON, borrower_id: int = 7):
    return services.post(
        borrower_id=borrower_id,
        entry=posting_rules.order_paid(amount_fen=fen),
        business_date=on,
        source=source,
    )


def test_the_chart_has_every_account_of_the_posting_rules() -> None:
    kept = set(LedgerAccount.objects.values_list("code", flat=True))

    assert kept == {int(account) for account in Account}
    assert seed.load() == len(kept)


def test_an_entry_is_posted_once() -> None:
    assert paid(500, "payment:1") == paid(500, "payment:1")

    assert queries.balance(Account.CHANNEL_CASH, ON) == 500
    with pytest.raises(services.EntryPosted):
        paid(501, "payment:1")


def test_a_reversal_is_a_new_entry_and_there_is_one() -> None:
    paid(500, "payment:1")

    for _ in range(2):
        services.reverse(
            borrower_id=7, source="payment:1", business_date=NEXT, actor="staff:li", reason="wrong order"
        )

    assert queries.balance(Account.CHANNEL_CASH, ON) == 500
    assert queries.balance(Account.CHANNEL_CASH, NEXT) == 0
    assert len(queries.entries_of(borrower_id=7)) == 2
    with pytest.raises(NotFound):
        services.reverse(
            borrower_id=7, source="payment:2", business_date=NEXT, actor="staff:li", reason="none such"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_transfer SET amount_fen = amount_fen + 1",
        "DELETE FROM ledger_transfer",
        "UPDATE ledger_daytotal SET debit_fen = 0",
        "DELETE FROM servicing_loanevent",
        "UPDATE servicing_eventreference SET amount_fen = 0",
    ],
)
def test_the_database_refuses_to_change_what_only_grows(statement: str) -> None:
    paid(500, "payment:1")

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.parametrize("fen", [0, -1])
def test_the_database_refuses_an_amount_that_is_not_positive(fen: int) -> None:
    leg = posting_rules.Leg(Account.CHANNEL_CASH, Account.SUSPENSE, fen)

    with pytest.raises(DatabaseError), transaction.atomic():
        services.post(borrower_id=7, entry=Entry((leg,)), business_date=ON, source="wrong")


def test_a_closed_day_keeps_its_totals() -> None:
    paid(500, "payment:1")
    paid(40, "payment:2", on=NEXT)

    assert services.close_day(ON) == services.close_day(ON) == 1
    with pytest.raises(services.ClosedDay):
        paid(1, "late")
    trial = queries.trial_balance(ON)
    assert [(row.code, row.debit_fen, row.credit_fen, row.balance_fen) for row in trial] == [
        (100201, 500, 0, 500),
        (220201, 0, 500, 500),
    ]
    assert trial.difference_fen == 0
    assert queries.trial_balance(NEXT).debit_fen == 540


def test_a_statement_runs_from_its_opening_balance() -> None:
    paid(500, "payment:1")
    services.close_day(ON)
    paid(40, "payment:2", on=NEXT)
    services.post(
        borrower_id=7,
        entry=posting_rules.order_refunded(amount_fen=15),
        business_date=NEXT,
        source="refund:1",
    )

    lines = queries.statement(Account.CHANNEL_CASH, from_on=NEXT, to_on=NEXT)

    assert [line.balance_fen for line in lines] == [540, 525]
    with pytest.raises(NotFound):
        queries.statement(999, from_on=ON, to_on=NEXT)


def test_the_csv_has_every_transfer() -> None:
    paid(500, 'a "strange", source')
    paid(40, "payment:2", on=NEXT)

    rows = list(csv.DictReader(io.StringIO("".join(queries.export_csv(ON, NEXT)))))

    assert [(row["business_date"], row["amount_fen"], row["source"]) for row in rows] == [
        ("2026-03-02", "500", 'a "strange", source'),
        ("2026-03-03", "40", "payment:2"),
    ]


def test_the_beancount_file_balances() -> None:
    paid(500, 'a "strange" source')
    services.close_day(ON)
    paid(40, "payment:2", on=NEXT)

    text = "".join(queries.export_beancount(NEXT, NEXT))

    postings = re.findall(r"^  (\S+)  (-?[\d.]+) CNY$", text, flags=re.MULTILINE)
    assert sum(Decimal(fen) for _name, fen in postings) == 0
    opened = set(re.findall(r"^2026-03-02 open (\S+) CNY$", text, flags=re.MULTILINE))
    assert {name for name, _fen in postings} <= opened
    assert "2026-03-04 balance Assets:Cash-At-The-Payment-Channel  5.40 CNY" in text
    assert all(name[0].isupper() for full in opened for name in full.split(":"))


RULES = """
kind                 amount   moved                             -> entry
repayment            100      principal 90 interest 10          -> CHANNEL_CASH>LOAN_PRINCIPAL 90, CHANNEL_CASH>INTEREST_RECEIVABLE 10
repayment            105      principal 90 penalty 10 overpaid 5 -> CHANNEL_CASH>LOAN_PRINCIPAL 90, CHANNEL_CASH>PENALTY_INCOME 10, CHANNEL_CASH>OVERPAYMENT 5
repayment            -100     principal -90 fee -10             -> LOAN_PRINCIPAL>CHANNEL_CASH 90, FEE_RECEIVABLE>CHANNEL_CASH 10
early_settlement     100      principal 100                     -> CHANNEL_CASH>LOAN_PRINCIPAL 100
merchant_refund      100      principal 80 overpaid 20          -> MERCHANT_RECEIVABLE>LOAN_PRINCIPAL 80, MERCHANT_RECEIVABLE>OVERPAYMENT 20
goodwill_credit      30       late_fee 30                       -> GOODWILL_EXPENSE>LATE_FEE_INCOME 30
overpayment_refund   20       overpaid -20                      -> OVERPAYMENT>CHANNEL_CASH 20
chargeback           50       principal -50                     -> LOAN_PRINCIPAL>CHANNEL_CASH 50
charge_off           0        principal 100                     -> PROVISION>LOAN_PRINCIPAL 100
waiver               10       interest 0                        ->
recovery             40       interest 10                       -> CHANNEL_CASH>INTEREST_RECEIVABLE 10, CHANNEL_CASH>RECOVERIES 30
charge               0        principal 5 interest -5           -> SUSPENSE>LOAN_PRINCIPAL 5, INTEREST_RECEIVABLE>SUSPENSE 5
"""


@pytest.mark.parametrize("line", RULES.strip().splitlines()[1:])
def test_what_each_event_debits_and_credits(line: str) -> None:
    given, _arrow, expected = line.partition("->")
    kind, amount, *parts = given.split()
    moved = Movement(**{f"{name}_fen": int(fen) for name, fen in zip(parts[::2], parts[1::2], strict=True)})

    entry = posting_rules.entry_for(kind=EventKind(kind), amount_fen=int(amount), moved=moved)

    said = ", ".join(f"{leg.debit.name}>{leg.credit.name} {leg.amount_fen}" for leg in entry.legs)
    assert said == expected.strip()


def test_every_kind_of_event_has_a_rule_or_is_named() -> None:
    assert set(EventKind) - set(posting_rules.RULES) == {EventKind.PAYOUT, EventKind.REVERSAL}
    with pytest.raises(posting_rules.NoPostingRule):
        posting_rules.entry_for(kind=EventKind.PAYOUT, amount_fen=1, moved=Movement())
