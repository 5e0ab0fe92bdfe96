"""What others may ask credit to do. Each function is one use case; refusals are in `credit.errors`."""

from fenqi.credit.orders import GoodsLine, OrderSummary
from fenqi.credit.services.applying import (
    Standing,
    cancel_application,
    decide,
    mark_disbursing,
    mark_done,
    mark_failed,
    replace_quote,
    review_application,
    start_application,
)
from fenqi.credit.services.catalogue import publish_plan, register_lender
from fenqi.credit.services.documents import agreement_pdf
from fenqi.credit.services.quoting import (
    Board,
    Held,
    check_amount,
    find_quote,
    hold_quote,
    make_quote,
    make_quotes,
    renew_quote,
    smallest_amount_fen,
)
from fenqi.credit.services.signing import issue_page, reading_seconds, sign_agreement

__all__ = [
    "Board",
    "GoodsLine",
    "Held",
    "OrderSummary",
    "Standing",
    "agreement_pdf",
    "cancel_application",
    "check_amount",
    "decide",
    "find_quote",
    "hold_quote",
    "issue_page",
    "make_quote",
    "make_quotes",
    "mark_disbursing",
    "mark_done",
    "mark_failed",
    "publish_plan",
    "reading_seconds",
    "register_lender",
    "renew_quote",
    "replace_quote",
    "review_application",
    "sign_agreement",
    "smallest_amount_fen",
    "start_application",
]
