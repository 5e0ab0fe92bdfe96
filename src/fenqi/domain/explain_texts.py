"""Words of the derivations, in both languages. The only place where they are written."""

from __future__ import annotations

from fenqi.domain.events import EventKind
from fenqi.domain.explain_formulas import Clause, Figure, Formula

Words = dict[str, str]
"""The same words by language: zh and en."""

LANGUAGES = ("zh", "en")


def _words(zh: str, en: str) -> Words:
    return {"zh": zh, "en": en}


FIGURE_WORDS: dict[Figure, Words] = {
    Figure.PRINCIPAL: _words("本金", "principal"),
    Figure.INTEREST: _words("利息", "interest"),
    Figure.FEE: _words("手续费", "fee"),
    Figure.PENALTY: _words("罚息", "penalty interest"),
    Figure.LATE_FEE: _words("违约金", "late fee"),
    Figure.INSTALLMENT: _words("应还合计", "total due"),
    Figure.PAID: _words("已还", "paid"),
    Figure.WAIVED: _words("已减免", "waived"),
    Figure.OUTSTANDING: _words("待还", "still to pay"),
    Figure.BILL: _words("当前应还", "due now"),
    Figure.OVERPAID: _words("溢缴款", "paid too much"),
    Figure.SETTLEMENT: _words("提前结清金额", "early settlement"),
    Figure.SETTLEMENT_FEE: _words("提前结清手续费", "settlement fee"),
    Figure.SAVED: _words("结清可省", "saved by settling"),
    Figure.COST: _words("总成本", "total cost"),
    Figure.TOTAL: _words("还款总额", "total to pay"),
    Figure.ANNUAL_RATE: _words("年化利率（单利）", "annual rate (simple)"),
    Figure.ANNUAL_RATE_COMPOUND: _words("年化利率（复利）", "annual rate (compound)"),
    Figure.BALANCE: _words("剩余本金", "principal left"),
    Figure.PERIOD_COST: _words("息费", "interest or fee"),
    Figure.CHANGE: _words("变动", "change"),
    Figure.LEVEL: _words("每期等额还款", "equal installment"),
}

FORMULA_WORDS: dict[Formula, Words] = {
    Formula.GIVEN: _words("按约定", "as agreed"),
    Formula.ROWS: _words("见还款计划表", "as the repayment schedule says"),
    Formula.CHANGE: _words("由 {before_fen} 变为 {after_fen}", "from {before_fen} to {after_fen}"),
    Formula.SUM: _words("以下各项之和", "the sum of what follows"),
    Formula.DIFFERENCE: _words("第一项减去其余各项", "the first of what follows less the others"),
    Formula.REST: _words("剩余的全部本金", "all principal that is left"),
    Formula.EQUAL_PART: _words("{amount_fen} ÷ {parts} 期", "{amount_fen} ÷ {parts} installments"),
    Formula.ANNUITY: _words(
        "本金 {balance_fen}、年利率 {annual_rate}、{periods} 期的等额本息",
        "equal installments of {balance_fen} at {annual_rate} a year over {periods} periods",
    ),
    Formula.INTEREST: _words(
        "剩余本金 {balance_fen} × 年利率 {annual_rate} × {share}",
        "principal left {balance_fen} × {annual_rate} a year × {share}",
    ),
    Formula.FLAT_COST: _words("{amount_fen} × 每期 {rate}", "{amount_fen} × {rate} per period"),
    Formula.FLAT_INTEREST: _words(
        "{amount_fen} × 年利率 {annual_rate} × {share} × {periods} 期",
        "{amount_fen} × {annual_rate} a year × {share} × {periods} periods",
    ),
    Formula.PRO_RATA: _words(
        "整期金额 × {days} ÷ {period_days} 天", "the whole period's × {days} ÷ {period_days} days"
    ),
    Formula.BORNE: _words(
        "息费由各方分担（{subsidy}），此为您承担的部分", "your share of a cost borne so: {subsidy}"
    ),
    Formula.PENALTY: _words("逾期各段罚息之和", "penalty over the days past due, span by span"),
    Formula.PENALTY_SPAN: _words(
        "逾期金额 {base_fen} × 罚息年利率 {annual_rate} × {days} ÷ {year_days} 天",
        "overdue {base_fen} × {annual_rate} a year × {days} ÷ {year_days} days",
    ),
    Formula.IRR: _words(
        "使 {count} 笔收付款现值相等的利率（内部收益率）折算成年",
        "the rate at which {count} payments balance (IRR), per year",
    ),
}

CLAUSE_WORDS: dict[Clause, Words] = {
    Clause.AMOUNT: _words("借款金额条款", "amount"),
    Clause.METHOD: _words("还款方式条款", "repayment method"),
    Clause.RATE: _words("利率条款", "interest rate"),
    Clause.FEE: _words("手续费条款", "fee"),
    Clause.SUBSIDY: _words("贴息条款", "subsidy"),
    Clause.ROUNDING: _words("计算到分的规则", "rounding to the fen"),
    Clause.LAST_INSTALLMENT: _words("尾差条款", "rounding remainder"),
    Clause.GRACE: _words("宽限条款", "grace"),
    Clause.PENALTY: _words("逾期罚息条款", "penalty interest"),
    Clause.LATE_FEE: _words("违约金条款", "late fee"),
    Clause.ALLOCATION: _words(
        "还款抵扣顺序条款（民法典第 561 条）", "order of allocation (Civil Code art. 561)"
    ),
    Clause.SETTLEMENT: _words("提前还款条款（民法典第 677 条）", "early repayment (Civil Code art. 677)"),
    Clause.DISCLOSURE: _words(
        "综合融资成本明示（人民银行公告〔2021〕第 3 号）", "disclosure of cost (PBOC announcement 3 of 2021)"
    ),
    Clause.EVENT: _words("该笔变动本身", "the event itself"),
}

ROUNDING_WORDS: dict[str, Words] = {
    "half_up": _words("四舍五入到分", "rounded half up to the fen"),
    "half_even": _words("四舍六入五成双到分", "rounded half to even to the fen"),
    "half_down": _words("五舍六入到分", "rounded half down to the fen"),
}

BEARER_WORDS: dict[str, Words] = {
    "borrower": _words("借款人", "borrower"),
    "merchant": _words("商户", "merchant"),
    "lender": _words("出借人", "lender"),
    "platform": _words("平台", "platform"),
}

EVENT_WORDS: dict[EventKind, Words] = {
    EventKind.PAYOUT: _words("放款", "payout"),
    EventKind.REPAYMENT: _words("还款", "repayment"),
    EventKind.EARLY_SETTLEMENT: _words("提前结清", "early settlement"),
    EventKind.PREPAYMENT: _words("部分提前还款", "prepayment"),
    EventKind.MERCHANT_REFUND: _words("商户退款", "merchant refund"),
    EventKind.PAYOUT_REFUND: _words("放款退回", "payout refund"),
    EventKind.GOODWILL_CREDIT: _words("善意补偿", "goodwill credit"),
    EventKind.OVERPAYMENT_REFUND: _words("退还溢缴款", "refund of overpayment"),
    EventKind.CHARGEBACK: _words("支付退单", "chargeback"),
    EventKind.CHARGE: _words("费用", "charge"),
    EventKind.WAIVER: _words("减免", "waiver"),
    EventKind.RATE_CHANGE: _words("利率调整", "rate change"),
    EventKind.DUE_DAY_CHANGE: _words("还款日调整", "due day change"),
    EventKind.RE_AGE: _words("重新分期", "re-aging"),
    EventKind.RE_AMORTISE: _words("重新均摊", "re-amortisation"),
    EventKind.RESCHEDULE: _words("展期", "rescheduling"),
    EventKind.DELINQUENCY_PAUSE: _words("逾期计时暂停", "pause of arrears"),
    EventKind.RETURN_PAUSE: _words("退货处理中", "open return"),
    EventKind.ACCELERATION: _words("提前到期", "acceleration"),
    EventKind.CHARGE_OFF: _words("核销（账销案存）", "charge-off"),
    EventKind.WRITE_OFF: _words("豁免", "write-off"),
    EventKind.RECOVERY: _words("核销后收回", "recovery"),
    EventKind.REVERSAL: _words("冲正", "reversal"),
}

SENTENCE: Words = _words("{figure} {value} = {formula}", "{figure} {value} = {formula}")
INSTALLMENT_WORDS: Words = _words("第 {number} 期{figure}", "installment {number}: {figure}")
DOWN_PAYMENT_WORDS: Words = _words("首付{figure}", "down payment: {figure}")
EVENT_SENTENCE: Words = _words("{on} {event}（{id}）", "{event} of {on} ({id})")
CLAUSE_SENTENCE: Words = _words("依据：{clause}", "clause: {clause}")
DAYS_WORDS: Words = _words("计 {days} 天", "{days} days")
STOP: Words = _words("；", "; ")
LISTING: Words = _words("、", ", ")
