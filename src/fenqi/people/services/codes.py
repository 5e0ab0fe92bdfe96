"""One-time codes: sent rarely, kept as a keyed hash, compared in constant time, good for one use and five tries."""

from __future__ import annotations

import datetime
import secrets
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import CodePurpose, SignInCode
from fenqi.plumbing import business_date, clock, index_keys, ports, rule_data, sealed
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID


def phone_index(phone: str) -> bytes:
    """The blind index accounts, codes and contacts are found by."""
    return sealed.blind_index(phone, purpose="phone")


@transaction.atomic
def send_code(*, phone: str, purpose: str = CodePurpose.SIGN_IN, ip: str = "") -> None:
    """
    Send a new code to `phone`; the one sent before for this purpose stops working.

    Whether the phone has an account makes no difference to the answer.
    Raises: Unreadable(phone), TooSoon (1 a minute, 5 an hour, 10 a day; wider limits per number and address).
    """
    phone = refusals.phone(phone)
    purpose = CodePurpose(purpose)
    index = phone_index(phone)
    address = sealed.blind_index(ip, purpose="address")
    now = clock.wall()
    _queue_up(phone)
    _check_speed(index=index, address=address, purpose=purpose, now=now)

    limits = rule_data.value("code_limits", on=business_date.current())
    code_id, code = new_id(), f"{secrets.randbelow(10**6):06d}"
    SignInCode.objects.create(
        id=code_id,
        phone_index=index,
        address_index=address,
        purpose=purpose,
        code_hash=_hash(code_id, code),
        sent_at=now,
        expires_at=now + datetime.timedelta(seconds=limits["valid_seconds"]),
    )
    ports.get("texts").send_to_phone(
        phone=phone,
        template="people.code",
        context={"code": code, "minutes": limits["valid_seconds"] // 60, "purpose": purpose.value},
        reference=f"code:{code_id}",
    )


def use_code(*, phone: str, code: str, purpose: str, field: str = "code", proven: bool = True) -> None:
    """
    Spend the newest code of this phone and purpose.

    `proven` is whether what was typed beside the code is right: where it is not, the right code counts as a wrong try, so that
    guessing the rest is as limited as guessing the code.
    Must not run inside a caller's transaction: a wrong try has to be remembered although this raises.
    Raises: Unreadable, CodeWrong, ProofWrong, CodeClosed after five wrong tries.
    """
    code = refusals.code(code, field=field)
    verdict = _try_code(index=phone_index(phone), code=code, purpose=CodePurpose(purpose), proven=proven)
    if verdict == "unproven":
        raise refusals.ProofWrong(_("与实名信息不符，请核对后再填。"))
    if verdict == "wrong":
        raise refusals.CodeWrong(_("验证码不对或已过期，请检查最新一条短信。"), field=field)
    if verdict == "closed":
        raise refusals.CodeClosed(_("错误次数过多，这个验证码已作废，请重新获取。"), field=field)


@transaction.atomic
def _try_code(*, index: bytes, code: str, purpose: CodePurpose, proven: bool) -> str:
    tries = rule_data.value("code_limits", on=business_date.current())["tries"]
    # The lock makes tries queue up, so that many at once do not count as one.
    kept = (
        SignInCode.objects.select_for_update()
        .filter(phone_index=index, purpose=purpose)
        .order_by("-sent_at", "-id")
        .first()
    )
    if kept is None or kept.used_at or kept.expires_at <= clock.wall():
        return "wrong"
    if kept.tries >= tries:
        return "closed"
    fits = index_keys.is_same(kept.code_hash, _hash(kept.id, code))
    if fits and proven:
        kept.used_at = clock.wall()
        kept.save(update_fields=["used_at"])
        return "right"
    kept.tries += 1
    kept.save(update_fields=["tries"])
    if kept.tries >= tries:
        return "closed"
    return "unproven" if fits else "wrong"


def _hash(code_id: UUID, code: str) -> bytes:
    # Keyed, because a million codes are tried against a bare hash in no time.
    return sealed.blind_index(f"{code_id}\x00{code}", purpose="code")


def _queue_up(phone: str) -> None:
    """Two requests for one phone wait for each other, so that both see what the other sent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [index_keys.turn(phone, purpose="phone")])


def _check_speed(*, index: bytes, address: bytes, purpose: CodePurpose, now: datetime.datetime) -> None:
    on = business_date.current()
    limits, wide = rule_data.value("code_limits", on=on), rule_data.value("code_limits_wide", on=on)
    day, hour = now - datetime.timedelta(days=1), now - datetime.timedelta(hours=1)
    sent = list(
        SignInCode.objects.filter(phone_index=index, sent_at__gt=day)
        .order_by("sent_at")
        .values_list("purpose", "sent_at", "used_at")
    )
    same = [sent_at for sent_purpose, sent_at, _used in sent if sent_purpose == purpose]
    last_minute = [at for at in same if at > now - datetime.timedelta(minutes=1)]
    if len(last_minute) >= limits["minute"]:
        wait = max(1, 60 - int((now - max(last_minute)).total_seconds()))
        is_open = any(kind == purpose and at == same[-1] and used is None for kind, at, used in sent)
        raise refusals.TooSoon(
            _("验证码刚刚发送过，请 %(n)s 秒后再获取。") % {"n": wait},
            field="phone",
            wait_seconds=wait,
            is_open=is_open,
        )
    if sum(at > hour for at in same) >= limits["hour"]:
        raise refusals.TooSoon(_("这个手机号一小时内获取验证码次数过多，请一小时后再试。"), field="phone")
    if len(same) >= limits["day"] or len(sent) >= wide["number_day"]:
        raise refusals.TooSoon(_("这个手机号今天获取验证码次数过多，请明天再试。"), field="phone")
    if SignInCode.objects.filter(address_index=address, sent_at__gt=hour).count() >= wide["address_hour"]:
        raise refusals.TooSoon(_("当前网络获取验证码次数过多，请稍后再试。"), field="phone")
