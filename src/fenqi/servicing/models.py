"""
Tables of servicing. A loan is its terms and its events; everything else here can be rebuilt from them.

Day-end SQL reads and writes these tables by name; `borrower_id` leads every key (ADR: made to be distributed).
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class TermsSheet(models.Model):
    """Terms shared by many loans (all but their own dates), keyed by the md5 of their JSON. Reference data."""

    id = models.UUIDField(primary_key=True)
    terms = models.JSONField()


class Loan(models.Model):
    """
    One loan, and what the day-end and lists need to know of it without replaying it.

    The projection stands as its last event left it (`projected_on`), or as a day-end left it on a due date or a move
    between buckets. What passes with time alone (days past due, penalty) is computed when asked for.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        OVERDUE = "overdue"
        SETTLED = "settled"
        OVERPAID = "overpaid"
        CHARGED_OFF = "charged_off"
        WRITTEN_OFF = "written_off"

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    number = models.TextField()
    book_id = models.IntegerField()
    lender_code = models.TextField()
    product = models.TextField()
    serviced_by = models.TextField(default="us")  # "lender": a mirror of a loan the lender services itself
    order_id = models.UUIDField(null=True)
    agreement_id = models.UUIDField(null=True)
    terms_id = models.UUIDField(null=True)
    starts_on = models.DateField(null=True)  # the loan's own dates, which its sheet leaves out
    first_due_on = models.DateField(null=True)
    opened_on = models.DateField()
    principal_fen = models.BigIntegerField()
    lender_share_bp = models.PositiveIntegerField(default=10_000)
    is_through_channel = models.BooleanField(default=False)

    # The projection.
    state = models.TextField(choices=State.choices)
    sequence = models.IntegerField()  # of the last event
    last_event_on = models.DateField()
    projected_on = models.DateField()
    settled_on = models.DateField(null=True)
    principal_outstanding_fen = models.BigIntegerField()
    outstanding_fen = models.BigIntegerField()
    overpaid_fen = models.BigIntegerField(default=0)
    next_due_on = models.DateField(null=True)
    oldest_unpaid_due_on = models.DateField(null=True)
    paused_days = models.IntegerField(default=0)  # days since then that do not count as past due
    bucket = models.SmallIntegerField(default=0)  # 0-7 for M0-M7
    tier = models.SmallIntegerField(default=1)  # five-tier class, 1 normal to 5 loss
    is_paused = models.BooleanField(default=False)
    wakes_on = models.DateField(null=True)  # when time alone changes its state next
    is_plain = models.BooleanField(default=True)  # on schedule in every way: the day-end may book it in bulk

    # What the daily accrual adds up: see servicing.accrual for the formula.
    accrues_from = models.DateField(null=True)
    accrues_to = models.DateField(null=True)
    interest_carried_fen = models.BigIntegerField(default=0)
    interest_accruing_fen = models.BigIntegerField(default=0)
    fee_carried_fen = models.BigIntegerField(default=0)
    fee_accruing_fen = models.BigIntegerField(default=0)
    subsidy_unearned_fen = models.BigIntegerField(default=0)
    subsidy_accruing_fen = models.BigIntegerField(default=0)

    grace_days = models.SmallIntegerField(default=0)
    booked_debit_id = models.UUIDField(null=True)  # the debit the day-end booked last, in bulk

    external_number = models.TextField(blank=True, default="")
    pay_url = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            # Few loans have a date to wake on; the quiet ones are not in this index.
            models.Index(fields=["wakes_on"], name="loan_waking", condition=Q(wakes_on__isnull=False)),
            models.Index(
                fields=["oldest_unpaid_due_on"],
                name="loan_unpaid",
                condition=Q(oldest_unpaid_due_on__isnull=False),
            ),
            # The few loans their lenders service, by what never changes: a date in it would cost each update of a loan.
            models.Index(fields=["borrower_id"], name="loan_mirror", condition=Q(serviced_by="lender")),
            models.Index(fields=["settled_on"], name="loan_settled", condition=Q(settled_on__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(principal_fen__gt=0), name="loan_principal_is_positive"),
            models.CheckConstraint(condition=Q(overpaid_fen__gte=0), name="loan_overpayment_not_negative"),
            models.CheckConstraint(
                condition=Q(serviced_by="lender") | Q(terms_id__isnull=False), name="loan_has_terms"
            ),
        ]


class LoanNumber(models.Model):
    """From the number people read to the loan."""

    number = models.TextField(primary_key=True)
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()


class LoanEvent(models.Model):
    """What happened to a loan. The sequence is the order of recording and the event's name within the loan."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "loan_id", "sequence")
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()
    amount_fen = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_default=Now())
    happened_on = models.DateField()
    sequence = models.IntegerField()
    kind = models.TextField()
    reverses = models.IntegerField(null=True)
    detail = models.JSONField(null=True)  # the further fields of the domain event
    source = models.TextField()  # debit, manual, link, settlement, return, staff, …
    reference = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gte=0), name="event_amount_not_negative"),
            # A reversal of a reversal does not exist, nor does a second one of the same event.
            models.UniqueConstraint(
                fields=["borrower_id", "loan_id", "reverses"],
                name="event_reversed_once",
                condition=Q(reverses__isnull=False),
            ),
        ]


class EventReference(models.Model):
    """From the reference a caller gave to what it wrote: the same reference is never recorded twice."""

    append_only = True

    reference = models.TextField(primary_key=True)
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField(null=True)  # none for one payment over several loans
    sequence = models.IntegerField(null=True)
    kind = models.TextField()
    amount_fen = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())


class LoanInstallment(models.Model):
    """
    One installment as the last event left it (penalty as of `projected_on`): a projection of terms and events.

    The widest table of a book: amounts are four bytes, which holds 21 million yuan (opening.LARGEST_PRINCIPAL_FEN).
    """

    pk = models.CompositePrimaryKey("borrower_id", "loan_id", "number")
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()
    number = models.SmallIntegerField()
    starts_on = models.DateField()
    due_on = models.DateField()
    balance_after_fen = models.IntegerField()
    principal_fen = models.IntegerField()
    interest_fen = models.IntegerField()
    fee_fen = models.IntegerField(default=0)
    penalty_fen = models.IntegerField(default=0)
    late_fee_fen = models.IntegerField(default=0)
    principal_paid_fen = models.IntegerField(default=0)
    interest_paid_fen = models.IntegerField(default=0)
    fee_paid_fen = models.IntegerField(default=0)
    penalty_paid_fen = models.IntegerField(default=0)
    late_fee_paid_fen = models.IntegerField(default=0)
    waived_fen = models.IntegerField(default=0)
    subsidy_fen = models.IntegerField(default=0)
    paid_on = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_on"], name="installment_due")]


class SettlementQuote(models.Model):
    """What paying everything off costs; payable as quoted until it expires."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    loan_id = models.UUIDField()
    sequence = models.IntegerField()  # of the loan's last event when it was quoted
    quoted_on = models.DateField()
    valid_until = models.DateField()
    amount_fen = models.BigIntegerField()
    saved_fen = models.BigIntegerField()
    breakdown = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())


class PayLink(models.Model):
    """From the hash of a link's token to the bill it pays."""

    token_hash = models.BinaryField(primary_key=True, max_length=32)
    borrower_id = models.BigIntegerField()
    loan_ids = models.JSONField()
    lender_code = models.TextField()
    due_on = models.DateField(null=True)
    expires_on = models.DateField()
    made_at = models.DateTimeField(db_default=Now())


class DebitInstruction(models.Model):
    """What a day-end asks to be debited, and what became of it; payments chooses card and mandate."""

    class State(models.TextChoices):
        MADE = "made"
        COLLECTED = "collected"
        """The money is here; the loan is not booked yet."""
        BOOKED = "booked"
        FAILED = "failed"
        UNKNOWN = "unknown"
        NONE = "none"
        """Nobody may debit this borrower, or another payment is on its way."""

    pk = models.CompositePrimaryKey("borrower_id", "loan_id", "due_on", "business_date")
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()
    amount_fen = models.BigIntegerField()
    business_date = models.DateField()
    due_on = models.DateField()
    number = models.SmallIntegerField()  # of the installment
    book_id = models.IntegerField()
    is_plain = models.BooleanField(default=False)  # the loan was when this was made: it may be booked in bulk
    state = models.TextField(choices=State.choices, default=State.MADE)
    debit_id = models.UUIDField(null=True)
    failure = models.TextField(blank=True, default="")
    sequence = models.IntegerField(null=True)  # of the event it was booked as
    booked_at = models.DateTimeField(null=True)
    is_last = models.BooleanField(default=False)  # the loan was settled by it, in bulk

    class Meta:
        indexes = [BrinIndex(fields=["business_date"], name="instruction_by_date", pages_per_range=16)]


class BucketMove(models.Model):
    """A loan moved between buckets on a date (once a day: the last move of a day stands)."""

    pk = models.CompositePrimaryKey("borrower_id", "loan_id", "moved_on")
    borrower_id = models.BigIntegerField()
    loan_id = models.UUIDField()
    moved_on = models.DateField()
    from_bucket = models.SmallIntegerField()
    to_bucket = models.SmallIntegerField()
    book_id = models.IntegerField()
    principal_outstanding_fen = models.BigIntegerField()

    class Meta:
        indexes = [BrinIndex(fields=["moved_on"], name="bucket_move_by_date", pages_per_range=16)]


class Notice(models.Model):
    """Something a borrower is to be told, waiting to be handed to messages; its key is what makes it one notice."""

    pk = models.CompositePrimaryKey("borrower_id", "template", "key")
    borrower_id = models.BigIntegerField()
    template = models.TextField()  # due_soon, due_today, debit_failed, overdue, paid, settled
    key = models.TextField()
    loan_id = models.UUIDField(null=True)
    lender_code = models.TextField()
    on_date = models.DateField()
    due_on = models.DateField(null=True)
    amount_fen = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(db_default=Now())
    handed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["made_at"], name="notice_waiting", condition=Q(handed_at__isnull=True))
        ]


class DayEndRun(models.Model):
    """The closing of one business date."""

    business_date = models.DateField(primary_key=True)
    state = models.TextField(default="running")  # running, failed, closed
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)


class DayEndStep(models.Model):
    """One step of a day-end: when, what it counted, why it stopped."""

    pk = models.CompositePrimaryKey("business_date", "name")
    business_date = models.DateField()
    name = models.TextField()
    position = models.SmallIntegerField()
    state = models.TextField(default="running")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")


class BookDay(models.Model):
    """One book and bucket at the end of a business date: what accrual, provision and reports read."""

    pk = models.CompositePrimaryKey("business_date", "book_id", "bucket", "tier")
    business_date = models.DateField()
    book_id = models.IntegerField()
    bucket = models.SmallIntegerField()
    tier = models.SmallIntegerField()
    loans = models.BigIntegerField()
    principal_outstanding_fen = models.BigIntegerField()
    outstanding_fen = models.BigIntegerField()
    interest_receivable_fen = models.BigIntegerField()
    fee_receivable_fen = models.BigIntegerField()
    subsidy_unearned_fen = models.BigIntegerField()


class LenderSettlement(models.Model):
    """What a business date's collections make payable to a lender, by book."""

    pk = models.CompositePrimaryKey("business_date", "book_id")
    business_date = models.DateField()
    book_id = models.IntegerField()
    principal_fen = models.BigIntegerField()
    income_fen = models.BigIntegerField()
