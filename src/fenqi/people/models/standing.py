"""Whether an account is barred from new credit, and by whom."""

from __future__ import annotations

from django.db import models


class Standing(models.Model):
    """One change of an account's standing, agreed by two people; the newest counts. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField(help_text="the approval it was made by")
    is_blocked = models.BooleanField()
    reason = models.CharField(max_length=300)
    maker = models.CharField(max_length=40)
    checker = models.CharField(max_length=40)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "-changed_at"], name="standing_newest")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(maker=models.F("checker")), name="standing_by_two_people"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="standing_says_why"),
        ]
