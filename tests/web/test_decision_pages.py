"""Why, what next, and who looks again: the pages of a decision, and of what a person earns, in both languages."""

from __future__ import annotations

import pytest

from fenqi.credit import queries as credit
from fenqi.credit.models import MeansDeclaration, ReviewRequest
from fenqi.people.models import Identity
from tests.purchases import shopping
from tests.purchases.deciding import put_on_list, started
from tests.servicing import books
from tests.web import finance_cases as case


@pytest.fixture
def browser(shopper):
    return case.signed_in(shopper)


def reasons(browser, application_id, **headers):
    page = case.page(browser.get(f"/checkout/decision/?application={application_id}", **headers))
    return [one.text for one in page.select('[data-role="reason"], [data-role="next"]')]


def applied(borrower_id):
    application_id = shopping.an_application(
        borrower_id, shopping.an_order(borrower_id, financed=[shopping.PHONE_FEN])
    )
    shopping.settle()
    return application_id


def test_arrears_are_told_with_what_to_do(shopper, browser):
    books.a_loan(borrower_id=shopper, on=books.OPENED)
    books.move_to(books.OPENED.replace(year=books.OPENED.year + 1))
    application_id = applied(shopper)
    assert reasons(browser, application_id) == [
        "您有已逾期的分期款项。",
        "还清后可以再申请；还款入口在“账单”。",
    ]
    assert reasons(browser, application_id, HTTP_ACCEPT_LANGUAGE="en") == [
        "You have installments past due.",
        "Once they are repaid you can apply again; you can repay under Bills.",
    ]


def test_a_list_is_never_told(shopper, browser):
    put_on_list("phone", "13800001234")
    application_id = applied(shopper)
    page = browser.get(f"/checkout/decision/?application={application_id}").content.decode()
    assert "综合评估后，这次没有通过。" in page
    assert not [word for word in ("名单", "blocked", "fraud") if word in page]
    number = credit.application(borrower_id=shopper, application_id=application_id).order.number
    order = browser.get(f"/orders/{number}/").content.decode()
    assert 'data-role="declined"' in order
    assert "名单" not in order


def test_the_wish_for_a_review_is_kept_as_typed_and_shown_with_its_deadline(shopper, browser):
    Identity.objects.filter(borrower_id=shopper).update(is_student=True)
    application_id = started(
        shopper, shopping.an_order(shopper, financed=[shopping.PHONE_FEN]), key="hulian.hulian-flat-3"
    )
    browser.post("/checkout/decision/", {"application": application_id})
    page = case.page(browser.get(f"/checkout/decision/?application={application_id}"))
    form = case.form_of(page, "review-form")
    said = "<b>我已毕业</b>\x00"
    assert browser.post("/checkout/decision/review/", form | {"words": said}).status_code == 302
    assert browser.post("/checkout/decision/review/", form | {"words": "again"}).status_code == 302
    assert [one.words for one in ReviewRequest.objects.all()] == ["<b>我已毕业</b>"]
    answer = browser.get(f"/checkout/decision/?application={application_id}").content.decode()
    assert "&lt;b&gt;我已毕业" in answer
    assert 'data-state="open"' in answer


class TestMeans:
    @pytest.fixture
    def application_id(self, shopper):
        books.a_loan(borrower_id=shopper, principal_fen=1_600_000)
        return started(shopper)

    def address(self, application_id):
        return f"/checkout/means/?application={application_id}"

    def test_a_small_application_never_sees_the_page(self, shopper, browser):
        application_id = started(shopper)
        answer = browser.get(self.address(application_id))
        assert answer.status_code == 302
        assert "/checkout/decision/" in answer["Location"]

    def test_the_application_waits_here_until_it_is_answered(self, browser, application_id):
        for path in ("next", "decision"):
            answer = browser.get(f"/checkout/{path}/?application={application_id}")
            assert answer["Location"] == self.address(application_id)

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"income": "", "other_dues": "0", "agrees": "on"}, "请填写每月的金额（元），没有就填 0。"),
            ({"income": "很多", "other_dues": "0", "agrees": "on"}, "请填写每月的金额（元），没有就填 0。"),
            ({"income": "8000", "other_dues": "-1", "agrees": "on"}, "请填写每月的金额（元），没有就填 0。"),
            ({"income": "8000", "other_dues": "0"}, "需要您同意才能使用这项信息；也可以选择不提供。"),
        ],
    )
    def test_bad_input_is_said_at_the_field_and_the_rest_kept(self, browser, application_id, typed, words):
        answer = browser.post(
            "/checkout/means/", typed | {"application": application_id, "answer": "declare"}
        )
        page = case.page(answer)
        assert answer.status_code == 422
        assert words in [one.text for one in page.select(".error")]
        assert page.select_one("#id_income")["value"] == typed["income"] if typed["income"] else True
        assert not MeansDeclaration.objects.exists()

    def test_what_is_declared_decides_and_is_asked_once(self, shopper, browser, application_id):
        page = case.page(browser.get(self.address(application_id), HTTP_ACCEPT_LANGUAGE="en"))
        assert page.select_one("h1").text == "What you can afford"
        form = case.form_of(page, "means-form")
        answer = browser.post(
            "/checkout/means/",
            form | {"income": "￥12,000", "other_dues": "0", "agrees": "on", "answer": "declare"},
        )
        assert answer.status_code == 302
        assert credit.application(borrower_id=shopper, application_id=application_id).state == "approved"
        kept = MeansDeclaration.objects.get()
        assert (kept.income, kept.other_dues) == ("1200000", "0")

    def test_who_would_rather_not_say_waits_for_a_person(self, shopper, browser, application_id):
        browser.post("/checkout/means/", {"application": application_id, "answer": "withhold"})
        assert credit.application(borrower_id=shopper, application_id=application_id).state == "referred"
