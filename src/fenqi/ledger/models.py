"""
Tables of the ledger. Transfers only grow: the application's role may neither change nor delete them.

A transfer names its accounts by number without a foreign key: every insert would lock the same few account rows.
`fenqi verify` names a transfer whose account or book does not exist.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class LedgerAccount(models.Model):
    """One account of the chart (reference data, loaded from chart.json)."""

    class Kind(models.TextChoices):
        """Which side an account grows on: assets and expenses by debits, the others by credits."""

        ASSET = "asset"
        LIABILITY = "liability"
        INCOME = "income"
        EXPENSE = "expense"

    code = models.IntegerField(primary_key=True)
    name_zh = models.TextField()
    name_en = models.TextField()
    kind = models.TextField(choices=Kind.choices)
    grows_by = models.TextField(choices=[("debit", "debit"), ("credit", "credit")])


class Book(models.Model):
    """A part of the books kept apart: one lender and one product, and the lender's share of its money."""

    id = models.IntegerField(primary_key=True)
    lender_code = models.TextField()
    product = models.TextField()
    lender_share_bp = models.PositiveIntegerField(default=10_000)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lender_code", "product", "lender_share_bp"], name="book_is_one_lender_and_product"
            ),
            models.CheckConstraint(condition=Q(lender_share_bp__lte=10_000), name="book_share_at_most_all"),
        ]


class Transfer(models.Model):
    """A positive amount from one account to another; the transfers of one event share `entry_id`."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "entry_id", "leg")
    borrower_id = models.BigIntegerField()
    entry_id = models.UUIDField()  # md5 of `source`, so a batch and a service agree on it
    loan_id = models.UUIDField(null=True)
    amount_fen = models.BigIntegerField()
    posted_at = models.DateTimeField(db_default=Now())
    debit_account = models.IntegerField()
    credit_account = models.IntegerField()
    book_id = models.IntegerField()
    business_date = models.DateField()
    leg = models.SmallIntegerField()
    source = models.TextField()  # what happened: "repayment:<reference>", "accrual:<date>:<book>"

    class Meta:
        # Transfers come in the order of their dates: a few pages tell where a date lies.
        indexes = [BrinIndex(fields=["business_date"], name="transfer_by_date", pages_per_range=32)]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="transfer_is_positive"),
            models.CheckConstraint(
                condition=~Q(debit_account=F("credit_account")), name="transfer_moves_between_accounts"
            ),
        ]


class DayTotal(models.Model):
    """What one closed business date moved on one account of one book: what a trial balance adds up."""

    append_only = True

    pk = models.CompositePrimaryKey("business_date", "account", "book_id")
    business_date = models.DateField()
    account = models.IntegerField()
    book_id = models.IntegerField()
    debit_fen = models.BigIntegerField()
    credit_fen = models.BigIntegerField()


class ClosedDay(models.Model):
    """A business date whose totals are fixed; nothing more is posted on it."""

    append_only = True

    business_date = models.DateField(primary_key=True)
    transfers = models.BigIntegerField()
    closed_at = models.DateTimeField(db_default=Now())
