"""A person whose every value can be recognised anywhere, with one of everything a shopper can have."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from django.db import connection
from django.test import Client

from fenqi.bureau.models import CreditRow
from fenqi.credit import queries as credit
from fenqi.mall import services as mall
from fenqi.mall.services.addresses import AddressEntry
from fenqi.payments import services as payments
from fenqi.payments.models import Payment
from fenqi.people import queries as people_queries
from fenqi.people import services as people
from fenqi.people.models import AccountSession
from fenqi.people.services import Holder
from fenqi.plumbing import business_date
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services
from fenqi.standby.models import StandbyDraw
from fenqi.web.finance_views_common import calendar_tokens
from fenqi.web.finance_views_paylink import outcome_address
from tests.people import fakes
from tests.people.browsing import id_number
from tests.people.test_identity import photo
from tests.purchases import shopping
from tests.support.authenticator import Device
from tests.support.second_pair import propose
from tests.web import finance_cases as case

PHONE, CONTACT_PHONE, ADDRESS_PHONE, NEW_PHONE = "13712345678", "13687654321", "13698761234", "13544443321"
NAME, CONTACT_NAME, RECIPIENT = "欧阳慕白", "诸葛暮雪", "上官听雨"
ID_NUMBER = id_number("11010519880214271")
CARD = "6214830010000000014"
STREET, EMAIL = "栖霞路 7788 弄", "mubai.marked@example.com"
SAID, DISPUTED = "暗号是青花瓷和听雨声", "二月那笔早就还清了"
IN_CLEAR = (
    PHONE,
    CONTACT_PHONE,
    ADDRESS_PHONE,
    NEW_PHONE,
    NAME,
    CONTACT_NAME,
    RECIPIENT,
    ID_NUMBER,
    CARD,
    STREET,
    EMAIL,
)
MASKED = ("137****5678", "136****4321", "欧***", "欧阳", "诸葛", "尾号 0014", "尾号0014")


@dataclass
class Marked:
    """Who they are and what their things are called in addresses."""

    borrower_id: int
    browser: Client
    names: dict[str, str] = field(default_factory=dict)

    def marks(self) -> list[str]:
        """Whatever would betray them or their things on a page."""
        things = ("order", "waiting_order", "application", "loan", "reference", "draw", "agreement")
        return [*IN_CLEAR, *MASKED, SAID, DISPUTED, *(self.names[thing] for thing in things)]

    def fingerprint(self) -> dict[str, str]:
        """A hash of every row that carries their id, by table."""
        found = {}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND column_name = 'borrower_id'"
            )
            for (table,) in cursor.fetchall():
                name = connection.ops.quote_name(table)
                cursor.execute(
                    f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
                    " WHERE borrower_id = %s",
                    [self.borrower_id],
                )
                found[table] = cursor.fetchone()[0]
        return found


def sign_in(phone: str) -> Client:
    """A browser through the shopper's own door."""
    browser = Client()
    browser.post("/sign-in/", {"phone": phone, "next": "/me/"})
    code = fakes.Texts.last(phone, "people.code")["code"]
    answer = browser.post("/sign-in/code/", {"phone": phone, "code": code, "next": "/me/"})
    assert answer.status_code == 302, answer.content.decode()[:300]
    return browser


def a_marked_person(sandbox) -> Marked:
    """Signed in, identified by photos, with contact, card, address, order, loan, payment, draw, dispute and more."""
    browser = sign_in(PHONE)
    borrower_id = people_queries.find_borrower_by_phone(PHONE)
    person = Marked(borrower_id, browser)
    _who(person)
    sandbox.set_balance(CARD, 2_000_000)
    _buy(person)
    _finance(person)
    person.names |= {
        "card": str(people_queries.cards(borrower_id)[0].id),
        "session": str(AccountSession.objects.get(borrower_id=borrower_id).id),
        "borrower": str(borrower_id),
        "quote": str(
            credit.application(borrower_id=borrower_id, application_id=person.names["application"]).quote_id
        ),
    }
    return person


def _who(person: Marked) -> None:
    borrower_id = person.borrower_id
    people.submit_identity(
        borrower_id=borrower_id, real_name=NAME, id_number=ID_NUMBER, face=False, front=photo(), back=photo()
    )
    if people_queries.person(borrower_id).identity_status == "review":
        people.review_identity(staff="staff:lin", borrower_id=borrower_id, approve=True, reason="核对")
    shopping.give_consents(borrower_id)
    people.name_contact(
        borrower_id=borrower_id, name=CONTACT_NAME, relationship="friend", phone=CONTACT_PHONE
    )
    token = fakes.Texts.last(CONTACT_PHONE, "people.contact_link")["path"].split("/")[2]
    people.answer_contact(token=token, answer="accept")
    contact_id = people_queries.own_contacts(borrower_id)[0].id
    people.review_contact(
        staff="staff:lin", borrower_id=borrower_id, contact_id=contact_id, approve=True, reason="核实"
    )
    people.send_card_code(borrower_id=borrower_id, number=CARD, holder_phone=PHONE)
    code = fakes.Texts.last(PHONE, "people.code")["code"]
    people.bind_card(borrower_id=borrower_id, number=CARD, holder_phone=PHONE, code=code)
    names = _ways_in(borrower_id)
    entry = AddressEntry(
        recipient=RECIPIENT,
        phone=ADDRESS_PHONE,
        province="北京市",
        city="北京市",
        district="朝阳区",
        street=STREET,
    )
    address = mall.save_address(borrower_id=borrower_id, entry=entry)
    person.names |= {"contact_token": token, "contact": str(contact_id), "address": str(address), **names}


def _ways_in(borrower_id: int) -> dict[str, str]:
    """A confirmed address, a passkey, somebody who asks for the account on another number, and a colleague's link."""
    people.ask_for_email(borrower_id=borrower_id, email=EMAIL)
    email_token = fakes.Texts.last(EMAIL, "people.email_link")["link"].split("/")[2]
    people.confirm_email(token=email_token)
    holder = Holder(borrower_id=borrower_id)
    made = Device().make(people.question_to_add(holder=holder, browser="x"))
    passkey_id = people.add_passkey(holder=holder, browser="x", answer=made, name="我的手机")
    people.send_code(phone=NEW_PHONE, purpose="lost_phone")
    people.ask_phone_move(
        old_phone=PHONE,
        new_phone=NEW_PHONE,
        code=fakes.Texts.last(NEW_PHONE, "people.code")["code"],
        real_name=NAME,
        id_number=ID_NUMBER,
    )
    stop_token = fakes.Texts.last(PHONE, "people.phone_move_asked")["link"].split("/")[2]
    return {
        "email_token": email_token,
        "passkey": str(passkey_id),
        "stop_token": stop_token,
        "set_up_token": people.make_staff_link(by="staff:admin", name="cui", reason="忘记密码"),
    }


def _buy(person: Marked) -> None:
    borrower_id = person.borrower_id
    order = shopping.an_order(borrower_id, financed=[shopping.PHONE_FEN], full=[shopping.BAND_FEN])
    application_id, _purchase = shopping.a_purchase(borrower_id, order)
    shopping.settle()
    agreement = credit.agreement(borrower_id=borrower_id, application_id=application_id)
    assert person.browser.get(f"/agreements/{agreement.id}.pdf").status_code == 200
    waiting = shopping.an_order(borrower_id, financed=[shopping.PHONE_FEN])
    person.names |= {
        "order": order.number,
        "order_id": str(order.id),
        "line": str(order.lines[0].id),
        "agreement": str(agreement.id),
        "waiting_order": waiting.number,
        "application": str(shopping.an_application(borrower_id, waiting)),
    }


def _finance(person: Marked) -> None:
    borrower_id, browser = person.borrower_id, person.browser
    loan = servicing.loans(borrower_id)[0]
    link = servicing_services.make_pay_link(borrower_id=borrower_id, loan_id=loan.id)
    address = f"/finance/loans/{loan.number}/repay/"
    confirm = case.form_of(case.page(browser.get(f"{address}?choice=amount&amount=100")), "repay-confirm")
    paid = browser.post(address, confirm)
    assert paid.status_code == 302, paid.content.decode()[:500]
    paid_by_link = outcome_address(borrower_id, paid["Location"].rstrip("/").rsplit("/", 1)[1])
    case.settle_outbox()
    assert Payment.objects.filter(borrower_id=borrower_id).exists()
    browser.post("/finance/standby/", {"agrees": "on"})
    preview = case.page(browser.get("/finance/standby/draw/?amount=1000&installments=1"))
    drawn = browser.post("/finance/standby/draw/", case.form_of(preview, "standby-draw-confirm"))
    assert drawn.status_code == 302
    case.settle_outbox()
    month = business_date.current().replace(day=1)
    CreditRow.objects.create(
        borrower_id=borrower_id,
        loan_id=loan.id,
        month=month,
        status="1",
        days_past_due=9,
        as_of=month + datetime.timedelta(days=6),
    )
    dispute = f"/finance/credit/{loan.number}/{month:%Y-%m}/dispute/"
    assert browser.post(dispute, {"reason": DISPUTED}).status_code == 302
    form = case.form_of(case.page(browser.get("/help/chat/")), "chat-form")
    assert browser.post("/help/chat/", form | {"text": SAID}).status_code == 302
    due = loan.installments[0].due_on
    settled = servicing.loan(borrower_id=borrower_id, loan_id=case.a_loan(borrower_id))
    servicing_services.record_repayment(
        borrower_id=borrower_id,
        loan_id=settled.id,
        amount_fen=servicing.loan(borrower_id=borrower_id, loan_id=settled.id).outstanding_fen,
        received_on=business_date.current(),
        reference="settled by hand",
        source="manual",
    )
    proposal = propose(
        "people.standing",
        borrower_id=borrower_id,
        arguments={"borrower_id": borrower_id, "is_blocked": True},
    )
    unplaced = payments.take_in(
        reference="bank:marked",
        amount_fen=1_000,
        received_on=business_date.current(),
        source=payments.UnplacedSource.BANK,
        payer=NAME,
        note=SAID,
    )
    person.names |= {
        "proposal": str(proposal),
        "unplaced": str(unplaced.id),
        "loan": loan.number,
        "settled": settled.number,
        "lender": loan.lender_code,
        "due_on": due.isoformat(),
        "month": f"{month:%Y-%m}",
        "calendar_token": calendar_tokens(loan.number)[0],
        "pay_token": link.rstrip("/").rsplit("/", 1)[1],
        "outcome_key": paid_by_link.rstrip("/").rsplit("/", 1)[1],
        "reference": paid["Location"].rstrip("/").rsplit("/", 1)[1],
        "draw": str(StandbyDraw.objects.get(borrower_id=borrower_id).id),
    }
