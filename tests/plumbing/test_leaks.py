"""A sealed value that stands in clear is found in whatever spelling, told by its place, never by itself."""

from __future__ import annotations

import base64
import json
import zlib
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from django.core import signing
from django.db import connection

from fenqi.cli.manage import audit_leaks
from fenqi.people.models import Account, Contact, Identity
from fenqi.plumbing import audit, clock, leaks
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.leaks.sought import parts
from fenqi.plumbing.models import Announcement, AuditRecord

PHONE, NAME, SHORT_NAME, STREET = "13712345678", "欧阳慕白", "高明", "栖霞路 7788 弄 3 号"
ID_NUMBER, CARD, EMAIL = "11010519880214271X", "6214830010000000014", "mubai.marked@example.com"
VALUES = (PHONE, NAME, STREET, ID_NUMBER, CARD, EMAIL)


@pytest.fixture
def sought():
    looking = leaks.Sought()
    for value in (*VALUES, SHORT_NAME):
        looking.add(value, label=value)
    return looking


def in_base64(text: str, before: bytes = b"") -> str:
    return base64.b64encode(before + text.encode()).decode()


SPELLINGS = {
    "as it is": lambda value: f"told {value}, again",
    "in JSON": lambda value: json.dumps({"k": [value]}),
    "in JSON in JSON": lambda value: json.dumps({"k": json.dumps([value])}),
    "as hex": lambda value: "\\x00" + value.encode().hex() + "ff",
    "in base64": lambda value: "v=" + in_base64(value),
    "in base64, one off": lambda value: in_base64(value + " and on", b"<"),
    "in base64, two off": lambda value: in_base64(value + " and on", b"<<"),
    "in base64 after a word": lambda value: "key" + in_base64(value),
    "in base64 of JSON": lambda value: in_base64(json.dumps({"borrower": value})),
    "in base64 for addresses": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "compressed": lambda value: base64.b64encode(zlib.compress(f"{value} ".encode() * 3)).decode(),
    "in a session": lambda value: signing.dumps({"typed": [value] * 9}, compress=True, key="k"),
    "in an address": lambda value: "/search?q=" + quote(value),
    "shouted": lambda value: value.upper(),
    "with spaces": lambda value: f"  {value}  ",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_is_found_in_every_spelling(sought, spelling):
    for value in VALUES:
        assert value in sought.find(SPELLINGS[spelling](value)), value


def test_digits_are_found_as_people_write_them(sought):
    for text in ("137 1234 5678", "+86 13712345678", "8613712345678", "137-1234-5678", "tel:13712345678;"):
        assert sought.find(text) == {PHONE}, text
    assert sought.find("6214 8300 1000 0000 014") == {CARD}


def test_what_only_looks_like_it_is_not(sought):
    for text in (
        "137****5678",
        "913712345678",
        "137123456789",
        "欧阳*",
        "欧阳、慕白杨",
        "7788",
        "栖霞路 7789 弄 3 号",
    ):
        assert sought.find(text) == set(), text


def test_a_short_name_is_told_from_the_words_around_it(sought):
    assert sought.find("提高明显") == set()
    for text in ("高明", '{"name": "高明"}', "name=高明,", "高明 (spouse)"):
        assert sought.find(text) == {SHORT_NAME}, text


def test_a_name_that_is_a_word_of_the_house_is_not_sought():
    looking = leaks.Sought()
    for value in ("小米粥", PHONE):
        looking.add(value, label="people_contact")
    looking.learn("小米粥 500 g")
    assert looking.find("小米粥 500 g") == set()
    assert looking.find(f"小米粥 {PHONE}") == {"people_contact"}


def test_parts_of_what_is_sealed():
    assert parts("long-term", "date") == [] and parts("1990-03-07", "date") == ["1990-03-07"]
    assert parts("好的", "text") == []
    assert parts("请打 13712345678", "text") == ["请打 13712345678", PHONE]
    address = {"recipient": NAME, "city": "北京市", "phone": PHONE, "lines": [{"street": STREET}], "n": 3}
    assert parts(json.dumps(address), "facts") == [NAME, PHONE, STREET]
    assert parts(json.dumps({"path": "/contact/AbCdEf-123/", "code": "123456"}), "facts") == ["AbCdEf-123"]


def test_many_values_take_little_room():
    looking = leaks.Sought()
    for number in range(50_000):
        looking.add(f"138{number:08d}", label="people_account.phone")
    assert looking.find("13800049999") == {"people_account.phone"}
    assert looking.find("13800050000") == set()
    held = sum(hashes.itemsize * len(hashes) for hashes in looking._hashes.values()) + len(looking._bits)
    assert held < 60 * 50_000


@pytest.fixture
def person(db):
    Account.objects.create(borrower_id=7, phone=PHONE, email=EMAIL, opened_at=clock.now())
    Identity.objects.create(
        borrower_id=7, real_name=NAME, id_number=ID_NUMBER, born_on="1988-02-14", valid_until="long-term",
        is_student=False, method="face", status="passed", submitted_at=clock.now(),
    )  # fmt: skip


def places(scan):
    return {finding.place: finding.sealed_in for finding in scan.findings}


def test_a_clean_database_is_clean(person):
    scan, _sought = leaks.scan_database()
    assert scan.findings == []
    assert scan.sought >= 5 and scan.rows > 0


@pytest.mark.puts_in_clear
def test_a_value_in_another_column_is_told_by_its_place(person):
    audit.record(actor="staff:lin", action="x", subject="person:7", reason=f"打给 {PHONE}", who={"n": [NAME]})
    Announcement.objects.create(id=new_id(), topic="x", payload={"born": "1988-02-14"})
    scan, _sought = leaks.scan_database()
    assert places(scan) == {
        "plumbing_auditrecord.reason": ("people_account.phone",),
        "plumbing_auditrecord.details": ("people_identity.real_name",),
        "plumbing_announcement.payload": ("people_identity.born_on",),
    }
    assert not any(value in str(finding) for finding in scan.findings for value in VALUES)


@pytest.mark.puts_in_clear
def test_a_key_that_is_the_value_is_not_repeated(person):
    from django.contrib.sessions.models import Session

    Session.objects.create(session_key=PHONE, session_data="x", expire_date=clock.now())
    scan, _sought = leaks.scan_database()
    assert places(scan) == {"django_session.session_key": ("people_account.phone",)}
    assert PHONE not in str(scan.findings[0])


@pytest.mark.puts_in_clear
def test_a_column_that_should_be_sealed_and_is_not(person):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_account SET email = %s", [EMAIL.encode()])
    scan, _sought = leaks.scan_database()
    assert list(places(scan)) == ["people_account.email"]


@pytest.mark.puts_in_clear
def test_tables_no_model_knows_are_looked_at(person):
    from procrastinate.contrib.django import app

    app.configure_task("fenqi.jobs.tasks.unknown", allow_unknown=True).defer(phone=PHONE)
    scan, _sought = leaks.scan_database()
    assert "procrastinate_jobs.args" in places(scan)


def test_logs_are_looked_at_line_by_line(person, tmp_path):
    log = tmp_path / "web.log"
    log.write_text(f"fine\nERROR sent to {PHONE}\n", encoding="utf-8")
    _scan, sought = leaks.scan_database()
    scan = leaks.Scan()
    leaks.scan_file(log, sought, scan)
    assert [str(finding) for finding in scan.findings] == [
        "web.log [line 2]: a value of people_account.phone"
    ]


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_it_found(tmp_path, monkeypatch):
    monkeypatch.setattr("fenqi.cli.manage.start_django", lambda **_how: None)
    Contact.objects.create(
        borrower_id=7, id=new_id(), name=NAME, phone=PHONE, relationship="friend", status="invited",
        named_at=clock.now(),
    )  # fmt: skip
    log = tmp_path / "worker.log"
    log.write_text("quiet\n", encoding="utf-8")
    done = CliRunner().invoke(audit_leaks, ["--log", str(log)])
    assert (done.exit_code, "leaks: 0 places" in done.output) == (0, True), done.output
    log.write_text(f"x {NAME} y\n", encoding="utf-8")
    done = CliRunner().invoke(audit_leaks, ["--log", str(log)])
    assert done.exit_code == 1
    assert "worker.log [line 1]: a value of people_contact.name" in done.output
    assert NAME not in done.output
    assert AuditRecord.objects.count() == 0
