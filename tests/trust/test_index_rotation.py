"""A new key of blind indexes while the product runs: everybody is found, nobody is there twice, what was cut off goes on."""

from __future__ import annotations

import random
import threading
from base64 import b64encode

import pytest
from django.db import IntegrityError, connection, transaction

from fenqi.people import refusals
from fenqi.people.models import Account, BankCard, CardStatus, ContactNaming, PhoneIndex, SignInCode
from fenqi.people.queries import find_borrower_by_phone
from fenqi.people.services import send_code
from fenqi.people.services.accounts import _account_of
from fenqi.people.services.codes import phone_index
from fenqi.plumbing import business_date, clock, data_keys, index_keys, index_rotation, sealed
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.index_rotation import SpreadOut
from fenqi.plumbing.rotation import CannotRetire, StillOpen
from tests.support.at_once import at_once, held_up

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 60


def phone(number: int) -> str:
    return f"138{number:08d}"


@pytest.fixture(autouse=True)
def as_owner(monkeypatch, sent_texts):
    """As the command does; processes here look at the keys often. Afterwards there is the first key again and nothing else."""
    monkeypatch.setattr(data_keys, "SEEN_FOR_SECONDS", 0.05)
    business_date.start(clock.wall().date())
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM plumbing_indexmoved")
        cursor.execute("DELETE FROM plumbing_indexkey WHERE name <> 'i0'")
        cursor.execute("UPDATE plumbing_indexkey SET retired_at = NULL")
    connection.close()
    index_keys._Known.keys, index_keys._Known.read_at = None, 0.0


@pytest.fixture
def sent_texts(monkeypatch):
    from fenqi.plumbing import ports

    class Texts:
        def send_to_phone(self, **_said):
            pass

    monkeypatch.setattr(ports, "get", lambda _name: Texts())


@pytest.fixture
def kept():
    """People with a phone, a card whose number stands nowhere, and a contact they named: three tables, three shapes of key."""
    for number in range(1, PEOPLE + 1):
        opened = _account_of(phone(number))
        BankCard.objects.create(
            borrower_id=opened.borrower_id,
            id=new_id(),
            number_index=sealed.blind_index(f"622200000000{number:04d}", purpose="card"),
            phone=phone(number),
            tail=f"{number:04d}",
            status=CardStatus.ACTIVE,
            asked_at=clock.wall(),
        )
        ContactNaming.objects.create(
            phone_index=phone_index(phone(number % 7 + 500)),
            borrower_id=opened.borrower_id,
            named_at=clock.now(),
        )


INDEXES = 3 * PEOPLE


def everybody_is_found():
    for number in range(1, PEOPLE + 1):
        borrower_id = find_borrower_by_phone(phone(number))
        assert Account.objects.get(borrower_id=borrower_id).phone == phone(number)
        card = sealed.blind_index(f"622200000000{number:04d}", purpose="card")
        assert BankCard.objects.get(borrower_id=borrower_id, number_index=card).tail == f"{number:04d}"
    for contact in range(7):
        found = ContactNaming.objects.filter(phone_index__in=[phone_index(phone(contact + 500))])
        assert found.count() == sum(number % 7 == contact for number in range(1, PEOPLE + 1))
    assert PhoneIndex.objects.count() == Account.objects.count()


def of_phones() -> set[bytes]:
    return {bytes(index) for index in PhoneIndex.objects.values_list("phone_index", flat=True)}


class Cut(Exception):
    pass


def cut_after(steps):
    heard = []

    def hear(rows):
        heard.append(rows)
        if len(heard) == steps:
            raise Cut

    return hear


def half_way():
    index_rotation.begin()
    with pytest.raises(Cut):
        index_rotation.move(moved=cut_after(110), rows_a_step=1)
    assert 0 < index_rotation.left() < INDEXES


def test_everything_moves_and_everybody_is_found_all_the_way(kept):
    before = of_phones()
    name = index_rotation.begin()
    everybody_is_found()  # nothing has moved
    assert index_rotation.used_keys() == {"i0": INDEXES, name: 0}
    heard = []
    assert index_rotation.move(moved=heard.append, rows_a_step=10) == sum(heard) == INDEXES
    assert len(heard) > 5
    assert index_rotation.used_keys() == {"i0": 0, name: INDEXES}
    assert of_phones().isdisjoint(before)
    everybody_is_found()


def test_once_more(kept):
    for name in ("i1", "i2"):
        assert index_rotation.begin() == name
        index_rotation.move()
        everybody_is_found()
        assert index_rotation.used_keys()[name] == INDEXES


def test_who_knows_the_old_key_alone_finds_nobody(kept):
    index_rotation.begin()
    index_rotation.move()
    guessed = {index_keys.first_index(phone(number), purpose="phone") for number in range(1, PEOPLE + 1)}
    standing = of_phones()
    assert len(guessed) == len(standing)
    assert not any(one in another for one in guessed for another in standing)


def test_a_rotation_cut_off_goes_on_under_the_same_key(kept):
    half_way()
    everybody_is_found()
    left = index_rotation.left()
    assert index_rotation.begin() == "i1"
    assert index_rotation.move() == left
    assert index_rotation.used_keys() == {"i0": 0, "i1": INDEXES}
    assert index_rotation.move() == 0
    everybody_is_found()


class TestNobodyIsThereTwice:
    def test_half_way(self, kept):
        """Phones that have moved and phones that have not: signing in finds the account there is."""
        half_way()
        for number in range(1, PEOPLE + 1):
            assert not _account_of(phone(number)).is_new
        assert {_account_of(phone(number)).is_new for number in range(200, 230)} == {True}
        assert {_account_of(phone(number)).is_new for number in range(200, 230)} == {False}
        index_rotation.move()
        assert {_account_of(phone(number)).is_new for number in range(200, 230)} == {False}
        everybody_is_found()

    def test_the_database_says_so_too(self, kept):
        """Written past every look-up, and by a process that computed the index before anything moved."""
        computed = [phone_index(phone(number)) for number in range(1, PEOPLE + 1)]
        half_way()
        for index in computed:
            with pytest.raises(IntegrityError), transaction.atomic():
                PhoneIndex.objects.create(phone_index=index, borrower_id=1)

    def test_an_index_computed_before_the_rotation_ended_still_finds(self, kept):
        computed = {number: phone_index(phone(number)) for number in range(1, PEOPLE + 1)}
        half_way()
        index_rotation.move()
        for number, index in computed.items():
            [found] = PhoneIndex.objects.filter(phone_index=index)
            assert found.borrower_id == _account_of(phone(number)).borrower_id
            assert not PhoneIndex.objects.get_or_create(phone_index=index, defaults={"borrower_id": 1})[1]

    def test_while_buckets_move_under_many_hands(self, kept):
        """The same new phones, by many at once, in the middle of the move."""
        stop, opened, failures = threading.Event(), [], []

        def register(seed):
            chance = random.Random(seed)
            try:
                while not stop.is_set():
                    number = chance.randint(1, 400)
                    opened.append((number, _account_of(phone(number)).borrower_id))
                    stop.wait(0.003)  # a load, not a siege
            except Exception as e:
                failures.append(e)
            finally:
                connection.close()

        hands = [threading.Thread(target=register, args=(seed,)) for seed in range(4)]
        for hand in hands:
            hand.start()
        try:
            for _round in range(2):
                index_rotation.begin()
                index_rotation.move(rows_a_step=10)
        finally:
            stop.set()
            for hand in hands:
                hand.join(20)
        assert not failures, failures
        assert len(opened) > 100
        assert len(set(opened)) == len({number for number, _borrower in opened})
        assert len(of_phones()) == PhoneIndex.objects.count() == Account.objects.count()
        assert set(index_rotation.used_keys()) == {"i0", "i1", "i2"}
        assert index_rotation.used_keys()["i2"] == 2 * PEOPLE + PhoneIndex.objects.count()
        everybody_is_found()

    def test_a_code_is_sent_once_however_many_ask_in_the_middle(self, kept):
        half_way()
        for number in range(300, 305):

            def ask(number=number):
                try:
                    send_code(phone=phone(number))
                    return True
                except refusals.TooSoon:
                    return False

            assert sorted(at_once(ask, ask, ask)) == [False, False, True]
        assert SignInCode.objects.count() == 5


def test_a_bucket_somebody_writes_in_waits_and_nothing_else_does(kept):
    index_rotation.begin()
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            _account_of(phone(900))  # new: its bucket stays until we are done
            PhoneIndex.objects.select_for_update().get(phone_index=phone_index(phone(1)))
            held.set()
            done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(1.5, done.set).start()
    index_rotation.move(rows_a_step=10)
    assert done.is_set()
    holder.join()
    assert index_rotation.used_keys()["i0"] == 0
    assert not _account_of(phone(900)).is_new


def test_who_began_before_is_waited_for(kept):
    """A transaction that does not know of the new key yet, though it has only read so far."""
    begun, done = threading.Event(), threading.Event()

    def read():
        with transaction.atomic():
            find_borrower_by_phone(phone(1))
            begun.set()
            done.wait(20)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    begun.wait(10)
    with pytest.raises(StillOpen):
        index_rotation.await_open_transactions(seconds=0.3)
    threading.Timer(0.5, done.set).start()
    index_rotation.begin()
    assert done.is_set()
    reader.join()


def test_an_old_key_is_retired_when_all_has_moved(kept):
    def signed():
        return index_keys.marks("L1", purpose="calendar")

    (old,) = signed()
    index_rotation.begin()
    assert signed() == [old]
    with pytest.raises(CannotRetire, match="newest"):
        index_rotation.retire("i0")
    index_rotation.move()
    new, still = signed()
    assert still == old
    with pytest.raises(CannotRetire, match="no index key named i9"):
        index_rotation.retire("i9")
    index_rotation.retire("i0")
    assert signed() == [new]
    everybody_is_found()


def test_a_cluster_spread_by_indexes_is_told_so():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE pg_dist_partition ()")
    with pytest.raises(SpreadOut):
        index_rotation.begin()
    assert index_keys.refresh().coming is None


class TestWhileABucketIsUnderWay:
    """Whoever comes meanwhile waits, and then sees what stands."""

    @pytest.fixture
    def moving(self, kept):
        index_rotation.begin()
        keys = index_keys.known()
        return lambda: index_rotation._move_buckets(0, 255, keys.stand[-1], keys.coming)

    def test_a_row_waited_for_is_found_under_its_new_index(self, moving):
        before = find_borrower_by_phone(phone(1))

        @transaction.atomic
        def want():
            return PhoneIndex.objects.select_for_update().get(phone_index=phone_index(phone(1))).borrower_id

        assert held_up(want, by=moving) == before

    def test_a_new_one_is_written_under_the_new_key(self, moving):
        assert held_up(lambda: _account_of(phone(900)), by=moving).is_new
        assert index_rotation.used_keys() == {"i0": 0, "i1": INDEXES + 1}
        assert not _account_of(phone(900)).is_new


def test_a_new_master_key_takes_the_index_keys_along(kept, settings):
    index_rotation.begin()
    index_rotation.move()
    old, other = settings.SEALING_KEYS(), f"m2:{b64encode(bytes([7]) * 32).decode()}"
    settings.SEALING_KEYS = lambda: f"{other},{old}"
    try:
        assert data_keys.rewrap() == 2  # the data key of the run, and i1
        settings.SEALING_KEYS = lambda: other
        index_keys._Known.keys = None
        everybody_is_found()
    finally:
        settings.SEALING_KEYS = lambda: f"{old},{other}"
        data_keys.rewrap()


def test_a_second_rotation_at_once_makes_no_second_key(kept):
    index_keys.add()
    with pytest.raises(IntegrityError), transaction.atomic():
        index_keys.add()


def test_a_code_sent_before_opens_after(kept):
    from fenqi.people.services.codes import _hash

    code_id = new_id()
    before = _hash(code_id, "123456")
    index_rotation.begin()
    index_rotation.move()
    assert index_keys.is_same(before, _hash(code_id, "123456")) is False  # it stands nowhere any more
    assert index_keys.is_same(_hash(code_id, "123456"), before)
    assert not index_keys.is_same(_hash(code_id, "123456"), _hash(code_id, "123457"))
