"""
Passkeys of shoppers and staff: added, used to sign in or to confirm, removed.

`webauthn` reads the formats and checks signature, origin and relying party; the challenge, its owner and the counter are checked here.
A browser's answer arrives as the JSON text of its PublicKeyCredential.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import webauthn
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from fenqi.people.models import Account, Passkey, PasskeyIndex, StaffMember, StaffPasskey
from fenqi.people.services.challenges import new_challenge, take_challenge
from fenqi.people.services.factors import LastFactor, begin_second_factor
from fenqi.plumbing import audit, business_date, clock, index_keys, masks, ports, rule_data
from fenqi.plumbing.errors import Conflict, NotFound, Refusal, TooMany
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.registration.verify_registration_response import VerifiedRegistration

LONGEST_ANSWER = 20_000
_ADD, _SIGN_IN, _CONFIRM = "add", "sign_in", "confirm"


class PasskeyRefused(Refusal):
    """The answer proves nothing: unknown passkey, old question, other site, wrong signature. Which one is not told."""

    code = "passkey_refused"


class PasskeyKnown(Conflict):
    """This device has a passkey for the account already."""

    code = "passkey_known"


class PasskeyLimit(TooMany):
    """The account holds as many passkeys as it may."""

    code = "passkey_limit"


class PasskeyUnknown(NotFound):
    """No such passkey of this person."""

    code = "passkey_unknown"


class PasskeyOff(Refusal):
    """The site has no domain a passkey could be bound to."""

    code = "passkey_off"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose passkey it is: a shopper by number, or a staff member by name."""

    borrower_id: int | None = None
    staff: str | None = None

    def __str__(self) -> str:
        return f"shopper:{self.borrower_id}" if self.staff is None else f"staff:{self.staff}"

    @property
    def kind(self) -> str:
        """The door it opens."""
        return "shopper" if self.staff is None else "staff"

    @property
    def subject(self) -> str:
        """How the audit trail calls whom it is about."""
        return f"account:{self.borrower_id}" if self.staff is None else f"staff:{self.staff}"


def question_to_add(*, holder: Holder, browser: str) -> dict[str, Any]:
    """
    What `navigator.credentials.create` is asked, as JSON. `browser`: a random word kept in the browser's session.

    Raises: PasskeyOff, PasskeyLimit.
    """
    _require_domain()
    kept = list(_keys_of(holder).values_list("credential_id", flat=True))
    _require_room(len(kept))
    options = webauthn.generate_registration_options(
        rp_id=settings.PASSKEY_DOMAIN,
        rp_name=_gettext("青屿商城"),
        user_id=_handle(holder),
        user_name=_shown_name(holder),
        challenge=new_challenge(purpose=_ADD, holder=str(holder), browser=browser),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(one)) for one in kept],
    )
    return options_to_json_dict(options)


def add_passkey(*, holder: Holder, browser: str, answer: str, name: str) -> UUID:
    """
    Keep the passkey a browser made for `question_to_add`. The door asked for a fresh confirmation first.

    Must not run inside a caller's transaction: the question is spent even when this raises.
    Raises: PasskeyOff, PasskeyRefused, PasskeyKnown, PasskeyLimit.
    """
    _require_domain()
    read = _read(answer)
    challenge = take_challenge(read, purpose=_ADD, holder=str(holder), browser=browser)
    if challenge is None:
        raise PasskeyRefused(_("等待太久或页面已更新，请再试一次。"))
    try:
        made = webauthn.verify_registration_response(
            credential=read,
            expected_challenge=challenge,
            expected_rp_id=settings.PASSKEY_DOMAIN,
            expected_origin=list(settings.PASSKEY_ORIGINS),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as e:
        raise PasskeyRefused(_("这个通行密钥不能用：设备没有确认是您本人，或回答不完整。")) from e
    return _keep(holder, made, name.strip()[:40] or _gettext("通行密钥"))


@transaction.atomic
def _keep(holder: Holder, made: VerifiedRegistration, name: str) -> UUID:
    owner = _owner(holder)
    _require_room(_keys_of(holder).count())
    passkey_id, digest = new_id(), _digest(made.credential_id)
    _index, is_new = PasskeyIndex.objects.get_or_create(
        credential_hash=digest,
        defaults={
            "passkey_id": passkey_id,
            "borrower_id": holder.borrower_id,
            "member_id": owner.pk if isinstance(owner, StaffMember) else None,
        },
    )
    if not is_new:
        raise PasskeyKnown(_("这台设备的通行密钥已经添加过了。"))
    facts = {
        "id": passkey_id,
        "credential_id": made.credential_id,
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "name": name,
        "is_synced": made.credential_backed_up,
        "added_at": clock.wall(),
    }
    if isinstance(owner, StaffMember):
        begin_second_factor(owner)
        StaffPasskey.objects.create(member=owner, **facts)
    else:
        Passkey.objects.create(borrower_id=owner.borrower_id, **facts)
    _note(holder, "people.passkey.added", passkey_id, name)
    return passkey_id


def question_to_sign_in(*, kind: str, browser: str) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked at the door `kind` (shopper | staff); names nobody. Raises: PasskeyOff."""
    _require_domain()
    return _question_to_get(new_challenge(purpose=_SIGN_IN, holder=kind, browser=browser), [])


def sign_in_by_passkey(*, kind: str, browser: str, answer: str) -> Holder:
    """
    Who answered `question_to_sign_in`.

    Must not run inside a caller's transaction: the question is spent even when this raises.
    Raises: PasskeyOff, PasskeyRefused.
    """
    _require_domain()
    read = _read(answer)
    challenge = take_challenge(read, purpose=_SIGN_IN, holder=kind, browser=browser)
    return _prove(read, challenge, kind=kind, wanted=None)


def question_to_confirm(*, holder: Holder, browser: str) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked to confirm that it is still them. Raises: PasskeyOff, PasskeyUnknown."""
    _require_domain()
    kept = [bytes(one) for one in _keys_of(holder).values_list("credential_id", flat=True)]
    if not kept:
        raise PasskeyUnknown(_("您还没有通行密钥，请用验证码确认。"))
    return _question_to_get(new_challenge(purpose=_CONFIRM, holder=str(holder), browser=browser), kept)


def confirm_by_passkey(*, holder: Holder, browser: str, answer: str) -> None:
    """
    Stands in for a step-up code; the door remembers the moment in its session.

    Must not run inside a caller's transaction. Raises: PasskeyOff, PasskeyRefused.
    """
    _require_domain()
    read = _read(answer)
    challenge = take_challenge(read, purpose=_CONFIRM, holder=str(holder), browser=browser)
    _prove(read, challenge, kind=holder.kind, wanted=holder)
    audit.record(actor=str(holder), action="people.step_up", subject=holder.subject, by="passkey")


@transaction.atomic
def remove_passkey(*, holder: Holder, passkey_id: UUID) -> None:
    """Let a passkey go; it opens nothing from now on. A staff member keeps one second factor. Raises: PasskeyUnknown, LastFactor."""
    owner = _owner(holder)
    kept = _keys_of(holder).filter(id=passkey_id).first()
    if kept is None:
        raise PasskeyUnknown(_("没有这个通行密钥。"))
    if isinstance(owner, StaffMember) and not owner.totp_secret and _keys_of(holder).count() == 1:
        raise LastFactor(_("这是您唯一的第二道验证，请先添加另一个。"))
    PasskeyIndex.objects.filter(credential_hash=_digest(kept.credential_id)).delete()
    kept.delete()
    _note(holder, "people.passkey.removed", passkey_id, kept.name)


def forget_passkeys_of_staff(member: StaffMember) -> int:
    """Take every passkey of a staff member away; the caller holds the row and writes the trail."""
    PasskeyIndex.objects.filter(member_id=member.pk).delete()
    return StaffPasskey.objects.filter(member=member).delete()[0]


def forget_passkeys_of_shopper(borrower_id: int) -> int:
    """Take every passkey of a lost device's account away; the caller holds the account and writes the trail."""
    PasskeyIndex.objects.filter(borrower_id=borrower_id).delete()
    return Passkey.objects.filter(borrower_id=borrower_id).delete()[0]


# ---- proof ----


def _prove(answer: dict[str, Any], challenge: bytes | None, *, kind: str, wanted: Holder | None) -> Holder:
    """Whose key signed this answer. Raises: PasskeyRefused."""
    refused = PasskeyRefused(_("没有认出这个通行密钥，请再试一次，或改用其他方式。"))
    if challenge is None:
        raise refused
    verdict, holder = _weigh(answer, challenge, kind, wanted)
    if verdict == "copied" and holder is not None:
        _tell(holder, "people.passkey_copied", reference=f"passkey_copied:{challenge.hex()[:32]}")
    if verdict != "right" or holder is None:
        raise refused
    return holder


@transaction.atomic
def _weigh(
    answer: dict[str, Any], challenge: bytes, kind: str, wanted: Holder | None
) -> tuple[str, Holder | None]:
    try:
        digest = _digest(base64url_to_bytes(answer["rawId"]))
    except (KeyError, TypeError, ValueError):
        return "wrong", None
    index = PasskeyIndex.objects.filter(credential_hash=digest).first()
    holder = _holder_of(index) if index else None
    if index is None or holder is None or holder.kind != kind or (wanted is not None and holder != wanted):
        return "wrong", None
    # The lock makes answers with one key queue up, so that a counter is never compared with a stale one.
    key = _keys_of(holder).select_for_update().get(id=index.passkey_id)
    proof = _verified(answer, challenge, key)
    if proof is None or not _speaks_for(answer, holder):
        return "wrong", None
    if (proof.new_sign_count or key.sign_count) and proof.new_sign_count <= key.sign_count:
        audit.record(
            actor=str(holder), action="people.passkey.copied", subject=holder.subject, passkey_id=key.id
        )
        return "copied", holder
    key.sign_count, key.used_at = proof.new_sign_count, clock.wall()
    key.save(update_fields=["sign_count", "used_at"])
    return "right", holder


def _verified(
    answer: dict[str, Any], challenge: bytes, key: Passkey | StaffPasskey
) -> VerifiedAuthentication | None:
    try:
        return webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=settings.PASSKEY_DOMAIN,
            expected_origin=list(settings.PASSKEY_ORIGINS),
            credential_public_key=bytes(key.public_key),
            # The library compares before it has checked the signature; a counter speaks only under a good one.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None


def _speaks_for(answer: dict[str, Any], holder: Holder) -> bool:
    """Where the device names an account, it is this one."""
    handle = answer["response"].get("userHandle")
    if not handle:
        return True
    try:
        return hmac.compare_digest(base64url_to_bytes(str(handle)), _handle(holder))
    except ValueError:
        return False


def _question_to_get(challenge: bytes, kept: list[bytes]) -> dict[str, Any]:
    options = webauthn.generate_authentication_options(
        rp_id=settings.PASSKEY_DOMAIN,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in kept],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def _read(answer: str) -> dict[str, Any]:
    try:
        read = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except ValueError:
        read = None
    if not isinstance(read, dict) or not isinstance(read.get("response"), dict):
        raise PasskeyRefused(_("没有收到设备的回答，请再试一次。"))
    return read


# ---- holders ----


def _keys_of(holder: Holder) -> QuerySet[Any]:
    if holder.staff is not None:
        return StaffPasskey.objects.filter(member__name=holder.staff)
    return Passkey.objects.filter(borrower_id=holder.borrower_id)


def _owner(holder: Holder) -> Account | StaffMember:
    """The row behind a holder, locked: what is counted stays so."""
    if holder.staff is not None:
        return StaffMember.objects.select_for_update().get(name=holder.staff)
    return Account.objects.select_for_update().get(borrower_id=holder.borrower_id)


def _holder_of(index: PasskeyIndex) -> Holder | None:
    """The holder behind an index line, if they may still come in."""
    if index.borrower_id is not None:
        is_open = Account.objects.filter(borrower_id=index.borrower_id, closed_at=None).exists()
        return Holder(borrower_id=index.borrower_id) if is_open else None
    member = StaffMember.objects.filter(pk=index.member_id, is_active=True, is_locked=False).first()
    return Holder(staff=member.name) if member else None


def _shown_name(holder: Holder) -> str:
    if holder.staff is not None:
        return holder.staff
    return masks.phone(Account.objects.get(borrower_id=holder.borrower_id).phone)


def _handle(holder: Holder) -> bytes:
    """What the device keeps to know the account by: the same for all its passkeys, and telling nothing."""
    return index_keys.first_index(str(holder), purpose="passkey-holder")


def _digest(credential_id: bytes | memoryview) -> bytes:
    return hashlib.sha256(bytes(credential_id)).digest()


def _require_room(held: int) -> None:
    at_most = rule_data.value("passkey_rules", on=business_date.current())["at_most"]
    if held >= at_most:
        raise PasskeyLimit(_("最多保存 %(n)d 个通行密钥，请先移除不用的。") % {"n": at_most})


def _require_domain() -> None:
    if not settings.PASSKEY_DOMAIN:
        raise PasskeyOff(_("本站地址不支持通行密钥，请使用其他方式。"))


def _note(holder: Holder, action: str, passkey_id: UUID, name: str) -> None:
    audit.record(actor=str(holder), action=action, subject=holder.subject, passkey_id=passkey_id, name=name)
    _tell(holder, action.replace("passkey.", "passkey_"), reference=f"{action}:{passkey_id}", name=name)


def _tell(holder: Holder, template: str, *, reference: str, **parts: str) -> None:
    """Shoppers are told on their phone; staff see it in the console, where their own security notes stand."""
    if holder.borrower_id is not None:
        ports.get("texts").tell(
            borrower_id=holder.borrower_id,
            template=template,
            context={**parts, "link": "/me/passkeys/"},
            reference=reference,
        )
