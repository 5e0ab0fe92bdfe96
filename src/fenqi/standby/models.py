"""Tables of the standby line: the line itself and each draw until its loan stands."""

from django.db import models


class LineState(models.TextChoices):
    """What may be done with a line."""

    ACTIVE = "active"
    CLOSED = "closed"


class StandbyLine(models.Model):
    """A revolving limit. One per borrower; the key is the borrower."""

    borrower_id = models.BigIntegerField(primary_key=True)
    lender_code = models.TextField()
    limit_fen = models.BigIntegerField()
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    due_day = models.PositiveSmallIntegerField()
    state = models.TextField(choices=LineState, default=LineState.ACTIVE)
    opened_on = models.DateField()
    reasons = models.JSONField()  # the rule hits the limit came from

    class Meta:
        constraints = [
            models.CheckConstraint(name="line_state", condition=models.Q(state__in=LineState.values)),
            models.CheckConstraint(name="line_limit", condition=models.Q(limit_fen__gt=0)),
            models.CheckConstraint(name="line_due_day", condition=models.Q(due_day__range=(1, 28))),
        ]


class DrawState(models.TextChoices):
    """Where the money of a draw is."""

    INTENDED = "intended"
    """Asked for; the pay-out has not been answered yet."""
    PAID_OUT = "paid_out"
    FAILED = "failed"


class StandbyDraw(models.Model):
    """One use of the line. Its loan is opened when the money has left."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    card_id = models.UUIDField()
    amount_fen = models.BigIntegerField()
    installments = models.PositiveSmallIntegerField()
    state = models.TextField(choices=DrawState, default=DrawState.INTENDED)
    drawn_on = models.DateField()
    payout_id = models.UUIDField(null=True)
    loan_id = models.UUIDField(null=True)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="draw_state", condition=models.Q(state__in=DrawState.values)),
            models.CheckConstraint(name="draw_amount", condition=models.Q(amount_fen__gt=0)),
            models.CheckConstraint(
                name="draw_paid_out_has_loan",
                condition=~models.Q(state="paid_out") | models.Q(loan_id__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["borrower_id", "state"], name="draw_of_line")]
