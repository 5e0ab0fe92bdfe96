"""Tables that carry the others: the business date, references, the outbox, the audit trail, gates, sealed files."""

from django.db import models
from django.db.models.functions import Now

from fenqi.plumbing.sealed import SealedTextField


class BusinessDate(models.Model):
    """One row, `main`: the date the books are on."""

    name = models.TextField(primary_key=True)
    open_on = models.DateField()


class Reference(models.Model):
    """A reference a caller gave to a write, so that the write is safe to repeat (plumbing.idempotency)."""

    pk = models.CompositePrimaryKey("scope", "key")
    scope = models.TextField()
    key = models.TextField()
    content_hash = models.BinaryField(max_length=32)
    borrower_id = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    made_at = models.DateTimeField(db_default=Now())


class Announcement(models.Model):
    """Something that happened, waiting for those who want to know (plumbing.outbox)."""

    id = models.UUIDField(primary_key=True)
    topic = models.TextField()
    borrower_id = models.BigIntegerField(null=True)
    payload = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    done = models.JSONField(default=list)  # handlers that have already heard it
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at", "id"],
                name="announcement_waiting",
                condition=models.Q(delivered_at__isnull=True),
            )
        ]


class AuditRecord(models.Model):
    """Who did what to whom and why; each row holds the hash of the one before (plumbing.audit). Append-only."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.TextField()
    action = models.TextField()
    subject = models.TextField()
    reason = models.TextField(blank=True)
    details = models.JSONField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["subject", "number"], name="audit_subject")]


class GateAnswer(models.Model):
    """What a gate said, and by which rule (plumbing.gates). Append-only."""

    id = models.UUIDField(primary_key=True)
    gate = models.TextField()
    subject = models.TextField()
    allowed = models.BooleanField()
    rule_id = models.TextField()
    why = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["gate", "subject", "at"], name="gate_subject")]


class SealedFile(models.Model):
    """A photo or document, encrypted (plumbing.sealed)."""

    id = models.UUIDField(primary_key=True)
    borrower_id = models.BigIntegerField(null=True)
    kind = models.TextField()
    media_type = models.TextField()
    sealed = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())


class RuleDatum(models.Model):
    """A rule parameter from a date on; overrides the file that ships with the product (plumbing.rule_data)."""

    pk = models.CompositePrimaryKey("name", "valid_from")
    name = models.TextField()
    valid_from = models.DateField()
    value = models.JSONField()
    source = models.TextField(blank=True)


class Proposal(models.Model):
    """Something one member of staff wants done and another must agree to (plumbing.four_eyes). Only grows."""

    append_only = True

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    subject = models.TextField()
    borrower_id = models.BigIntegerField(null=True)
    arguments = SealedTextField(
        data_class="C2", holds="facts"
    )  # canonical JSON, whole: a phone may stand in it
    picture = SealedTextField(
        data_class="C2", holds="facts"
    )  # what was shown: {title, lines: [[label, before, after]]}
    digest = models.BinaryField(max_length=32)  # of the arguments and of every figure that was shown
    reason = models.TextField()
    maker = models.TextField()
    maker_person = models.TextField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="proposal_expiry"),
            models.Index(fields=["subject", "kind"], name="proposal_subject"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "maker", "maker_person"], name="proposal_and_its_maker"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="proposal_says_why"),
        ]


class ProposalDecision(models.Model):
    """
    The one word on a proposal. Only grows.

    A foreign key (in the migration) ties maker and person to the proposal's own, so the check below compares with the truth.
    """

    append_only = True

    proposal_id = models.UUIDField(primary_key=True)
    verdict = models.TextField()
    maker = models.TextField()
    maker_person = models.TextField()
    by = models.TextField()
    by_person = models.TextField()
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal_id", "verdict"], name="decision_and_its_verdict"),
            models.CheckConstraint(
                condition=models.Q(verdict="withdrawn", by=models.F("maker"))
                | (
                    models.Q(verdict__in=["approved", "rejected", "stale"])
                    & ~models.Q(by=models.F("maker"))
                    & ~models.Q(by_person=models.F("maker_person"))
                ),
                name="maker_is_not_checker",
            ),
        ]


class ProposalCarriedOut(models.Model):
    """An approval was spent; its key lets that happen once. Only grows."""

    append_only = True

    proposal_id = models.UUIDField(primary_key=True)
    verdict = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(verdict="approved"), name="only_what_was_approved")
        ]
