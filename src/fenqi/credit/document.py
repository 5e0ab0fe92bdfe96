"""The agreement as a PDF with Chinese type embedded, signed with the platform's certificate."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pylopdf_fonts_zh_cn
from django.utils import timezone
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from fenqi.credit import agreement_text, certificate
from fenqi.plumbing.templatetags.fenqi import figures, percent, yuan

if TYPE_CHECKING:
    from fenqi.credit.quotes import QuotedPlan

_FONT = "NotoSansSC"
# A figure or word with its spaces, or one character, each with the closing marks that must not begin a line.
_PIECES = re.compile(r"(?:[!-~¥]+ ?|.)[，。、；：！？）》”%]*")
_INK = (22, 32, 28)
_QUIET = (91, 102, 96)
_LINE = (200, 206, 202)
_ACCENT = (11, 110, 79)
_SHADE = FontFace(fill_color=(238, 241, 239), color=_INK)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the document says; `content` is Agreement.content, `digest` its hash in hex."""

    number: str
    borrower_name: str
    content: dict[str, Any]
    quote: QuotedPlan
    text_version: str
    digest: str
    signed_at: datetime.datetime
    read_seconds: int


def make(contents: Contents) -> bytes:
    """The signed document."""
    return certificate.sign_pdf(draw(contents), reason=f"{contents.number} {contents.digest[:16]}")


def draw(contents: Contents) -> bytes:
    """The document before it is signed."""
    page = _Page(contents.number)
    _heading(page, contents)
    _order(page, contents)
    _costs(page, contents)
    _schedule(page, contents.quote)
    _words(page, contents.content["text"], skip_title=True)
    _words(page, contents.content["mandate"], skip_title=False)
    _proof(page, contents)
    return bytes(page.output())


class _Page(FPDF):
    """A4 with a running foot."""

    def __init__(self, number: str) -> None:
        super().__init__(format="A4")
        self.number = number
        self.set_margins(18, 18, 18)
        self.set_auto_page_break(True, margin=20)
        self.add_font(_FONT, fname=pylopdf_fonts_zh_cn.sans_path())
        self.set_text_shaping(False)
        self.set_title(f"分期服务协议 {number}")
        self.set_author(agreement_text.SHOP)
        self.set_lang("zh-CN")
        self.set_draw_color(*_LINE)
        self.add_page()

    def footer(self) -> None:
        """协议编号 and page number."""
        self.set_y(-14)
        self.type(8, _QUIET)
        self.cell(0, 5, f"协议编号 {self.number}    第 {self.page_no()} / {{nb}} 页", align="C")

    def type(self, size: float, color: tuple[int, int, int] = _INK) -> None:
        """The one family in a size and colour."""
        self.set_font(_FONT, size=size)
        self.set_text_color(*color)

    def line_of(
        self, text: str, *, size: float = 10, height: float = 6, color: tuple[int, int, int] = _INK
    ) -> None:
        """A paragraph over the whole width."""
        self.type(size, color)
        for line in self.broken(text):
            self.cell(0, height, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def broken(self, text: str) -> list[str]:
        """
        Lines that fit, broken as Chinese is: anywhere between characters, but not inside a number or a word, and never
        so that a line begins with a closing mark.
        """
        lines, line = [], ""
        for piece in _PIECES.findall(text):
            if line and self.get_string_width(line + piece.rstrip()) > self.epw - 2 * self.c_margin:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        return [*lines, line.rstrip()]

    def section(self, title: str) -> None:
        """A heading kept with at least a few lines after it."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(4)
        self.line_of(title, size=13, height=8, color=_ACCENT)

    def grid(
        self,
        rows: list[tuple[str, ...]],
        *,
        widths: tuple[int, ...],
        align: tuple[str, ...],
        head: bool = True,
    ) -> None:
        """A table; the first row is the head unless said otherwise."""
        self.type(9)
        with self.table(
            col_widths=widths,
            text_align=align,
            line_height=5.6,
            padding=(0.9, 1.6),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            first_row_as_headings=head,
            headings_style=_SHADE,
        ) as table:
            for row in rows:
                table.row(row)


def _heading(page: _Page, contents: Contents) -> None:
    page.line_of("分期服务协议", size=20, height=12)
    signed = timezone.localtime(contents.signed_at)
    page.line_of(
        f"协议编号 {contents.number}    文本版本 {contents.text_version}    签署于 {signed:%Y-%m-%d %H:%M:%S}",
        size=9,
        color=_QUIET,
    )
    borrower = contents.content["borrower"]
    page.ln(2)
    page.grid(
        [
            ("借款人", f"{contents.borrower_name}  证件号 {borrower['id_number']}  手机 {borrower['phone']}"),
            ("贷款人", contents.content["lender"]),
            ("平台", f"{agreement_text.SHOP}（不是贷款人，不向借款人收取息费）"),
            ("方案", contents.content["plan"]),
        ],
        widths=(22, 152),
        align=("LEFT", "LEFT"),
        head=False,
    )


def _order(page: _Page, contents: Contents) -> None:
    page.section(f"订单 {contents.content['order_number']}")
    lines = [(name, str(quantity), yuan(fen)) for name, quantity, fen in contents.content["order_lines"]]
    page.grid(
        [("分期付款的商品", "数量", "金额"), *lines],
        widths=(114, 20, 40),
        align=("LEFT", "RIGHT", "RIGHT"),
    )


def _costs(page: _Page, contents: Contents) -> None:
    table = contents.content["cost_table"]
    page.section("综合融资成本明示表")
    page.grid(
        [
            ("贷款本金", yuan(table["principal_fen"])),
            ("总成本（您承担）", yuan(table["total_cost_fen"])),
            ("总额", yuan(table["total_fen"])),
            (
                "年化综合融资成本（正常履约）",
                f"{table['annual_rate']}({table['annual_rate_method']}；复利 {table['annual_rate_compound']})",
            ),
            ("息费承担", table["borne_by"]),
            ("提前结清", table["settlement"]),
        ],
        widths=(60, 114),
        align=("LEFT", "LEFT"),
        head=False,
    )
    page.ln(2)
    items = [
        (item["name"], item["method"], item["level"], item["payee"], _item_amount(item))
        for item in (*table["items"], *table["contingent"])
    ]
    page.grid(
        [("项目", "收取方式", "标准（年化）", "收取主体", "金额"), *items],
        widths=(22, 62, 38, 28, 24),
        align=("LEFT", "LEFT", "LEFT", "LEFT", "RIGHT"),
    )
    page.ln(1)
    page.line_of(table["statement"], size=9)


def _item_amount(item: dict[str, Any]) -> str:
    return "违约时产生" if item["amount_fen"] is None else yuan(item["amount_fen"])


def _schedule(page: _Page, quote: QuotedPlan) -> None:
    page.section("还款计划")
    rows = [
        (
            str(row.number),
            f"{row.due_on:%Y-%m-%d}",
            figures(row.principal_fen),
            figures(row.interest_fen),
            figures(row.fee_fen),
            figures(row.total_fen),
        )
        for row in quote.rows
    ]
    total = (
        "合计",
        "",
        figures(sum(row.principal_fen for row in quote.rows)),
        figures(quote.interest_fen),
        figures(quote.fee_fen),
        figures(quote.total_fen),
    )
    page.grid(
        [("期", "还款日", "本金（元）", "利息（元）", "手续费（元）", "应还（元）"), *rows, total],
        widths=(14, 32, 32, 32, 32, 32),
        align=("LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
    )
    page.ln(1)
    page.line_of(
        f"年化利率 {percent(quote.annual_rate_simple)} 由上述实际应还金额与日期按内部收益率计算，"
        "本金按四舍五入到分，余数在末期。",
        size=9,
        color=_QUIET,
    )


def _words(page: _Page, body: str, *, skip_title: bool) -> None:
    for kind, words in agreement_text.Text(version="", body=body).blocks:
        if (kind == "title" and not skip_title) or kind == "heading":
            page.section(words)
        elif kind != "title":
            page.line_of(words, size=10, height=6.2)


def _proof(page: _Page, contents: Contents) -> None:
    page.section("签署凭证")
    signed = timezone.localtime(contents.signed_at)
    page.grid(
        [
            ("签署方式", "借款人登录本人账户，阅读、勾选并确认"),
            ("签署时间", f"{signed:%Y-%m-%d %H:%M:%S}（北京时间）"),
            ("阅读时长", f"{contents.read_seconds} 秒"),
            ("内容哈希", f"SHA-256 {contents.digest}"),
        ],
        widths=(28, 146),
        align=("LEFT", "LEFT"),
        head=False,
    )
    page.ln(1)
    page.line_of("本文件带有平台的数字签名，任何改动都会使签名失效。", size=9, color=_QUIET)
