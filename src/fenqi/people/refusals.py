"""Everything people refuses, by name, with the words a person reads at the field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from fenqi.people import id_number, reading
from fenqi.plumbing.errors import Conflict, NotFound, PeerUnavailable, Refusal, TooMany

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable


class Unreadable(Refusal):
    """What was typed is not what the field asks for."""

    code = "unreadable"


class TooSoon(TooMany):
    """A code was sent less than a minute ago, or too many today."""

    code = "code_too_soon"


class CodeWrong(Refusal):
    """The code is wrong, used, expired, or was never sent: the answer does not tell which."""

    code = "code_wrong"


class ProofWrong(Refusal):
    """The code is right, what was typed beside it is not."""

    code = "proof_wrong"


class CodeClosed(TooMany):
    """Five wrong tries closed the code; another one has to be asked for."""

    code = "code_closed"


class TooYoung(Refusal):
    """Younger than the age of full capacity."""

    code = "too_young"


class PhotoRefused(Refusal):
    """The photo cannot be used."""

    code = "photo_refused"


class IdentityLimit(TooMany):
    """Too many checks today."""

    code = "identity_limit"


class IdentityStanding(Conflict):
    """The account already has an identity, or one is being checked."""

    code = "identity_standing"


class IdentityNeeded(Refusal):
    """The step needs a passed real-name check."""

    code = "identity_needed"


class StandingUnchanged(Conflict):
    """The account is already as it is to become."""

    code = "standing_unchanged"


class ContactRefused(Refusal):
    """This person cannot be the contact."""

    code = "contact_refused"


class LinkUnknown(NotFound):
    """The link is not one of ours, or was replaced by a newer one."""

    code = "link_unknown"


class LinkExpired(Refusal):
    """The link was not used in time."""

    code = "link_expired"
    status = 410


class AlreadyAnswered(Conflict):
    """Another answer was given before."""

    code = "already_answered"


class NotWaiting(Conflict):
    """Somebody decided it first, or it is not up for decision."""

    code = "not_waiting"


class ReasonMissing(Refusal):
    """A decision needs its reason in words."""

    code = "reason_missing"


class CardRefused(Refusal):
    """The bank says these four do not belong together, or the card cannot be used."""

    code = "card_refused"


class CardLimit(TooMany):
    """Too many checks of this card today."""

    code = "card_limit"


class CardUnknown(NotFound):
    """No such card of this person."""

    code = "card_unknown"


class ConsentUnknown(NotFound):
    """No such text or version."""

    code = "consent_unknown"


class ConsentWithdrawn(Refusal):
    """The consent this needs was taken back."""

    code = "consent_withdrawn"


class SignInRefused(Refusal):
    """Staff: wrong name, password or code; the answer does not tell which."""

    code = "sign_in_refused"


class LockedOut(TooMany):
    """Staff: too many failed tries; wait, or ask an administrator."""

    code = "locked_out"


class CheckUnavailable(PeerUnavailable):
    """The outside party did not answer."""

    code = "check_unavailable"


_PHONE = {
    "empty": _("请输入手机号。"),
    "letters": _("手机号只能有数字，请删去其他字符。"),
    "foreign": _("目前只支持中国大陆手机号（+86）。"),
    "landline": _("这是座机号码，请填写能收短信的手机号。"),
    "length": _("手机号应为 11 位数字，请检查是否多输或少输。"),
    "prefix": _("这不是有效的手机号，请检查前三位。"),
}
_NAME = {
    "empty": _("请输入真实姓名。"),
    "spaces": _("姓名中不要有空格；少数民族姓名请用“·”分隔。"),
    "script": _("请填写身份证上的中文姓名，不能含字母、数字或符号。"),
    "short": _("姓名至少两个字。"),
    "long": _("姓名太长，最多 40 个字。"),
}
_CONTACT_NAME = {
    "empty": _("请输入联系人姓名。"),
    "short": _("联系人姓名至少两个字。"),
    "long": _("联系人姓名太长，最多 40 个字。"),
    "signs": _("联系人姓名只能有文字，不能含数字或符号。"),
}
_CARD = {
    "empty": _("请输入银行卡号。"),
    "letters": _("卡号只能有数字。"),
    "length": _("卡号应为 16 至 19 位数字，请检查是否多输或少输。"),
    "check": _("卡号有误：最后一位校验不符，请对照卡面逐位检查。"),
}
_CODE = {
    "empty": _("请输入短信验证码。"),
    "shape": _("验证码是 6 位数字。"),
}
_ID_NUMBER = {
    "empty": _("请输入身份证号。"),
    "old_15": _("15 位旧身份证号已停用，请填写 18 位号码。"),
    "shape": _("身份证号应为 18 位：17 位数字，最后一位是数字或 X。"),
    "area": _("身份证号前六位（地区码）不存在，请检查。"),
    "birth": _("身份证号中的出生日期不存在，请检查第 7 至 14 位。"),
    "future": _("身份证号中的出生日期在今天之后，请检查第 7 至 14 位。"),
    "check": _("身份证号有误：最后一位校验不符，请逐位检查。"),
}


def phone(text: str, *, field: str = "phone") -> str:
    """`reading.read_phone` in words. Raises: Unreadable."""
    return _read(reading.read_phone, text, field=field, words=_PHONE)


def real_name(text: str, *, field: str = "real_name") -> str:
    """`reading.read_real_name` in words. Raises: Unreadable."""
    return _read(reading.read_real_name, text, field=field, words=_NAME)


def contact_name(text: str, *, field: str = "name") -> str:
    """`reading.read_contact_name` in words. Raises: Unreadable."""
    return _read(reading.read_contact_name, text, field=field, words=_CONTACT_NAME)


def card_number(text: str, *, field: str = "number") -> str:
    """`reading.read_card_number` in words. Raises: Unreadable."""
    return _read(reading.read_card_number, text, field=field, words=_CARD)


def code(text: str, *, field: str = "code") -> str:
    """`reading.read_code` in words. Raises: Unreadable."""
    return _read(reading.read_code, text, field=field, words=_CODE)


def citizen(text: str, *, on: datetime.date, field: str = "id_number") -> id_number.IdNumber:
    """`id_number.parse_id_number` in words. Raises: Unreadable."""
    try:
        return id_number.parse_id_number(text, on=on)
    except id_number.IdNumberError as e:
        raise Unreadable(_ID_NUMBER[e.problem], field=field, problem=e.problem) from None


def _read(reader: Callable[[str], str], text: str, *, field: str, words: dict[str, Any]) -> str:
    try:
        return reader(text)
    except reading.Misread as e:
        raise Unreadable(words[e.problem], field=field, problem=e.problem) from None
