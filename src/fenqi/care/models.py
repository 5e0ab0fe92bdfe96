"""Tables of care: conversations with staff, and the switch of the mall's repayment entry."""

from django.db import models

from fenqi.plumbing.sealed import SealedTextField


class ConversationState(models.TextChoices):
    """Whether a conversation goes on."""

    OPEN = "open"
    CLOSED = "closed"


class Author(models.TextChoices):
    """Who wrote a message."""

    SHOPPER = "shopper"
    STAFF = "staff"


class Conversation(models.Model):
    """One-to-one talk of a shopper with staff, perhaps about an order."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    about_order = models.TextField(blank=True)
    state = models.TextField(choices=ConversationState, default=ConversationState.OPEN)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Since when the shopper waits for an answer; none while staff had the last word.
    waiting_since = models.DateTimeField(null=True)
    unread_by_shopper = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="conversation_state", condition=models.Q(state__in=ConversationState.values)
            ),
            models.UniqueConstraint(
                name="one_open_conversation",
                fields=["borrower_id"],
                condition=models.Q(state=ConversationState.OPEN),
            ),
        ]
        indexes = [
            models.Index(
                fields=["waiting_since"],
                name="conversation_waiting",
                condition=models.Q(waiting_since__isnull=False),
            )
        ]


class ConversationMessage(models.Model):
    """One message, sealed: people write what is private."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    conversation_id = models.UUIDField()
    author = models.TextField(choices=Author)
    staff_name = models.TextField(blank=True)
    text = SealedTextField(data_class="C2", holds="text")
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="message_author", condition=models.Q(author__in=Author.values))
        ]
        indexes = [
            models.Index(fields=["borrower_id", "conversation_id", "id"], name="message_of_conversation")
        ]


class EntryCohort(models.Model):
    """
    A share of the shoppers and whether the mall's repayment entry is open for them (reference table).

    A shopper belongs to the cohort whose range holds their bucket (0–99, from the borrower id).
    """

    code = models.TextField(primary_key=True)
    from_bucket = models.PositiveSmallIntegerField()
    to_bucket = models.PositiveSmallIntegerField()
    is_mall_open = models.BooleanField(default=True)
    changed_by = models.TextField(blank=True)
    changed_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="cohort_range",
                condition=models.Q(from_bucket__lte=models.F("to_bucket"), to_bucket__lte=99),
            )
        ]


class EntryUse(models.Model):
    """A repayment that succeeded and the entry it came by: what proves the new way."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "payment_id")
    borrower_id = models.BigIntegerField()
    payment_id = models.UUIDField()
    entry = models.TextField()
    bucket = models.PositiveSmallIntegerField()
    used_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["entry", "bucket"], name="entry_use")]
