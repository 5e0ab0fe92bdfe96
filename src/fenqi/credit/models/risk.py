"""What decisions on applications rest on: rule sets used, exposure of a person, traces for signals, scores, means, reviews, lists."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.sealed import BlindIndexField, SealedTextField


class RuleSetUsed(models.Model):
    """A rule set as it was when it decided, by its hash: kept decisions are read with it again. Never changed."""

    append_only = True

    digest = models.BinaryField(max_length=32, primary_key=True)
    rules = models.JSONField()
    first_used_at = models.DateTimeField()


class PersonExposure(models.Model):
    """
    What one person owes and may come to owe, with one lender or (empty code) with all: the row is the person's lock.

    `owed_fen` is loans as counted when something was last added, `held_fen` the open commitments. The check is the limit itself: it
    holds whatever the code above forgets.
    """

    pk = models.CompositePrimaryKey("person_index", "lender_code")
    person_index = BlindIndexField()
    lender_code = models.CharField(max_length=32, blank=True)
    owed_fen = models.BigIntegerField(default=0)
    held_fen = models.BigIntegerField(default=0)
    limit_fen = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owed_fen__gte=0, held_fen__gte=0), name="exposure_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(limit_fen__gte=F("owed_fen") + F("held_fen")), name="exposure_within_limit"
            ),
        ]


class CommitmentKind(models.TextChoices):
    """What holds a part of a person's limit before (or beside) a loan."""

    APPLICATION = "application", _("在途申请")
    LINE = "line", _("备用金额度")


class Commitment(models.Model):
    """A part of a person's limit that is held; released once and for all."""

    pk = models.CompositePrimaryKey("person_index", "subject_id")
    person_index = BlindIndexField()
    subject_id = models.UUIDField(help_text="the application, or the line's own id")
    borrower_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=CommitmentKind.choices)
    lender_code = models.CharField(max_length=32)
    amount_fen = models.BigIntegerField()
    taken_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="commitment_amount_positive")
        ]


class ApplicationGoods(models.Model):
    """One model of goods in one application: what repeat purchases are counted from."""

    pk = models.CompositePrimaryKey("borrower_id", "application_id", "model")
    borrower_id = models.BigIntegerField()
    application_id = models.UUIDField()
    model = models.CharField(max_length=60)
    order_id = models.UUIDField()
    quantity = models.PositiveIntegerField()
    is_instant_resale = models.BooleanField()
    applied_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "applied_at"], name="goods_of_account")]


class AddressUse(models.Model):
    """Keyed hash of an address → who applied to have goods sent there, and when last."""

    pk = models.CompositePrimaryKey("address_index", "borrower_id")
    address_index = BlindIndexField()
    borrower_id = models.BigIntegerField()
    used_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["address_index", "used_at"], name="address_lately")]


class ScoreInquiry(models.Model):
    """One question for a score: the intent, and beside it the outcome. An unknown outcome is none: a person decides."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField(help_text="the reference at the bureau")
    application_id = models.UUIDField()
    state = models.CharField(
        max_length=8, choices=[(s, s) for s in ("INTENDED", "ANSWERED", "NO_SCORE", "UNKNOWN", "DENIED")]
    )
    score = SealedTextField(data_class="C2", holds="figure", default="")
    serial = models.CharField(max_length=80, blank=True)
    intended_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "application_id"], name="score_asked_once")
        ]


class MeansDeclaration(models.Model):
    """What a person said they earn and owe elsewhere a month, or that they would rather not say."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    is_withheld = models.BooleanField()
    income = SealedTextField(data_class="C2", holds="figure", default="", help_text="fen, in digits")
    other_dues = SealedTextField(data_class="C2", holds="figure", default="", help_text="fen, in digits")
    declared_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "-declared_at"], name="means_newest")]


class ReviewState(models.TextChoices):
    """Where an applicant's wish for a human look stands."""

    OPEN = "open", _("等待人工复核")
    UPHELD = "upheld", _("维持原决定")
    OVERTURNED = "overturned", _("改为通过")


class ReviewRequest(models.Model):
    """An applicant asked for a person to look at one decision; answered in words, by a deadline."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    application_id = models.UUIDField()
    decision_id = models.UUIDField()
    words = SealedTextField(data_class="C2", holds="text", default="")
    asked_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    answer = models.CharField(max_length=300, default="", help_text="the reviewer's words")
    answered_by = models.CharField(max_length=80, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "decision_id"], name="review_asked_once"),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True)
                | (~Q(state="open") & Q(answered_at__isnull=False) & ~Q(answered_by="")),
                name="review_answered_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["answer_by"], condition=Q(state="open"), name="review_waiting")]


class ListEntry(models.Model):
    """An ID number or phone nobody with it is lent to, by its keyed hash; taken off by `removed_at`, never deleted."""

    id = models.UUIDField(primary_key=True)
    list_code = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=[("id_number", _("身份证号")), ("phone", _("手机号"))])
    value_index = BlindIndexField()
    shown = models.CharField(max_length=40, help_text="masked")
    reason = models.CharField(max_length=300)
    added_by = models.CharField(max_length=80)
    added_at = models.DateTimeField()
    removed_by = models.CharField(max_length=80, blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["value_index", "list_code"],
                condition=Q(removed_at__isnull=True),
                name="list_entry_once",
            )
        ]
