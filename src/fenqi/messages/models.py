"""Messages: what is to be said to whom, when it may be said, and what became of it."""

from django.db import models

from fenqi.plumbing.sealed import BlindIndexField, SealedTextField


class Channel(models.TextChoices):
    """The way a message goes."""

    SMS = "sms"
    """A text to the phone."""
    EMAIL = "email"
    """Mail, to those who gave an address."""
    PUSH = "push"
    """A note on the screen."""
    INBOX = "inbox"
    """The inbox of the finance app: kept here, read there."""


class State(models.TextChoices):
    """What became of a message."""

    QUEUED = "QUEUED"
    """Waits for its time."""
    SENDING = "SENDING"
    """With the carrier; handed over again under the same reference if we hear nothing."""
    SENT = "SENT"
    """The carrier took it; an inbox message is there to be read."""
    WITHHELD = "WITHHELD"
    """The conduct gate said no."""
    FAILED = "FAILED"
    """The carrier would not take it, or there is no address."""


class Outgoing(models.Model):
    """What every message has. `context` is JSON, sealed; the text is made from it when it is sent or read."""

    channel = models.CharField(max_length=5, choices=Channel.choices)
    template = models.CharField(max_length=40)
    context = SealedTextField(data_class="C2", holds="facts")
    language = models.CharField(max_length=10)
    reference = models.CharField(max_length=160)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    rule_id = models.CharField(max_length=60, blank=True, default="")  # the gate's last word
    failure = models.CharField(max_length=60, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)  # wall clock: when a worker took it on
    sent_at = models.DateTimeField(null=True)
    sent_on = models.DateField(null=True)  # the business date, by which caps count

    class Meta:
        abstract = True


class Message(Outgoing):
    """One message to a borrower over one channel."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "reference", "channel"], name="message_once"),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="message_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="message_waiting", condition=models.Q(state__in=["QUEUED", "SENDING"])
            ),
            models.Index(fields=["borrower_id", "channel", "sent_on"], name="message_of_day"),
        ]


class PhoneText(Outgoing):
    """A text to a number, or a mail to an address, that need not be a borrower's: codes, links, a number an account left."""

    id = models.UUIDField(primary_key=True)
    phone = SealedTextField(data_class="C2")  # or the mail address, by `channel`
    phone_index = BlindIndexField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference"], name="phone_text_once")]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="phone_text_waiting",
                condition=models.Q(state__in=["QUEUED", "SENDING"]),
            ),
            models.Index(fields=["phone_index", "sent_on"], name="phone_text_of_day"),
        ]
