"""Staff have a door of their own, and it closes on those who guess."""

import pytest

from fenqi.people import refusals, seed, services, totp
from fenqi.people.models import StaffMember

GOOD = {"name": "lin", "password": "review-the-demo"}


@pytest.fixture(autouse=True)
def staff(settings, parties):
    # The real hasher takes a tenth of a second on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    seed.load_demo_staff()


def test_comes_in_with_roles():
    member = services.staff_sign_in(**GOOD)
    assert (member.shown_name, member.roles) == ("林审核", ["reviewer"])


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"name": "nobody"}, {"name": ""}, {"password": ""}])
def test_never_tells_what_was_wrong(wrong):
    with pytest.raises(refusals.SignInRefused) as caught:
        services.staff_sign_in(**GOOD | wrong)
    assert str(caught.value) == "账号、密码或动态码不正确。"


def test_locks_after_five_even_for_the_right_password():
    for _ in range(4):
        with pytest.raises(refusals.SignInRefused):
            services.staff_sign_in(**GOOD | {"password": "x"})
    with pytest.raises(refusals.LockedOut):
        services.staff_sign_in(**GOOD | {"password": "x"})
    with pytest.raises(refusals.LockedOut):
        services.staff_sign_in(**GOOD)


def test_a_second_factor_is_asked_for_and_spent(settings):
    from fenqi.plumbing import clock

    secret = totp.new_secret()
    step = int(clock.wall().timestamp()) // totp.STEP_SECONDS
    services.set_totp(name="lin", secret=secret, code=totp.code_at(secret, step - 1))
    with pytest.raises(refusals.SignInRefused):
        services.staff_sign_in(**GOOD)
    code = totp.code_at(secret, step)
    services.staff_sign_in(**GOOD, totp_code=code)
    with pytest.raises(refusals.SignInRefused):
        services.staff_sign_in(**GOOD, totp_code=code)


def test_those_who_left_do_not_come_in():
    StaffMember.objects.filter(name="lin").update(is_active=False)
    with pytest.raises(refusals.SignInRefused):
        services.staff_sign_in(**GOOD)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924")],
)
def test_vectors_of_rfc_6238(seconds, code):
    import base64

    secret = base64.b32encode(b"12345678901234567890").decode()
    assert totp.code_at(secret, seconds // 30) == code
