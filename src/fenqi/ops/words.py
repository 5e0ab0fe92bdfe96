"""Words for the codes that stand in records: the console shows these, the audit trail keeps the codes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from fenqi.credit import decision_rules
from fenqi.credit import queries as credit
from fenqi.plumbing.templatetags.fenqi import yuan

WORDS: dict[str, Any] = {
    # identity and contact
    "none": _("未开始"),
    "checking": _("核验中"),
    "passed": _("已通过"),
    "failed": _("未通过"),
    "retry": _("待重试"),
    "limit": _("次数已用完"),
    "review": _("人工审核中"),
    "refused": _("审核未通过"),
    "invited": _("等待联系人"),
    "accepted": _("联系人已同意"),
    "declined": _("联系人拒绝"),
    "unknown_person": _("联系人不认识"),
    "withdrawn": _("联系人撤回"),
    "approved": _("已通过"),
    # audit trail
    "people.identity.submitted": _("提交实名认证"),
    "people.identity.approved": _("实名审核通过"),
    "people.identity.refused": _("实名审核不通过"),
    "people.identity.moved_away": _("实名转到另一账号"),
    "people.identity.deleted": _("实名资料已删除"),
    "people.contact.named": _("填写联系人"),
    "people.contact.accept": _("联系人同意"),
    "people.contact.decline": _("联系人拒绝"),
    "people.contact.unknown_person": _("联系人表示不认识申请人"),
    "people.contact.withdraw": _("联系人撤回同意"),
    "people.contact.approved": _("联系人审核通过"),
    "people.contact.refused": _("联系人审核不通过"),
    "people.contact.deleted": _("联系人资料已删除"),
    "people.contact.used": _("使用联系人"),
    "people.card.bound": _("绑定银行卡"),
    "people.card.unbound": _("解绑银行卡"),
    "people.consent.withdrawn": _("撤回授权"),
    "people.revealed": _("查看原文"),
    "people.account.closed": _("账号已注销"),
    "people.identity.corrected": _("更正实名信息"),
    "privacy.correction.asked": _("提出更正申请"),
    "privacy.correction.done": _("答复更正：已更正"),
    "privacy.correction.refused": _("答复更正：未更正"),
    "privacy.erased": _("删除数据"),
    "privacy.held_data_deleted": _("保存期满，删除数据"),
    "people.exported": _("导出本人数据"),
    "people.step_up": _("确认本人"),
    "people.phone_changed": _("更换手机号"),
    "people.email_changed": _("更换邮箱"),
    "people.staff.signed_in": _("员工登录"),
    "people.staff.locked": _("员工账号锁定"),
    "people.staff.added": _("员工已新增"),
    "people.staff.totp_on": _("开启动态码"),
    "people.staff.totp_off": _("关闭动态码"),
    "people.staff.confirmed": _("再次确认本人"),
    "people.staff.recovery_codes": _("生成恢复码"),
    "people.staff.recovery_code_used": _("使用恢复码"),
    "people.staff.password_set": _("设置密码"),
    "people.staff.link": _("给出设置密码的链接"),
    "people.staff.unlocked": _("员工账号解锁"),
    "people.staff.left": _("员工离职"),
    "people.staff.roles": _("变更员工角色"),
    "people.staff.second_factor_reset": _("重置第二道验证"),
    "people.phone_move.asked": _("原手机号丢失，申请更换"),
    "people.phone_move.approved": _("找回账号通过"),
    "people.phone_move.refused": _("找回账号不通过"),
    "people.phone_move.stopped": _("原手机号叫停更换"),
    "people.passkey.added": _("添加通行密钥"),
    "people.passkey.removed": _("移除通行密钥"),
    "people.passkey.copied": _("拒绝可能被复制的通行密钥"),
    # applications
    "APPROVED": _("通过"),
    "DECLINED": _("拒绝"),
    "REFERRED": _("转人工"),
    "deciding": _("审批中"),
    "bank": _("银行"),
    "consumer_finance": _("消费金融公司"),
    "microloan": _("小额贷款公司"),
    "application.started": _("申请分期"),
    "application.approved": _("人工审核通过申请"),
    "application.declined": _("人工审核拒绝申请"),
    "application.review_requested": _("申请人要求人工复核"),
    "application.review_upheld": _("复核后维持原决定"),
    "application.overridden": _("两人改判申请"),
    "agreement.signed": _("签署协议"),
    "purchase.completed": _("办妥订单"),
    "plan.published": _("发布分期方案"),
    "standby.opened": _("开通备用金"),
    "credit.means.declared": _("填写收入"),
    "credit.means.withheld": _("选择不提供收入"),
    "credit.list.added": _("加入名单"),
    "credit.list.removed": _("移出名单"),
    "fraud": _("欺诈名单"),
    "court": _("失信被执行人名单"),
    "deceased": _("已故名单"),
    "own_wish": _("本人要求不放贷"),
    # ways in
    "on": _("已开启"),
    "off": _("未开启"),
    # products
    "installment": _("分期"),
    "standby": _("备用金"),
    # loans and installments
    "pending": _("待放款"),
    "active": _("正常"),
    "overdue": _("逾期"),
    "settled": _("已结清"),
    "overpaid": _("多还待退"),
    "charged_off": _("已转呆账"),
    "written_off": _("已核销"),
    "upcoming": _("未到期"),
    "due": _("待还"),
    "paid": _("已还"),
    # events of a loan
    "payout": _("放款"),
    "repayment": pgettext_lazy("event", "还款"),
    "early_settlement": pgettext_lazy("event", "提前结清"),
    "prepayment": _("提前还本"),
    "merchant_refund": _("商户退款"),
    "payout_refund": _("放款退回"),
    "goodwill_credit": _("减免"),
    "overpayment_refund": _("退回多还"),
    "chargeback": _("拒付"),
    "charge": _("费用"),
    "waiver": _("免除"),
    "reversal": _("冲正"),
    "return_pause": _("退货暂停"),
    # steps of the day-end
    "debits": _("自动扣款"),
    "collections": _("扣款入账"),
    "dues": _("到期转应收"),
    "arrears": _("逾期天数与分级"),
    "credit_rows": _("征信记录"),
    "ask_lenders": _("向自管机构询问还款"),
    "forget_means": _("删除到期的收入信息"),
    "forget_what_is_over": _("删除保存期满的数据"),
    "forget_contacts": _("删除到期的联系人"),
    "forget_unused": _("删除到期的实名资料"),
    "accrual": _("计提利息"),
    "provisions": _("拨备"),
    "lender_settlement": _("与出借机构清算"),
    "invariants": _("核对不变式"),
    "close": _("关闭账务日"),
    "reminders": _("提醒"),
    # calls
    "people.contact.denied": _("使用联系人被规则阻止"),
    "contact.said_no": _("联系人未同意或已拒绝"),
    "contact.quiet_hours": _("夜间不打扰"),
    "contact.still_reachable": _("本人仍可联系"),
    "contact.purpose": _("用途不允许"),
    "contact.often_enough": _("当天已联系过"),
    "contact.is_borrower": _("号码是本人的"),
    "contact.number_invalid": _("本人号码失效"),
    "contact.unanswered_dials": _("连续三次无人接听，次日起"),
    "contact.unreachable_days": _("连续三天联系不上"),
    "contact.verify_identity": _("核实身份"),
    # two pairs of eyes
    "requested": _("待审核"),
    "barred": _("不可以"),
    "allowed": _("可以"),
    "proposal.proposed": _("提交复核"),
    "proposal.approved": _("复核批准"),
    "proposal.rejected": _("复核驳回"),
    "proposal.withdrawn": _("撤回提交"),
    "proposal.stale": _("复核时情况有变"),
    "people.blocked": _("限制申请"),
    "people.unblocked": _("恢复申请"),
    # orders, returns, payments, conversations
    "mall.order.shipped": _("发货"),
    "mall.return.approved": _("同意退货"),
    "mall.return.refused": _("不同意退货"),
    "mall.return.completed": _("退货完成"),
    "mall.return.withdrawn": _("退货已撤销"),
    "payments.mandate.signed": _("签署代扣授权"),
    "payments.mandate.revoked": _("代扣授权终止"),
    "payments.autopay.on": _("打开自动还款"),
    "payments.autopay.off": _("关闭自动还款"),
    "mandate.refused": _("渠道未接受代扣授权"),
    "payment.unneeded": _("付款不再需要，退回"),
    "give_back.started": _("开始退款"),
    "bureau.disputed": _("提出征信异议"),
    "bureau.dispute_upheld": _("异议成立"),
    "bureau.dispute_rejected": _("异议不成立"),
    "care.answered": _("答复会话"),
    "care.closed": _("结束会话"),
    "care.mall_entry_opened": _("开放商城还款入口"),
    "care.mall_entry_closed": _("关闭商城还款入口"),
    "ledger.reverse": _("冲正分录"),
    "partners.hook.added": _("登记合作方通知地址"),
    "partners.hook.ended": _("停用合作方通知地址"),
    "partners.key.issued": _("发放合作方密钥"),
    "partners.key.revoked": _("停用合作方密钥"),
    # where a repayment or an entry came from
    "staff": _("员工"),
    "purchase": _("订单"),
    "manual": _("主动还款"),
    "settlement": pgettext_lazy("event", "提前结清"),
    "debit": _("自动扣款"),
    "partner": _("合作方"),
    "return": _("退货"),
    "channel": _("支付渠道"),
    # movements of money
    "channel_return": _("经渠道原路退回"),
    "suspense": _("待查款项"),
    "payments.unplaced.taken_in": _("登记待查款项"),
    "payments.payer_revealed": _("查看付款人原文"),
    "payments.bill.unknown": _("渠道账单有一笔付出，我方没有"),
    "payments.bill.missing": _("我方有一笔成功，渠道账单没有"),
    "INTENDED": _("待发送"),
    "SENT": _("已发送"),
    "UNKNOWN": _("结果未知，正在询问"),
    "SUCCEEDED": _("成功"),
    "FAILED": _("失败"),
}


VERDICTS: dict[str, Any] = {
    "waiting": _("等待复核"),
    "approved": _("已批准并执行"),
    "rejected": _("已驳回"),
    "withdrawn": _("提交人撤回"),
    "stale": _("情况有变，未执行"),
    "expired": _("已过期"),
}

ROLES: dict[str, Any] = {
    "reviewer": _("审核"),
    "service": _("客服"),
    "collections": _("贷后"),
    "finance": _("财务"),
    "compliance": _("合规"),
    "admin": _("管理员"),
}


# What decisions look at.
INPUTS: dict[str, Any] = {
    "lender_kind": _("机构类型"),
    "age": _("年龄"),
    "is_student": _("在校学生"),
    "blocked_lists": _("命中名单数"),
    "days_past_due": _("最长逾期天数"),
    "amount_fen": _("申请金额"),
    "lender_exposure_fen": _("在本机构合计（含本笔）"),
    "person_exposure_fen": _("在全部机构合计（含本笔）"),
    "accounts": _("同一身份的账号数"),
    "account_age_days": _("开户天数"),
    "applications_day": _("24 小时内申请订单数"),
    "applications_month": _("30 天内申请订单数"),
    "same_model_units": _("同型号分期件数"),
    "resale_units": _("易转卖商品件数"),
    "address_applicants": _("同一地址申请人数"),
    "contact_named_by": _("联系人被他人填写次数"),
    "debt_service_bp": _("月供收入比"),
    "score": _("信用评分"),
}
MISSING = "missing_"  # a reason of a decision: an input nobody knew

# What a subject of the audit trail and a source of an entry are about: the part before the colon.
THINGS: dict[str, Any] = {
    "account": _("用户"),
    "accounts": _("多个用户"),
    "borrower": _("用户"),
    "shopper": _("用户"),
    "staff": _("员工"),
    "system": _("系统"),
    "contact": _("联系人"),
    "identity": _("实名"),
    "application": _("申请"),
    "agreement": _("协议"),
    "purchase": _("订单"),
    "order": _("订单"),
    "order-payment": _("订单付款"),
    "order-refund": _("订单退款"),
    "return": _("退货"),
    "loan": _("借据"),
    "standby": _("备用金"),
    "mandate": _("代扣授权"),
    "payment": _("付款单"),
    "unplaced": _("待认领款项"),
    "lender": _("贷款机构"),
    "partner": _("合作方"),
    "hook": _("合作方通知地址"),
    "key": _("合作方密钥"),
    "plan": _("分期方案"),
    "offer": _("分期方案"),
    "list": _("名单"),
    "score": _("信用评分"),
    "dispute": _("异议"),
    "phone_move": _("找回账号"),
    "cohort": _("用户分段"),
}
# What a step of the day-end counts.
COUNTS: dict[str, Any] = {
    "due": _("到期笔数"),
    "again": _("再次扣款笔数"),
    "asked_fen": _("请求扣款"),
    "succeeded": _("成功"),
    "failed": _("失败"),
    "unknown": _("结果未知"),
    "in_bulk": _("整批"),
    "by_engine": _("逐笔"),
    "turned": _("转应收"),
    "moved": _("换级"),
    "woken": _("恢复计算"),
    "interest_fen": _("利息"),
    "fee_fen": _("手续费"),
    "principal_difference_fen": _("本金差额"),
    "change_fen": _("变动"),
    "payable_fen": _("应付款"),
    "accounts": _("账户数"),
    "transfers": _("分录数"),
    "rows": _("条数"),
    "texts": _("短信数"),
    "asked": _("已询问"),
    "contacts": _("联系人"),
    "identities": _("实名"),
    "codes": _("验证码"),
    "payers": _("付款人"),
    "forgotten": _("已删除"),
    "debits_announced": _("扣款预告"),
    "overdue": _("逾期提醒"),
    "handed_over": _("已交付发送"),
}
DUE_IN = "due_in_"  # reminders, by how many days before the due date
NOT_COUNTED = ("ms", "book_")  # how long it took, and the totals the next night compares with

# Why our own system read a value, as the audit trail keeps it.
SYSTEM_REASONS: dict[str, Any] = {
    "identity review": _("审核实名认证"),
    "lender_sharing": _("提供给出借机构审批"),
    "bureau_query": _("查询信用"),
    "agreement document": _("写入协议"),
    "certificate of settlement": _("写入结清证明"),
    "cashier": _("收银台付款"),
}
SHORT = 6  # of an id: enough to tell neighbours apart; the whole of it stands in the title
LONG_ID = 16


def thing(reference: str) -> str:
    """`loan:01a2…43b:2` as people read it: 借据 …fff43b · 2."""
    kind, _colon, rest = reference.partition(":")
    if kind not in THINGS:
        return reference
    if kind == "system":  # which part of ours it was is in the title
        return str(THINGS[kind])
    parts = [f"…{part[-SHORT:]}" if len(part) > LONG_ID else part for part in rest.split(":")]
    return f"{THINGS[kind]} {' · '.join(parts)}".strip()


def counted(counts: dict[str, int]) -> list[str]:
    """What a step counted, in words and with money as money; nothing of what it found none of."""
    return [
        f"{_count(name)} {yuan(n) if name.endswith('_fen') else n}"
        for name, n in counts.items()
        if n and not name.startswith(NOT_COUNTED)
    ]


def _count(name: str) -> str:
    if name.startswith(DUE_IN):
        return gettext("还款日前 %(days)s 天提醒") % {"days": name.removeprefix(DUE_IN)}
    return str(COUNTS.get(name, name))


def reason(written: str) -> str:
    """`lender_sharing: application 01a2…` as people read it; what a person wrote stays as it is."""
    code, _colon, about = written.partition(":")
    if code not in SYSTEM_REASONS:
        return written
    return f"{SYSTEM_REASONS[code]} {thing(about.strip().replace(' ', ':', 1))}".strip()


def word(code: object) -> Any:
    """The word for a code, a reason of a decision included, or the code itself."""
    known = WORDS.get(str(code))
    if known is None and isinstance(code, str) and code.removeprefix(MISSING) in INPUTS:
        return gettext("缺少数据：%(input)s") % {"input": INPUTS[code.removeprefix(MISSING)]}
    return decision_rules.word_of(code) if known is None and isinstance(code, str) else known or code


def lender(code: str) -> str:
    """A lender's name in the language of the page; without a code it is ourselves."""
    known = credit.lenders().get(code)
    if known is None:
        return code or gettext("平台")
    return known.shown_name
