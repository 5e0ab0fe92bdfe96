"""A new key while the product runs: every value stays readable, a rotation cut off goes on, an old key goes last."""

from __future__ import annotations

import json
import random
import threading
from base64 import b64encode

import pytest
from django.db import connection

from fenqi.cli.keys import CannotRetire, begin_rotation, retire_key
from fenqi.config.keys import SealingKeys, names
from fenqi.mall import queries as mall
from fenqi.mall.models import Address
from fenqi.mall.services.addresses import AddressEntry, save_address
from fenqi.people.models import Account
from fenqi.plumbing import clock, rotation, sealed
from fenqi.plumbing.models import SealedFile

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 40


@pytest.fixture(autouse=True)
def installation(tmp_path, settings, monkeypatch):
    """Keys in a file of their own; the rotation works as the owner of the database, as its command does."""
    monkeypatch.delenv("FENQI_SECRET_SEALING", raising=False)
    listed = f"1:{b64encode(bytes(range(32))).decode()}"
    (tmp_path / "secrets.json").write_text(json.dumps({"index": "kept", "sealing": listed}))
    settings.HOME, settings.SEALING_KEYS = tmp_path, SealingKeys(tmp_path, listed)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    yield
    connection.close()


def entry(borrower_id):
    return AddressEntry(
        recipient=f"收件人{borrower_id}",
        phone=f"138{borrower_id:08d}",
        province="北京市",
        city="北京市",
        district="朝阳区",
        street=f"建国路 {borrower_id} 号",
    )


@pytest.fixture
def kept():
    """Accounts, addresses under composite keys, and files of people and of nobody; tells file -> owner."""
    files = {}
    for number in range(1, PEOPLE + 1):
        Account.objects.create(borrower_id=number, phone=f"138{number:08d}", opened_at=clock.now())
        save_address(borrower_id=number, entry=entry(number))
        owner = number if number % 2 else None
        file_id = sealed.keep_file(
            content=f"photo {number}".encode(), kind="id", media_type="image/jpeg", borrower_id=owner
        )
        files[file_id] = (owner, f"photo {number}".encode())
    return files


def everything_opens(kept):
    for account in Account.objects.all():
        assert account.phone == f"138{account.borrower_id:08d}"
        assert mall.addresses(borrower_id=account.borrower_id)[0].recipient == f"收件人{account.borrower_id}"
    for file_id, (owner, content) in kept.items():
        assert sealed.open_file(file_id=file_id, borrower_id=owner) == (content, "image/jpeg")


def key_names(settings):
    return names(settings.SEALING_KEYS())


def test_every_value_moves_and_stays_readable(kept, settings):
    before = rotation.used_keys()
    assert set(before) == {"1"}
    assert begin_rotation()
    assert key_names(settings) == ["2", "1"]
    everything_opens(kept)  # half-way: nothing has moved, new values are sealed under the new key
    heard = []
    rotation.reseal(moved=heard.append, at_once=7)
    assert rotation.used_keys() == {"2": before["1"]}
    assert max(heard) <= 7 and sum(heard) == len(kept) + 2 * PEOPLE
    everything_opens(kept)


def test_other_secrets_are_kept_and_the_file_stays_private(settings):
    begin_rotation()
    file = settings.HOME / "secrets.json"
    assert json.loads(file.read_text())["index"] == "kept"
    assert file.stat().st_mode & 0o077 == 0


def test_a_rotation_cut_off_goes_on_without_another_key(kept, settings):
    class Crash(Exception):
        pass

    batches = []

    def crash(rows):
        batches.append(rows)
        if len(batches) == 5:
            raise Crash

    begin_rotation()
    with pytest.raises(Crash):
        rotation.reseal(moved=crash, at_once=7)
    assert set(rotation.used_keys()) == {"1", "2"}
    everything_opens(kept)
    remaining = rotation.left()
    assert remaining == len(kept) + 2 * PEOPLE - sum(batches)

    assert not begin_rotation()
    assert rotation.reseal(at_once=7) == remaining
    assert key_names(settings) == ["2", "1"]
    assert set(rotation.used_keys()) == {"2"}
    everything_opens(kept)


def test_a_row_somebody_holds_is_waited_for_without_standing_in_the_way(kept):
    begin_rotation()
    held, done = threading.Event(), threading.Event()

    def hold():
        from django.db import transaction

        with transaction.atomic():
            Account.objects.select_for_update().get(borrower_id=1)
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(0.5, done.set).start()
    rotation.reseal(at_once=7)
    holder.join()
    assert rotation.left() == 0


def test_a_key_is_forgotten_only_when_nothing_is_sealed_under_it(kept, settings):
    with pytest.raises(CannotRetire, match="the key that seals"):
        retire_key("1")
    begin_rotation()
    with pytest.raises(CannotRetire, match="still sealed under 1"):
        retire_key("1")
    with pytest.raises(CannotRetire, match="no key named 9"):
        retire_key("9")
    rotation.reseal()
    retire_key("1")
    assert key_names(settings) == ["2"]
    everything_opens(kept)


def test_keys_of_the_environment_are_not_changed_here(kept, settings, monkeypatch):
    first, second = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    begin_rotation()
    rotation.reseal()
    under_two = json.loads((settings.HOME / "secrets.json").read_text())["sealing"].split(",")[0]
    monkeypatch.setenv("FENQI_SECRET_SEALING", f"7:{first},{under_two},8:{second}")
    settings.SEALING_KEYS = SealingKeys(settings.HOME, f"7:{first},{under_two},8:{second}")
    assert not begin_rotation()
    rotation.reseal()
    assert set(rotation.used_keys()) == {"7"}
    with pytest.raises(CannotRetire, match="take it out of FENQI_SECRET_SEALING"):
        retire_key("2")
    everything_opens(kept)


def test_a_value_under_way_keeps_its_key(kept, settings):
    """Sealed before the rotation, committed after it: the old key is not forgotten before."""
    from django.db import transaction

    written, end = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            Account.objects.create(borrower_id=900, phone="13800000900", opened_at=clock.now())
            written.set()
            end.wait(10)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    written.wait(10)
    begin_rotation()
    rotation.reseal()
    threading.Timer(0.5, end.set).start()
    with pytest.raises(CannotRetire, match="2 values are still sealed"):
        retire_key("1")
    writer.join()
    rotation.reseal()
    retire_key("1")
    assert Account.objects.get(borrower_id=900).phone == "13800000900"


def test_nothing_fails_under_a_load_of_reads_and_writes(kept, settings):
    stop, failures, worked = threading.Event(), [], []

    def work(seed):
        chance, rounds = random.Random(seed), 0
        try:
            while not stop.is_set():
                number = chance.randint(1, PEOPLE)
                assert Account.objects.get(borrower_id=number).phone == f"138{number:08d}"
                Address.objects.filter(borrower_id=number).update(recipient=f"新{number}")
                assert mall.addresses(borrower_id=number)[0].recipient == f"新{number}"
                file_id = sealed.keep_file(content=b"new", kind="id", media_type="x/y", borrower_id=number)
                assert sealed.open_file(file_id=file_id, borrower_id=number)[0] == b"new"
                sealed.forget_file(file_id=file_id, borrower_id=number)
                rounds += 1
                stop.wait(0.005)  # a load, not a siege
        except Exception as e:
            failures.append(e)
        finally:
            worked.append(rounds)
            connection.close()

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    try:
        for name in ("1", "2", "3"):
            assert begin_rotation()
            rotation.reseal(at_once=7)
            rotation.await_older_transactions()
            rotation.reseal()  # a value that was under way
            retire_key(name)
    finally:
        stop.set()
        for worker in workers:
            worker.join(20)
    assert not failures, failures
    assert all(rounds > 3 for rounds in worked)
    assert key_names(settings) == ["4"]
    assert set(rotation.used_keys()) == {"4"}
    assert SealedFile.objects.count() == len(kept)
