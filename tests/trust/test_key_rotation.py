"""A new key while the product runs: every value stays readable, a rotation cut off goes on, an old key goes last."""

from __future__ import annotations

import json
import random
import threading
from base64 import b64encode

import pytest
from django.db import connection

from fenqi.cli.keys import change_master
from fenqi.config.keys import SealingKeys, names
from fenqi.mall import queries as mall
from fenqi.mall.models import Address
from fenqi.mall.services.addresses import AddressEntry, save_address
from fenqi.people.models import Account
from fenqi.plumbing import clock, data_keys, rotation, sealed
from fenqi.plumbing.models import SealedFile
from fenqi.plumbing.rotation import CannotRetire, begin, retire

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 40


@pytest.fixture(autouse=True)
def as_owner(monkeypatch):
    """
    The rotation works as the owner of the database, as its command does; processes here look at the keys often.

    The keys of the run are put back afterwards: other tests bring back values that were sealed under them.
    """
    monkeypatch.setattr(data_keys, "SEEN_FOR_SECONDS", 0.05)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT name, wrapped, made_at FROM plumbing_datakey")
        before = cursor.fetchall()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM plumbing_datakey")
        cursor.executemany("INSERT INTO plumbing_datakey VALUES (%s, %s, %s)", before)
    connection.close()
    data_keys._Known.keys, data_keys._Known.read_at = {}, 0.0


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


def key_names():
    return [name for name, _wrapped in data_keys.wrapped_keys()]


def test_every_value_moves_and_stays_readable(kept):
    old = key_names()[-1]
    before = rotation.used_keys()
    assert set(before) == {old}
    assert begin()
    *_, beside, new = key_names()
    assert beside == old
    everything_opens(kept)  # half-way: nothing has moved, new values are sealed under the new key
    heard = []
    rotation.reseal(moved=heard.append, at_once=7)
    assert rotation.used_keys() == {new: before[old]}
    assert max(heard) <= 7 and sum(heard) == len(kept) + 2 * PEOPLE
    everything_opens(kept)


def test_to_sm4_and_back(kept):
    for cipher, mark in (("sm4", "sm4"), ("aes", "")):
        assert begin(cipher=cipher)
        rotation.reseal(at_once=30)
        (new,) = rotation.used_keys()
        assert new.rpartition(".")[0] == mark
        everything_opens(kept)


def test_values_of_two_ciphers_are_read_side_by_side(kept):
    class Enough(Exception):
        pass

    def stop(_rows):
        raise Enough

    begin(cipher="sm4")
    with pytest.raises(Enough):
        rotation.reseal(moved=stop, at_once=7)
    assert {name.startswith("sm4.") for name in rotation.used_keys()} == {True, False}
    everything_opens(kept)


def test_a_rotation_cut_off_goes_on_without_another_key(kept):
    class Crash(Exception):
        pass

    batches = []

    def crash(rows):
        batches.append(rows)
        if len(batches) == 5:
            raise Crash

    old = key_names()[-1]
    begin()
    new = key_names()[-1]
    with pytest.raises(Crash):
        rotation.reseal(moved=crash, at_once=7)
    assert set(rotation.used_keys()) == {old, new}
    everything_opens(kept)
    remaining = rotation.left()
    assert remaining == len(kept) + 2 * PEOPLE - sum(batches)

    assert not begin()
    assert rotation.reseal(at_once=7) == remaining
    assert key_names()[-1] == new
    assert set(rotation.used_keys()) == {new}
    everything_opens(kept)


def test_a_row_somebody_holds_is_waited_for_without_standing_in_the_way(kept):
    begin()
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


def test_a_key_is_forgotten_only_when_nothing_is_sealed_under_it(kept):
    old = key_names()[-1]
    with pytest.raises(CannotRetire, match="the key that seals"):
        retire(old)
    begin()
    with pytest.raises(CannotRetire, match=f"still sealed under {old}"):
        retire(old)
    with pytest.raises(CannotRetire, match="no key named 999"):
        retire("999")
    rotation.reseal()
    retire(old)
    assert old not in key_names()
    everything_opens(kept)


class TestMasterKeys:
    """They wrap the data keys and stand outside the database."""

    @pytest.fixture(autouse=True)
    def installation(self, tmp_path, settings, monkeypatch):
        """A file of its own with this run's master key in it."""
        monkeypatch.delenv("FENQI_SECRET_SEALING", raising=False)
        listed = settings.SEALING_KEYS()
        (tmp_path / "secrets.json").write_text(json.dumps({"index": "kept", "sealing": listed}))
        settings.HOME, settings.SEALING_KEYS = tmp_path, SealingKeys(tmp_path, listed)

    def test_a_dump_without_the_master_key_opens_nothing(self, kept, settings):
        other = f"x:{b64encode(bytes(32)).decode()}"
        true, settings.SEALING_KEYS = settings.SEALING_KEYS, lambda: other
        with pytest.raises(sealed.CannotUnseal, match="not given"):
            data_keys.refresh()
        settings.SEALING_KEYS = true
        with connection.cursor() as cursor:
            cursor.execute("SELECT wrapped FROM plumbing_datakey")
            wrapped = b"".join(bytes(row[0]) for row in cursor.fetchall())
        data_keys.refresh()
        assert all(key.material not in wrapped for key in data_keys._Known.keys.values())

    def test_another_one_moves_no_value(self, kept, settings):
        before, under = rotation.used_keys(), data_keys.masters_in_use()
        first, moved, spare = change_master()
        assert (moved, spare) == (len(key_names()), [])
        assert data_keys.masters_in_use() == {first} != under
        assert names(settings.SEALING_KEYS()) == [first]  # nothing was wrapped by the old one any more
        assert rotation.used_keys() == before
        data_keys.refresh()
        everything_opens(kept)

    def test_a_change_cut_off_goes_on_without_another_one(self, settings):
        from fenqi.config.keys import add_sealing_key

        new = add_sealing_key(settings.HOME)
        first, moved, _spare = change_master()
        assert (first, moved) == (new, len(key_names()))

    def test_other_secrets_are_kept_and_the_file_stays_private(self, settings):
        change_master()
        file = settings.HOME / "secrets.json"
        assert json.loads(file.read_text())["index"] == "kept"
        assert file.stat().st_mode & 0o077 == 0

    def test_those_of_the_environment_are_not_changed_here(self, kept, settings, monkeypatch):
        listed = settings.SEALING_KEYS()
        both = f"m2:{b64encode(bytes([7]) * 32).decode()},{listed}"
        monkeypatch.setenv("FENQI_SECRET_SEALING", both)
        settings.SEALING_KEYS = SealingKeys(settings.HOME, both)
        assert change_master() == ("m2", len(key_names()), names(listed))
        data_keys.refresh()
        everything_opens(kept)


def test_a_value_under_way_keeps_its_key(kept):
    """Sealed before the rotation, committed after it: the old key is not forgotten before."""
    from django.db import transaction

    old, written, end = key_names()[-1], threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            Account.objects.create(borrower_id=900, phone="13800000900", opened_at=clock.now())
            written.set()
            end.wait(10)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    written.wait(10)
    begin()
    rotation.reseal()
    threading.Timer(0.5, end.set).start()
    with pytest.raises(CannotRetire, match="2 values are still sealed"):
        retire(old)
    writer.join()
    rotation.reseal()
    retire(old)
    assert Account.objects.get(borrower_id=900).phone == "13800000900"


def test_nothing_fails_under_a_load_of_reads_and_writes(kept):
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
        for cipher in ("sm4", "aes", "sm4", "aes"):
            old = key_names()[-1]
            assert begin(cipher=cipher)
            rotation.reseal(at_once=7)
            rotation.await_older_transactions()
            rotation.reseal()  # a value that was under way
            retire(old)
    finally:
        stop.set()
        for worker in workers:
            worker.join(20)
    assert not failures, failures
    assert all(rounds > 3 for rounds in worked)
    assert set(rotation.used_keys()) == {key_names()[-1]}
    assert SealedFile.objects.count() == len(kept)
