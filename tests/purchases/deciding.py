"""Applications that nobody has judged yet, the rules that will judge them, and what the rules said."""

from __future__ import annotations

import json

from fenqi.credit import queries as credit_queries
from fenqi.credit import services as credit
from fenqi.credit.models import Application, Decision
from fenqi.credit.services import deciding
from fenqi.people.models import Identity
from fenqi.people.services.one_person import bind_person
from fenqi.plumbing import business_date, rule_data
from fenqi.plumbing.models import RuleDatum
from fenqi.purchases import services
from fenqi.servicing.queries import standing_of
from tests.purchases import shopping
from tests.purchases.shopping import BANK_12, PHONE_FEN
from tests.support.at_once import at_once
from tests.support.second_pair import second_pair

TELEVISION_FEN = 129_900


def state_of(borrower_id, application_id):
    return credit_queries.application(borrower_id=borrower_id, application_id=application_id).state


def started(borrower_id, order=None, *, key=BANK_12):
    """An application that nobody has judged yet."""
    order = order or shopping.an_order(borrower_id, financed=[PHONE_FEN])
    held = credit.hold_quote(key=key, amount_fen=order.financed_amount_fen, on=business_date.current())
    return credit.start_application(
        borrower_id=borrower_id,
        order_id=order.id,
        order=shopping.summary_of(order),
        quote_id=held.id,
        reference=str(order.id),
    )


def judged(borrower_id, application_id):
    services.advance_application(borrower_id=borrower_id, application_id=application_id)
    return Decision.objects.get(borrower_id=borrower_id, application_id=application_id, by="rules")


def gathered(borrower_id, application_id):
    row = Application.objects.get(borrower_id=borrower_id, id=application_id)
    return deciding.gather(row, standing_of, with_lock=False).inputs


def with_rules(change):
    """The rules in force, changed from today on."""
    rules = json.loads(json.dumps(rule_data.value("credit.rules", on=business_date.current())))
    for rule in rules["rules"]:
        change(rule)
    RuleDatum.objects.update_or_create(
        name="credit.rules", valid_from=business_date.current(), defaults={"value": rules}
    )


def limit(fen, *, per_lender=None):
    def change(rule):
        if rule["id"] == "person-limit":
            rule["above"] = fen
        if rule["id"] == "lender-limit":
            rule["above"] = per_lender or fen

    with_rules(change)


def only_limits():
    """Signals, scores and means do not stand in the way of many applications at once."""

    def change(rule):
        if rule["kind"] == "signal":
            rule["above"] = 10**9
        if rule["kind"] in ("affordability", "score"):
            rule["when"][0]["above"] = 10**12

    with_rules(change)


def a_second_account(borrower_id, phone):
    """Another account of the same person, let through as well."""
    second = shopping.a_shopper(phone, card=None)
    number = Identity.objects.get(borrower_id=borrower_id).id_number
    kept = Identity.objects.get(borrower_id=second)
    kept.id_number = number
    kept.save()
    bind_person(borrower_id=second, id_number=number)
    return second


def put_on_list(kind, value):
    """Two people put somebody on the list of those who are declined."""
    told = {"do": "add", "list_code": "fraud", "kind": kind, "value": value}
    second_pair("credit.list_entry", arguments=told)


def unhindered(*calls):
    """All at once, and none of them is refused or breaks."""
    answers = at_once(*calls, seconds=120)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
