"""
Who someone is, who speaks for them, what they allowed, and which cards are theirs.

Data classes (JR/T 0171): every field that holds C2 data is a SealedTextField or a sealed file; C3 (card expiry,
security codes, passwords) has no column anywhere. Look-up tables at the end give the borrower for a blind index.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from fenqi.people.models.doors import (
    EmailLink,
    Passkey,
    PasskeyChallenge,
    PasskeyIndex,
    PhoneChange,
    PhoneChangeStatus,
    RecoveryCode,
    StaffLink,
    StaffMember,
    StaffPasskey,
    StrangersTries,
)
from fenqi.people.models.standing import Standing
from fenqi.plumbing.sealed import BlindIndexField, SealedTextField

__all__ = [
    "Account",
    "AccountSession",
    "BankCard",
    "CardStatus",
    "CodePurpose",
    "Consent",
    "ConsentText",
    "Contact",
    "ContactAnswer",
    "ContactCall",
    "ContactInvite",
    "ContactNaming",
    "ContactRetention",
    "ContactStatus",
    "ContactUse",
    "Dial",
    "EmailLink",
    "Identity",
    "IdentityCheck",
    "IdentityIndex",
    "IdentityStatus",
    "Passkey",
    "PasskeyChallenge",
    "PasskeyIndex",
    "PhoneChange",
    "PhoneChangeStatus",
    "PhoneIndex",
    "RecoveryCode",
    "Relationship",
    "Reveal",
    "SignInCode",
    "StaffLink",
    "StaffMember",
    "StaffPasskey",
    "Standing",
    "StrangersTries",
]


class Account(models.Model):
    """One phone number that once signed in. `borrower_id` is the shopper everywhere else."""

    borrower_id = models.BigIntegerField(primary_key=True)
    phone = SealedTextField(data_class="C2")
    email = SealedTextField(data_class="C2", default="", blank=True)
    language = models.CharField(
        max_length=10, default="", blank=True, help_text="what we say to them is in; empty: never chosen"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(language__in=["", "zh-hans", "en"]), name="account_language_known"
            )
        ]


class AccountSession(models.Model):
    """One signed-in browser, so that its owner can see and end it. Ending deletes the Django session itself."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    session_key = SealedTextField(data_class="C2")
    device = models.CharField(max_length=80)
    address = models.CharField(max_length=45, help_text="masked: the last part of the address is not kept")
    opened_with = models.CharField(
        max_length=8, choices=[("code", _("短信验证码")), ("passkey", _("通行密钥"))], default="code"
    )
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="to within a few minutes")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "ended_at"])]


class CodePurpose(models.TextChoices):
    """What a one-time code opens; a code for one purpose never opens another."""

    SIGN_IN = "sign_in", _("登录")
    STEP_UP = "step_up", _("确认身份")
    BIND_CARD = "bind_card", _("绑定银行卡")
    CHANGE_PHONE = "change_phone", _("更换手机号")
    LOST_PHONE = "lost_phone", _("找回账号")


class SignInCode(models.Model):
    """A one-time code sent to a phone. Only a keyed hash is kept; `used_at` closes it for good."""

    id = models.UUIDField(primary_key=True)
    phone_index = BlindIndexField()
    address_index = BlindIndexField()
    purpose = models.CharField(max_length=16, choices=CodePurpose.choices)
    code_hash = BlindIndexField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone_index", "purpose", "-sent_at"]),
            models.Index(fields=["address_index", "-sent_at"]),
        ]


class IdentityStatus(models.TextChoices):
    """Where the real-name check of one account stands."""

    CHECKING = "checking", _("核验中")
    PASSED = "passed", _("已通过")
    FAILED = "failed", _("未通过")
    RETRY = "retry", _("请稍后重试")
    LIMIT = "limit", _("今日次数已用完")
    REVIEW = "review", _("人工审核中")
    REFUSED = "refused", _("审核未通过")


class Identity(models.Model):
    """The one identity of an account; a later submission replaces what did not pass."""

    borrower_id = models.BigIntegerField(primary_key=True)
    real_name = SealedTextField(data_class="C2")
    id_number = SealedTextField(data_class="C2")
    born_on = SealedTextField(data_class="C2", holds="date")
    valid_until = SealedTextField(data_class="C2", holds="date", help_text="ISO date, or 'long-term'")
    is_student = models.BooleanField()
    method = models.CharField(max_length=8, choices=[("photos", _("证件照片")), ("face", _("人脸核验"))])
    front_id = models.UUIDField(null=True, help_text="sealed file")
    back_id = models.UUIDField(null=True, help_text="sealed file")
    status = models.CharField(max_length=10, choices=IdentityStatus.choices)
    reason = models.CharField(max_length=300, blank=True)
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    # An agreement was concluded with it: the law has it kept (rules-cn 7.4). Others are forgotten after a while.
    must_be_kept = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["submitted_at"], condition=models.Q(status="review"), name="identity_queue"),
            models.Index(
                fields=["submitted_at"], condition=models.Q(must_be_kept=False), name="identity_retention"
            ),
        ]


class IdentityCheck(models.Model):
    """One question to the identity party: the intent, and beside it the outcome once known."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    method = models.CharField(max_length=8)
    asked_at = models.DateTimeField()
    result = models.CharField(max_length=8, blank=True)
    serial = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "asked_at"])]


class ContactStatus(models.TextChoices):
    """Where one named contact stands. Only APPROVED carries an application further."""

    INVITED = "invited", _("等待联系人回复")
    ACCEPTED = "accepted", _("联系人已同意，等待审核")
    DECLINED = "declined", _("未能确认")
    UNKNOWN_PERSON = "unknown_person", _("未能确认")
    APPROVED = "approved", _("已通过")
    REFUSED = "refused", _("审核未通过")
    WITHDRAWN = "withdrawn", _("需要更换")
    REPLACED = "replaced", _("已更换")
    DELETED = "deleted", _("已删除")


class Relationship(models.TextChoices):
    """What a contact is to the applicant."""

    PARENT = "parent", _("父母")
    SPOUSE = "spouse", _("配偶")
    CHILD = "child", _("子女")
    SIBLING = "sibling", _("兄弟姐妹")
    RELATIVE = "relative", _("其他亲属")
    COLLEAGUE = "colleague", _("同事")
    FRIEND = "friend", _("朋友")


class Contact(models.Model):
    """A person an applicant named. Name and phone are blanked when the contact is deleted."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    application_id = models.UUIDField(null=True)
    name = SealedTextField(data_class="C2")
    phone = SealedTextField(data_class="C2")
    relationship = models.CharField(max_length=12, choices=Relationship.choices)
    status = models.CharField(max_length=16, choices=ContactStatus.choices)
    named_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["borrower_id", "-named_at"]),
            models.Index(fields=["answered_at"], condition=models.Q(status="accepted"), name="contact_queue"),
        ]


class ContactAnswer(models.Model):
    """What the contact said, to which text, when and from where. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    contact_id = models.UUIDField()
    answer = models.CharField(max_length=16)
    text_code = models.CharField(max_length=40)
    text_version = models.PositiveSmallIntegerField()
    text_hash = models.CharField(max_length=64)
    evidence = models.JSONField(default=dict)
    answered_at = models.DateTimeField()


class ContactUse(models.Model):
    """One use of a contact's data, shown to the contact on their page. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    contact_id = models.UUIDField()
    kind = models.CharField(
        max_length=16,
        choices=[
            ("link", _("发送确认短信")),
            ("seen", _("审核员查看")),
            ("call", _("电话核实身份")),
            ("reach", _("请转告本人回电")),
        ],
    )
    actor = models.CharField(max_length=80)
    note = models.CharField(max_length=300, blank=True)
    used_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "contact_id", "used_at"])]


class Dial(models.Model):
    """One call to the borrower's own phone and how it ended; the contact is unlocked by these alone. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    outcome = models.CharField(
        max_length=16,
        choices=[
            ("answered", _("已接通")),
            ("no_answer", _("无人接听")),
            ("invalid_number", _("空号或停机")),
        ],
    )
    staff = models.CharField(max_length=80)
    dialled_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "-dialled_at"])]


class ContactCall(models.Model):
    """How one call to a contact ended, told by who called. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    contact_id = models.UUIDField()
    outcome = models.CharField(
        max_length=16,
        choices=[
            ("reached", _("已接通")),
            ("no_answer", _("无人接听")),
            ("withdraw", _("联系人不愿再被联系")),
            ("unknown_person", _("联系人不认识申请人")),
        ],
    )
    staff = models.CharField(max_length=80)
    called_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "-called_at"], name="contact_calls")]


class ContactRetention(models.Model):
    """When a borrower's contacts are to be forgotten, once everything is settled."""

    borrower_id = models.BigIntegerField(primary_key=True)
    forget_on = models.DateField(db_index=True)


class ConsentText(models.Model):
    """One version of a text people agree to; a published version never changes (its hash says so)."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120)
    body_zh = models.TextField()
    body_en = models.TextField()
    text_hash = models.CharField(max_length=64)
    published_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_text_a_version")]


class Consent(models.Model):
    """A person agreed to a text; withdrawing fills `withdrawn_at` and changes nothing else."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    text_code = models.CharField(max_length=40)
    text_version = models.PositiveSmallIntegerField()
    text_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=16)
    evidence = models.JSONField(default=dict)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "text_code", "-given_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id", "text_code", "text_version"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_standing_consent",
            )
        ]


class CardStatus(models.TextChoices):
    """Where a bank card stands. CHECKING is an intent whose outcome is not known yet."""

    CHECKING = "checking", _("核验中")
    ACTIVE = "active", _("可用")
    REFUSED = "refused", _("核验未通过")
    UNBOUND = "unbound", _("已解绑")


class BankCard(models.Model):
    """A debit card of the person; the row is also the intent of its four-element check. The full number is never kept."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    number_index = BlindIndexField()
    phone = SealedTextField(data_class="C2")
    tail = models.CharField(max_length=4)
    bank = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, choices=CardStatus.choices)
    serial = models.CharField(max_length=80, blank=True, help_text="the channel's token for this card")
    asked_at = models.DateTimeField()
    bound_at = models.DateTimeField(null=True)
    unbound_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "number_index", "asked_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id", "number_index"],
                condition=models.Q(status="active"),
                name="one_active_card",
            )
        ]


class Reveal(models.Model):
    """Somebody of the staff saw one value in clear, and why. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    staff = models.CharField(max_length=80)
    field = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    revealed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["staff", "revealed_at"])]


# ---- look-up tables: uniqueness without the borrower, and the borrower for a value ----


class PhoneIndex(models.Model):
    """Blind index of a phone → the account that signs in with it."""

    phone_index = BlindIndexField(primary_key=True)
    borrower_id = models.BigIntegerField()


class IdentityIndex(models.Model):
    """Blind index of an ID number → the one account whose identity it is."""

    id_index = BlindIndexField(primary_key=True)
    borrower_id = models.BigIntegerField()


class PersonAccount(models.Model):
    """
    Every account whose real-name check ever passed with one ID number (its blind index): limits are a person's, not an account's.

    A number that moves to another account leaves the row of the old one: its loans are still that person's.
    """

    pk = models.CompositePrimaryKey("person_index", "borrower_id")
    person_index = BlindIndexField()
    borrower_id = models.BigIntegerField()
    bound_at = models.DateTimeField()


class ContactInvite(models.Model):
    """Hash of a link's token → the contact it was sent to. The token itself is never kept."""

    token_hash = models.BinaryField(max_length=32, primary_key=True)
    borrower_id = models.BigIntegerField()
    contact_id = models.UUIDField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)


class ContactNaming(models.Model):
    """Which applicants named a phone, so that one person is not named by many."""

    pk = models.CompositePrimaryKey("phone_index", "borrower_id")
    phone_index = BlindIndexField()
    borrower_id = models.BigIntegerField()
    named_at = models.DateTimeField()
    # Declined, withdrew or does not know the applicant: never asked again for this applicant.
    refused_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["borrower_id"], name="naming_of_applicant")]
