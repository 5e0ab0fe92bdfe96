"""What visitors fill in: quantities, filters, addresses. Every refusal is a sentence at its field."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fenqi.mall.attributes import ATTRIBUTES, SORTS, VALUES
from fenqi.mall.queries import ShelfFilter
from fenqi.mall.services.addresses import AddressEntry
from fenqi.plumbing.pages import PlainForm

PROVINCES = [
    "北京市",
    "天津市",
    "河北省",
    "山西省",
    "内蒙古自治区",
    "辽宁省",
    "吉林省",
    "黑龙江省",
    "上海市",
    "江苏省",
    "浙江省",
    "安徽省",
    "福建省",
    "江西省",
    "山东省",
    "河南省",
    "湖北省",
    "湖南省",
    "广东省",
    "广西壮族自治区",
    "海南省",
    "重庆市",
    "四川省",
    "贵州省",
    "云南省",
    "西藏自治区",
    "陕西省",
    "甘肃省",
    "青海省",
    "宁夏回族自治区",
    "新疆维吾尔自治区",
]

_PHONE = re.compile(r"1[3-9]\d{9}")
_NAME = re.compile(r"[\w·•.\- ]+")
LONGEST_SEARCH = 60
_DEAREST_YUAN = Decimal(1_000_000)


class QuantityField(forms.IntegerField):
    """1 to 99."""

    default_error_messages = {
        "required": _("请填写件数。"),
        "invalid": _("件数须是 1 到 99 的整数。"),
        "min_value": _("件数须是 1 到 99 的整数。"),
        "max_value": _("件数须是 1 到 99 的整数。"),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=99, **kwargs)
        for validator in self.validators:
            validator.message = self.error_messages["invalid"]


class BuyForm(PlainForm):
    """The product page's one form."""

    sku = forms.CharField(max_length=60, widget=forms.HiddenInput)
    quantity = QuantityField(label=_("件数"), initial=1)


class PriceField(forms.CharField):
    """An amount in yuan a person typed, as fen; empty is None."""

    def clean(self, value: Any) -> int | None:
        """Fen, or None. The length is checked on what was typed."""
        text = super().clean(value).replace(",", "").replace("，", "").removeprefix("¥").strip()
        if not text:
            return None
        try:
            yuan = Decimal(text)
        except InvalidOperation:
            yuan = Decimal(-1)
        if not yuan.is_finite() or not 0 <= yuan <= _DEAREST_YUAN:
            raise forms.ValidationError(_("请填写 0 到 1000000 之间的金额，例如 1999。"), code="price")
        return int(yuan * 100)


class FilterForm(PlainForm):
    """Narrows a shelf. Works as a plain GET form; a wrong price says so and narrows nothing."""

    least = PriceField(label=_("最低价（元）"), required=False, max_length=12)
    most = PriceField(label=_("最高价（元）"), required=False, max_length=12)
    sort = forms.ChoiceField(label=_("排序"), required=False, choices=list(SORTS.items()))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        least, most = cleaned.get("least"), cleaned.get("most")
        if least is not None and most is not None and least > most:
            self.add_error("most", _("最高价不能低于最低价。"))
        return cleaned

    def wanted(self, *, category: str) -> ShelfFilter:
        """The filter as far as it was understood."""
        self.is_valid()
        cleaned = self.cleaned_data
        attributes = {
            code: value
            for code in ATTRIBUTES
            if (value := self.data.get(code, "")) in VALUES[code] and isinstance(value, str)
        }
        page = self.data.get("page", "1")
        return ShelfFilter(
            text=self.data.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH],
            category=category,
            least_fen=cleaned.get("least"),
            most_fen=cleaned.get("most"),
            attributes=attributes,
            sort=cleaned.get("sort", ""),
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1,
        )


class AddressForm(PlainForm):
    """A place in mainland China where goods can be handed over."""

    recipient = forms.CharField(
        label=_("收货人"),
        max_length=30,
        error_messages={"required": _("请填写收货人姓名。"), "max_length": _("姓名最多 30 个字。")},
    )
    phone = forms.CharField(
        label=_("手机号"),
        max_length=20,
        error_messages={
            "required": _("请填写手机号，快递员会打这个电话。"),
            "max_length": _("手机号是 11 位数字。"),
        },
    )
    province = forms.ChoiceField(
        label=_("省份"),
        choices=[("", _("请选择")), *((name, name) for name in PROVINCES)],
        error_messages={"required": _("请选择省份。"), "invalid_choice": _("请从列表中选择省份。")},
    )
    city = forms.CharField(
        label=_("城市"),
        max_length=30,
        error_messages={"required": _("请填写城市，例如：杭州市。"), "max_length": _("城市名最多 30 个字。")},
    )
    district = forms.CharField(
        label=_("区县"),
        max_length=30,
        error_messages={"required": _("请填写区县，例如：西湖区。"), "max_length": _("区县名最多 30 个字。")},
    )
    street = forms.CharField(
        label=_("详细地址"),
        help_text=_("街道、小区、楼栋和门牌号"),
        max_length=100,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "street-address"}),
        error_messages={"required": _("请填写街道和门牌号。"), "max_length": _("详细地址最多 100 个字。")},
    )
    is_default = forms.BooleanField(label=_("设为默认地址"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, hint in (
            ("recipient", "name"),
            ("phone", "tel"),
            ("province", "address-level1"),
            ("city", "address-level2"),
            ("district", "address-level3"),
        ):
            self.fields[name].widget.attrs["autocomplete"] = hint
        self.fields["phone"].widget.attrs["inputmode"] = "numeric"

    def clean_recipient(self) -> str:
        name = " ".join(self.cleaned_data["recipient"].split())
        if len(name) < 2 or not _NAME.fullmatch(name) or name.replace(" ", "").isdecimal():
            raise forms.ValidationError(_("请填写真实姓名，至少两个字，不含符号。"))
        return name

    def clean_phone(self) -> str:
        phone = re.sub(r"[\s\-]", "", self.cleaned_data["phone"]).removeprefix("+86")
        if not _PHONE.fullmatch(phone) or not phone.isascii():
            raise forms.ValidationError(_("请填写 11 位大陆手机号。"))
        return phone

    def clean_street(self) -> str:
        street = " ".join(self.cleaned_data["street"].split())
        if len(street) < 5:
            raise forms.ValidationError(_("地址太短，请写到门牌号。"))
        return street

    def entry(self) -> AddressEntry:
        """What was filled in, for the service."""
        return AddressEntry(**{name: self.cleaned_data[name] for name in AddressEntry.__slots__})


class ReturnForm(PlainForm):
    """Which lines go back and why."""

    line = forms.MultipleChoiceField(
        label=_("要退的商品"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("请选择要退的商品。"),
            "invalid_choice": _("选中的商品不能退，请重新选择。"),
        },
    )
    kind = forms.ChoiceField(
        label=_("原因"),
        widget=forms.RadioSelect,
        error_messages={"required": _("请选择退货原因。"), "invalid_choice": _("请选择退货原因。")},
    )
    reason = forms.CharField(
        label=_("补充说明"),
        required=False,
        max_length=150,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": _("补充说明最多 150 个字。")},
    )

    def __init__(
        self, *args: Any, lines: list[tuple[str, str]], kinds: list[tuple[str, Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = lines  # type: ignore[attr-defined]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class CancelForm(PlainForm):
    """Why an order is given up."""

    reason = forms.ChoiceField(
        label=_("取消原因"),
        widget=forms.RadioSelect,
        choices=[
            ("changed_mind", _("不想买了")),
            ("wrong_choice", _("拍错了，想换一款")),
            ("cost", _("分期成本不合适")),
            ("slow", _("等太久")),
        ],
        error_messages={"required": _("请选择取消原因。"), "invalid_choice": _("请选择取消原因。")},
    )
