"""Every address of the product and whom it is for. A new address belongs here before it can be merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import get_resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

# Names one person's thing: nobody else finds it. Values are filled from Marked.names.
OWN = {
    "me/addresses/<uuid:address_id>/": "/me/addresses/{address}/",
    "me/addresses/<uuid:address_id>/delete/": "/me/addresses/{address}/delete/",
    "me/cards/<uuid:card_id>/unbind/": "/me/cards/{card}/unbind/",
    "me/passkeys/<uuid:passkey_id>/remove/": "/me/passkeys/{passkey}/remove/",
    "checkout/next/": "/checkout/next/?application={application}",
    "checkout/decision/": "/checkout/decision/?application={application}",
    "checkout/decision/review/": "/checkout/decision/review/?application={application}",
    "checkout/means/": "/checkout/means/?application={application}",
    "checkout/agreement/": "/checkout/agreement/?application={application}",
    "checkout/agreement/renew/": "/checkout/agreement/renew/?application={application}",
    "checkout/confirm/": "/checkout/confirm/?application={application}",
    "checkout/pay/": "/checkout/pay/?order={waiting_order}",
    "checkout/waiting/": "/checkout/waiting/?order={order}",
    "checkout/result/": "/checkout/result/?order={order}",
    "checkout/plans/": "/checkout/plans/?order={waiting_order}",
    "agreements/<uuid:agreement_id>.pdf": "/agreements/{agreement}.pdf",
    "orders/<str:number>/": "/orders/{order}/",
    "orders/<str:number>/continue/": "/orders/{waiting_order}/continue/",
    "orders/<str:number>/received/": "/orders/{order}/received/",
    "orders/<str:number>/cancel/": "/orders/{waiting_order}/cancel/",
    "orders/<str:number>/return/": "/orders/{order}/return/",
    "orders/<str:number>/return/withdraw/": "/orders/{order}/return/withdraw/",
    "orders/<str:number>/repay/": "/orders/{order}/repay/?choice=next",
    "orders/<str:number>/settle/": "/orders/{order}/settle/",
    "finance/credit/<str:number>/<str:month>/dispute/": "/finance/credit/{loan}/{month}/dispute/",
    "finance/standby/draws/<uuid:draw_id>/": "/finance/standby/draws/{draw}/",
    "finance/loans/<str:number>/": "/finance/loans/{loan}/",
    "finance/loans/<str:number>/repay/": "/finance/loans/{loan}/repay/?choice=next",
    "finance/loans/<str:number>/settle/": "/finance/loans/{loan}/settle/",
    "finance/loans/<str:number>/why/<str:subject>/": "/finance/loans/{loan}/why/installment-1/",
    "finance/loans/<str:number>/certificate/": "/finance/loans/{settled}/certificate/",
    "finance/loans/<str:number>/certificate.pdf": "/finance/loans/{settled}/certificate.pdf",
    "finance/payments/<str:reference>/": "/finance/payments/{reference}/",
}

# Shows the asker's own things, whoever asks; guests sign in first.
PERSONAL = {
    "me/": "/me/",
    "me/addresses/": "/me/addresses/",
    "me/addresses/new/": "/me/addresses/new/",
    "me/confirm/": "/me/confirm/",
    "me/confirm/passkey/": "/me/confirm/passkey/",
    "me/confirm/passkey/question/": "/me/confirm/passkey/question/",
    "me/passkeys/": "/me/passkeys/",
    "me/passkeys/question/": "/me/passkeys/question/",
    "me/passkeys/add/": "/me/passkeys/add/",
    "me/cards/": "/me/cards/",
    "me/cards/add/": "/me/cards/add/",
    "me/cards/add/code/": "/me/cards/add/code/",
    "me/devices/": "/me/devices/",
    "me/devices/end/": "/me/devices/end/",
    "me/privacy/": "/me/privacy/",
    "me/privacy/withdraw/": "/me/privacy/withdraw/",
    "me/privacy/export/": "/me/privacy/export/",
    "me/privacy/agree/": "/me/privacy/agree/",
    "me/privacy/correct/": "/me/privacy/correct/",
    "me/privacy/close/": "/me/privacy/close/",
    "me/email/": "/me/email/",
    "me/phone/": "/me/phone/",
    "me/phone/code/": "/me/phone/code/",
    "checkout/identity/": "/checkout/identity/?application={application}",
    "checkout/identity/retry/": "/checkout/identity/retry/?application={application}",
    "checkout/contact/": "/checkout/contact/?application={application}",
    "checkout/contact/resend/": "/checkout/contact/resend/?application={application}",
    "checkout/card/": "/checkout/card/?application={application}",
    "checkout/card/code/": "/checkout/card/code/",
    "orders/": "/orders/",
    "finance/": "/finance/",
    "finance/bills/": "/finance/bills/",
    "finance/bills/<slug:lender>/<str:due_on>/": "/finance/bills/{lender}/{due_on}/",
    "finance/inbox/": "/finance/inbox/",
    "finance/account/": "/finance/account/",
    "finance/account/autopay/": "/finance/account/autopay/",
    "finance/credit/": "/finance/credit/",
    "finance/standby/": "/finance/standby/",
    "finance/standby/draw/": "/finance/standby/draw/?amount=1000&installments=1",
    "help/chat/": "/help/chat/",
    "help/chat/messages/": "/help/chat/messages/",
    "api/v1/bills": "/api/v1/bills",
}

# For everybody, about nobody (the quote of a plan on a price has no person in it).
OPEN = {
    "": "/",
    "categories/": "/categories/",
    "c/<slug:category>/": "/c/phones/",
    "search": "/search?q=手环",
    "p/<slug:slug>/": "/p/qingyu-15/",
    "p/<slug:slug>/buy/": "/p/qingyu-15/buy/",
    "cart/": "/cart/",
    "pictures/<str:name>.svg": "/pictures/none.svg",
    "sign-in/": "/sign-in/",
    "sign-in/code/": "/sign-in/code/",
    "sign-in/passkey/": "/sign-in/passkey/",
    "sign-in/passkey/question/": "/sign-in/passkey/question/",
    "sign-in/lost-phone/": "/sign-in/lost-phone/",
    "sign-in/lost-phone/code/": "/sign-in/lost-phone/code/",
    "texts/<slug:code>/": "/texts/identity/",
    "checkout/": "/checkout/",
    "checkout/why/": "/checkout/why/",
    "help/": "/help/",
    "help/<slug:slug>/": "/help/overdue/",
    "finance/standby/agreement/": "/finance/standby/agreement/",
    "finance/offline/": "/finance/offline/",
    "finance/manifest.webmanifest": "/finance/manifest.webmanifest",
    "finance/sw.js": "/finance/sw.js",
    "notices/channel/": "/notices/channel/",
    "api/v1/": "/api/v1/",
    "api/v1/openapi.json": "/api/v1/openapi.json",
    "api/v1/quotes": "/api/v1/quotes?amount_fen=499900",
    "api/v1/quotes/<uuidstr:quote_id>": "/api/v1/quotes/{quote}",
    "healthz": "/healthz",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "ops/sign-in/": "/ops/sign-in/",
    "ops/sign-in/passkey/": "/ops/sign-in/passkey/",
    "ops/sign-in/passkey/question/": "/ops/sign-in/passkey/question/",
    "i18n/setlang/": "/i18n/setlang/",
    "sign-out/": "/sign-out/",
    "ops/sign-out/": "/ops/sign-out/",
}

# The address is the key: whoever holds it sees something masked; one character off opens nothing.
KEY = {
    "contact/<str:token>/": "/contact/{contact_token}/",
    "email/<str:token>/": "/email/{email_token}/",
    "stop-phone-move/<str:token>/": "/stop-phone-move/{stop_token}/",
    "ops/set-up/<str:token>/": "/ops/set-up/{set_up_token}/",
    "calendar/<str:number>/<str:token>.ics": "/calendar/{loan}/{calendar_token}.ics",
    "pay/<str:token>/": "/pay/{pay_token}/",
    "pay-outcome/<str:key>/": "/pay-outcome/{outcome_key}/",
}

# For other systems with a key of theirs; no session opens them.
PARTNERS = {
    "api/v1/repayments": "/api/v1/repayments",
    "api/v1/repayments/<reference>": "/api/v1/repayments/TX-1",
}

ANY = ("lin", "zhou", "qian", "shen", "cui", "admin")
# Staff: the address and those of the demo's staff who may open it.
STAFF: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "ops/": [("/ops/", ANY)],
    "ops/second-factor/": [("/ops/second-factor/", ANY)],
    "ops/second-factor/totp/": [("/ops/second-factor/totp/", ANY)],
    "ops/second-factor/totp/off/": [("/ops/second-factor/totp/off/", ANY)],
    "ops/second-factor/passkeys/question/": [("/ops/second-factor/passkeys/question/", ANY)],
    "ops/second-factor/passkeys/add/": [("/ops/second-factor/passkeys/add/", ANY)],
    "ops/second-factor/passkeys/<uuid:passkey_id>/remove/": [
        ("/ops/second-factor/passkeys/0198f6c2-0000-7000-8000-00000000aaaa/remove/", ANY)
    ],
    "ops/second-factor/codes/": [("/ops/second-factor/codes/", ANY)],
    "ops/staff/": [("/ops/staff/", ("admin",))],
    "ops/staff/<str:name>/": [("/ops/staff/lin/", ("admin",))],
    "ops/staff/<str:name>/roles/": [("/ops/staff/lin/roles/", ("admin",))],
    "ops/staff/<str:name>/<slug:action>/": [("/ops/staff/lin/lock/", ("admin",))],
    "ops/password/": [("/ops/password/", ANY)],
    "ops/confirm/": [("/ops/confirm/", ANY)],
    "ops/confirm/passkey/": [("/ops/confirm/passkey/", ANY)],
    "ops/confirm/passkey/question/": [("/ops/confirm/passkey/question/", ANY)],
    "ops/queues/<slug:code>/": [
        ("/ops/queues/contacts/?at={borrower}.{contact}", ("lin", "admin")),
        ("/ops/queues/identity/?at={borrower}.x", ("lin", "admin")),
        ("/ops/queues/applications/?at={borrower}.{application}", ("lin", "admin")),
        ("/ops/queues/reviews/?at={borrower}.{application}", ("lin", "admin")),
        ("/ops/queues/returns/", ("zhou", "admin")),
        ("/ops/queues/disputes/", ("zhou", "shen", "admin")),
        ("/ops/queues/corrections/", ("lin", "shen", "admin")),
    ],
    "ops/queues/<slug:code>/decide/": [
        ("/ops/queues/contacts/decide/", ("lin", "admin")),
        ("/ops/queues/identity/decide/", ("lin", "admin")),
        ("/ops/queues/applications/decide/", ("lin", "admin")),
        ("/ops/queues/reviews/decide/", ("lin", "admin")),
        ("/ops/queues/returns/decide/", ("zhou", "admin")),
        ("/ops/queues/disputes/decide/", ("zhou", "shen", "admin")),
        ("/ops/queues/corrections/decide/", ("lin", "shen", "admin")),
    ],
    "ops/photos/<int:borrower_id>/<slug:side>/": [("/ops/photos/{borrower}/front/", ("lin", "admin"))],
    "ops/look-up/": [("/ops/look-up/?q={order}", ANY)],
    "ops/people/<int:borrower_id>/": [
        ("/ops/people/{borrower}/", ANY),
        ("/ops/people/{borrower}/?tab=reach", ANY),
    ],
    "ops/people/<int:borrower_id>/reveal/": [
        ("/ops/people/{borrower}/reveal/", ("lin", "zhou", "shen", "cui", "admin"))
    ],
    "ops/people/<int:borrower_id>/dial/": [("/ops/people/{borrower}/dial/", ("zhou", "cui", "admin"))],
    "ops/people/<int:borrower_id>/contact/": [("/ops/people/{borrower}/contact/", ("lin", "cui", "admin"))],
    "ops/calls/": [("/ops/calls/", ("shen", "cui", "admin"))],
    "ops/people/<int:borrower_id>/contact-call/": [
        ("/ops/people/{borrower}/contact-call/", ("lin", "cui", "admin"))
    ],
    "ops/loans/<str:number>/": [("/ops/loans/{loan}/", ANY)],
    "ops/loans/<str:number>/statement/": [("/ops/loans/{loan}/statement/", ANY)],
    "ops/people/<int:borrower_id>/statement/": [("/ops/people/{borrower}/statement/", ANY)],
    "ops/reports/": [("/ops/reports/", ("qian", "shen", "admin"))],
    "ops/reports/<slug:name>/": [("/ops/reports/portfolio/", ("qian", "shen", "admin"))],
    "ops/loans/<str:number>/propose/": [("/ops/loans/{loan}/propose/", ("zhou", "qian", "cui", "admin"))],
    "ops/people/<int:borrower_id>/standing/": [
        ("/ops/people/{borrower}/standing/", ("lin", "shen", "cui", "admin"))
    ],
    "ops/lists/": [("/ops/lists/", ("lin", "shen", "admin"))],
    "ops/lists/propose/": [("/ops/lists/propose/", ("lin", "shen", "admin"))],
    "ops/proposals/": [("/ops/proposals/", ANY)],
    "ops/proposals/<uuid:proposal_id>/": [
        ("/ops/proposals/{proposal}/", ("lin", "shen", "cui", "admin")),
    ],
    "ops/proposals/<uuid:proposal_id>/decide/": [
        ("/ops/proposals/{proposal}/decide/", ("lin", "shen", "cui", "admin")),
    ],
    "ops/shipping/": [("/ops/shipping/", ("zhou", "admin"))],
    "ops/shipping/ship/": [("/ops/shipping/ship/", ("zhou", "admin"))],
    "ops/chat/": [("/ops/chat/", ("zhou", "admin"))],
    "ops/chat/answer/": [("/ops/chat/answer/", ("zhou", "admin"))],
    "ops/refunds/": [("/ops/refunds/", ("zhou", "qian", "admin"))],
    "ops/unplaced/": [("/ops/unplaced/", ("qian", "admin"))],
    "ops/unplaced/take-in/": [("/ops/unplaced/take-in/", ("qian", "admin"))],
    "ops/unplaced/<uuid:money_id>/": [("/ops/unplaced/{unplaced}/?loan={loan}", ("qian", "admin"))],
    "ops/unplaced/<uuid:money_id>/propose/": [("/ops/unplaced/{unplaced}/propose/", ("qian", "admin"))],
    "ops/unplaced/<uuid:money_id>/reveal/": [("/ops/unplaced/{unplaced}/reveal/", ("qian", "admin"))],
    "ops/books/": [("/ops/books/", ("qian", "shen", "admin"))],
    "ops/books/export/": [("/ops/books/export/", ("qian", "admin"))],
    "ops/books/ties/": [("/ops/books/ties/", ("qian", "shen", "admin"))],
    "ops/books/accounts/<int:code>/": [("/ops/books/accounts/130301/", ("qian", "shen", "admin"))],
    "ops/loans/<str:number>/ledger/": [("/ops/loans/{loan}/ledger/", ("qian", "shen", "admin"))],
    "ops/time/": [("/ops/time/", ("qian", "admin"))],
    "ops/entry/": [("/ops/entry/", ("qian", "shen", "admin"))],
    "ops/entry/set/": [("/ops/entry/set/", ("qian", "shen", "admin"))],
    "ops/audit/": [("/ops/audit/", ("shen", "admin"))],
}

# The sandbox is another party's site behind our address, and not there in production.
FOREIGN = {"^sandbox/(?P<rest>.*)$"}


def routes() -> Iterator[tuple[str, Any]]:
    """Every route Django knows, with its pattern."""

    def walk(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            here = before + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, here)
            else:
                yield here, pattern

    yield from walk(get_resolver().url_patterns, "")


# What a form would need to touch the marked person's things from another's session.
FORGED = {
    "method": "{card}",
    "card": "{card}",
    "card_id": "{card}",
    "address": "{address}",
    "address_id": "{address}",
    "which": "{session}",
    "application": "{application}",
    "order": "{order}",
    "line": "{line}",
    "contact": "{contact}",
    "borrower": "{borrower}",
    "at": "{borrower}.{contact}",
    "reference": "0198f6c2-0000-7000-8000-00000000aaaa",
    "amount_fen": "10000",
    "choice": "next",
    "is_on": "on",
    "agrees": "on",
    "is_accepted": "on",
    "decision": "approve",
    "kind": "changed_mind",
    "reason": "别人的手",
    "text": "别人的话",
    "installments": "1",
    "amount": "1000",
    "field": "phone",
    "purpose": "verify",
    "outcome": "invalid_number",
    "code": "000000",
}
