"""Repayments reported by lenders and shops over the API: booked once, refused by name, nothing written when refused."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from django.test import Client

from fenqi.api import limits
from fenqi.ledger import queries as ledger
from fenqi.partners import services as partners
from fenqi.servicing import queries, verification
from fenqi.servicing.models import EventReference, Loan, LoanEvent
from tests.servicing.books import FREE, OPENED, a_loan, start

CASH = 100201
THREADS = 24
ADDRESS = "/api/v1/repayments"


@pytest.fixture
def books(db, settings):
    settings.DAYEND_STEPS = []
    limits._counts.clear()
    start()


@pytest.fixture
def loan(books):
    """¥600.00 in three installments of ¥200.00 with the bank."""
    borrower_id, loan_id = a_loan(FREE, 60_000)
    return Loan.objects.get(borrower_id=borrower_id, id=loan_id)


def a_key(code="jiangcheng", kind="lender", **given):
    return partners.issue(kind=kind, code=code, scopes=["repayments"], actor="test", **given)


class Reporter:
    """The other side's system: what it sends and hears."""

    def __init__(self, key):
        self.client = Client(headers={"Authorization": f"Bearer {key}"} if key else {})

    def post(self, **body):
        return self.client.post(ADDRESS, body, content_type="application/json")

    def get(self, reference):
        return self.client.get(f"{ADDRESS}/{reference}")


@pytest.fixture
def lender(books):
    return Reporter(a_key())


def counted():
    return LoanEvent.objects.count(), EventReference.objects.count(), ledger.trial_balance(OPENED).debit_fen


def test_money_reported_is_booked_and_told(lender, loan):
    answer = lender.post(loan_number=loan.number, amount_fen=25_000, reference="TX-1")

    assert answer.status_code == 201
    assert answer.json() == {
        "reference": "TX-1",
        "loan_number": loan.number,
        "amount_fen": 25_000,
        "received_on": str(OPENED),
        "sequence": 2,
        "shares": [
            {"installment": 1, "component": "principal", "amount_fen": 20_000},
            {"installment": 2, "component": "principal", "amount_fen": 5_000},
        ],
        "overpaid_fen": 0,
        "outstanding_fen": 35_000,
        "loan_state": "active",
        "notice": None,
    }
    assert ledger.balance(CASH, OPENED) == 25_000
    assert lender.get("TX-1").json() == answer.json()
    event = queries.history(borrower_id=loan.borrower_id, loan_id=loan.id)[0]
    assert (event.source, event.amount_fen) == ("partner", 25_000)


def test_the_same_report_again_gets_the_same_answer(lender, loan):
    answers = [lender.post(loan_number=loan.number, amount_fen=20_000, reference="TX-1") for _ in range(3)]

    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert ledger.balance(CASH, OPENED) == 20_000


def test_money_for_a_settled_loan_is_kept_and_told(lender, loan):
    lender.post(loan_number=loan.number, amount_fen=60_000, reference="all")

    answer = lender.post(loan_number=loan.number, amount_fen=505, reference="late")

    assert answer.status_code == 201
    told = answer.json()
    assert (told["overpaid_fen"], told["loan_state"], told["shares"]) == (505, "overpaid", [])
    assert "¥5.05" in told["notice"]
    assert queries.overpayments(loan.borrower_id)[0].overpaid_fen == 505
    assert verification.verify(workers=1) == []


BAD = [
    ({"amount_fen": 0}, 422, "amount_not_positive"),
    ({"amount_fen": -5}, 422, "amount_not_positive"),
    ({"amount_fen": 10**15}, 422, "amount_too_large"),
    ({"amount_fen": 10**30}, 422, "amount_too_large"),
    ({"amount_fen": 1.5}, 422, "invalid_input"),
    ({"amount_fen": "100"}, 422, "invalid_input"),
    ({"amount_fen": True}, 422, "invalid_input"),
    ({"amount_fen": None}, 422, "invalid_input"),
    ({"currency": "USD"}, 422, "wrong_currency"),
    ({"currency": "rmb"}, 422, "invalid_input"),
    ({"loan_number": "L-NOBODY-1"}, 404, "loan_not_found"),
    ({"loan_number": "L\x00"}, 422, "invalid_input"),
    ({"received_on": str(OPENED - datetime.timedelta(days=1))}, 422, "closed_period"),
    ({"received_on": str(OPENED + datetime.timedelta(days=1))}, 422, "future_date"),
    ({"received_on": "2026-02-30"}, 422, "invalid_input"),
    ({"reference": ""}, 422, "invalid_input"),
    ({"reference": "two words"}, 422, "invalid_input"),
    ({"reference": "x" * 101}, 422, "invalid_input"),
    ({"borrower_id": 7}, 422, "invalid_input"),
]


@pytest.mark.parametrize(("wrong", "status", "code"), BAD)
def test_bad_reports_are_named_and_write_nothing(lender, loan, wrong, status, code):
    before = counted()

    answer = lender.post(**{"loan_number": loan.number, "amount_fen": 100, "reference": "bad"} | wrong)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert counted() == before
    assert lender.get("bad").json()["code"] == "repayment_unknown"


def test_a_reference_used_for_something_else_is_refused(lender, loan):
    other = Loan.objects.get(id=a_loan(FREE, 60_000)[1])
    lender.post(loan_number=loan.number, amount_fen=100, reference="TX-1")
    before = counted()

    for number, fen in ((loan.number, 101), (other.number, 100)):
        answer = lender.post(loan_number=number, amount_fen=fen, reference="TX-1")
        assert (answer.status_code, answer.json()["code"]) == (409, "reference_reused")
    assert counted() == before


def test_another_partners_reference_is_another_payment(lender, loan):
    shop = Reporter(a_key("qingyu", "shop"))
    Loan.objects.filter(id=loan.id).update(order_id=loan.id)

    for reporter in (lender, shop):
        assert reporter.post(loan_number=loan.number, amount_fen=100, reference="1").status_code == 201
    assert ledger.balance(CASH, OPENED) == 200


def test_partners_reach_only_their_own_loans(lender, loan):
    for key in (a_key("anxin"), a_key("qingyu", "shop")):
        answer = Reporter(key).post(loan_number=loan.number, amount_fen=100, reference="not-mine")
        assert (answer.status_code, answer.json()["code"]) == (404, "loan_not_found")
    assert ledger.balance(CASH, OPENED) == 0


class TestKeys:
    @pytest.mark.parametrize(
        "key", [None, "", "fq_", "fq_000000000000_00", "other_1_2", "fq_\x00_1", "fq__", "fq_钥匙_1"]
    )
    def test_no_good_key(self, books, loan, key):
        answer = Reporter(key and key.encode().decode("latin-1")).post(
            loan_number=loan.number, amount_fen=100, reference="r"
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "key_unknown")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_another_secret(self, loan):
        key = a_key()
        answer = Reporter(key[:-1] + ("0" if key[-1] != "0" else "1")).get("r")
        assert answer.status_code == 401

    def test_revoked_and_ended(self, loan):
        revoked, ended = a_key(), a_key(ends_on=OPENED - datetime.timedelta(days=1))
        assert Reporter(revoked).get("r").status_code == 404
        partners.revoke(key_id=revoked.split("_")[1], actor="test", reason="lost")
        for key in (revoked, ended):
            assert Reporter(key).get("r").json()["code"] == "key_unknown"
        with pytest.raises(partners.NoSuchKey):
            partners.revoke(key_id=revoked.split("_")[1], actor="test", reason="again")

    def test_a_key_for_something_else(self, loan, monkeypatch):
        monkeypatch.setattr(partners, "SCOPES", ("repayments", "quotes"))
        key = partners.issue(kind="lender", code="jiangcheng", scopes=["quotes"], actor="test")
        answer = Reporter(key).post(loan_number=loan.number, amount_fen=100, reference="r")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

    def test_guessing_is_slowed(self, loan):
        guesser = Reporter("fq_000000000000_00")
        codes = [guesser.get("r").json()["code"] for _ in range(40)]
        assert (codes[0], codes[-1]) == ("key_unknown", "rate_limited")

    def test_a_key_is_for_somebody_and_something(self, books):
        for kind, code, scopes in (
            ("bank", "x", ["repayments"]),
            ("shop", "", ["repayments"]),
            ("shop", "x", ["all"]),
        ):
            with pytest.raises(partners.PartnerMisstated):
                partners.issue(kind=kind, code=code, scopes=scopes, actor="test")

    def test_the_secret_is_kept_nowhere(self, books):
        from fenqi.partners.models import PartnerKey

        secret = a_key().split("_")[2]
        (row,) = PartnerKey.objects.values()
        assert secret not in str(row) and bytes.fromhex(secret) != bytes(row["secret_hash"])


def test_the_description_tells_them(client):
    described = client.get("/api/v1/openapi.json").json()
    assert set(described["paths"][ADDRESS]["post"]["responses"]) >= {"201", "401", "404", "409", "422"}
    scheme = described["components"]["securitySchemes"]["PartnerBearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@pytest.mark.django_db(transaction=True)
class TestOverHttp:
    """Through a real server, many at once."""

    def at_once(self, live_server, key, bodies):
        gate = Barrier(len(bodies))

        def send(body):
            with httpx.Client(base_url=live_server.url, timeout=60, trust_env=False) as http:
                gate.wait(timeout=30)
                while True:
                    try:
                        return http.post(ADDRESS, json=body, headers={"Authorization": f"Bearer {key}"})
                    except httpx.TransportError:
                        # The test server's queue is short; who hears nothing reports again, which is safe.
                        continue

        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(send, bodies))

    def test_one_payment_reported_by_many_is_booked_once(self, live_server, loan):
        body = {"loan_number": loan.number, "amount_fen": 20_000, "reference": "TX-1"}

        answers = self.at_once(live_server, a_key(), [body] * THREADS)

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        assert ledger.balance(CASH, OPENED) == 20_000
        assert verification.verify(workers=1) == []

    def test_many_payments_are_all_booked(self, live_server, loan):
        bodies = [
            {"loan_number": loan.number, "amount_fen": 1_000 + number, "reference": f"TX-{number}"}
            for number in range(THREADS)
        ]

        answers = self.at_once(live_server, a_key(), bodies)

        assert {answer.status_code for answer in answers} == {201}
        assert sorted(answer.json()["sequence"] for answer in answers) == list(range(2, THREADS + 2))
        assert ledger.balance(CASH, OPENED) == sum(body["amount_fen"] for body in bodies)
        assert verification.verify(workers=1) == []
