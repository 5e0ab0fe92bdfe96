"""What the standby line starts with: the text of its agreement."""

from __future__ import annotations

import datetime

from fenqi.people import services as people

FIRST_VERSION_ON = datetime.date(2024, 1, 1)

BODY_ZH = """一、备用金是循环额度：在可用额度内可以多次支用，还款后额度恢复。
二、利息按日计算：支用当日起息，还款当日不计息；年化利率（单利）和每日利率在支用前逐笔列明，不超过列明的上限。
三、除列明的利息外不收取其他费用；提前还款只收实际占用天数的利息，不收手续费。
四、每笔支用在账单日到期，逾期过宽限期后按合同约定计收罚息，不计复利，与利息合计不超过列明的上限。
五、资金用于个人日常消费，不得用于购房、投资、还其他借款。
六、还款情况在您另行书面同意后报送征信系统；负面信息报送前会提前告知您。"""

BODY_EN = """1. Standby cash is a revolving limit: draw within what is available, as often as you like; what you repay is available again.
2. Interest counts by the day, from the day of the draw, not on the day of repayment. The annual rate (simple) and the daily rate are shown before each draw and stay below the cap shown.
3. Nothing but the interest shown is charged; repaying early costs the days used and no fee.
4. Each draw falls due on the bill day. After the days of grace a penalty counts as agreed, without compounding, capped together with the interest.
5. The money is for personal consumption, not for housing, investments or other loans.
6. Repayment is reported to the credit bureau only with your separate written consent; you are told before anything negative is reported."""


def load() -> None:
    """Safe to run again."""
    people.publish_text(
        code="standby",
        version=1,
        title_zh="备用金服务协议",
        title_en="Standby cash agreement",
        body_zh=BODY_ZH,
        body_en=BODY_EN,
        published_on=FIRST_VERSION_ON,
    )
