"""
Lenders and their plans, quotes held for a while, applications and how they were decided, signed agreements.

Lenders, plans and quotes are reference tables without a borrower; everything else belongs to one borrower.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.sealed import BlindIndexField, SealedTextField


class LenderKind(models.TextChoices):
    """Which rules a lender stands under (rules-cn 1.4, 1.5, 3.5)."""

    BANK = "bank", _("银行")
    CONSUMER_FINANCE = "consumer_finance", _("消费金融公司")
    MICROLOAN = "microloan", _("小额贷款公司")


class Lender(models.Model):
    """A lender connected to this shop. `services_own_loans`: its loans live in its own books, not in ours."""

    code = models.CharField(primary_key=True, max_length=32)
    name = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=LenderKind.choices)
    services_own_loans = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)


class PublishedPlan(models.Model):
    """One version of a plan as it was published: `plan` is the engine's JSON form. A change is a new version."""

    id = models.UUIDField(primary_key=True)
    code = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    lender = models.ForeignKey(Lender, on_delete=models.PROTECT, related_name="+")
    plan = models.JSONField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, help_text="the last day it may be quoted; none: until replaced")
    published_by = models.CharField(max_length=80)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="plan_version_once"),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_until__gte=models.F("valid_from")),
                name="plan_valid_range",
            ),
        ]


class HeldQuote(models.Model):
    """A quote with an id and an expiry; `quote` is credit.quotes.QuotedPlan as JSON, `digest` its SHA-256."""

    append_only = True

    id = models.UUIDField(primary_key=True)
    lender = models.ForeignKey(Lender, on_delete=models.PROTECT, related_name="+")
    plan_code = models.CharField(max_length=64)
    amount_fen = models.BigIntegerField()
    quoted_on = models.DateField()
    quote = models.JSONField()
    digest = models.BinaryField(max_length=32)
    held_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="quote_amount_positive")
        ]


class ApplicationState(models.TextChoices):
    """What credit itself knows of an application; identity, contact and card are read from people."""

    STARTED = "started", _("申请中")
    DECIDING = "deciding", _("审批中")
    REFERRED = "referred", _("人工审核中")
    APPROVED = "approved", _("已通过")
    DECLINED = "declined", _("未通过")
    SIGNED = "signed", _("已签署")
    DISBURSING = "disbursing", _("放款中")
    DONE = "done", _("已放款")
    CANCELLED = "cancelled", _("已取消")


CLOSED_STATES = (ApplicationState.DECLINED, ApplicationState.DONE, ApplicationState.CANCELLED)


class Application(models.Model):
    """One wish to pay one order by one lender's plan."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    order = models.JSONField(help_text="what is bought, as credit.orders.OrderSummary")
    quote_id = models.UUIDField()
    lender_code = models.CharField(max_length=32)
    amount_fen = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=ApplicationState.choices)
    reasons = models.JSONField(default=list)
    address_index = BlindIndexField(null=True, help_text="keyed hash of where the goods go")
    person_index = BlindIndexField(
        null=True, help_text="whose exposure it is held against, once it was judged"
    )
    started_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="application_amount_positive"),
            # Two tabs cannot apply twice for one order.
            models.UniqueConstraint(
                fields=["borrower_id", "order_id"],
                condition=~models.Q(state__in=CLOSED_STATES),
                name="application_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["started_at"], condition=models.Q(state="referred"), name="application_referred"
            ),
            models.Index(fields=["borrower_id", "started_at"], name="application_of_account"),
        ]


class DecidedBy(models.TextChoices):
    """Who spoke."""

    RULES = "rules", _("规则")
    LENDER = "lender", _("贷款机构")
    STAFF = "staff", _("人工审核")


class Decision(models.Model):
    """
    One word on an application: by our rules, by the lender, by a person. Never changed.

    Of the rules' word everything is kept that gives it again: the rule set by its hash, the snapshot of inputs sealed, the hash over both
    and the answer. A person's word has a reason code, words of their own, and names the decision it stands against.
    """

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    application_id = models.UUIDField()
    by = models.CharField(max_length=8, choices=DecidedBy.choices)
    decided_by = models.CharField(max_length=80, blank=True)
    result = models.CharField(max_length=10, help_text="APPROVED, DECLINED or REFERRED")
    reasons = models.JSONField(default=list)
    rule_ids = models.JSONField(default=list, help_text="the rules that fired, in order")
    snapshot = SealedTextField(
        data_class="C2", holds="facts", null=True, help_text="JSON: the inputs and a salt"
    )
    rules_digest = models.BinaryField(max_length=32, null=True)
    digest = models.BinaryField(max_length=32, null=True, help_text="over rules, snapshot and answer")
    words = models.CharField(max_length=300, default="", help_text="what a person said of it")
    overrides = models.UUIDField(null=True, help_text="the decision a person stands against")
    serial = models.CharField(max_length=64, blank=True, help_text="the lender's own number")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "application_id", "at"], name="decision_application")]


class LenderInquiry(models.Model):
    """An intent to ask the lender for a decision, and what came of it: asked again by the same reference."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField(help_text="the reference at the lender")
    application_id = models.UUIDField()
    state = models.CharField(
        max_length=8, choices=[(s, s) for s in ("INTENDED", "ANSWERED", "UNKNOWN", "REFUSED")]
    )
    tries = models.PositiveSmallIntegerField(default=0)
    intended_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["borrower_id", "application_id"], name="inquiry_once")]


class Agreement(models.Model):
    """What was signed: the quote, the text, the cost table, when and how. Never changed."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    number = models.CharField(max_length=24)
    application_id = models.UUIDField()
    order_id = models.UUIDField()
    quote_id = models.UUIDField()
    lender_code = models.CharField(max_length=32)
    amount_fen = models.BigIntegerField()
    card_id = models.UUIDField()
    quote_digest = models.BinaryField(max_length=32)
    text_version = models.CharField(max_length=16)
    text_digest = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32, help_text="over everything that was agreed")
    content = models.JSONField(
        help_text="what the document shows: order lines, cost table, schedule, mandate"
    )
    read_seconds = models.PositiveIntegerField()
    evidence = models.JSONField()
    signed_on = models.DateField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "application_id"], name="agreement_once"),
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="agreement_amount_positive"),
        ]


class AgreementDocument(models.Model):
    """The signed PDF of an agreement: a sealed file, made once."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "agreement_id")
    borrower_id = models.BigIntegerField()
    agreement_id = models.UUIDField()
    file_id = models.UUIDField()
    digest = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()


from fenqi.credit.models.risk import (  # noqa: E402 - tables stand in the order in which they speak of each other
    AddressUse,
    ApplicationGoods,
    Commitment,
    ListEntry,
    MeansDeclaration,
    PersonExposure,
    ReviewRequest,
    RuleSetUsed,
    ScoreInquiry,
)

__all__ = [
    "CLOSED_STATES",
    "AddressUse",
    "Agreement",
    "AgreementDocument",
    "Application",
    "ApplicationGoods",
    "ApplicationState",
    "Commitment",
    "DecidedBy",
    "Decision",
    "HeldQuote",
    "Lender",
    "LenderInquiry",
    "LenderKind",
    "ListEntry",
    "MeansDeclaration",
    "PersonExposure",
    "PublishedPlan",
    "ReviewRequest",
    "RuleSetUsed",
    "ScoreInquiry",
]
