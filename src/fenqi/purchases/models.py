"""Where an order, an agreement and a loan meet: what was confirmed, what lenders were asked to do, what goes back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PurchaseState(models.TextChoices):
    """How far the money of a purchase is."""

    PAYING = "paying", _("待付款")
    DISBURSING = "disbursing", _("放款中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未完成")


class Purchase(models.Model):
    """One confirmation to pay an order: a part in full, a part by a loan, or only one of them."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    order_number = models.CharField(max_length=24)
    application_id = models.UUIDField(null=True)
    agreement_id = models.UUIDField(null=True)
    full_amount_fen = models.BigIntegerField()
    financed_amount_fen = models.BigIntegerField()
    full_payment_id = models.UUIDField(
        null=True, help_text="the newest attempt; the paid one once it is paid"
    )
    full_paid_at = models.DateTimeField(null=True)
    loan_id = models.UUIDField(null=True)
    mandate_settled_at = models.DateTimeField(
        null=True, help_text="when the channel took or refused the debit mandate"
    )
    state = models.CharField(max_length=10, choices=PurchaseState.choices)
    reason = models.CharField(max_length=64, blank=True)
    confirmed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id", "order_id"],
                condition=~models.Q(state="failed"),
                name="purchase_of_order_once",
            ),
            models.CheckConstraint(
                condition=models.Q(full_amount_fen__gte=0, financed_amount_fen__gte=0)
                & ~models.Q(full_amount_fen=0, financed_amount_fen=0),
                name="purchase_amounts",
            ),
        ]


class CallKind(models.TextChoices):
    """What a lender is asked to do with money."""

    DISBURSE = "disburse", _("放款")
    REFUND = "refund", _("退款")
    CANCEL = "cancel", _("撤销")


class CallState(models.TextChoices):
    """An intent, then its outcome; UNKNOWN stays until asked again."""

    INTENDED = "INTENDED", _("待发送")
    UNKNOWN = "UNKNOWN", _("等待结果")
    SUCCEEDED = "SUCCEEDED", _("成功")
    FAILED = "FAILED", _("失败")


class LenderCall(models.Model):
    """One intent towards a lender. `id` is the reference the lender knows it by; `of` the disbursement it is about."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=CallKind.choices)
    lender_code = models.CharField(max_length=32)
    subject_id = models.UUIDField(help_text="the purchase or the give-back this is done for")
    of = models.UUIDField(null=True)
    amount_fen = models.BigIntegerField()
    on = models.DateField()
    state = models.CharField(max_length=10, choices=CallState.choices)
    answer = models.JSONField(default=dict)
    tries = models.PositiveSmallIntegerField(default=0)
    intended_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "kind", "subject_id"], name="lender_call_once"),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="lender_call_amount_positive"),
        ]


class GiveBack(models.Model):
    """What goes back for a return or a cancelled order; `id` is the return's id, or the order's for a cancellation."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    is_cancellation = models.BooleanField()
    to_payer_fen = models.BigIntegerField(help_text="of what was paid in full, back to where it came from")
    to_loan_fen = models.BigIntegerField(help_text="of what was financed, back to the lender")
    refund_id = models.UUIDField(null=True)
    paid_back_at = models.DateTimeField(null=True)
    loan_reduced_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(to_payer_fen__gte=0, to_loan_fen__gte=0), name="give_back_amounts"
            )
        ]


class WaitingStep(models.Model):
    """A queue: who has to be taken further, and when next. The worker takes rows under locks that others skip."""

    id = models.UUIDField(primary_key=True, help_text="the application, purchase or give-back")
    kind = models.CharField(max_length=12)
    borrower_id = models.BigIntegerField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="waiting_step_due")]
