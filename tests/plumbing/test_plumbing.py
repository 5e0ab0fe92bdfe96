"""What carries the others: references, the outbox, seals, the audit chain, append-only tables."""

import datetime
import hashlib
import json
import threading

import pytest
from django.db import ProgrammingError, connection, transaction

from fenqi.plumbing import audit, business_date, ciphers, idempotency, ids, outbox, rule_data, sealed
from fenqi.plumbing.models import Announcement, AuditRecord


@pytest.mark.django_db
class TestSealing:
    def test_opens_what_was_sealed_for_the_same_place_only(self):
        kept = sealed.seal("王小明", context="people.name")

        assert "王小明".encode() not in kept
        assert sealed.unseal(kept, context="people.name") == "王小明"
        with pytest.raises(sealed.CannotUnseal):
            sealed.unseal(kept, context="people.id_number")

    def test_refuses_a_changed_value(self):
        kept = bytearray(sealed.seal("13800000000", context="x"))
        kept[-1] ^= 1

        with pytest.raises(sealed.CannotUnseal):
            sealed.unseal(bytes(kept), context="x")

    def test_says_which_key_and_so_which_cipher_it_needs(self):
        aes, sm4 = (
            ciphers.Key(name, ciphers.new_material(ciphers.cipher_of(name))) for name in ("7", "sm4.8")
        )
        for key in (aes, sm4):
            kept = key.seal("王小明".encode(), context="people.name")
            assert ciphers.name_of(kept) == key.name
            assert key.unseal(kept, context="people.name").decode() == "王小明"
            with pytest.raises(sealed.CannotUnseal):
                key.unseal(kept, context="people.phone")
            with pytest.raises(sealed.CannotUnseal):
                key.unseal(kept[:-1] + bytes([kept[-1] ^ 1]), context="people.name")

    def test_sm4_is_the_block_cipher_of_the_standard(self):
        """RFC 8998 appendix A.1: SM4-GCM."""
        key, nonce = (
            bytes.fromhex("0123456789abcdeffedcba9876543210"),
            bytes.fromhex("00001234567800000000abcd"),
        )
        plain = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa"))
        beside = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        assert ciphers.Sm4Gcm(key).encrypt(nonce, plain, beside).hex() == (
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
            "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
            "83de3541e4c2b58177e065a9bf7b62ec"
        )

    @pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x011", b"\x019" + b"\0" * 40, b"\xff\xff"])
    def test_what_was_never_sealed_does_not_open(self, garbage):
        with pytest.raises(sealed.CannotUnseal):
            sealed.unseal(garbage, context="x")

    def test_what_authenticates_a_person_has_no_column(self):
        with pytest.raises(ValueError, match="C3"):
            sealed.SealedTextField(data_class="C3")

    def test_blind_indexes_of_two_purposes_cannot_be_joined(self):
        assert sealed.blind_index("1", purpose="phone") == sealed.blind_index("1", purpose="phone")
        assert sealed.blind_index("1", purpose="phone") != sealed.blind_index("1", purpose="id")


@pytest.mark.django_db(transaction=True)
class TestReferences:
    def test_the_first_answer_is_given_again(self):
        with transaction.atomic():
            claim = idempotency.claim(scope="t", key="a", content={"amount": 1})
            assert claim.is_new
            claim.settle({"id": "x"})
        with transaction.atomic():
            again = idempotency.claim(scope="t", key="a", content={"amount": 1})
        assert (again.is_new, again.result) == (False, {"id": "x"})

    def test_other_content_is_refused(self):
        with transaction.atomic():
            idempotency.claim(scope="t", key="b", content={"amount": 1})
        with transaction.atomic(), pytest.raises(idempotency.ReferenceReused):
            idempotency.claim(scope="t", key="b", content={"amount": 2})

    def test_eight_at_once_do_the_work_once(self):
        worked, answers = [], []

        def ask():
            with transaction.atomic():
                claim = idempotency.claim(scope="t", key="c", content={})
                if claim.is_new:
                    worked.append(1)
                    claim.settle({"n": 7})
                    answers.append(7)
                else:
                    answers.append(claim.result["n"])
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert (len(worked), answers) == (1, [7] * 8)


heard = []


def hear(payload):
    heard.append(payload)


def stumble(payload):
    raise RuntimeError("not today")


@pytest.mark.django_db(transaction=True)
class TestOutbox:
    @pytest.fixture(autouse=True)
    def handlers(self, settings):
        heard.clear()
        settings.OUTBOX_HANDLERS = {
            "t": [f"{__name__}.hear"],
            "bad": [f"{__name__}.stumble", f"{__name__}.hear"],
        }

    def test_nothing_leaves_when_the_transaction_fails(self):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            outbox.publish("t", a=1)
            raise ZeroDivisionError
        assert outbox.deliver() == 0
        assert heard == []

    def test_is_heard_once_after_commit(self):
        with transaction.atomic():
            outbox.publish("t", borrower_id=5, amount_fen=3)
        outbox.deliver()
        outbox.deliver()
        assert heard == [{"amount_fen": 3, "borrower_id": 5}]

    def test_a_failing_handler_is_tried_later_and_the_others_are_not_repeated(self):
        with transaction.atomic():
            outbox.publish("bad", a=1)
        outbox.deliver()
        Announcement.objects.update(next_try_at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        outbox.deliver(limit=1)
        assert heard == [{"a": 1}]
        assert Announcement.objects.get().tries == 2


@pytest.mark.django_db(transaction=True)
class TestAudit:
    @pytest.fixture
    def tampered(self):
        """Five lines; tampered(SQL) changes the table as its owner, behind the application's back."""
        for n in range(5):
            audit.record(actor="system:t", action="look", subject="loan:1", n=n)
        assert audit.verify() is None

        def tamper(*statements):
            with connection.cursor() as cursor:
                cursor.execute("SET ROLE NONE")
                for statement in statements:
                    cursor.execute(statement)
            connection.close()

        return tamper

    @pytest.mark.parametrize(
        "column", ["reason = 'x'", "actor = 'staff:x'", "details = '{}'", "at = now()", "hash = ''"]
    )
    def test_an_altered_line_is_named(self, tampered, column):
        tampered(f"UPDATE plumbing_auditrecord SET {column} WHERE number = 2")
        assert audit.verify() == 2

    @pytest.mark.parametrize("gone", [1, 3])
    def test_a_deleted_line_is_named(self, tampered, gone):
        tampered(f"DELETE FROM plumbing_auditrecord WHERE number = {gone}")
        assert audit.verify() == gone

    def test_closing_the_gap_does_not_hide_it(self, tampered):
        tampered(
            "DELETE FROM plumbing_auditrecord WHERE number = 3",
            "UPDATE plumbing_auditrecord SET number = number - 1 WHERE number = 4",
            "UPDATE plumbing_auditrecord SET number = number - 1 WHERE number = 5",
        )
        assert audit.verify() == 3

    def test_reordered_lines_are_named(self, tampered):
        tampered(
            "UPDATE plumbing_auditrecord SET number = 99 WHERE number = 2",
            "UPDATE plumbing_auditrecord SET number = 2 WHERE number = 3",
            "UPDATE plumbing_auditrecord SET number = 3 WHERE number = 99",
        )
        assert audit.verify() == 2

    def test_a_line_appended_behind_our_back_is_named(self, tampered):
        """Even with a hash made by the published rule: its key is not in the database."""
        last = AuditRecord.objects.get(number=5)
        forged = AuditRecord(
            number=6, at=last.at, actor="staff:x", action="look", subject="loan:1", details={}
        )
        body = json.dumps(
            [6, last.at.astimezone(datetime.UTC).isoformat(), "staff:x", "look", "loan:1", "", {}],
            sort_keys=True,
        )
        forged.hash = hashlib.sha256(bytes(last.hash) + body.encode()).digest()
        forged.save(force_insert=True)
        assert audit.verify() == 6

    def test_an_end_cut_off_is_found_by_a_head_noted_before(self, tampered):
        head = audit.head()
        assert audit.verify(since=head) is None
        tampered("DELETE FROM plumbing_auditrecord WHERE number = 5")
        assert audit.verify() is None  # a chain cannot show it by itself
        assert audit.verify(since=head) == 5

    def test_the_application_may_not_change_it(self):
        audit.record(actor="system:t", action="look", subject="loan:1")
        with pytest.raises(ProgrammingError, match="permission denied"):
            AuditRecord.objects.update(reason="x")
        with pytest.raises(ProgrammingError, match="permission denied"):
            AuditRecord.objects.all().delete()


@pytest.mark.django_db
class TestDates:
    def test_moves_only_by_closing_the_open_date(self):
        first = business_date.start(datetime.date(2026, 1, 31))
        assert business_date.close(first) == datetime.date(2026, 2, 1)
        with pytest.raises(business_date.DateMovedOn):
            business_date.close(first)
        assert business_date.current() == datetime.date(2026, 2, 1)


@pytest.mark.django_db
def test_rules_are_dated():
    assert rule_data.value("lpr_1y", on=datetime.date(2026, 1, 1)) == "0.030"
    with pytest.raises(rule_data.UnknownRule):
        rule_data.value("lpr_1y", on=datetime.date(2025, 1, 1))


def test_keys_rise_and_numbers_do_not_repeat():
    assert ids.new_id() < ids.new_id()
    assert 0 < ids.new_borrower_id() < 2**63
    numbers = {ids.new_number("F", datetime.date(2026, 11, 22)) for _ in range(500)}
    assert len(numbers) == 500
