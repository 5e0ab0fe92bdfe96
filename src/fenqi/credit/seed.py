"""The four lenders of the demo and their plans. Safe to repeat."""

from __future__ import annotations

import datetime
from decimal import Decimal

from fenqi.credit import services
from fenqi.credit.models import LenderKind
from fenqi.domain.plans import CapBase, CapKind, CostCap, Plan
from fenqi.domain.terms import LoanTerms, Method, Subsidy

PUBLISHED_ON = datetime.date(2026, 1, 1)
LEAST_FEN = 300_00
MOST_FEN = 200_000_00
_FIXED_CAP = CostCap(kind=CapKind.FIXED, value=Decimal("0.24"), base=CapBase.SIMPLE)

LENDERS = [
    ("jiangcheng", "江城银行", "Jiangcheng Bank", LenderKind.BANK, False),
    ("anxin", "安心消费金融", "Anxin Consumer Finance", LenderKind.CONSUMER_FINANCE, False),
    ("hulian", "互联小额贷款", "Hulian Microloan", LenderKind.MICROLOAN, False),
    ("yuanshan", "远山消费金融", "Yuanshan Consumer Finance", LenderKind.CONSUMER_FINANCE, True),
]


def plans() -> list[Plan]:
    """Every plan of the lenders serviced here; the outside lender makes its own offers."""
    bank = [
        _plan("jiangcheng", f"installment-{n}", f"等额本息 {n} 期", _annuity(n, rate="0.144"))
        for n in (3, 6, 12, 24)
    ]
    free = [
        _plan("anxin", f"free-{n}", f"商户贴息 {n} 期", _flat(n, fee="0.0055", merchant_bears=True))
        for n in (3, 6)
    ]
    paid = [_plan("anxin", "installment-12", "等额本息 12 期", _annuity(12, rate="0.156"))]
    flat = [
        _plan(
            "hulian",
            f"flat-{n}",
            f"等本等费 {n} 期",
            _flat(n, fee="0.006"),
            most_fen=50_000_00,
        )
        for n in (3, 6, 9, 12)
    ]
    return [*bank, *free, *paid, *flat]


def load() -> None:
    """Connect the lenders and publish their plans."""
    for position, (code, name, name_en, kind, services_own_loans) in enumerate(LENDERS):
        services.register_lender(
            code=code,
            name=name,
            name_en=name_en,
            kind=kind,
            services_own_loans=services_own_loans,
            position=position,
        )
    for plan in plans():
        services.publish_plan(plan=plan, on=PUBLISHED_ON, published_by="seed")


def _annuity(installments: int, *, rate: str) -> LoanTerms:
    return LoanTerms(method=Method.EQUAL_INSTALLMENT, installments=installments, annual_rate=Decimal(rate))


def _flat(installments: int, *, fee: str, merchant_bears: bool = False) -> LoanTerms:
    subsidy = Subsidy(borrower=Decimal(0), merchant=Decimal(1)) if merchant_bears else Subsidy()
    return LoanTerms(
        method=Method.FLAT_FEE,
        installments=installments,
        flat_fee_rate=Decimal(fee),
        subsidy=subsidy,
    )


def _plan(lender_code: str, code: str, name: str, terms: LoanTerms, *, most_fen: int = MOST_FEN) -> Plan:
    return Plan(
        lender_code=lender_code,
        code=f"{lender_code}-{code}",
        name=name,
        terms=terms,
        min_amount_fen=LEAST_FEN,
        max_amount_fen=most_fen,
        cap=_FIXED_CAP,
    )
