"""Guessing tells nothing and leads nowhere: phones, order numbers, codes, links."""

from __future__ import annotations

import datetime
import re
import secrets
from itertools import pairwise
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fenqi.people import refusals, services
from fenqi.people.models import SignInCode
from fenqi.plumbing import business_date, rule_data
from fenqi.plumbing.ids import new_number
from tests.people import fakes
from tests.trust import doors, marked

UNKNOWN = "13733334444"
KEYS = re.compile("FROM plumbing_(data|index)key")
UUIDS = ("address", "card", "application", "agreement", "draw")
NUMBERS = ("order", "waiting_order", "loan", "settled")


def without(text: str, *parts: str) -> str:
    for part in parts:
        text = text.replace(part, "…")
    return re.sub(r'(csrfmiddlewaretoken" value|value)="[\w-]{20,}"', "", text)


def work_of(asked: CaptureQueriesContext) -> list[str]:
    """
    The statements of a request in order, without what they were asked for: the same work.

    Every process looks at its keys every two seconds, whoever asks meanwhile.
    """
    said = [one["sql"] for one in asked.captured_queries if not KEYS.search(one["sql"])]
    return [re.sub(r"'[^']*'(::\w+)?|( -)?\b\d+\b", "?", one) for one in said]


class CountingHasher(MD5PasswordHasher):
    """A quick hasher that counts how often a password was worked on."""

    worked = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.worked += 1
        return super().encode(password, salt)


class TestOrderNumbers:
    @pytest.fixture
    def made_up(self, a):
        """Names of things nobody has, in the very shape of those somebody has."""
        names = dict(a.names)
        names |= {key: str(uuid4()) for key in UUIDS}
        names |= {key: new_number(a.names[key][0], business_date.current()) for key in NUMBERS}
        names["reference"] = str(uuid4())
        for key in (*UUIDS, *NUMBERS, "reference"):
            assert len(names[key]) == len(a.names[key]), key
        return names

    @pytest.fixture
    def b(self, b):
        b.get("/me/addresses/")  # the first page after signing in takes the guest's cart along
        return b

    def test_another_s_and_nobody_s_are_answered_alike(self, a, b, made_up):
        """At every address that names a thing, to a signed-in stranger and to a guest, by look and by form, by the same work."""
        different = []
        for address in doors.OWN.values():
            for who, browser in (("a stranger", lambda: b), ("a guest", Client)):
                for post in (False, True):
                    seen = [self.answer(browser(), address, names, post) for names in (a.names, made_up)]
                    if seen[0] != seen[1]:
                        different.append((who, "POST" if post else "GET", address, seen[0][:2], seen[1][:2]))
        assert different == []

    def answer(self, browser, address, names, post):
        place = address.format(**names)
        sent = {key: value.format(**names) for key, value in doors.FORGED.items()} if post else {}
        with CaptureQueriesContext(connection) as asked:
            answer = browser.post(place, sent) if post else browser.get(place)
        told = [names[key] for key in (*UUIDS, *NUMBERS, "reference")]
        body = without(answer.content.decode(), place, *told)
        return answer.status_code, without(answer.get("Location", ""), *told), work_of(asked), body

    def test_numbers_do_not_follow_each_other(self):
        on = datetime.date(2026, 11, 22)
        drawn = {new_number("Q", on) for _ in range(2000)}
        assert len(drawn) == 2000
        tails = sorted(int(number[-9:-1]) for number in drawn)
        assert not any(after - before == 1 for before, after in pairwise(tails[::100]))


class TestPhones:
    def asked(self, phone, address="203.0.113.9"):
        return Client(REMOTE_ADDR=address).post("/sign-in/", {"phone": phone})

    def test_known_and_unknown_have_the_same_limits(self, a):
        """Five an hour, from whatever address, in the same words."""
        SignInCode.objects.all().delete()
        seen = {phone: [] for phone in (marked.PHONE, UNKNOWN)}
        for number in range(7):
            SignInCode.objects.update(sent_at=earlier())
            for phone, answers in seen.items():
                answer = self.asked(phone, f"203.0.113.{number}")
                answers.append((answer.status_code, without(answer.content.decode(), phone, masked(phone))))
        assert seen[marked.PHONE] == seen[UNKNOWN]
        statuses = [status for status, _body in seen[UNKNOWN]]
        assert statuses == [200] * 5 + [429, 429] or statuses == [200] * 5 + [422, 422]

    def test_by_the_same_work(self, a):
        """The statements of a request for a code, and for opening with a wrong one, do not depend on who has an account."""
        done = {}
        for phone in (marked.PHONE, UNKNOWN):
            SignInCode.objects.all().delete()
            with CaptureQueriesContext(connection) as asked:
                self.asked(phone)
                Client().post("/sign-in/code/", {"phone": phone, "code": "000000"})
            done[phone] = work_of(asked)
        assert done[marked.PHONE] == done[UNKNOWN]
        assert len(done[UNKNOWN]) > 5


class TestStaffNames:
    def test_a_name_nobody_has_costs_a_password_too(self, shop, settings):
        settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
        worked = {}
        for name in ("lin", "nobody-here"):
            Client().post("/ops/sign-in/", {"name": name, "password": "warm"})
            before = CountingHasher.worked
            Client().post("/ops/sign-in/", {"name": name, "password": "wrong", "totp": "000000"})
            worked[name] = CountingHasher.worked - before
        assert worked["lin"] == worked["nobody-here"] > 0


def earlier():
    """Two minutes before, so that only the hour's limit counts."""
    return F("sent_at") - datetime.timedelta(minutes=2)


def masked(phone):
    return f"{phone[:3]}****{phone[-4:]}"


class TestCodes:
    def wrong(self, phone, right, address):
        code = f"{(int(right) + secrets.randbelow(10**6 - 1) + 1) % 10**6:06d}"
        return Client(REMOTE_ADDR=address).post("/sign-in/code/", {"phone": phone, "code": code})

    def test_many_addresses_have_five_tries_together(self, a):
        SignInCode.objects.all().delete()
        Client().post("/sign-in/", {"phone": marked.PHONE})
        right = fakes.Texts.last(marked.PHONE, "people.code")["code"]
        answers = [self.wrong(marked.PHONE, right, f"198.51.{number}.7") for number in range(8)]
        assert {answer.status_code for answer in answers} == {422}
        late = Client(REMOTE_ADDR="203.0.113.7").post(
            "/sign-in/code/", {"phone": marked.PHONE, "code": right}
        )
        assert late.status_code == 422  # the owner asks for another one; guessing has ended this one

    def test_a_day_of_guessing_from_everywhere_is_hopeless(self, a):
        """Ten codes of five tries: one chance in twenty thousand a day, however many machines guess."""
        limits = rule_data.value("code_limits", on=business_date.current())
        assert limits["day"] * limits["tries"] / 10**6 <= 1 / 20_000

    def test_step_up_and_card_codes_close_too(self, a):
        SignInCode.objects.all().delete()
        services.send_step_up_code(borrower_id=a.borrower_id, ip="203.0.113.7")
        right = fakes.Texts.last(marked.PHONE, "people.code")["code"]
        wrong = f"{(int(right) + 1) % 10**6:06d}"
        for _ in range(4):
            with pytest.raises(refusals.CodeWrong):
                services.verify_step_up(borrower_id=a.borrower_id, code=wrong)
        for code in (wrong, right):
            with pytest.raises(refusals.CodeClosed):
                services.verify_step_up(borrower_id=a.borrower_id, code=code)


class TestLinks:
    def test_one_changed_character_anywhere_opens_nothing(self, a):
        opened, bodies = [], {}
        before = a.fingerprint()
        for address in doors.KEY.values():
            key = re.search(r"\{(\w+_(?:token|key))\}", address)[1]
            for forged in set(self.forgeries(a.names[key])):
                for post in (False, True):
                    place = address.format(**(a.names | {key: forged}))
                    answer = Client().post(place, {"answer": "accept"}) if post else Client().get(place)
                    if answer.status_code not in {404, 405}:
                        opened.append((place, answer.status_code))
                    elif not post:
                        bodies.setdefault(address, set()).add(without(answer.content.decode(), place, forged))
        assert opened == []
        assert {address: len(said) for address, said in bodies.items() if len(said) != 1} == {}
        assert a.fingerprint() == before

    def forgeries(self, token):
        for at, letter in enumerate(token):
            yield token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
        yield from (
            token[:-1],
            token[1:],
            token + "A",
            token.swapcase(),
            token[::-1],
            secrets.token_urlsafe(32),
        )

    def test_a_link_of_one_kind_is_none_of_another(self, a):
        keys = {key: a.names[key] for key in ("contact_token", "pay_token", "calendar_token", "outcome_key")}
        for address in doors.KEY.values():
            own = re.search(r"\{(\w+_(?:token|key))\}", address)[1]
            for other, value in keys.items():
                if other != own:
                    assert Client().get(address.format(**(a.names | {own: value}))).status_code == 404, (
                        own,
                        other,
                    )
