"""Afterwards: a second purchase whose last bills are paid through the new entry, standby cash, and the books."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from fenqi.cli.story.repaying import (
    PLENTY_FEN,
    advance,
    owed,
    pay,
    row,
    rows,
    wait_for_payment,
)
from fenqi.cli.story.shopping import card_method, choose_plan, confirm_and_wait, prove_again, read_and_agree
from fenqi.cli.story.world import StoryDiffers, command, expect, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.cli.story.browser import Browser
    from fenqi.cli.story.world import World

WATCH_FEN = 99_900
LENDER, LENDER_NAME, TERM = "anxin", "安心消费金融", 3
DRAW_FEN, DRAW_DAYS = 100_000, 20


def buy_a_watch(world: World) -> None:
    """A second purchase, interest-free: who they are is known, only the new agreement is to be read."""
    page = world.shopper.open("/p/watch-s3/")
    expect("price of the watch", page.fen("price"), WATCH_FEN)
    page.submit("buy", button="now")
    page.submit("checkout-form", button="installments")
    if not page.has('[data-role="plan"]'):
        page.follow("分期付款")
    choose_plan(world, lender=LENDER, term=TERM)
    read_and_agree(page)
    confirm_and_wait(world)
    expect("owed", page.fen("loan-outstanding"), WATCH_FEN)
    world.note(
        f"buys a watch, {LENDER_NAME} × {TERM}, interest-free", amount_fen=WATCH_FEN, owed_fen=WATCH_FEN
    )
    first = row(world, 1)
    advance(world, first.due_on - datetime.timedelta(days=2))
    paid = pay(world, f"{world.known['order']}repay/", choice="next")
    world.note("pays its first bill on the order page", amount_fen=paid, owed_fen=owed(world))


def move_the_entry(world: World) -> None:
    """Staff close the mall's repayment entry; the order page says where to pay, and nothing is lost."""
    staff = world.staff
    forms = [str(form["id"]) for form in staff.open("/ops/entry/").page.select('form[id^="mall-entry"]')]
    for form in forms:
        staff.open("/ops/entry/").submit(form, is_open="no", reason="还款迁到金融应用", unproven_ok="on")
    page = world.shopper.open(world.known["order"])
    if not page.has('[data-role="entry-moved"]'):
        raise StoryDiffers("the order page does not say that the entry moved")
    page.follow("/finance/")
    world.note("the mall's repayment entry is moved to the finance app", owed_fen=owed(world))


def pay_in_finance_app(world: World) -> None:
    """The second bill is paid in the finance app, on the same sign-in."""
    second = row(world, 2)
    advance(world, second.due_on - datetime.timedelta(days=2))
    page = world.shopper.open("/finance/bills/")
    bill = page.find('[data-role="bill"]')
    expect("the bill in the finance app", int(str(bill["data-fen"])), second.fen)
    page.open(str(bill.find("a", class_="pay", href=True)["href"]))
    before = world.sandbox.balance(world.card)
    page.submit("bill-confirm", method=card_method(page, world.card))
    wait_for_payment(world)
    expect("paid", before - world.sandbox.balance(world.card), second.fen)
    until("bill 2 paid", lambda: row(world, 2).state == "paid")
    world.note("pays bill 2 in the finance app", amount_fen=second.fen, owed_fen=owed(world))


def pay_by_link(world: World) -> None:
    """The third bill is paid from the link in the reminder, without signing in; using the link again charges nothing."""
    third = row(world, 3)
    seen = len(world.sandbox.texts(world.phone))
    advance(world, third.due_on - datetime.timedelta(days=2))
    link = world.sandbox.newest(world.phone, r"(/pay/[\w\-:.=]+/)", after=seen)
    guest = world.new_browser()
    guest.open(link)
    expect("the bill behind the link", guest.fen("bill-amount"), third.fen)
    if world.name in guest.text or world.phone in guest.text:
        raise StoryDiffers("the pay link shows who the borrower is")
    before = world.sandbox.balance(world.card)
    guest.submit("pay-link-form")
    at_cashier(world, guest)
    until("the bill is paid", lambda: before - world.sandbox.balance(world.card) == third.fen)
    until("the watch is paid off", lambda: owed(world) == 0)
    guest.open(link)
    if guest.has("form#pay-link-form"):
        raise StoryDiffers("a paid link still asks for money")
    guest.close()
    expect("every installment", {one.state for one in rows(world)}, {"paid"})
    world.note("pays the last bill from the reminder's link", amount_fen=third.fen, owed_fen=0)


def at_cashier(world: World, page: Browser) -> None:
    """At the channel's cashier: choose the card and press 支付."""
    page.sees("收银台")
    page.submit("cashier", account=world.card, button="pay")
    if page.has("form#cashier"):
        raise StoryDiffers(f"the cashier did not take the money: {page.text[:300]}")
    page.find('[data-role="payment-state"]')  # and led back to what became of it


def draw_standby_cash(world: World) -> None:
    """备用金: apply, draw ¥1,000 to the card, repay after 20 days with 20 days' interest."""
    page = world.shopper.open("/finance/standby/")
    page.submit("standby-apply", agrees=page.box("agrees"))
    limit_fen = page.fen("standby-available")
    world.note("is granted a standby line", amount_fen=limit_fen)
    before = world.sandbox.balance(world.card)
    page.open("/finance/standby/draw/")
    page.submit("standby-draw", amount="1000")
    prove_again(world)
    page.submit("standby-draw-confirm", method=card_method(page, world.card))
    until("the draw", lambda: world.sandbox.balance(world.card) == before + DRAW_FEN)
    world.note("draws ¥1,000 to the card", amount_fen=DRAW_FEN, owed_fen=DRAW_FEN)
    drawn_on = world.today
    advance(world, drawn_on + datetime.timedelta(days=DRAW_DAYS))
    until("the draw on the page", lambda: page.open("/finance/standby/").has('[data-role="standby-loan"]'))
    number = str(page.find('[data-role="standby-loan"]')["data-number"])
    page.open(f"/finance/loans/{number}/settle/")
    amount_fen = page.fen("settle-amount")
    # 0.05 % a day on ¥1,000 for 20 days is ¥10.00.
    expect("principal and 20 days' interest", amount_fen, DRAW_FEN + 1_000)
    held = world.sandbox.balance(world.card)
    page.submit("settle-confirm", method=card_method(page, world.card))
    wait_for_payment(world)
    expect("paid", held - world.sandbox.balance(world.card), amount_fen)
    until(
        "the line is free again", lambda: page.open("/finance/standby/").fen("standby-available") == limit_fen
    )
    world.note("repays after 20 days: 20 days' interest", amount_fen=amount_fen, owed_fen=0)


def check_the_books(world: World) -> None:
    """The trial balance is zero, every projection equals a fresh replay, and the bank agrees with the ledger."""
    staff = world.staff.open("/ops/books/")
    expect("trial balance", staff.fen("trial-balance"), 0)
    cash = staff.find('[data-role="account"][data-code="100201"] [data-fen]')["data-fen"]
    said = command(world, "verify")
    if not re.search(r"verify: 0 differences", said):
        raise StoryDiffers(f"fenqi verify: {said}")
    bills = world.staff.open("/ops/unplaced/").page.select('[data-role="bill"]')
    expect("the channel's bills were taken", sum(int(str(bill["data-lines"])) for bill in bills) > 0, True)
    expect("lines only one side has", [bill for bill in bills if bill["data-differing"] != "0"], [])
    movements = world.sandbox.merchant_net()
    expect("the bank's books and ours", int(str(cash)), movements)
    expect("plenty was enough", world.sandbox.balance(world.card) < 3 * PLENTY_FEN, True)
    world.note("trial balance zero; every figure replays; the bank agrees")


STEPS: list[Callable[[World], None]] = [
    buy_a_watch,
    move_the_entry,
    pay_in_finance_app,
    pay_by_link,
    draw_standby_cash,
    check_the_books,
]
