"""One proposes at a desk, another sees the same figures at theirs and lets it happen; nobody does both."""

import datetime
import re

import pytest

from fenqi.people import queries, services
from fenqi.people.models import StaffMember
from fenqi.plumbing import audit, four_eyes
from fenqi.servicing import queries as servicing
from tests.people.test_identity import submit
from tests.servicing import books
from tests.support.pages import soup


@pytest.fixture
def barred(staff, applicant):
    """(borrower_id, address of the proposal) after cui asked for the account to be barred."""
    borrower_id = applicant()
    answer = staff("cui").post(
        f"/ops/people/{borrower_id}/standing/", {"standing": "bar", "reason": "多次拒付"}
    )
    assert re.fullmatch(r"/ops/proposals/[0-9a-f-]{36}/", answer["Location"])
    return borrower_id, answer["Location"]


def decision(browser, address, **typed):
    shown = soup(browser.get(address)).select_one('#decision-form [name="shown"]')
    return {"shown": shown["value"] if shown else "", "decision": "approve", "reason": "已核对"} | typed


def size(browser):
    return soup(browser.get("/ops/")).select_one('[data-code="proposals"]')["data-size"]


class TestTheQueue:
    def test_shows_who_proposes_what_and_why_and_what_will_change(self, staff, barred):
        browser = staff("shen")
        assert size(browser) == "1"
        rows = soup(browser.get("/ops/proposals/")).select('[data-role="to-check"] [data-role="proposal"]')
        assert len(rows) == 1
        page = soup(browser.get(barred[1]))
        figures = [line.get_text(" ", strip=True) for line in page.select('[data-role="figure"]')]
        assert figures == ["申请新的借款 可以 不可以"]
        assert page.select_one('[data-role="why"]').get_text() == "多次拒付"
        assert "崔贷后" in page.get_text()
        assert "13800001234" not in page.get_text()

    def test_is_empty_for_those_who_may_not_decide_and_for_the_maker(self, staff, barred):
        for name in ("zhou", "qian", "lin", "cui"):
            browser = staff(name)
            assert size(browser) == "0"
            assert soup(browser.get("/ops/proposals/")).select_one('[data-role="empty"]')
        assert soup(staff("cui").get("/ops/proposals/")).select_one('[data-role="mine"]')

    def test_speaks_english(self, staff, barred):
        browser = staff("shen")
        page = browser.get(barred[1], headers={"accept-language": "en"})
        text = soup(page).get_text(" ", strip=True)
        for words in ("Apply for new credit", "Approve and carry out", "Bar or restore applications"):
            assert words in text
        assert not re.search("[\u4e00-\u9fff]", re.sub("多次拒付|崔贷后|沈合规|简体中文|中文", "", text))

    def test_asks_the_database_little(self, staff, barred, django_assert_max_num_queries):
        browser = staff("shen")
        for address in ("/ops/proposals/", barred[1]):
            browser.get(address)
            with django_assert_max_num_queries(10):
                assert browser.get(address).status_code == 200


class TestTheDecision:
    def test_an_approval_carries_it_out_once(self, staff, barred):
        borrower_id, address = barred
        browser = staff("shen")
        sent = decision(browser, address)
        assert browser.post(f"{address}decide/", sent)["Location"] == "/ops/proposals/"
        assert queries.blocked({borrower_id}) == {borrower_id}
        again = browser.post(f"{address}decide/", sent)
        assert again.status_code == 422
        assert "没有重复执行" in soup(again).get_text()
        assert soup(browser.get(address)).select_one('[data-role="proposal"]')["data-state"] == "approved"
        told = [line.action for line in audit.trail(subject=f"account:{borrower_id}")[:3]]
        assert told == ["people.blocked", "proposal.approved", "proposal.proposed"]

    def test_the_maker_cannot(self, staff, barred):
        maker = staff("cui")
        page = soup(maker.get(barred[1]))
        assert not page.select_one("#decision-form")
        assert page.select_one("#withdraw-form")
        for word in ("approve", "reject"):
            answer = maker.post(
                f"{barred[1]}decide/", {"decision": word, "reason": "自己复核", "shown": "00" * 32}
            )
            assert answer.status_code == 422
        assert not queries.blocked({barred[0]})

    def test_an_admin_who_made_it_cannot_either(self, staff, applicant):
        admin = staff("admin")
        address = admin.post(f"/ops/people/{applicant()}/standing/", {"standing": "bar", "reason": "试试"})[
            "Location"
        ]
        answer = admin.post(f"{address}decide/", decision(admin, address))
        assert "不能复核自己提交的事项" in soup(answer).get_text()

    def test_nor_one_with_a_second_account(self, staff, barred):
        StaffMember.objects.filter(name__in=("cui", "shen")).update(person="E-1007")
        services.propose(
            staff="cui",
            kind="people.standing",
            subject="another",
            arguments={"borrower_id": barred[0], "is_blocked": True},
            reason="另一次",
        )
        proposal_id = four_eyes.waiting_for(subject="another")
        browser = staff("shen")
        address = f"/ops/proposals/{proposal_id}/"
        answer = browser.post(f"{address}decide/", decision(browser, address))
        assert "不能复核自己提交的事项" in soup(answer).get_text()
        assert not queries.blocked({barred[0]})

    def test_another_role_neither_reads_nor_decides(self, staff, barred):
        for name in ("zhou", "qian"):
            browser = staff(name)
            assert browser.get(barred[1]).status_code == 403
            sent = {"decision": "approve", "reason": "x", "shown": "x"}
            assert browser.post(f"{barred[1]}decide/", sent).status_code == 403
        reader = staff("lin")  # may propose such things, so may read them
        assert reader.get(barred[1]).status_code == 200
        assert reader.post(f"{barred[1]}decide/", {"decision": "approve", "reason": "x"}).status_code == 422
        assert not queries.blocked({barred[0]})

    def test_without_a_reason_nothing_happens_and_nothing_typed_is_lost(self, staff, barred):
        browser = staff("shen")
        answer = browser.post(f"{barred[1]}decide/", decision(browser, barred[1], reason=" "))
        assert answer.status_code == 422
        assert "理由" in soup(answer).select_one("#id_reason_error").get_text()
        assert not queries.blocked({barred[0]})

    def test_a_rejection_and_a_withdrawal_close_it(self, staff, barred, applicant):
        browser = staff("shen")
        browser.post(
            f"{barred[1]}decide/", decision(browser, barred[1], decision="reject", reason="证据不足")
        )
        page = soup(browser.get(barred[1]))
        assert page.select_one('[data-role="proposal"]')["data-state"] == "rejected"
        assert "证据不足" in page.get_text()
        maker = staff("cui")
        address = maker.post(f"/ops/people/{barred[0]}/standing/", {"standing": "bar", "reason": "补充证据"})[
            "Location"
        ]
        maker.post(f"{address}decide/", {"decision": "withdraw"})
        assert soup(maker.get(address)).select_one('[data-role="proposal"]')["data-state"] == "withdrawn"
        assert not queries.blocked({barred[0]})

    def test_what_was_carried_out_elsewhere_is_told_in_words(self, staff, barred):
        services.propose(
            staff="lin",
            kind="people.standing",
            subject="another",
            arguments={"borrower_id": barred[0], "is_blocked": True},
            reason="另一次",
        )
        browser = staff("shen")
        before = decision(browser, barred[1])
        other = f"/ops/proposals/{four_eyes.waiting_for(subject='another')}/"
        browser.post(f"{other}decide/", decision(browser, other))
        page = soup(browser.get(barred[1]))
        assert "已经被限制" in page.select_one('[data-role="moved"]').get_text()
        assert not page.select_one('button[value="approve"]')
        assert page.select_one('button[value="reject"]')
        late = browser.post(f"{barred[1]}decide/", before)
        assert "情况有变" in soup(late).get_text()
        assert soup(browser.get(barred[1])).select_one('[data-role="proposal"]')["data-state"] == "stale"

    @pytest.mark.parametrize("sent", [{}, {"decision": "maybe"}, {"decision": "approve\x00"}])
    def test_forged_words(self, staff, barred, sent):
        assert staff("shen").post(f"{barred[1]}decide/", sent).status_code == 404

    def test_markup_in_a_reason_is_text(self, staff, applicant):
        address = staff("cui").post(
            f"/ops/people/{applicant()}/standing/",
            {"standing": "bar", "reason": "<script>alert(1)</script>\x00"},
        )["Location"]
        assert b"<script>alert" not in staff("shen").get(address).content


class TestDesks:
    """Approving at a queue only proposes; the second pair of eyes carries it out."""

    def test_an_identity_on_two_accounts(self, staff, shopper):
        first, second = shopper("13800000001"), shopper("13800000002")
        submit(first)
        submit(second)
        reviewer = staff("lin")
        sent = {"at": f"{second}.identity", "decision": "approve", "reason": "本人换号，已视频核对"}
        reviewer.post("/ops/queues/identity/decide/", sent)
        assert queries.person(first).identity_status == "passed"
        page = soup(reviewer.get(f"/ops/queues/identity/?at={second}.identity"))
        address = page.select_one('[data-role="second-pair"] a')["href"]
        assert not page.select_one("#decision-form")
        checker = staff("shen")
        checker.post(f"{address}decide/", decision(checker, address))
        assert queries.person(second).identity_status == "passed"
        assert queries.person(first).identity_status == "refused"

    def test_what_a_lender_gives_up(self, staff, applicant):
        books.start()
        borrower_id, loan_id = books.a_loan(borrower_id=applicant())
        books.move_to(books.OPENED + datetime.timedelta(days=75))
        loan = servicing.loan(borrower_id=borrower_id, loan_id=loan_id)
        service = staff("zhou")
        page = soup(service.get(f"/ops/loans/{loan.number}/"))
        offered = [option["value"] for option in page.select("#id_kind option")]
        assert offered == ["servicing.waiver", "servicing.goodwill_credit"]

        wish = {"kind": "servicing.waiver", "component": "penalty", "reason": "银行系统故障"}
        for amount in ("", "x", "-1", "0.001", "99999"):
            service.post(f"/ops/loans/{loan.number}/propose/", wish | {"amount": amount})
        assert four_eyes.waiting_for(subject=f"loan:{loan_id}") is None
        charge_off = wish | {"kind": "servicing.charge_off"}
        service.post(f"/ops/loans/{loan.number}/propose/", charge_off)
        assert four_eyes.waiting_for(subject=f"loan:{loan_id}") is None

        address = service.post(f"/ops/loans/{loan.number}/propose/", wish | {"amount": "1.00"})["Location"]
        assert soup(service.get(f"/ops/loans/{loan.number}/")).select_one('[data-role="second-pair"]')
        checker = staff("qian")
        text = soup(checker.get(address)).get_text(" ", strip=True)
        assert "银行系统故障" in text
        checker.post(f"{address}decide/", decision(checker, address))
        after = servicing.loan(borrower_id=borrower_id, loan_id=loan_id)
        assert after.penalty_fen == loan.penalty_fen - 100
        assert service.post(f"/ops/loans/{loan.number}/propose/", {"kind": "mall.return"}).status_code == 404
