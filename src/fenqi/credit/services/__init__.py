"""What others may ask credit to do. Each function is one use case; refusals are in `credit.errors`."""

from fenqi.credit.orders import GoodsLine, OrderSummary
from fenqi.credit.services.applying import (
    cancel_application,
    mark_disbursing,
    mark_done,
    mark_failed,
    replace_quote,
    start_application,
)
from fenqi.credit.services.asking import is_score_awaited
from fenqi.credit.services.catalogue import publish_plan, register_lender
from fenqi.credit.services.deciding import Standing, StandingOf, decide, wants_means
from fenqi.credit.services.documents import agreement_pdf
from fenqi.credit.services.lines import hold_line, refusal_of_line
from fenqi.credit.services.lists import CODES as LIST_CODES
from fenqi.credit.services.lists import KIND as LIST_KIND
from fenqi.credit.services.lists import add_to_list, remove_from_list
from fenqi.credit.services.means import declare_means, forget_means, withhold_means
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
from fenqi.credit.services.reviewing import (
    OVERRIDE,
    insist_on_reason,
    overridable,
    override_declined,
    request_review,
    review_application,
    uphold,
)
from fenqi.credit.services.signing import issue_page, reading_seconds, sign_agreement

__all__ = [
    "LIST_CODES",
    "LIST_KIND",
    "OVERRIDE",
    "Board",
    "GoodsLine",
    "Held",
    "OrderSummary",
    "Standing",
    "StandingOf",
    "add_to_list",
    "agreement_pdf",
    "cancel_application",
    "check_amount",
    "decide",
    "declare_means",
    "find_quote",
    "forget_means",
    "hold_line",
    "hold_quote",
    "insist_on_reason",
    "is_score_awaited",
    "issue_page",
    "make_quote",
    "make_quotes",
    "mark_disbursing",
    "mark_done",
    "mark_failed",
    "overridable",
    "override_declined",
    "publish_plan",
    "reading_seconds",
    "refusal_of_line",
    "register_lender",
    "remove_from_list",
    "renew_quote",
    "replace_quote",
    "request_review",
    "review_application",
    "sign_agreement",
    "smallest_amount_fen",
    "start_application",
    "uphold",
    "wants_means",
    "withhold_means",
]
