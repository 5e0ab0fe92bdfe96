"""Half a year of repaying: a debit, a failed debit, an overdue bill, a return, paying early and settling early."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fenqi.cli.story.desk import at_desk
from fenqi.cli.story.shopping import BAND_FEN, PER_PERIOD_FEN, card_method
from fenqi.cli.story.world import StoryDiffers, expect, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.cli.story.world import World

PLENTY_FEN = 1_000_000
LITTLE_FEN = 10_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """An installment as the page shows it; `fen` is what is still to pay, or was paid."""

    number: int
    due_on: datetime.date
    fen: int
    state: str


def rows(world: World) -> list[Row]:
    """The installments of the order in front of the shopper."""
    world.shopper.open(world.known["order"])
    return [
        Row(
            number=int(str(row["data-number"])),
            due_on=datetime.date.fromisoformat(str(row["data-due-on"])),
            fen=int(str(row["data-fen"])),
            state=str(row["data-state"]),
        )
        for row in world.shopper.page.select('[data-role="installment"]')
    ]


def row(world: World, number: int) -> Row:
    return next(one for one in rows(world) if one.number == number)


def owed(world: World) -> int:
    """What the order page says is still owed."""
    world.shopper.open(world.known["order"])
    page = world.shopper
    return page.fen("loan-outstanding") if page.has('[data-role="loan-outstanding"]') else 0


def advance(world: World, to: datetime.date) -> None:
    """Staff move the business date from the time bar; every day in between is closed properly."""
    if to <= world.today:
        return
    at_desk(world).submit("time-bar", to=to.isoformat(), button="to")
    until(f"the business date {to}", lambda: world.today >= to)


def pay(world: World, address: str, *, choice: str, form: str = "repay-confirm") -> int:
    """Repay with the bound card, seeing the preview first; gives the amount."""
    page = world.shopper
    page.open(address)
    page.submit("repay-form", choice=choice)
    amount_fen, left_fen = page.fen("repay-amount"), page.fen("repay-left")
    before = world.sandbox.balance(world.card)
    page.submit(form, method=card_method(world.shopper, world.card))
    wait_for_payment(world)
    expect("the account fell by the amount shown", before - world.sandbox.balance(world.card), amount_fen)
    until("what is left is what the preview said", lambda: owed(world) == left_fen)
    return amount_fen


def wait_for_payment(world: World) -> None:
    """The outcome page refreshes itself until the channel has answered."""
    page = world.shopper
    address = page.url

    def done() -> bool:
        if page.find('[data-role="payment-state"]')["data-state"] == "succeeded":
            return True
        page.open(address)
        return False

    until("the payment", done)


def first_debit(world: World) -> None:
    """Period 1 is debited on its due date, to the fen."""
    first = row(world, 1)
    expect("first installment", first.fen, PER_PERIOD_FEN)
    before = world.sandbox.balance(world.card)
    advance(world, first.due_on + datetime.timedelta(days=1))
    until("period 1 paid", lambda: row(world, 1).state == "paid")
    expect("debited", before - world.sandbox.balance(world.card), PER_PERIOD_FEN)
    world.note("period 1 is debited on the due date", amount_fen=PER_PERIOD_FEN, owed_fen=owed(world))


def second_debit_fails(world: World) -> None:
    """Debit 2 finds too little; the shopper is told and pays by hand next day, within grace and without penalty."""
    second = row(world, 2)
    advance(world, second.due_on)
    world.sandbox.set_balance(world.card, LITTLE_FEN)
    seen = len(world.sandbox.texts(world.phone))
    advance(world, second.due_on + datetime.timedelta(days=1))
    world.sandbox.newest(world.phone, "(没有成功)", after=seen)
    expect("nothing was taken", world.sandbox.balance(world.card), LITTLE_FEN)
    world.note("debit 2 fails: too little in the account; a message says so", owed_fen=owed(world))
    world.sandbox.set_balance(world.card, PLENTY_FEN)
    paid = pay(world, f"{world.known['order']}repay/", choice="due")
    expect("no penalty within grace", paid, PER_PERIOD_FEN)
    world.note("pays period 2 by hand within grace, no penalty", amount_fen=paid, owed_fen=owed(world))


def third_is_overdue(world: World) -> None:
    """Period 3 is missed for 12 days: reminders, penalty, days past due; then it is cured."""
    third = row(world, 3)
    advance(world, third.due_on)
    world.sandbox.set_balance(world.card, LITTLE_FEN)
    seen = len(world.sandbox.texts(world.phone))
    mails = len(world.sandbox.texts(world.known["email"], "email"))
    advance(world, third.due_on + datetime.timedelta(days=12))
    page = world.shopper.open(world.known["order"])
    expect("days past due", page.find('[data-role="days-past-due"]')["data-days"], "12")
    penalty_fen = page.fen("penalty")
    if penalty_fen <= 0:
        raise StoryDiffers("no penalty is shown after 12 days")
    reminders = len(world.sandbox.texts(world.phone)) - seen
    if reminders < 3 or len(world.sandbox.texts(world.known["email"], "email")) <= mails:
        raise StoryDiffers(f"{reminders} reminders by SMS, and by e-mail too few")
    world.note(
        f"period 3 is 12 days late: {reminders} reminders, penalty",
        amount_fen=penalty_fen,
        owed_fen=owed(world),
    )
    world.sandbox.set_balance(world.card, PLENTY_FEN)
    paid = pay(world, f"{world.known['order']}repay/", choice="due")
    expect("bill and penalty", paid, PER_PERIOD_FEN + penalty_fen)
    page = world.shopper.open(world.known["order"])
    if page.has('[data-role="days-past-due"]'):
        raise StoryDiffers("the loan is still overdue after it was paid")
    world.note("pays bill and penalty; the loan is cured", amount_fen=paid, owed_fen=owed(world))


def return_the_band(world: World) -> None:
    """The band has a fault: it goes back and its price returns to the account; the phone's loan is untouched."""
    page = world.shopper.open(world.known["order"])
    before, owed_before = world.sandbox.balance(world.card), owed(world)
    page.follow("申请退货")
    line = next(
        box["value"]
        for box in page.page.select("form#return-form input[name=line]")
        if "手环" in box.find_parent("li").get_text()
    )
    page.submit("return-form", button="preview", line=line, kind="defective", reason="屏幕有一条亮线")
    expect("refund previewed", page.fen("return-refund"), BAND_FEN)
    page.submit("return-form", button="submit", line=line, kind="defective", reason="屏幕有一条亮线")
    until("the refund", lambda: world.sandbox.balance(world.card) == before + BAND_FEN)
    expect("the loan is untouched", owed(world), owed_before)
    world.note("returns the band and gets its price back", amount_fen=BAND_FEN, owed_fen=owed_before)


def pay_ahead(world: World) -> None:
    """Period 4 is paid before its due date."""
    fourth = row(world, 4)
    advance(world, fourth.due_on - datetime.timedelta(days=5))
    paid = pay(world, f"{world.known['order']}repay/", choice="next")
    expect("one installment", paid, PER_PERIOD_FEN)
    expect("period 4", row(world, 4).state, "paid")
    world.note("pays period 4 ahead of its date", amount_fen=paid, owed_fen=owed(world))


def settle_early(world: World) -> None:
    """Everything is paid off, and what is saved is what the preview said."""
    fifth = row(world, 5)
    advance(world, fifth.due_on + datetime.timedelta(days=9))
    until("period 5 debited", lambda: row(world, 5).state == "paid")
    by_schedule = sum(one.fen for one in rows(world) if one.state != "paid")
    page = world.shopper.open(f"{world.known['order']}settle/")
    amount_fen, saved_fen = page.fen("settle-amount"), page.fen("settle-saved")
    expect("saved against paying by schedule", saved_fen, by_schedule - amount_fen)
    before = world.sandbox.balance(world.card)
    page.submit("settle-confirm", method=card_method(world.shopper, world.card))
    wait_for_payment(world)
    expect("paid", before - world.sandbox.balance(world.card), amount_fen)
    until("the loan settled", lambda: owed(world) == 0)
    world.shopper.sees("已结清")
    world.note(
        f"settles early and saves ¥{saved_fen // 100}.{saved_fen % 100:02d}",
        amount_fen=amount_fen,
        owed_fen=0,
    )


STEPS: list[Callable[[World], None]] = [
    first_debit,
    second_debit_fails,
    third_is_overdue,
    return_the_band,
    pay_ahead,
    settle_early,
]
