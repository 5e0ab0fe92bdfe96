"""Tables of the credit record: a status per loan and month, notices before anything negative leaves, disputes, batches sent."""

from django.db import models

from fenqi.plumbing.sealed import SealedTextField


class CreditRow(models.Model):
    """The status of one loan in one month, as far as the month has gone; the last value of a closed month stays."""

    pk = models.CompositePrimaryKey("borrower_id", "loan_id", "month")
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()
    month = models.DateField()  # its first day
    status = models.CharField(max_length=1)
    days_past_due = models.PositiveIntegerField(default=0)
    balance_fen = models.BigIntegerField(default=0)
    overdue_fen = models.BigIntegerField(default=0)
    as_of = models.DateField()
    # A dispute was upheld: the day-end leaves the month as it was corrected.
    is_corrected = models.BooleanField(default=False)
    # No consent to report when it was looked at, or the bureau does not take it; a change of the row asks again.
    is_withheld = models.BooleanField(default=False)
    # What the bureau has: the status last accepted, and on which business date.
    reported_status = models.CharField(max_length=1, blank=True)
    reported_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credit_row_status",
                condition=models.Q(status__in=list("N1234567*#/MCGDZBA")),
            ),
            models.CheckConstraint(
                name="credit_row_month_starts_on_the_first", condition=models.Q(month__day=1)
            ),
        ]
        indexes = [
            models.Index(
                fields=["as_of"],
                name="credit_row_to_report",
                condition=~models.Q(status=models.F("reported_status")),
            ),
            models.Index(
                fields=["month"],
                name="credit_row_overdue",
                condition=models.Q(status__range=("1", "7")),
            ),
        ]


class NegativeNotice(models.Model):
    """The borrower was told, before it was reported, that a month will show as overdue."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "loan_id", "month")
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()
    month = models.DateField()
    told_on = models.DateField()
    report_from = models.DateField()


class DisputeState(models.TextChoices):
    """Where a dispute stands."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


class Dispute(models.Model):
    """A borrower says that a month of the record is wrong; answered in writing within the rule's days."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    loan_id = models.UUIDField()
    month = models.DateField()
    status_disputed = models.CharField(max_length=1)
    reason = SealedTextField(data_class="C2", holds="text")
    state = models.TextField(choices=DisputeState, default=DisputeState.OPEN)
    opened_on = models.DateField()
    answer_by = models.DateField()
    answered_by = models.TextField(blank=True)
    answered_on = models.DateField(null=True)
    answer = SealedTextField(data_class="C2", holds="text", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="dispute_state", condition=models.Q(state__in=DisputeState.values)),
            models.UniqueConstraint(
                name="one_open_dispute_a_month",
                fields=["borrower_id", "loan_id", "month"],
                condition=models.Q(state=DisputeState.OPEN),
            ),
        ]
        indexes = [models.Index(fields=["answer_by"], name="dispute_open", condition=models.Q(state="open"))]


class BatchState(models.TextChoices):
    """What is known of a batch handed to the bureau."""

    INTENDED = "intended"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Batch(models.Model):
    """Rows handed to the bureau on one business date, in one call (reference table: it belongs to no borrower)."""

    id = models.TextField(
        primary_key=True
    )  # business date and number: the same batch is never sent as another one
    on = models.DateField()
    state = models.TextField(choices=BatchState, default=BatchState.INTENDED)
    row_count = models.PositiveIntegerField()
    tries = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="batch_state", condition=models.Q(state__in=BatchState.values))
        ]


class BatchRow(models.Model):
    """What one batch said of one loan and month: kept as sent."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "batch_id", "loan_id", "month")
    borrower_id = models.BigIntegerField()
    batch_id = models.TextField()
    loan_id = models.UUIDField()
    month = models.DateField()
    status = models.CharField(max_length=1)
    days_past_due = models.PositiveIntegerField()
    balance_fen = models.BigIntegerField()
    overdue_fen = models.BigIntegerField()
    as_of = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["batch_id"], name="batch_rows")]
