"""What a person says is wrong about their data, and accounts that ended."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.sealed import SealedTextField


class CorrectionSubject(models.TextChoices):
    """What may be put right by asking; phone, e-mail, addresses and contacts a person changes alone."""

    NAME = "real_name", _("姓名")
    VALIDITY = "valid_until", _("证件有效期")
    STUDENT = "is_student", _("在校学生身份")
    OTHER = "other", _("其他信息")


class CorrectionState(models.TextChoices):
    """Where a correction stands."""

    WAITING = "waiting", _("等待处理")
    DONE = "done", _("已更正")
    REFUSED = "refused", _("未更正")


class Correction(models.Model):
    """Something a person says is wrong, what it should be, and the answer."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    subject = models.CharField(max_length=12, choices=CorrectionSubject.choices)
    wish = SealedTextField(data_class="C2", holds="text")
    why = SealedTextField(data_class="C2", holds="text")
    state = models.CharField(max_length=8, choices=CorrectionState.choices, default=CorrectionState.WAITING)
    asked_at = models.DateTimeField()
    answer_by = models.DateField()
    answer = SealedTextField(data_class="C2", holds="text", default="", blank=True)
    answered_by = models.CharField(max_length=80, blank=True, default="")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id", "subject"],
                condition=models.Q(state="waiting"),
                name="one_waiting_correction",
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", answered_at=None)
                | (~models.Q(state="waiting") & models.Q(answered_at__isnull=False)),
                name="correction_answered_or_waiting",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=models.Q(state="waiting"), name="correction_queue")
        ]


class Erasure(models.Model):
    """An account that ended: `held` maps each keeping rule that still runs to its last day; `next_on` is the earliest."""

    borrower_id = models.BigIntegerField(primary_key=True)
    asked_on = models.DateField()
    asked_at = models.DateTimeField()
    held = models.JSONField()
    next_on = models.DateField(null=True, db_index=True)
    finished_at = models.DateTimeField(null=True)
