"""A shopper with a bound card, and the channel on the other side."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

import pytest

from fenqi.adapters.channel import Channel
from fenqi.people.models import Account, BankCard
from fenqi.plumbing import business_date, clock
from fenqi.plumbing.ids import new_borrower_id, new_id
from tests.support.sandbox import CARDS

TODAY = datetime.date(2026, 11, 22)


@dataclass(frozen=True)
class Shopper:
    borrower_id: int
    phone: str
    number: str
    card_id: UUID


@pytest.fixture
def shopper(sandbox, transactional_db):
    """shopper(fen) has a bound card that holds this much."""
    business_date.start(TODAY)

    def make(fen: int = 100_000, *, index: int = 0) -> Shopper:
        borrower_id, card_id = new_borrower_id(), new_id()
        phone, number = f"1380000000{index}", CARDS[index]
        answer = Channel().check_card(
            reference=f"card-{card_id}",
            holder_name="王小明",
            id_number="11010519491231002X",
            card_number=number,
            phone=phone,
        )
        Account.objects.create(borrower_id=borrower_id, phone=phone, opened_at=clock.now())
        BankCard.objects.create(
            borrower_id=borrower_id,
            id=card_id,
            number=number,
            number_index=bytes(32),
            phone=phone,
            tail=number[-4:],
            bank=answer.bank,
            status="active",
            serial=answer.serial,
            asked_at=clock.now(),
            bound_at=clock.now(),
        )
        sandbox.set_balance(number, fen)
        return Shopper(borrower_id, phone, number, card_id)

    return make
