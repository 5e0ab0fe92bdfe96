"""Staff have a door of their own, and it closes on those who guess."""

import pytest
from django.db import connection

from fenqi.people import queries, refusals, seed, services, totp
from fenqi.people.models import StaffMember
from fenqi.people.passwords import PasswordRefused
from fenqi.people.services.factors import LastFactor
from fenqi.plumbing import clock
from tests.support.staff import totp_code, typed


@pytest.fixture(autouse=True)
def staff(settings, parties):
    # The real hasher takes a tenth of a second on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    seed.load_demo_staff()


def good(name="lin"):
    sent = typed(name)
    return {"name": sent["name"], "password": sent["password"], "totp_code": sent["totp"]}


def without_factor(name="lin"):
    StaffMember.objects.filter(name=name).update(totp_secret="")


def test_comes_in_by_password_and_code():
    member = services.staff_sign_in(**good())
    assert (member.shown_name, member.has_second_factor) == ("林审核", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "x"},
        {"name": "nobody"},
        {"name": ""},
        {"password": ""},
        {"totp_code": ""},
        {"totp_code": "000000"},
    ],
)
def test_never_tells_what_was_wrong(wrong):
    with pytest.raises(refusals.SignInRefused) as caught:
        services.staff_sign_in(**good() | wrong)
    assert str(caught.value) == "账号、密码或动态码不正确。"


def test_locks_after_five_even_for_the_right_password():
    for _ in range(4):
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good() | {"password": "x"})
    with pytest.raises(refusals.LockedOut):
        services.staff_sign_in(**good() | {"password": "x"})
    with pytest.raises(refusals.LockedOut):
        services.staff_sign_in(**good())


def test_a_name_nobody_has_locks_too_so_that_the_lock_tells_nothing():
    said = []
    for name in ("lin", "nobody", "left"):
        for _ in range(6):
            with pytest.raises((refusals.SignInRefused, refusals.LockedOut)) as caught:
                services.staff_sign_in(name=name, password="x")
            said.append((type(caught.value).__name__, str(caught.value)))
    assert said[:6] == said[6:12] == said[12:]
    assert [kind for kind, _words in said[:6]] == ["SignInRefused"] * 4 + ["LockedOut"] * 2


def test_wrong_codes_lock_as_wrong_passwords_do():
    for _ in range(4):
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good() | {"totp_code": "000000"})
    with pytest.raises(refusals.LockedOut):
        services.staff_sign_in(**good() | {"totp_code": "000000"})


def test_a_code_is_spent_and_only_beside_the_right_password():
    sent = good()
    with pytest.raises(refusals.SignInRefused):
        services.staff_sign_in(**sent | {"password": "x"})
    services.staff_sign_in(**sent)
    with pytest.raises(refusals.SignInRefused):
        services.staff_sign_in(**sent)


def test_those_without_a_second_factor_are_told_apart():
    without_factor()
    member = services.staff_sign_in(name="lin", password="review-the-demo")
    assert not member.has_second_factor


def test_the_first_factor_ends_sessions_a_password_alone_had_opened():
    without_factor()
    secret = totp.new_secret()
    before = services.staff_sign_in(name="lin", password="review-the-demo").session_round
    services.set_totp(name="lin", secret=secret, code=totp.code_at(secret, step()))
    assert queries.ways_in("lin").session_round == before + 1
    # A second device is no new beginning.
    other = totp.new_secret()
    services.set_totp(name="lin", secret=other, code=totp.code_at(other, step()))
    assert queries.ways_in("lin").session_round == before + 1


def test_codes_go_off_only_where_a_passkey_stays():
    with pytest.raises(LastFactor):
        services.remove_totp(name="lin")


def step():
    return int(clock.wall().timestamp()) // totp.STEP_SECONDS


class TestRecoveryCodes:
    def test_ten_open_once_each_instead_of_a_code(self):
        codes = services.make_recovery_codes(name="lin")
        assert len(set(codes)) == 10
        services.staff_sign_in(**good() | {"totp_code": codes[0]})
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good() | {"totp_code": codes[0]})
        services.staff_sign_in(**good() | {"totp_code": codes[1].upper().replace("-", " ")})
        assert queries.ways_in("lin").recovery_codes_left == 8

    def test_new_ones_end_the_old_ones(self):
        old = services.make_recovery_codes(name="lin")
        services.make_recovery_codes(name="lin")
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good() | {"totp_code": old[0]})

    def test_are_ones_own_and_not_used_up_by_a_wrong_password(self):
        codes = services.make_recovery_codes(name="lin")
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good("zhou") | {"totp_code": codes[0]})
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good() | {"totp_code": codes[0], "password": "x"})
        assert queries.ways_in("lin").recovery_codes_left == 10

    def test_stand_nowhere_in_clear(self):
        codes = services.make_recovery_codes(name="lin")
        with connection.cursor() as cursor:
            cursor.execute("SELECT t::text FROM people_recoverycode t")
            kept = str(cursor.fetchall())
        assert not any(code in kept or code.encode().hex() in kept for code in codes)


class TestPasswords:
    @pytest.mark.parametrize(
        ("password", "words"),
        [
            ("kurz", "至少 12 位"),
            ("p" * 201, "最多 200 位"),
            ("password1234!", "泄露名单"),
            ("aaaaaaaaaaaaaa", "泄露名单"),
            ("lin-fenqi-2026", "剩下的太短"),
        ],
    )
    def test_what_is_guessed_first_is_refused(self, password, words):
        with pytest.raises(PasswordRefused) as caught:
            services.change_password(
                name="lin", old="review-the-demo", totp_code=totp_code("lin"), password=password
            )
        assert words in str(caught.value)

    def test_changing_asks_for_the_old_one_and_the_code(self):
        for wrong in ({"old": "x"}, {"totp_code": "000000"}):
            facts = {"name": "lin", "old": "review-the-demo", "totp_code": totp_code("lin")} | wrong
            with pytest.raises(refusals.SignInRefused):
                services.change_password(**facts, password="vier weisse Kraniche")

    def test_the_new_one_opens_the_old_one_does_not_and_sessions_end(self):
        before = queries.ways_in("lin").session_round
        after = services.change_password(
            name="lin",
            old="review-the-demo",
            totp_code=totp_code("lin"),
            password="vier weisse Kraniche",
        )
        assert after == before + 1
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**good())
        services.staff_sign_in(**good() | {"password": "vier weisse Kraniche"})

    def test_not_the_same_again(self):
        with pytest.raises(PasswordRefused):
            services.change_password(
                name="lin", old="review-the-demo", totp_code=totp_code("lin"), password="review-the-demo"
            )


def test_those_who_left_do_not_come_in():
    StaffMember.objects.filter(name="lin").update(is_active=False)
    with pytest.raises(refusals.SignInRefused):
        services.staff_sign_in(**good())


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924")],
)
def test_vectors_of_rfc_6238(seconds, code):
    import base64

    secret = base64.b32encode(b"12345678901234567890").decode()
    assert totp.code_at(secret, seconds // 30) == code
