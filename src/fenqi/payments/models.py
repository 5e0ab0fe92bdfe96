"""
Money that moves through the channel: intents and their outcomes, mandates, and what the channel has told us.

A movement is written down before it is asked for and keeps its state until the channel itself says what became of it.
"""

from django.db import models

from fenqi.plumbing.sealed import SealedTextField


class State(models.TextChoices):
    """How far a movement is, as far as we know."""

    INTENDED = "INTENDED"
    """Written down; not with the channel, or known not to have arrived there."""
    SENT = "SENT"
    """On its way or taken; the outcome follows."""
    UNKNOWN = "UNKNOWN"
    """The channel fell silent: the money may have moved. Never shown as a failure."""
    SUCCEEDED = "SUCCEEDED"
    """The money moved."""
    FAILED = "FAILED"
    """The money did not and will not move."""


OPEN_STATES = (State.INTENDED, State.SENT, State.UNKNOWN)


class Movement(models.Model):
    """What all movements share. `subject` is the caller's own and comes back in the announcement."""

    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    amount_fen = models.BigIntegerField()
    purpose = models.CharField(max_length=20)
    subject = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State.choices, default=State.INTENDED)
    channel_serial = models.CharField(max_length=64, blank=True, default="")
    failure = models.CharField(max_length=40, blank=True, default="")
    business_on = models.DateField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)  # wall clock: how long we have been waiting
    ended_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


def _movement_constraints(name: str) -> list[models.BaseConstraint]:
    return [
        models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name=f"{name}_amount_positive"),
        models.CheckConstraint(condition=models.Q(state__in=State.values), name=f"{name}_state_known"),
        models.CheckConstraint(
            condition=models.Q(state=State.FAILED, failure__gt="")
            | ~models.Q(state=State.FAILED) & models.Q(failure=""),
            name=f"{name}_failed_says_why",
        ),
    ]


def _open_index(name: str) -> models.Index:
    return models.Index(
        fields=["sent_at"],
        name=f"{name}_open",
        condition=models.Q(state__in=[state.value for state in OPEN_STATES]),
    )


class Payment(Movement):
    """The shopper pays: with a bound card, or on the channel's cashier page (`redirect_url`)."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    reference = models.CharField(max_length=120)
    card_id = models.UUIDField(null=True)
    return_url = models.CharField(max_length=400)
    redirect_url = models.CharField(max_length=400, blank=True, default="")
    refunded_fen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            *_movement_constraints("payment"),
            models.UniqueConstraint(fields=["borrower_id", "reference"], name="payment_reference"),
            models.CheckConstraint(
                condition=models.Q(refunded_fen__gte=0, refunded_fen__lte=models.F("amount_fen")),
                name="payment_refunded_at_most_paid",
            ),
        ]
        indexes = [
            _open_index("payment"),
            models.Index(fields=["borrower_id", "purpose", "business_on"], name="payment_of_borrower"),
        ]


class Refund(Movement):
    """Money of a payment goes back to where it came from."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    reference = models.CharField(max_length=120)
    payment_id = models.UUIDField()

    class Meta:
        constraints = [
            *_movement_constraints("refund"),
            models.UniqueConstraint(fields=["borrower_id", "reference"], name="refund_reference"),
        ]
        indexes = [
            _open_index("refund"),
            models.Index(fields=["borrower_id", "payment_id"], name="refund_of_payment"),
        ]


class PayOut(Movement):
    """Money goes to a bound card."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    reference = models.CharField(max_length=120)
    card_id = models.UUIDField()

    class Meta:
        constraints = [
            *_movement_constraints("payout"),
            models.UniqueConstraint(fields=["borrower_id", "reference"], name="payout_reference"),
        ]
        indexes = [_open_index("payout")]


class MandateState(models.TextChoices):
    """The life of a mandate."""

    INTENDED = "INTENDED"
    """Agreed by the shopper; the channel has not answered yet."""
    ACTIVE = "ACTIVE"
    """Debits may run."""
    REVOKED = "REVOKED"
    """Ended by the shopper: no debit from that moment, whatever the channel knows."""
    REFUSED = "REFUSED"
    """The channel would not have it."""


class Mandate(models.Model):
    """代扣授权: signed permission to debit one card."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    card_id = models.UUIDField()
    payee = models.CharField(max_length=60)
    max_fen = models.BigIntegerField()
    number = models.CharField(max_length=64, blank=True, default="")  # the channel's
    state = models.CharField(max_length=8, choices=MandateState.choices, default=MandateState.INTENDED)
    is_revoked_at_channel = models.BooleanField(default=False)
    signed_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(max_fen__gt=0), name="mandate_has_a_limit"),
            models.CheckConstraint(
                condition=~models.Q(state=MandateState.ACTIVE) | models.Q(number__gt=""),
                name="mandate_active_has_number",
            ),
            models.UniqueConstraint(
                fields=["borrower_id", "card_id"],
                condition=models.Q(state__in=[MandateState.INTENDED, MandateState.ACTIVE]),
                name="mandate_one_a_card",
            ),
        ]


class Autopay(models.Model):
    """自动还款: whether debits run, and under which mandate. One row a borrower."""

    borrower_id = models.BigIntegerField(primary_key=True)
    is_on = models.BooleanField()
    mandate_id = models.UUIDField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_on=False) | models.Q(mandate_id__isnull=False),
                name="autopay_needs_mandate",
            )
        ]


class Debit(Movement):
    """扣款: one attempt under a mandate for what a loan owed on a due date. The id follows from loan, due date and day."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    loan_id = models.UUIDField()
    due_on = models.DateField()
    mandate_id = models.UUIDField()
    mandate_number = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField()  # this one included

    class Meta:
        constraints = [
            *_movement_constraints("debit"),
            models.UniqueConstraint(
                fields=["borrower_id", "loan_id", "due_on", "business_on"], name="debit_once_a_day"
            ),
        ]
        indexes = [
            _open_index("debit"),
            models.Index(fields=["business_on", "borrower_id", "id"], name="debit_of_day"),
        ]


class ChannelSerial(models.Model):
    """The channel's number of a movement that succeeded: one number books one movement."""

    serial = models.CharField(max_length=64, primary_key=True)
    borrower_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    movement_id = models.UUIDField()


class ChannelNotice(models.Model):
    """The inbox of what the channel told us by itself; the same notice is taken once."""

    notice_id = models.CharField(max_length=64, primary_key=True)
    reference = models.CharField(max_length=120)
    state = models.CharField(max_length=10)
    taken_at = models.DateTimeField()


class UnplacedSource(models.TextChoices):
    """How money that belongs to nothing we know came to our knowledge."""

    BANK = "bank"
    """A line of the bank's statement, entered by finance."""
    CHANNEL = "channel"
    """The channel told of money we had not asked for, or had been told would not come."""
    PAYMENT = "payment"
    """A payment or debit of ours arrived, and the loan it was for does not take it."""


class UnplacedMoney(models.Model):
    """
    待查款项: money that reached us and belongs to nothing we know. It waits in suspense until it is placed or returned.

    It is nobody's yet, so it has no borrower. `open_fen` is what of it still waits.
    """

    id = models.UUIDField(primary_key=True)
    reference = models.CharField(max_length=120, unique=True)  # of whoever told us of it
    source = models.CharField(max_length=10, choices=UnplacedSource.choices)
    amount_fen = models.BigIntegerField()
    open_fen = models.BigIntegerField()
    received_on = models.DateField()
    channel_reference = models.CharField(max_length=120, blank=True, default="")  # the movement it came by
    payer = SealedTextField(data_class="C2", default="", null=True)  # NULL once it is forgotten
    note = SealedTextField(data_class="C2", holds="text", default="", null=True)  # the words on the transfer
    taken_by = models.CharField(max_length=60)
    booked_on = models.DateField()
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="unplaced_amount_positive"),
            models.CheckConstraint(
                condition=models.Q(open_fen__gte=0, open_fen__lte=models.F("amount_fen")),
                name="unplaced_open_at_most_all",
            ),
            models.CheckConstraint(
                condition=models.Q(source__in=UnplacedSource.values), name="unplaced_source_known"
            ),
        ]
        indexes = [
            models.Index(fields=["received_on"], name="unplaced_open", condition=models.Q(open_fen__gt=0))
        ]


class UnplacedMoveKind(models.TextChoices):
    """What may become of money in suspense."""

    PLACED = "placed"
    """It was a loan's; `subject` is the loan's number."""
    RETURNED = "returned"
    """It went back to its payer; `subject` is the reference under which it left."""
    TAKEN_BACK = "taken_back"
    """An earlier move (`undoes`) was wrong or failed: it waits again."""


class UnplacedMove(models.Model):
    """Money left suspense or came back into it: each by two people, or by the channel's word."""

    append_only = True

    pk = models.CompositePrimaryKey("money_id", "number")
    money_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=UnplacedMoveKind.choices)
    amount_fen = models.BigIntegerField()
    subject = models.CharField(max_length=120, blank=True, default="")
    undoes = models.PositiveSmallIntegerField(null=True)
    approval_id = models.UUIDField(null=True, unique=True)
    moved_on = models.DateField()
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="unplaced_move_positive"),
            models.CheckConstraint(
                condition=models.Q(kind=UnplacedMoveKind.TAKEN_BACK, undoes__isnull=False)
                | models.Q(
                    kind__in=[UnplacedMoveKind.PLACED, UnplacedMoveKind.RETURNED],
                    undoes__isnull=True,
                    subject__gt="",
                    approval_id__isnull=False,
                ),
                name="unplaced_move_says_whereto",
            ),
            models.UniqueConstraint(fields=["money_id", "undoes"], name="unplaced_move_undone_once"),
            # One transfer out gives back one sum: a reference that went out stands here once.
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(kind=UnplacedMoveKind.RETURNED),
                name="unplaced_returned_once",
            ),
        ]


class UnplacedReturn(Movement):
    """Money in suspense goes back through the channel to where it came from (`original`); the house's, so borrower 0."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    money_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()  # of the move it carries out
    original = models.CharField(max_length=120)

    class Meta:
        constraints = [
            *_movement_constraints("unplacedreturn"),
            models.UniqueConstraint(
                fields=["borrower_id", "money_id", "number"], name="unplacedreturn_of_one_move"
            ),
        ]
        indexes = [_open_index("unplacedreturn")]


class ChannelBill(models.Model):
    """对账: the channel's bill of a date was taken, and how many lines of it nobody here knew."""

    on = models.DateField(primary_key=True)
    lines = models.PositiveIntegerField()
    unplaced = models.PositiveIntegerField()  # money that came, now in suspense
    unknown = models.PositiveIntegerField()  # money that left, and we know of nothing
    missing = models.PositiveIntegerField()  # what we have as done, and the bill does not
    taken_at = models.DateTimeField()
