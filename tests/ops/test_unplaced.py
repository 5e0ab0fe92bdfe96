"""The desk of money nobody could place: entered once, shown without names, placed and returned by two people of finance."""

from __future__ import annotations

import datetime
import re

import pytest
from django.conf import settings as django_settings

from fenqi.payments import services as payments
from fenqi.payments import unplaced
from fenqi.payments.models import ChannelBill, UnplacedMoney, UnplacedSource
from fenqi.plumbing import audit, clock, four_eyes
from fenqi.plumbing.ids import new_id
from fenqi.servicing import queries as servicing
from fenqi.servicing import verification
from tests.journeys.looking import look_at
from tests.servicing.books import FREE, OPENED, a_loan, start
from tests.support.browser import Faults
from tests.support.pages import page_of, soup

pytestmark = pytest.mark.django_db

LINE = {"reference": "20260108-0007", "amount": "300", "received_on": "2026-01-08", "payer": "欧阳慕白"}


@pytest.fixture(autouse=True)
def open_books(settings, members):
    settings.DAYEND_STEPS = []
    start()


@pytest.fixture
def desk(staff):
    """The browser of finance."""
    return staff("qian")


@pytest.fixture
def money(desk):
    """The address of the file of ¥300 that finance has just entered."""
    answer = desk.post("/ops/unplaced/take-in/", LINE | {"note": "代朋友还款"})
    assert re.fullmatch(r"/ops/unplaced/[0-9a-f-]{36}/", answer["Location"])
    return answer["Location"]


@pytest.fixture
def loan(applicant):
    """A loan of ¥900 over three months of somebody with a name."""
    borrower_id, loan_id = a_loan(FREE, 90_000, borrower_id=applicant())
    return servicing.loan(borrower_id=borrower_id, loan_id=loan_id)


def placing(loan, **others):
    return {
        "do": "place",
        "number": loan.number,
        "amount": "300",
        "received_on": "2026-01-08",
        "reason": "户名一致",
    } | others


def returning(**others):
    return {
        "do": "return",
        "return_amount": "300",
        "outgoing": "out-9",
        "return_reason": "付款人要求",
    } | others


def approve(browser, address):
    shown = page_of(browser.get(address)).select_one('#decision-form [name="shown"]')["value"]
    return browser.post(f"{address}decide/", {"shown": shown, "decision": "approve", "reason": "已核对"})


def outstanding(loan):
    return servicing.loan(borrower_id=loan.borrower_id, loan_id=loan.id).outstanding_fen


class TestTheList:
    def test_says_what_waits_since_when_and_from_whom_in_part(self, desk, money):
        page = page_of(desk.get("/ops/unplaced/"))
        [row] = page.select('[data-role="unplaced"]')
        assert row.select_one("[data-fen]")["data-fen"] == "30000"
        text = row.get_text(" ", strip=True)
        assert "银行流水" in text
        assert "欧**" in text
        assert "0 天" in text
        assert "欧阳慕白" not in page.get_text()
        assert page.select_one('[data-role="total"]')["data-fen"] == "30000"
        home = page_of(desk.get("/ops/"))
        assert home.select_one('[data-code="unplaced"]')["data-size"] == "1"

    def test_an_empty_one_says_what_will_be_here(self, desk):
        assert page_of(desk.get("/ops/unplaced/")).select_one('[data-role="empty"]')

    def test_asks_the_database_little(self, desk, money, django_assert_max_num_queries):
        for number in range(5):
            desk.post("/ops/unplaced/take-in/", LINE | {"reference": f"line {number}"})
        for address in ("/ops/unplaced/", money):
            desk.get(address)
            with django_assert_max_num_queries(12):
                assert desk.get(address).status_code == 200

    @pytest.mark.parametrize("name", ["lin", "zhou", "shen", "cui"])
    def test_is_finances_alone(self, staff, money, name):
        browser = staff(name)
        assert browser.get("/ops/unplaced/").status_code == 403
        assert browser.get(money).status_code == 403
        assert browser.post("/ops/unplaced/take-in/", LINE | {"reference": "x"}).status_code == 403
        assert browser.post(f"{money}reveal/", {"reason": "x"}).status_code == 403
        assert browser.post(f"{money}propose/", returning()).status_code == 403
        assert UnplacedMoney.objects.count() == 1


class TestEnteringALine:
    def test_the_same_line_again_leads_to_its_file(self, desk, money):
        again = desk.post("/ops/unplaced/take-in/", LINE)
        assert again["Location"] == money
        assert "没有重复入账" in page_of(desk.get(money)).get_text()
        assert UnplacedMoney.objects.count() == 1

    @pytest.mark.parametrize(
        ("typed", "words", "field"),
        [
            ({"amount": "300.01"}, "已用于另一笔请求", None),
            ({"reference": ""}, "银行流水号", "reference"),
            ({"amount": "0"}, "0.01", "amount"),
            ({"amount": "三百"}, "金额", "amount"),
            ({"received_on": "2026-13-01"}, "年-月-日", "received_on"),
            ({"received_on": "2026-01-09"}, "还没有到", "received_on"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
        self, desk, money, typed, words, field
    ):
        answer = desk.post("/ops/unplaced/take-in/", LINE | {"note": "留着"} | typed)
        assert answer.status_code == 422
        page = soup(answer)
        assert page.select_one('[name="note"]')["value"] == "留着"
        place = page.select_one(f"#id_{field}_error" if field else '[data-role="form-error"]')
        assert words in place.get_text()
        assert UnplacedMoney.objects.count() == 1

    def test_the_payer_is_seen_for_a_reason_that_is_kept(self, desk, money):
        assert desk.post(f"{money}reveal/", {"reason": " "})["Location"] == money
        page = page_of(desk.post(f"{money}reveal/", {"reason": "核对户名"}))
        shown = page.select_one('[data-role="revealed"]').get_text()
        assert "欧阳慕白" in shown
        assert "代朋友还款" in shown
        [line] = [one for one in audit.trail(limit=20) if one.action == "payments.payer_revealed"]
        assert (line.actor, line.reason) == ("staff:qian", "核对户名")


class TestPlacing:
    def test_one_proposes_another_sees_the_figures_and_the_loan_has_the_money(self, staff, desk, money, loan):
        address = desk.post(f"{money}propose/", placing(loan))["Location"]
        assert outstanding(loan) == 90_000
        waiting = page_of(desk.get(money))
        assert waiting.select_one('[data-role="second-pair"] a')["href"] == address
        assert not waiting.select_one("#place-form")
        own = desk.post(f"{address}decide/", {"shown": "x", "decision": "approve", "reason": "自己"})
        assert "不能复核自己提交的事项" in soup(own).get_text()

        second = staff("admin")
        figures = [
            line.get_text(" ", strip=True)
            for line in page_of(second.get(address)).select('[data-role="figure"]')
        ]
        assert "待处理金额 ¥300.00 ¥0.00" in figures
        assert "待还 ¥900.00 ¥600.00" in figures
        approve(second, address)
        assert outstanding(loan) == 60_000
        done = page_of(desk.get(money))
        assert done.select_one('[data-role="done"]')
        assert done.select_one('[data-kind="placed"] a')["href"] == f"/ops/loans/{loan.number}/"
        assert unplaced.waiting() == []
        assert verification.verify(workers=1) == []

    def test_a_wrong_placing_is_taken_back_by_two(self, staff, desk, money, loan):
        second = staff("admin")
        approve(second, desk.post(f"{money}propose/", placing(loan))["Location"])
        form = page_of(desk.get(money)).select_one("#take-back-1")
        sent = {one["name"]: one.get("value", "") for one in form.select("input")} | {"reason": "重名"}
        address = desk.post(form["action"], sent)["Location"]
        assert outstanding(loan) == 60_000
        approve(second, address)
        assert outstanding(loan) == 90_000
        page = page_of(desk.get(money))
        assert page.select_one('[data-role="open"]')["data-fen"] == "30000"
        assert page.select_one("#place-form")
        assert not page.select_one("#take-back-1")
        assert verification.verify(workers=1) == []

    @pytest.mark.parametrize(
        ("typed", "words", "field"),
        [
            ({"number": "J-NONE"}, "没有这笔借据", "number"),
            ({"number": ""}, "借据号", "number"),
            ({"amount": "300.01"}, "没有这么多", "amount"),
            ({"received_on": "2026-01-07"}, "不能早于", "received_on"),
            ({"received_on": "2026-01-09"}, "还没有到", "received_on"),
            ({"reason": " "}, "理由", "reason"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, desk, money, loan, typed, words, field):
        answer = desk.post(f"{money}propose/", placing(loan) | typed)
        assert answer.status_code == 422
        assert words in soup(answer).select_one(f"#id_{field}_error").get_text()
        assert four_eyes.undecided().count() == 0

    def test_whose_payment_it_came_by_is_shown_with_their_loans(self, desk, loan):
        taken = payments.take_in(
            reference="channel:CH-1",
            amount_fen=30_000,
            received_on=OPENED,
            source=UnplacedSource.CHANNEL,
            channel_reference=f"P-{loan.borrower_id}-{new_id()}",
        )
        page = page_of(desk.get(f"/ops/unplaced/{taken.id}/?loan={loan.number}"))
        assert loan.number in page.select_one('[data-role="loans"]').get_text()
        assert page.select_one('[name="number"]')["value"] == loan.number
        assert page.select_one(f'a[href="/ops/people/{loan.borrower_id}/"]')


class TestReturning:
    def test_by_a_transfer_of_the_bank(self, staff, desk, money):
        address = desk.post(f"{money}propose/", returning())["Location"]
        approve(staff("admin"), address)
        page = page_of(desk.get(money))
        assert "out-9" in page.select_one('[data-kind="returned"]').get_text()
        assert verification.verify(workers=1) == []

    @pytest.mark.parametrize(
        ("typed", "words", "field"),
        [
            ({"outgoing": ""}, "先在网银退回", "outgoing"),
            ({"return_amount": "301"}, "没有这么多", "return_amount"),
            ({"return_reason": ""}, "理由", "return_reason"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, desk, money, typed, words, field):
        answer = desk.post(f"{money}propose/", returning() | typed)
        assert answer.status_code == 422
        assert words in soup(answer).select_one(f"#id_{field}_error").get_text()


@pytest.mark.parametrize(
    "sent", [{}, {"do": "keep"}, {"do": "take_back", "move": "x"}, {"do": "take_back", "move": "１"}]
)
def test_forged_words_are_not_found(desk, money, sent):
    assert desk.post(f"{money}propose/", sent).status_code == 404


def test_a_sum_nobody_took_in_is_not_found(desk):
    for address in (f"/ops/unplaced/{new_id()}/", "/ops/unplaced/x/"):
        assert desk.get(address).status_code == 404
    assert desk.post(f"/ops/unplaced/{new_id()}/propose/", returning()).status_code == 404
    assert desk.post(f"/ops/unplaced/{new_id()}/reveal/", {"reason": "x"}).status_code == 404


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_desk_on_a_phone(chrome, live_server, staff, desk, money, loan, language):
    """List, file, refusal and proposal keep what every page on a phone has to keep, in both languages."""
    approve(staff("admin"), desk.post(f"{money}propose/", placing(loan, amount="120"))["Location"])
    late = OPENED - datetime.timedelta(days=30)
    desk.post("/ops/unplaced/take-in/", LINE | {"reference": "old", "received_on": late.isoformat()})
    context = chrome.new_context(base_url=live_server.url)
    context.add_cookies(
        [
            {
                "name": django_settings.SESSION_COOKIE_NAME,
                "value": desk.cookies[django_settings.SESSION_COOKIE_NAME].value,
                "url": live_server.url,
            },
            {"name": django_settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url},
        ]
    )
    ChannelBill.objects.create(on=late, lines=1_204, unplaced=1, unknown=0, missing=2, taken_at=clock.now())
    page = context.new_page()
    faults = Faults(page, (live_server.url,))
    page.goto("/ops/unplaced/")
    assert page.locator('[data-role="unplaced"]').count() == 2
    look_at(page, f"unplaced-{language}")
    page.goto(money)
    page.locator('[data-role="moves"] summary').click()
    look_at(page, f"unplaced-file-{language}")
    for name, typed in (("number", loan.number), ("amount", "9999"), ("reason", "same name")):
        page.locator(f'#place-form [name="{name}"]').fill(typed)
    page.locator("#place-form button").click()
    page.locator("#id_amount_error").wait_for()
    page.evaluate("scrollTo(0, 0)")  # it had gone to what is wrong
    look_at(page, f"unplaced-wrong-{language}")
    text = page.locator("main").inner_text()
    context.close()
    assert [one for one in faults.found if "422" not in one] == []
    if language == "en":
        assert not re.search("[\u4e00-\u9fff]", re.sub("欧|中文", "", text))
