"""
What sealing costs a request: seconds in ciphers and blind indexes against the whole request, on the pages with the most personal data.

    python bench/seal.py [--quick]

Brings up PostgreSQL and the sandbox, makes shoppers with everything a person can have, and asks the pages through Django in this
process, without the server around them: so the share is the largest it can be. The clock of the ciphers runs inside the same request.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._report import report
from bench.pages import prepare
from fenqi.cli import stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

SHARE_AIM = 0.10
ADDRESSES = 10


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 40 if parser.parse_args().quick else 300
    with tempfile.TemporaryDirectory(prefix="fenqi-bench-") as folder, stack.running(Path(folder)) as running:
        prepare(running)
        pages: dict[str, tuple[float, float, int]] = {}
        for cipher in ("aes", "sm4"):
            use(cipher)
            pages |= {f"{name}_{cipher}": seen for name, seen in measured(rounds).items()}
        single = values()
    shares = {name: inside / whole for name, (inside, whole, _calls) in pages.items()}
    worst = max(shares, key=lambda name: shares[name])
    report(
        "seal",
        ratios={"seal_share_of_page": (shares[worst], SHARE_AIM)},
        worst_page=worst,
        shares={name: round(share, 4) for name, share in shares.items()},
        request_milliseconds={name: round(1000 * whole, 2) for name, (_in, whole, _calls) in pages.items()},
        sealing_microseconds={
            name: round(1e6 * inside, 1) for name, (inside, _whole, _calls) in pages.items()
        },
        calls={name: calls for name, (_in, _whole, calls) in pages.items()},
        value_microseconds=single,
    )


class Clock:
    """The seconds and calls of everything it was put around."""

    def __init__(self) -> None:
        self.seconds, self.calls = 0.0, 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began
                self.calls += 1

        return timed


@contextmanager
def clocked() -> Iterator[Clock]:
    """Run a clock in every cipher and blind index while the body works."""
    from fenqi.plumbing import ciphers, sealed

    clock = Clock()
    places = [(ciphers.Key, "seal"), (ciphers.Key, "unseal"), (sealed, "blind_index")]
    before = [getattr(owner, name) for owner, name in places]
    for (owner, name), function in zip(places, before, strict=True):
        setattr(owner, name, clock.around(function))
    try:
        yield clock
    finally:
        for (owner, name), function in zip(places, before, strict=True):
            setattr(owner, name, function)


def use(cipher: str) -> None:
    """Everything is sealed under this cipher from now on."""
    from fenqi.plumbing import rotation

    rotation.begin(cipher=cipher)
    rotation.reseal()


def measured(rounds: int) -> dict[str, tuple[float, float, int]]:
    """By page: median seconds in ciphers, median seconds of the request, calls of one request."""
    owner, browser = a_person()
    address = next(iter(addresses(owner)))
    place = {
        "phone": "13800138000",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "street": "文三路 90 号",
    }
    asked: dict[str, Callable[[int], Any]] = {
        "account": lambda _turn: browser.get("/me/"),
        "my_data": lambda _turn: browser.get("/me/privacy/"),
        "addresses": lambda _turn: browser.get("/me/addresses/"),
        "address_post": lambda turn: browser.post(
            f"/me/addresses/{address}/", {"recipient": f"李雷{'甲乙'[turn % 2]}", **place}
        ),
    }
    found = {name: one(ask, rounds) for name, ask in asked.items()}
    few = max(8, rounds // 12)
    for name, files in (("identity_post", {}), ("identity_photos_post", photos())):
        people = iter([signed_in(a_borrower()) for _ in range(few + 3)])
        found[name] = one(lambda _turn, people=people, files=files: submit_identity(next(people), files), few)
    return found


def one(ask: Callable[[int], Any], rounds: int) -> tuple[float, float, int]:
    inside, whole, calls = [], [], 0
    for turn in range(rounds + 3):
        with clocked() as clock:
            began = time.perf_counter()
            answer = ask(turn)
            took = time.perf_counter() - began
        assert answer.status_code in (200, 302), f"{answer.status_code}: {answer.content[:300]!r}"
        if turn >= 3:  # the first few fill caches and connections
            inside.append(clock.seconds)
            whole.append(took)
            calls = clock.calls
    return statistics.median(inside), statistics.median(whole), calls


_phones = iter(range(13_900_000_001, 13_999_999_999))


def a_borrower() -> int:
    from fenqi.people.models import Account, PhoneIndex
    from fenqi.people.services.codes import phone_index
    from fenqi.plumbing import clock
    from fenqi.plumbing.ids import new_borrower_id

    phone, borrower_id = str(next(_phones)), new_borrower_id()
    Account.objects.create(borrower_id=borrower_id, phone=phone, opened_at=clock.now())
    PhoneIndex.objects.create(phone_index=phone_index(phone), borrower_id=borrower_id)
    return borrower_id


def signed_in(borrower_id: int) -> Client:
    from django.conf import settings
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import Client

    from fenqi.plumbing import clock

    session = SessionStore()
    session["borrower_id"], session["signed_in_at"] = borrower_id, clock.wall().isoformat()
    session.create()
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return browser


def a_person() -> tuple[int, Client]:
    """Identified, with a contact, consents, addresses: (borrower id, browser)."""
    from fenqi.mall import services as mall
    from fenqi.mall.services.addresses import AddressEntry
    from fenqi.people import services as people

    borrower_id = a_borrower()
    browser = signed_in(borrower_id)
    assert submit_identity(browser, {}).status_code == 302
    people.name_contact(borrower_id=borrower_id, name="李芳", relationship="spouse", phone="13700001111")
    for number in range(ADDRESSES):
        entry = AddressEntry(
            recipient=f"收件人{number}",
            phone="13800138000",
            province="浙江省",
            city="杭州市",
            district="西湖区",
            street=f"文三路 {number} 号",
        )
        mall.save_address(borrower_id=borrower_id, entry=entry)
    return borrower_id, browser


def addresses(borrower_id: int) -> list[Any]:
    from fenqi.mall import queries

    return [one.id for one in queries.addresses(borrower_id=borrower_id)]


_births = iter(range(100, 999))


def submit_identity(browser: Client, files: dict[str, bytes]) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from fenqi.people.id_number import check_character

    first = f"11010519900307{next(_births):03d}"
    typed = {
        "real_name": "王小明",
        "id_number": first + check_character(first),
        "valid_until": "2036-05-01",
        "is_student": "no",
        "method": "photos" if files else "face",
        "agree_identity": "1",
        "agree_face": "1",
        "agree_lender_sharing": "1",
        "agree_bureau_query": "1",
        "agree_bureau_reporting": "1",
    }
    uploads = {
        name: SimpleUploadedFile(f"{name}.jpg", content, "image/jpeg") for name, content in files.items()
    }
    return browser.post("/checkout/identity/", typed | uploads)


def photos() -> dict[str, bytes]:
    """Two photos as a phone takes them."""
    from PIL import Image

    made = io.BytesIO()
    Image.effect_noise((2400, 1600), 60).convert("RGB").save(made, "JPEG", quality=85)
    return {"front": made.getvalue(), "back": made.getvalue()}


def values() -> dict[str, float]:
    """Microseconds to seal and open one name, and one photo of a megabyte, by each cipher; and one blind index."""
    from fenqi.plumbing import ciphers, sealed

    found = {"blind_index": _best(lambda: sealed.blind_index("13800138000", purpose="phone"))}
    for cipher in ("aes", "sm4"):
        key = ciphers.Key("1" if cipher == "aes" else "sm4.1", ciphers.new_material(cipher))
        for size, plain in (("name", "王小明".encode()), ("megabyte", bytes(1_000_000))):
            kept = key.seal(plain, context="people_identity.real_name")
            found[f"{cipher}_seal_{size}"] = _best(
                lambda k=key, p=plain: k.seal(p, context="people_identity.real_name")
            )
            found[f"{cipher}_open_{size}"] = _best(
                lambda k=key, v=kept: k.unseal(v, context="people_identity.real_name")
            )
    return found


def _best(work: Callable[[], Any], rounds: int = 200) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return round(1e6 * min(took), 1)


if __name__ == "__main__":
    main()
