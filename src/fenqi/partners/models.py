"""Keys of other systems, and where they want to be told of what happens. They belong to no borrower."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from fenqi.plumbing.sealed import SealedTextField


class PartnerKind(models.TextChoices):
    """What a partner is to us, which says what is its own."""

    LENDER = "lender"
    """The loans of this lender (`code` is its code)."""
    SHOP = "shop"
    """The loans that paid orders of the shop."""


class PartnerKey(models.Model):
    """One key of a partner; `secret_hash` is the SHA-256 of 32 random bytes, so nothing slower is needed."""

    id = models.TextField(primary_key=True)
    kind = models.TextField(choices=PartnerKind)
    code = models.TextField()
    scopes = models.JSONField()
    secret_hash = models.BinaryField(max_length=32)
    note = models.TextField(blank=True)
    made_at = models.DateTimeField(db_default=Now())
    ends_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)
    used_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="partner_kind", condition=Q(kind__in=PartnerKind.values)),
            models.CheckConstraint(name="partner_code_is_said", condition=Q(code__gt="")),
        ]


class Hook(models.Model):
    """An address of a partner that is told of events; `secret` signs what is sent there, so it is sealed and not hashed."""

    id = models.TextField(primary_key=True)
    kind = models.TextField(choices=PartnerKind)
    code = models.TextField()
    url = models.TextField()
    events = models.JSONField()
    secret = SealedTextField(data_class="C2")
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="hook_kind", condition=Q(kind__in=PartnerKind.values)),
            models.CheckConstraint(name="hook_code_is_said", condition=Q(code__gt="")),
        ]


class HookNoticeState(models.TextChoices):
    """What became of a notice."""

    WAITING = "waiting"
    SENT = "sent"
    """The partner took it."""
    GIVEN_UP = "given_up"
    """It was not taken in all its tries, or its hook has ended."""


class HookNotice(models.Model):
    """One event for one hook: a queue. What was said in it is not kept once it is over."""

    id = models.UUIDField(primary_key=True)
    hook_id = models.TextField()
    event = models.TextField()
    body = models.TextField(blank=True)
    state = models.TextField(choices=HookNoticeState, default=HookNoticeState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    answer = models.TextField(blank=True)  # the last one: an HTTP status, or why there was none
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="hook_notice_state", condition=Q(state__in=HookNoticeState.values)),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="hook_notice_waiting", condition=Q(state="waiting"))
        ]
