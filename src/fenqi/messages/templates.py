"""
What we say at every moment of the journey. Texts to phones use neutral words: a screen is read by others too.

`{amount}` and other parts come from the context (rendering.py). The Chinese text is the source, English is in locale/.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

SIGNATURE = _("【青屿商城】")


class Kind(enum.StrEnum):
    """What a message is for; the conduct gate asks."""

    CODE = "code"
    """The person is waiting for it right now."""
    SECURITY = "security"
    """Somebody's way in has changed; leaves at once, also to a number the account has left."""
    SERVICE = "service"
    """Something the person did or asked for has happened."""
    REMINDER = "reminder"
    """Something will be due; never in quiet hours."""
    COLLECTION = "collection"
    """Something is overdue; never in quiet hours, at most so often a day, only to the borrower."""
    CONTACT = "contact"
    """To a first contact; never a word about money or debt."""
    MARKETING = "marketing"
    """An offer; only to who agreed to offers, never in quiet hours, always with the way to stop them."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """`needs` are the parts a context must have; `result` in the context may pick one of `variants` of the texts."""

    kind: Kind
    needs: tuple[str, ...]
    sms: Any = ""
    title: Any = ""
    body: Any = ""
    channels: tuple[str, ...] = ("sms", "inbox")
    variants: dict[str, tuple[Any, Any, Any]] | None = None  # value of `result` -> (sms, title, body)


TEMPLATES: dict[str, Template] = {
    "people.code": Template(
        kind=Kind.CODE,
        needs=("code", "minutes"),
        channels=("sms",),
        sms=_("验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要，请勿告诉他人。"),
    ),
    "people.passkey_added": Template(
        kind=Kind.SECURITY,
        needs=("name", "link"),
        sms=_("您的账号新增了一个通行密钥「{name}」。如不是您本人，请马上移除并联系客服：{link}"),
        title=_("新增了通行密钥"),
        body=_(
            "您的账号新增了一个通行密钥「{name}」，以后可以用它登录。如不是您本人，请马上移除并联系客服：{link}"
        ),
    ),
    "people.passkey_removed": Template(
        kind=Kind.SECURITY,
        needs=("name", "link"),
        sms=_("您账号的通行密钥「{name}」已移除，不能再用它登录。如不是您本人，请联系客服：{link}"),
        title=_("通行密钥已移除"),
        body=_("您账号的通行密钥「{name}」已移除，不能再用它登录。如不是您本人，请联系客服：{link}"),
    ),
    "people.passkey_copied": Template(
        kind=Kind.SECURITY,
        needs=("link",),
        sms=_("有人用一个可能被复制的通行密钥登录您的账号，已拒绝。请移除它并重新添加：{link}"),
        title=_("已拒绝一次可疑登录"),
        body=_(
            "有人用一个可能被复制的通行密钥登录您的账号，我们已拒绝。请移除它并在自己的设备上重新添加：{link}"
        ),
    ),
    "people.phone_moved": Template(
        kind=Kind.SECURITY,
        needs=("when",),
        channels=("sms",),
        sms=_(
            "{when} 您的账号已换到另一个手机号登录，本号码不再接收它的消息。如不是您本人，请马上联系客服。"
        ),
    ),
    "people.phone_moved_here": Template(
        kind=Kind.SECURITY,
        needs=("when",),
        channels=("sms",),
        sms=_("{when} 您的账号已换到本手机号登录，以后的提醒会发到这里。如不是您本人，请联系客服。"),
    ),
    "people.phone_move_asked": Template(
        kind=Kind.SECURITY,
        needs=("link",),
        channels=("sms",),
        sms=_(
            "有人说本手机号已丢失，要把账号换到新手机号，{hours} 小时后审核。如不是您本人，请马上停止：{link}"
        ),
    ),
    "people.phone_move_received": Template(
        kind=Kind.SECURITY,
        needs=("hours",),
        channels=("sms",),
        sms=_("已收到找回账号的申请。资料属实的，{hours} 小时后由专人审核，结果发到本号码。"),
    ),
    "people.phone_move_refused": Template(
        kind=Kind.SECURITY,
        needs=("when",),
        channels=("sms",),
        sms=_("{when} 的找回账号申请没有通过。请核对资料后再试，或联系客服。"),
    ),
    "people.email_link": Template(
        kind=Kind.SECURITY,
        needs=("link", "hours"),
        channels=("email",),
        title=_("确认您的提醒邮箱"),
        body=_(
            "有人用这个邮箱接收青屿商城的提醒。如果是您，请在 {hours} 小时内打开确认：{link} 不是您就不用理会。"
        ),
    ),
    "people.email_changed": Template(
        kind=Kind.SECURITY,
        needs=("link",),
        sms=_("您账号的提醒邮箱已更改。如不是您本人，请联系客服：{link}"),
        title=_("提醒邮箱已更改"),
        body=_("您账号的提醒邮箱已更改。如不是您本人，请改回并联系客服：{link}"),
    ),
    "people.contact_link": Template(
        kind=Kind.CONTACT,
        needs=("applicant", "link"),
        channels=("sms",),
        sms=_(
            "{applicant} 在青屿商城申请服务时把您填为联系人。请确认您是否认识并同意：{link} 不同意也没有关系，可随时撤回。"
        ),
    ),
    "people.contact_closed": Template(
        kind=Kind.CONTACT,
        needs=("applicant",),
        channels=("sms",),
        sms=_(
            "您作为 {applicant} 联系人的登记已结束，谢谢。您的姓名和号码会按期删除，也可随时要求立即删除。"
        ),
    ),
    "contact_answered": Template(
        kind=Kind.SERVICE,
        needs=("result", "link"),
        variants={
            "accepted": (
                _("您的联系人已确认，申请继续办理中：{link}"),
                _("联系人已同意"),
                _("您填写的第一联系人已经同意，我们正在审核，结果会马上告诉您。"),
            ),
            "declined": (
                _("您的联系人未能确认，请更换一位：{link}"),
                _("联系人未能确认"),
                _("您填写的第一联系人未能确认。请换一位已经说好的联系人，订单会为您保留。"),
            ),
        },
    ),
    "review_answered": Template(
        kind=Kind.SERVICE,
        needs=("link",),
        sms=_("您要求的人工复核已有答复，请登录查看：{link}"),
        title=_("人工复核已有答复"),
        body=_("审核人员已经看过您的申请并写了答复，请查看：{link}"),
    ),
    "application_decided": Template(
        kind=Kind.SERVICE,
        needs=("result", "lender", "link"),
        variants={
            "approved": (
                _("您的申请已通过，请确认协议完成付款：{link}"),
                _("申请已通过"),
                _("{lender}已同意您的申请。请阅读并确认协议，确认后订单付款完成。"),
            ),
            "declined": (
                _("您的申请没有通过，可以换一种方式付款：{link}"),
                _("申请没有通过"),
                _(
                    "这次申请没有通过，页面上写明了原因；自动作出的决定可以要求人工复核。您也可以选择其他方案或全款支付，商品会为您保留一段时间。"
                ),
            ),
            "referred": (
                _("您的申请正在人工审核，有结果会通知您：{link}"),
                _("申请正在人工审核"),
                _("您的申请转由人工审核，商品会为您保留。有结果后我们会发消息给您。"),
            ),
        },
    ),
    "agreement_signed": Template(
        kind=Kind.SERVICE,
        needs=("lender", "amount", "installments", "first_due_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您的协议已签署，共 {installments} 期，首期 {first_due_on}。协议与账单：{link}"),
        title=_("协议已签署"),
        body=_(
            "您与{lender}的分期服务协议已签署：本金 {amount}，共 {installments} 期，首期 {first_due_on}。签署的文本可随时在订单里下载：{link}"
        ),
    ),
    "order_paid": Template(
        kind=Kind.SERVICE,
        needs=("number", "amount"),
        sms=_("订单 {number} 已付款 {amount}，我们会尽快发货。"),
        title=_("订单已付款"),
        body=_("订单 {number} 已收到付款 {amount}，我们会尽快发货。"),
    ),
    "due_soon": Template(
        kind=Kind.REMINDER,
        needs=("amount", "due_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您有一笔 {amount} 的账单 {due_on} 到期，查看与付款：{link}"),
        title=_("账单快到期了"),
        body=_("您有一笔 {amount} 的账单将在 {due_on} 到期。可以提前还，也可以等自动扣款：{link}"),
    ),
    "due_today": Template(
        kind=Kind.REMINDER,
        needs=("amount", "due_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您有一笔 {amount} 的账单今天到期，查看与付款：{link}"),
        title=_("账单今天到期"),
        body=_("您有一笔 {amount} 的账单今天到期。请确认卡内余额足够，或现在付款：{link}"),
    ),
    "debit_scheduled": Template(
        kind=Kind.REMINDER,
        needs=("amount", "due_on", "tail", "link"),
        sms=_("{due_on} 将从尾号 {tail} 的卡自动付款 {amount}。更换银行卡或关闭：{link}"),
        title=_("将自动扣款"),
        body=_(
            "{due_on} 将从尾号 {tail} 的银行卡自动扣款 {amount}。如需更换银行卡或关闭自动还款，请在扣款日之前设置：{link}"
        ),
    ),
    "debit_failed": Template(
        kind=Kind.SERVICE,
        needs=("amount", "due_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您 {due_on} 的账单 {amount} 自动付款没有成功{reason}，我们会再试，也可以现在付款：{link}"),
        title=_("自动扣款没有成功"),
        body=_(
            "{due_on} 到期的账单 {amount} 自动扣款没有成功{reason}。宽限期内不收罚息。我们会按约定再试，您也可以现在付款：{link}"
        ),
    ),
    "paid": Template(
        kind=Kind.SERVICE,
        needs=("amount", "link"),
        sms=_("已收到您的付款 {amount}，谢谢。明细：{link}"),
        title=_("已收到还款"),
        body=_("已收到您的还款 {amount}，已入账。明细：{link}"),
    ),
    "in_grace": Template(
        kind=Kind.REMINDER,
        needs=("amount", "due_on", "grace_until_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您 {due_on} 的账单还有 {amount} 未付，{grace_until_on} 前付清不收任何费用：{link}"),
        title=_("账单已过到期日，仍在宽限期"),
        body=_(
            "{due_on} 到期的账单还有 {amount} 未还。宽限期到 {grace_until_on}，在此之前还清，不收罚息，也不影响信用记录：{link}"
        ),
    ),
    "overdue": Template(
        kind=Kind.COLLECTION,
        needs=("amount", "due_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您 {due_on} 的账单还有 {amount} 未付，查看明细与付款：{link} 有困难请联系客服。"),
        title=_("账单已逾期"),
        body=_(
            "{due_on} 到期的账单还有 {amount} 未还，已逾期 {days} 天。逾期会产生罚息，并可能记入信用记录。请尽快还款，有困难可以联系客服商量：{link}"
        ),
    ),
    "settled": Template(
        kind=Kind.SERVICE,
        needs=("link",),
        channels=("sms", "email", "inbox"),
        sms=_("您的一笔分期已全部还清，结清证明：{link}"),
        title=_("已结清"),
        body=_("您的一笔分期已全部还清，谢谢。结清证明可随时查看和下载：{link}"),
    ),
    "refund_sent": Template(
        kind=Kind.SERVICE,
        needs=("number", "amount"),
        sms=_("订单 {number} 的退款 {amount} 已原路退回。"),
        title=_("退款已退回"),
        body=_("订单 {number} 的退款 {amount} 已原路退回，到账时间以银行为准。"),
    ),
    "entry_moved": Template(
        kind=Kind.SERVICE,
        needs=("due_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("账单查看与付款已移到「金融」页，下一次 {due_on} 到期，可直接付款：{link}"),
        title=_("还款入口搬家了"),
        body=_(
            "商城的还款入口已移到「金融」页，用同一手机号登录就能看到全部分期订单。下一笔 {due_on} 到期，可从这里付款：{link}"
        ),
    ),
    "standby_opened": Template(
        kind=Kind.SERVICE,
        needs=("amount", "link"),
        sms=_("您的额度已开通，可用 {amount}：{link}"),
        title=_("备用金已开通"),
        body=_("您的备用金额度已开通，可用 {amount}。按日计息，提前还款即停止计息：{link}"),
    ),
    "standby_paid_out": Template(
        kind=Kind.SERVICE,
        needs=("amount", "tail", "link"),
        sms=_("{amount} 已转入尾号 {tail} 的银行卡，账单：{link}"),
        title=_("支用已到账"),
        body=_("您支用的 {amount} 已转入尾号 {tail} 的银行卡。从今天起按日计息，账单与还款：{link}"),
    ),
    "standby_failed": Template(
        kind=Kind.SERVICE,
        needs=("amount", "link"),
        sms=_("{amount} 没有转入成功，额度已恢复：{link}"),
        title=_("支用没有成功"),
        body=_("您支用的 {amount} 没有转入银行卡，额度已恢复，没有计息：{link}"),
    ),
    "credit_notice": Template(
        kind=Kind.COLLECTION,
        needs=("month", "report_on", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您 {month} 的账单有一笔未按时完成，{report_on} 前付清可更新记录：{link}"),
        title=_("报送信用记录前的告知"),
        body=_(
            "您 {month} 有账单没有按时还清，将从 {report_on} 起按规定报送信用记录。在此之前还清，记录会如实更新；如有异议，可以提出：{link}"
        ),
    ),
    "dispute_answered": Template(
        kind=Kind.SERVICE,
        needs=("month", "link"),
        channels=("sms", "email", "inbox"),
        sms=_("您对 {month} 记录的异议已有答复：{link}"),
        title=_("异议已答复"),
        body=_("您对 {month} 信用记录提出的异议已有答复：{link}"),
    ),
    "offer": Template(
        kind=Kind.MARKETING,
        needs=("text", "link", "stop_link"),
        sms=_("{text} {link} 退订：{stop_link}"),
        title=_("优惠信息"),
        body=_("{text} {link} 不想再收到优惠信息，可在“隐私与授权”撤回：{stop_link}"),
    ),
    "correction_answered": Template(
        kind=Kind.SERVICE,
        needs=("link",),
        channels=("inbox",),
        title=_("更正申请已答复"),
        body=_("您提出的信息更正已有答复：{link}"),
    ),
    "care_answered": Template(
        kind=Kind.SERVICE,
        needs=("link",),
        channels=("inbox",),
        sms=_("客服已回复您：{link}"),
        title=_("客服已回复"),
        body=_("您的问题有了新的回复：{link}"),
    ),
}
