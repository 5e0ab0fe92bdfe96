"""A code opens one door once, for a short while, and only to somebody who does not guess."""

import datetime

import pytest
from django.db import connection

from fenqi.people import refusals, services
from fenqi.people.models import Account, PhoneIndex, SignInCode
from tests.people.fakes import Texts
from tests.support.at_once import at_once

PHONE = "13800001234"


def code_for(phone=PHONE):
    return Texts.last(phone, "people.code")["code"]


def earlier(seconds):
    """The codes sent so far were sent this much earlier."""
    for kept in SignInCode.objects.all():
        kept.sent_at -= datetime.timedelta(seconds=seconds)
        kept.expires_at -= datetime.timedelta(seconds=seconds)
        kept.save()


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


class TestSignIn:
    def test_first_time_opens_an_account_and_later_finds_it(self, shopper):
        first = shopper()
        earlier(61)
        assert shopper() == first
        assert Account.objects.get(borrower_id=first).phone == PHONE

    def test_a_code_works_once(self):
        services.send_code(phone=PHONE)
        services.sign_in(phone=PHONE, code=code_for())
        with pytest.raises(refusals.CodeWrong):
            services.sign_in(phone=PHONE, code=code_for())

    def test_a_newer_code_ends_the_older(self):
        services.send_code(phone=PHONE)
        old = code_for()
        earlier(61)
        services.send_code(phone=PHONE)
        if old != code_for():
            with pytest.raises(refusals.CodeWrong):
                services.sign_in(phone=PHONE, code=old)

    def test_a_code_expires(self):
        services.send_code(phone=PHONE)
        earlier(301)
        with pytest.raises(refusals.CodeWrong):
            services.sign_in(phone=PHONE, code=code_for())

    def test_a_code_of_another_purpose_or_phone_opens_nothing(self):
        services.send_code(phone=PHONE, purpose="bind_card")
        with pytest.raises(refusals.CodeWrong):
            services.sign_in(phone=PHONE, code=code_for())
        with pytest.raises(refusals.CodeWrong):
            services.sign_in(phone="13800009999", code=code_for())

    def test_five_wrong_tries_close_it_even_for_the_right_code(self):
        services.send_code(phone=PHONE)
        right = code_for()
        for _ in range(4):
            with pytest.raises(refusals.CodeWrong):
                services.sign_in(phone=PHONE, code=wrong(right))
        with pytest.raises(refusals.CodeClosed):
            services.sign_in(phone=PHONE, code=wrong(right))
        with pytest.raises(refusals.CodeClosed):
            services.sign_in(phone=PHONE, code=right)
        assert not PhoneIndex.objects.exists()

    def test_neither_phone_nor_code_stands_in_clear(self):
        services.send_code(phone=PHONE)
        services.sign_in(phone=PHONE, code=code_for())
        with connection.cursor() as cursor:
            for table in (
                "people_account",
                "people_signincode",
                "people_phoneindex",
                "people_accountsession",
            ):
                cursor.execute(f"SELECT t::text FROM {table} t")
                rows = str(cursor.fetchall())
                assert PHONE not in rows
                assert PHONE.encode().hex() not in rows
                assert code_for().encode().hex() not in rows


class TestSpeed:
    def test_one_a_minute(self):
        services.send_code(phone=PHONE)
        with pytest.raises(refusals.TooSoon) as caught:
            services.send_code(phone=PHONE)
        assert 0 < caught.value.details["wait_seconds"] <= 60
        assert len(Texts.sent) == 1

    @pytest.mark.parametrize(("gap", "allowed"), [(61, 5), (60 * 13, 10)])
    def test_five_an_hour_ten_a_day(self, gap, allowed):
        sent = 0
        with pytest.raises(refusals.TooSoon):
            for _ in range(12):
                services.send_code(phone=PHONE)
                sent += 1
                earlier(gap)
        assert sent == allowed

    def test_one_address_cannot_ask_for_everybody(self, settings):
        from fenqi.plumbing.models import RuleDatum

        RuleDatum.objects.create(
            name="code_limits_wide",
            valid_from=datetime.date(2026, 1, 1),
            value={"number_day": 40, "address_hour": 3},
        )
        for n in range(3):
            services.send_code(phone=f"1380000000{n}", ip="203.0.113.7")
        with pytest.raises(refusals.TooSoon):
            services.send_code(phone="13800000009", ip="203.0.113.7")
        services.send_code(phone="13800000009", ip="203.0.113.8")

    def test_known_and_unknown_phones_are_answered_alike(self, shopper):
        shopper()
        earlier(61)
        assert services.send_code(phone=PHONE) is services.send_code(phone="13800007777")


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def _run(self, work, times):
        """What each gave, or the name of its refusal."""
        answers = at_once(*[work] * times)
        return [type(one).__name__ if isinstance(one, Exception) else one for one in answers]

    def test_many_requests_at_once_send_one_code(self):
        results = self._run(lambda: services.send_code(phone=PHONE), 6)
        assert results.count("TooSoon") == 5
        assert SignInCode.objects.count() == 1

    def test_many_wrong_tries_at_once_all_count(self):
        services.send_code(phone=PHONE)
        bad = wrong(code_for())
        results = self._run(lambda: services.sign_in(phone=PHONE, code=bad), 8)
        assert results.count("CodeWrong") == 4
        assert results.count("CodeClosed") == 4

    def test_one_code_used_by_two_at_once_opens_once(self):
        services.send_code(phone=PHONE)
        results = self._run(lambda: services.sign_in(phone=PHONE, code=code_for()).borrower_id, 4)
        assert results.count("CodeWrong") == 3
