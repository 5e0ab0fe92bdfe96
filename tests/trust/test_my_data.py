"""What is held about a marked person: all of it on their page and in their export, put right when asked, gone when the law allows."""

from __future__ import annotations

import datetime
import json

import pytest
from django.db import connection

from fenqi.bureau import queries as bureau
from fenqi.bureau import services as bureau_services
from fenqi.mall import queries as mall_queries
from fenqi.mall import services as mall
from fenqi.people import refusals
from fenqi.people import services as people
from fenqi.people.models import Account, Identity
from fenqi.people.services.reveals import StorageOnly
from fenqi.plumbing import audit, business_date, sealed
from fenqi.plumbing.models import SealedFile
from fenqi.privacy import inventory, queries, services
from fenqi.privacy.errors import CorrectionStanding, CorrectionUnclear, StillNeeded
from fenqi.privacy.forgetting import GONE
from fenqi.privacy.models import Erasure
from fenqi.servicing import queries as servicing
from fenqi.servicing import services as servicing_services
from tests.trust import marked
from tests.web.finance_cases import settle_outbox


def owned_by(borrower_id) -> dict[str, int]:
    """Rows of every table that has an owner, from the database's own catalogue."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'borrower_id'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*) FROM {connection.ops.quote_name(table)} WHERE borrower_id = %s",
                [borrower_id],
            )
            if rows := cursor.fetchone()[0]:
                found[table] = rows
    return found


def exported(person) -> dict[str, list]:
    document = json.loads(queries.export_json(borrower_id=person.borrower_id, language="zh"))
    return {table: rows for theme in document["held"] for table, rows in theme["tables"].items()}


class TestExport:
    def test_no_table_of_theirs_is_forgotten(self, a):
        by_table = {table.name: str(table.model._meta.label) for table in inventory.tables()}
        before = owned_by(a.borrower_id)
        rows = exported(a)
        assert set(before) <= set(by_table)
        for table, count in before.items():
            assert len(rows[by_table[table]]) == count or isinstance(rows[by_table[table]], str), table

    def test_their_own_values_are_in_clear_and_other_peoples_masked(self, a):
        text = queries.export_json(borrower_id=a.borrower_id, language="zh")
        theirs = {
            marked.PHONE,
            marked.NAME,
            marked.ID_NUMBER,
            marked.STREET,
            marked.EMAIL,
            marked.SAID,
            marked.DISPUTED,
        }
        assert {value for value in theirs if value not in text} == set()
        assert marked.CONTACT_PHONE not in text and marked.CONTACT_NAME not in text
        assert marked.CARD not in text

    def test_holds_the_photos_and_no_keys(self, a):
        rows = exported(a)
        assert {one["kind"] for one in rows["plumbing.SealedFile"]} >= {
            "identity.front",
            "identity.back",
            "agreement",
        }
        assert all(len(one["sealed"]) > 1000 for one in rows["plumbing.SealedFile"])
        assert all("session_key" not in one for one in rows["people.AccountSession"])
        assert all("phone_index" not in one for one in rows["people.PhoneIndex"])

    def test_is_logged(self, a):
        exported(a)
        assert audit.trail(subject=f"account:{a.borrower_id}")[0].action == "people.exported"


def test_what_is_held_is_told_by_theme_class_and_law(a):
    held = {theme.code: theme for theme in queries.held(borrower_id=a.borrower_id, language="zh")}
    assert set(held) >= {
        "account",
        "identity",
        "contact",
        "card",
        "consent",
        "order",
        "agreement",
        "loan",
        "payment",
        "credit",
        "message",
        "talk",
    }
    assert "C2" in held["identity"].classes
    assert any("反洗钱法" in law for _years, law in held["identity"].laws)
    assert held["loan"].rows > 0
    english = {theme.code: theme for theme in queries.held(borrower_id=a.borrower_id, language="en")}
    assert "Anti-Money" in english["identity"].laws[-1][1]


class TestCorrections:
    def ask(self, person, **changes):
        wish = {"subject": "real_name", "wish": "欧阳慕青", "why": "派出所更正了姓名"} | changes
        return services.ask_correction(borrower_id=person.borrower_id, **wish)

    def test_asked_reviewed_and_put_right(self, a):
        correction_id = self.ask(a)
        (waiting,) = queries.corrections_waiting()
        assert (waiting.id, waiting.wish) == (correction_id, "欧阳慕青")
        services.answer_correction(
            staff="staff:lin",
            borrower_id=a.borrower_id,
            correction_id=correction_id,
            approve=True,
            answer="已核对户口本",
        )
        assert Identity.objects.get(borrower_id=a.borrower_id).real_name == "欧阳慕青"
        (answered,) = queries.corrections(borrower_id=a.borrower_id)
        assert (answered.state, answered.answer) == ("done", "已核对户口本")
        assert queries.corrections_waiting() == []

    def test_refused_with_an_answer(self, a):
        correction_id = self.ask(a)
        services.answer_correction(
            staff="staff:lin",
            borrower_id=a.borrower_id,
            correction_id=correction_id,
            approve=False,
            answer="请先到派出所更正",
        )
        assert Identity.objects.get(borrower_id=a.borrower_id).real_name == marked.NAME
        with pytest.raises(CorrectionStanding):
            services.answer_correction(
                staff="staff:lin",
                borrower_id=a.borrower_id,
                correction_id=correction_id,
                approve=True,
                answer="再看",
            )

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"subject": "everything"}, "subject"),
            ({"wish": "  "}, "wish"),
            ({"why": ""}, "why"),
            ({"why": "长" * 301}, "why"),
        ],
    )
    def test_unclear_ones(self, a, changes, field):
        with pytest.raises(CorrectionUnclear) as caught:
            self.ask(a, **changes)
        assert caught.value.field == field

    def test_one_at_a_time_and_an_answer_needs_words(self, a):
        correction_id = self.ask(a)
        with pytest.raises(CorrectionStanding):
            self.ask(a)
        with pytest.raises(refusals.ReasonMissing):
            services.answer_correction(
                staff="staff:lin",
                borrower_id=a.borrower_id,
                correction_id=correction_id,
                approve=True,
                answer=" ",
            )

    def test_a_wish_that_is_no_name_is_not_taken_over(self, a):
        correction_id = self.ask(a, wish="Ouyang")
        with pytest.raises(refusals.Unreadable):
            services.answer_correction(
                staff="staff:lin",
                borrower_id=a.borrower_id,
                correction_id=correction_id,
                approve=True,
                answer="好",
            )
        assert queries.corrections_waiting()


@pytest.fixture
def finished(a):
    """The marked person once every loan is repaid, every parcel received and the dispute answered."""
    borrower_id, today = a.borrower_id, business_date.current()
    for loan in servicing.loans(borrower_id):
        if not loan.is_closed:
            price = servicing_services.quote_settlement(borrower_id=borrower_id, loan_id=loan.id, on=today)
            servicing_services.settle(
                borrower_id=borrower_id, loan_id=loan.id, offer_id=price.id, reference=f"end of {loan.number}"
            )
    for loan in servicing.overpayments(borrower_id):
        servicing_services.return_overpayment(
            borrower_id=borrower_id,
            loan_id=loan.id,
            reference=f"back to {loan.number}",
        )
    for order in mall_queries.orders(borrower_id):
        if order.state == "paid":
            mall.mark_shipped(
                borrower_id=borrower_id, order_id=order.id, carrier="顺丰", tracking="SF1", staff="staff:zhou"
            )
            mall.mark_received(borrower_id=borrower_id, order_id=order.id)
        elif order.state in ("in_review", "awaiting_payment"):
            mall.cancel_order(borrower_id=borrower_id, order_id=order.id, reason="不要了")
    for dispute in bureau.open_disputes():
        bureau_services.answer_dispute(
            staff="shen",
            borrower_id=borrower_id,
            dispute_id=dispute.dispute_id,
            is_upheld=False,
            answer="核对无误",
            on=today,
        )
    settle_outbox()
    return a


class TestErasure:
    def test_refused_while_something_is_unfinished(self, a):
        with pytest.raises(StillNeeded) as caught:
            services.erase_account(borrower_id=a.borrower_id)
        assert "没有结清" in str(caught.value)
        assert "订单" in str(caught.value)
        assert Account.objects.get(borrower_id=a.borrower_id).closed_at is None
        assert not Erasure.objects.exists()

    def test_what_no_law_keeps_goes_at_once_and_the_rest_has_a_date(self, finished):
        today = business_date.current()
        ended = services.erase_account(borrower_id=finished.borrower_id)
        left = owned_by(finished.borrower_id)
        at_once = {table.name for table in inventory.tables() if table.keep == "at_once"}
        assert at_once & set(left) == set()
        assert max(until for until, _law in ended.held) == today.replace(year=today.year + 10)
        assert not ended.is_finished
        assert finished.browser.get("/me/").status_code == 302  # signed out everywhere
        identity = Identity.objects.get(
            borrower_id=finished.borrower_id
        )  # sealed, because the law has it kept
        assert identity.real_name == marked.NAME
        with pytest.raises(StorageOnly):
            people.reveal(
                staff="staff:lin", borrower_id=finished.borrower_id, field="id_number", reason="看看"
            )

    def test_the_days_delete_what_was_kept_until_nothing_is_left_of_the_person(self, finished, settings):
        services.erase_account(borrower_id=finished.borrower_id)
        today = business_date.current()
        rules = queries.retention(today)
        for years in sorted({rule["years"] for rule in rules.values() if rule["years"]}):
            on = today.replace(year=today.year + years)
            assert services.forget_what_is_over(on - datetime.timedelta(days=1))["accounts"] == 0
            assert services.forget_what_is_over(on)["accounts"] == 1
            over = {
                keep for keep, rule in rules.items() if rule["years"] is not None and rule["years"] <= years
            }
            assert personal_values(finished.borrower_id, over) == []
        erasure = Erasure.objects.get(borrower_id=finished.borrower_id)
        assert (erasure.held, erasure.next_on) == ({}, None)
        assert erasure.finished_at is not None
        assert not SealedFile.objects.filter(borrower_id=finished.borrower_id).exists()
        assert audit.verify() is None

    def test_repeating_it_changes_nothing(self, finished):
        first = services.erase_account(borrower_id=finished.borrower_id)
        before = finished.fingerprint()
        assert services.erase_account(borrower_id=finished.borrower_id) == first
        assert finished.fingerprint() == before

    def test_the_phone_may_begin_anew(self, finished):
        from fenqi.people.models import SignInCode

        services.erase_account(borrower_id=finished.borrower_id)
        SignInCode.objects.all().delete()
        browser = marked.sign_in(marked.PHONE)
        page = browser.get("/me/privacy/").content.decode()
        assert marked.MASKED[2] not in page


def personal_values(borrower_id, keeps) -> list[str]:
    """Fields of these keeping rules that still say something about the person."""
    found = []
    for table in inventory.tables():
        if table.keep not in keeps:
            continue
        for row in table.model._default_manager.filter(borrower_id=borrower_id):
            for one in table.fields_of("C2", "C1"):
                value = getattr(row, one.attname)
                if value not in ("", GONE, None, {}, [], b""):
                    found.append(f"{table.name}.{one.name}")
    return found


def test_a_person_who_only_looked_is_gone_at_once(shop):
    browser = marked.sign_in("13900001111")
    borrower_id = people_id("13900001111")
    browser.get("/")
    ended = services.erase_account(borrower_id=borrower_id)
    left = owned_by(borrower_id)
    assert set(left) <= {"people_account", "privacy_erasure", "plumbing_announcement", "plumbing_reference"}
    assert Account.objects.get(borrower_id=borrower_id).phone == ""
    assert [until for until, _law in ended.held] == [
        business_date.current().replace(year=business_date.current().year + 3)
    ]


def people_id(phone: str) -> int:
    from fenqi.people import queries as people_queries

    found = people_queries.find_borrower_by_phone(phone)
    assert found is not None
    return found


def test_sealed_values_are_blank_not_gone_where_the_figures_stay(finished):
    a = finished
    services.erase_account(borrower_id=a.borrower_id)
    services.forget_what_is_over(business_date.current().replace(year=business_date.current().year + 10))
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM mall_order WHERE borrower_id = %s", [a.borrower_id])
        for (address,) in cursor.fetchall():
            assert sealed.unseal(address, context="mall_order.address") == ""
