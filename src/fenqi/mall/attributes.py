"""What shelves are filtered by: attribute codes of Product.attributes with their names, and how results may be sorted."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ATTRIBUTES = {
    "kind": _("类型"),
    "size": _("尺寸"),
    "panel": _("屏幕"),
    "energy": _("能效"),
    "battery": _("续航"),
}

VALUES = {
    "kind": {
        "flagship": _("旗舰"),
        "imaging": _("影像"),
        "foldable": _("折叠屏"),
        "everyday": _("日常"),
        "senior": _("长辈"),
        "study": _("学习"),
        "work": _("办公"),
        "leisure": _("影音"),
        "television": _("电视"),
        "fridge": _("冰箱"),
        "washer": _("洗衣"),
        "aircon": _("空调"),
        "air": _("空气"),
        "cleaning": _("清洁"),
        "kitchen": _("厨房"),
        "watch": _("手表"),
        "band": _("手环"),
        "headphones": _("耳机"),
        "power": _("充电"),
        "travel": _("出行"),
        "care": _("个护"),
        "home": _("居家"),
    },
    "size": {
        "small": _("小屏（6.3 英寸以下）"),
        "large": _("大屏（6.3 英寸起）"),
        "8": _("8 英寸"),
        "11": _("11 英寸"),
        "13": _("13 英寸"),
        "43": _("43 英寸"),
        "55": _("55 英寸"),
        "65": _("65 英寸"),
        "75": _("75 英寸"),
        "85": _("85 英寸"),
    },
    "panel": {"lcd": _("普通液晶"), "miniled": _("Mini LED"), "oled": _("OLED")},
    "energy": {"1": _("一级能效"), "2": _("二级能效")},
    "battery": {"day": _("约一天"), "week": _("约一周"), "fortnight": _("两周以上")},
}

SORTS = {
    "": _("默认"),
    "price": _("价格从低到高"),
    "-price": _("价格从高到低"),
    "-new": _("最新上架"),
}
