"""The certificate of settlement as a PDF, Chinese type embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pylopdf_fonts_zh_cn
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from fenqi.plumbing.templatetags.fenqi import yuan

if TYPE_CHECKING:
    import datetime

    from fenqi.servicing.views import Certificate

FONT = "NotoSansSC"
INK, QUIET = (22, 32, 28), (91, 102, 96)


def certificate_document(*, facts: Certificate, name: str) -> bytes:
    """One page that says who settled which loan, when, and that nothing is owed."""
    page = FPDF(format="A4")
    page.set_margins(26, 36, 26)
    page.add_font(FONT, fname=pylopdf_fonts_zh_cn.sans_path())
    page.set_title(f"结清证明 {facts.number}")
    page.set_lang("zh-CN")
    page.add_page()
    page.set_text_color(*INK)
    page.set_font(FONT, size=24)
    page.cell(0, 14, "结清证明", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FONT, size=9)
    page.set_text_color(*QUIET)
    page.cell(0, 6, f"借据编号 {facts.number}", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(14)
    page.set_text_color(*INK)
    page.set_font(FONT, size=12)
    settled_on, opened_on = _written(facts.settled_on), _written(facts.opened_on)
    page.multi_cell(
        0,
        9,
        f"{name}于{opened_on}向{facts.lender}借入本金 {yuan(facts.principal_fen)}，"
        f"截至{settled_on}已支付本金、利息及其他费用合计 {yuan(facts.paid_fen)}，该笔借款已全部结清。",
        align="L",
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )
    page.ln(4)
    page.multi_cell(
        0,
        9,
        "结清之后不再有任何应还款项，自动扣款已停止。特此证明。",
        align="L",
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )
    page.ln(24)
    page.cell(0, 8, facts.lender, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.cell(0, 8, settled_on, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(page.output())


def _written(on: datetime.date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
