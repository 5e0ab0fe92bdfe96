"""Forms of these pages. They keep what was typed; the services read it and say what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.queries import relationships
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import Refusal
from fenqi.plumbing.pages import PlainForm

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = {"inputmode": "numeric"}
_PHONE = {
    "inputmode": "tel",
    "autocomplete": "tel-national",
    "maxlength": "20",
    "placeholder": "138 0000 0000",
}
_CODE = {
    "inputmode": "numeric",
    "autocomplete": "one-time-code",
    "maxlength": "10",
    "class": "code-input",
    "spellcheck": "false",
}


# Phones name HEIC by type or, where the browser knows none, by ending alone.
PHOTO_TYPES = "image/jpeg,image/png,image/heic,image/heif,.heic,.heif"


def _text(label: Any, *, help_text: Any = "", longest: int = 100, **attributes: str) -> forms.CharField:
    # Nothing is required here: the service has the better sentence for an empty field.
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=longest,
        strip=False,
        widget=forms.TextInput(attrs=attributes),
        error_messages={"max_length": _("内容太长，最多 %(limit_value)d 个字符。")},
    )


def _box(label: Any, missing: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, error_messages={"required": missing})


def _read(reader: Callable[[str], str], text: str) -> str:
    """What a service would say to this field alone, so that every wrong field is told at once."""
    try:
        return reader(text)
    except Refusal as e:
        raise forms.ValidationError(e.message) from None


class PhoneForm(PlainForm):
    """The phone that signs in; a browser that holds a passkey for us offers it at this field."""

    phone = _text(_("手机号"), **_PHONE | {"autocomplete": "tel-national webauthn"})


class CodeForm(PlainForm):
    """The code that phone received."""

    phone = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
    code = _text(_("短信验证码"), **_CODE)


class StepUpForm(PlainForm):
    """A code to the account's own phone."""

    code = _text(_("短信验证码"), **_CODE)


AGREEMENTS = {
    "agree_identity": "identity",
    "agree_face": "face",
    "agree_lender_sharing": "lender_sharing",
    "agree_bureau_query": "bureau_query",
    "agree_bureau_reporting": "bureau_reporting",
}


class IdentityForm(PlainForm):
    """Name, number, validity, student or not, face or photos, and one box a consent."""

    real_name = _text(_("真实姓名"), help_text=_("与身份证一致"), autocomplete="name", maxlength="60")
    id_number = _text(
        _("身份证号"),
        help_text=_("18 位，末位可为 X"),
        autocomplete="off",
        maxlength="30",
        spellcheck="false",
    )
    valid_until = forms.DateField(
        label=_("证件有效期至"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("日期格式不对，请按 年-月-日 填写，例如 2036-05-01。")},
    )
    long_term = forms.BooleanField(label=_("长期有效"), required=False)
    is_student = forms.ChoiceField(
        label=_("您是在校学生吗？"),
        choices=[("no", _("不是")), ("yes", _("是"))],
        widget=forms.RadioSelect,
        help_text=_("法规不允许小额贷款公司向在校学生放款，其他机构有单独规则。"),
        error_messages={"required": _("请选择是否在校学生。"), "invalid_choice": _("请选择是否在校学生。")},
    )
    method = forms.ChoiceField(
        label=_("核验方式"),
        choices=[("face", _("人脸核验（当场出结果）")), ("photos", _("上传身份证照片（人工审核）"))],
        widget=forms.RadioSelect,
        initial="face",
        error_messages={"required": _("请选择核验方式。"), "invalid_choice": _("请选择核验方式。")},
    )
    front = forms.FileField(
        label=_("身份证人像面照片"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": PHOTO_TYPES}),
        help_text=_("仅上传照片时需要；JPEG、PNG 或 HEIC，最大 10 MB，照片信息会被清除并加密"),
    )
    back = forms.FileField(
        label=_("身份证国徽面照片"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": PHOTO_TYPES}),
    )
    agree_identity = _box(_("同意处理我的身份信息"), _("需要您同意才能核验身份；也可以返回选择全款支付。"))
    agree_face = forms.BooleanField(label=_("单独同意使用人脸信息（选择人脸核验时）"), required=False)
    agree_lender_sharing = _box(
        _("单独同意把信息提供给所选出借机构"), _("不同意就无法由出借机构审批；可以选择全款支付。")
    )
    agree_bureau_query = _box(
        _("授权出借机构查询我的征信"), _("出借机构审批前需要这项授权；可以选择全款支付。")
    )
    agree_bureau_reporting = _box(
        _("授权报送本笔贷款的还款情况"), _("出借机构依规需要这项授权；可以选择全款支付。")
    )

    def clean_real_name(self) -> str:
        return _read(refusals.real_name, self.cleaned_data["real_name"])

    def clean_id_number(self) -> str:
        on = business_date.current()
        return _read(lambda text: refusals.citizen(text, on=on).number, self.cleaned_data["id_number"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("method") == "face" and not data.get("agree_face"):
            self.add_error("agree_face", _("人脸核验需要单独同意；也可以改为上传证件照片。"))
        if not data.get("long_term") and not data.get("valid_until") and "valid_until" not in self.errors:
            self.add_error("valid_until", _("请填写证件有效期，或勾选“长期有效”。"))
        return data


class ConsentsForm(PlainForm):
    """The boxes of an application that a person who is known already has not ticked, or has taken back."""

    def __init__(self, *args: Any, missing: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, code in AGREEMENTS.items():
            if code in missing:
                self.fields[name] = IdentityForm.base_fields[name]


class ContactForm(PlainForm):
    """The person who is asked to speak for the applicant."""

    name = _text(_("联系人姓名"), autocomplete="off", maxlength="60")
    relationship = forms.ChoiceField(
        label=_("与您的关系"),
        choices=lambda: [("", _("请选择")), *relationships()],
        required=False,
        error_messages={"invalid_choice": _("请选择与联系人的关系。")},
    )
    phone = _text(
        _("联系人手机号"),
        help_text=_("我们会给对方发一条短信，由对方自己决定"),
        **_PHONE | {"autocomplete": "off"},
    )
    confirm = _box(
        _("我已告知对方会填写其信息，并已阅读《第一联系人告知书》"), _("请先告知对方并阅读告知书，再勾选。")
    )

    def clean_name(self) -> str:
        return _read(refusals.contact_name, self.cleaned_data["name"])

    def clean_phone(self) -> str:
        return _read(refusals.phone, self.cleaned_data["phone"])

    def clean_relationship(self) -> str:
        if not self.cleaned_data["relationship"]:
            raise forms.ValidationError(_("请选择与联系人的关系。"))
        return str(self.cleaned_data["relationship"])


class CardForm(PlainForm):
    """A debit card of one's own."""

    number = _text(
        _("银行卡号"),
        help_text=_("本人名下的储蓄卡"),
        autocomplete="cc-number",
        maxlength="30",
        spellcheck="false",
        **_DIGITS,
    )
    phone = _text(_("银行预留手机号"), **_PHONE)

    def clean_number(self) -> str:
        return _read(refusals.card_number, self.cleaned_data["number"])

    def clean_phone(self) -> str:
        return _read(refusals.phone, self.cleaned_data["phone"])


class CardCodeForm(CardForm):
    """The same card with the code its phone received."""

    code = _text(_("短信验证码"), **_CODE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("number", "phone"):
            self.fields[name].widget.attrs["readonly"] = True


class EmailForm(PlainForm):
    """Where reminders may also go."""

    email = _text(
        _("邮箱"),
        help_text=_("用于账单和提醒；留空则不发邮件"),
        autocomplete="email",
        inputmode="email",
        longest=120,
    )


class LostPhoneForm(PlainForm):
    """The phone that is lost, and the one that is there."""

    old_phone = _text(_("丢失的手机号"), **_PHONE | {"autocomplete": "off"})
    new_phone = _text(_("新手机号"), **_PHONE)

    def clean_old_phone(self) -> str:
        return _read(refusals.phone, self.cleaned_data["old_phone"])

    def clean_new_phone(self) -> str:
        return _read(refusals.phone, self.cleaned_data["new_phone"])


class LostPhoneCodeForm(LostPhoneForm):
    """The same with the code the new phone received, and who it is."""

    code = _text(_("新手机收到的验证码"), **_CODE)
    real_name = _text(_("真实姓名"), help_text=_("与身份证一致"), autocomplete="name", maxlength="60")
    id_number = _text(
        _("身份证号"),
        help_text=_("18 位，末位可为 X"),
        autocomplete="off",
        maxlength="30",
        spellcheck="false",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("old_phone", "new_phone"):
            self.fields[name].widget.attrs["readonly"] = True


class NewPhoneForm(PlainForm):
    """The phone an account moves to."""

    new_phone = _text(_("新手机号"), **_PHONE)


class NewPhoneCodeForm(NewPhoneForm):
    """The new phone with its code and the end of the ID number."""

    code = _text(_("新手机收到的验证码"), **_CODE)
    id_number_tail = _text(
        _("身份证号后 6 位"),
        help_text=_("已实名认证的账号需要"),
        autocomplete="off",
        maxlength="6",
        spellcheck="false",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_phone"].widget.attrs["readonly"] = True
