"""
How one comes in: passkeys and their challenges, the people who work here, and the one-time links and codes of both.

Data classes as in the package: C2 is sealed, C3 has no column; of tokens and codes only hashes are kept.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.sealed import BlindIndexField, SealedTextField


class PhoneChangeStatus(models.TextChoices):
    """Where the move of an account whose old phone is lost stands."""

    REVIEW = "review", _("人工审核中")
    APPROVED = "approved", _("已通过")
    REFUSED = "refused", _("未通过")
    STOPPED = "stopped", _("原手机号已叫停")


class PhoneChange(models.Model):
    """Somebody whose old phone is lost asks for their account on a new one; a person decides."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    old_phone = SealedTextField(data_class="C2")
    new_phone = SealedTextField(data_class="C2")
    status = models.CharField(max_length=8, choices=PhoneChangeStatus.choices)
    serial = models.CharField(
        max_length=80, blank=True, help_text="the identity party's number of the face check"
    )
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id"], condition=models.Q(status="review"), name="one_phone_change_waits"
            )
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=models.Q(status="review"), name="phone_change_queue"),
        ]


class PasskeyFacts(models.Model):
    """What is kept of a passkey: the public half, and what its owner recognises it by."""

    credential_id = models.BinaryField(max_length=1023)
    public_key = models.BinaryField(help_text="COSE key")
    # What the device counted last; a lower count means a copy. Synchronised passkeys always say 0.
    sign_count = models.BigIntegerField(default=0)
    name = models.CharField(max_length=40)
    is_synced = models.BooleanField(help_text="backed up by the maker's cloud, so on several devices")
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Passkey(PasskeyFacts):
    """A shopper's passkey."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()


class StaffMember(models.Model):
    """
    Someone who works here. The password is a Django hash; empty until the set-up link was used.

    A session carries `session_round`; whatever must end all sessions raises it.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)
    shown_name = models.CharField(max_length=40)
    # Employee number: every account of one human being carries the same, so that nobody checks their own work.
    person = models.CharField(max_length=40, blank=True, default="")
    password = models.CharField(max_length=200)
    password_changed_at = models.DateTimeField(null=True)
    totp_secret = SealedTextField(data_class="C2", blank=True, default="")
    totp_last_step = models.BigIntegerField(default=0)
    roles = models.JSONField(default=list)
    session_round = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True, help_text="false: has left, for good")
    is_locked = models.BooleanField(default=False, help_text="by an administrator, until unlocked")
    failed_tries = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    last_sign_in_at = models.DateTimeField(null=True)


class StrangersTries(models.Model):
    """Failed tries with a name nobody has: it locks as a real one does, so that the lock does not tell who works here."""

    name_index = BlindIndexField(primary_key=True)
    failed_tries = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(db_index=True)


class StaffPasskey(PasskeyFacts):
    """A staff member's passkey."""

    id = models.UUIDField(primary_key=True)
    member = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")


class RecoveryCode(models.Model):
    """One of a staff member's ten ways in without their device. Only a keyed hash is kept; each opens once."""

    code_hash = BlindIndexField(primary_key=True)
    member = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class StaffLink(models.Model):
    """Hash of a one-time link by which a staff member chooses a password. The token itself is never kept."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    member = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


# ---- look-up tables and what lives for minutes ----


class PasskeyIndex(models.Model):
    """Hash of a credential id → whose passkey it is: one credential, one owner, shopper or staff."""

    credential_hash = models.BinaryField(max_length=32, primary_key=True)
    borrower_id = models.BigIntegerField(null=True)
    member_id = models.BigIntegerField(null=True)
    passkey_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(borrower_id__isnull=True) ^ models.Q(member_id__isnull=True),
                name="passkey_has_one_owner",
            )
        ]


class PasskeyChallenge(models.Model):
    """A question put to one browser for one purpose; deleted as it is answered, or when its minutes are over."""

    challenge = models.BinaryField(max_length=32, primary_key=True)
    purpose = models.CharField(
        max_length=8, choices=[("add", "add"), ("sign_in", "sign_in"), ("confirm", "confirm")]
    )
    # "shopper:<id>" or "staff:<name>"; at the door only "shopper" or "staff".
    holder = models.CharField(max_length=60)
    browser_hash = BlindIndexField(help_text="of a random word in the browser's session")
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"])]


class EmailLink(models.Model):
    """Hash of a link's token → the address it was sent to, and whose it becomes once the link is opened."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    borrower_id = models.BigIntegerField()
    email = SealedTextField(data_class="C2")
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "sent_at"])]
