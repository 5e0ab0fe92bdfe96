"""Keys of other systems. Reference data: they belong to no borrower."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


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
