"""The first evening: a phone by 12 installments and a band, from the shelf to the loan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fenqi.cli.story.browser import Browser, NotOnThePage
from fenqi.cli.story.world import expect, until, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.cli.story.world import World

PHONE_FEN, BAND_FEN = 499_900, 12_900
EMAIL, STREET = "xiaoming@example.com", "文三路 100 号 3 幢 502"
LENDER, LENDER_NAME, TERM = "jiangcheng", "江城银行", 12
# 4,999.00 at 14.40 %, twelve times: the published vector of the annuity.
PER_PERIOD_FEN, LAST_PERIOD_FEN, INTEREST_FEN = 44_979, 44_976, 39_845


def fill_the_cart(world: World) -> None:
    """A guest looks around and puts a phone and a band into the cart."""
    page = world.shopper
    page.open("/")
    page.open("/c/phones/").follow("/p/qingyu-15/")
    expect("price of the phone", page.fen("price"), PHONE_FEN)
    page.sees("期", "加入购物车", "立即购买")
    page.submit("buy", button="add")
    page.open("/p/band-8/")
    expect("price of the band", page.fen("price"), BAND_FEN)
    page.submit("buy", button="add")
    page.open("/cart/")
    expect("total of the cart", page.fen("cart-total"), PHONE_FEN + BAND_FEN)
    world.note("puts a phone and a band into the cart, as a guest", amount_fen=PHONE_FEN + BAND_FEN)


def sign_in(world: World, page: Browser, phone: str) -> None:
    """With the code that arrives on the phone."""
    seen = len(world.sandbox.texts(phone))
    page.submit("phone-form", phone=phone)
    page.submit("code-form", code=world.sandbox.newest(phone, r"(\d{6})", after=seen), button=None)


def prove_again(world: World) -> Browser:
    """Where the page asks who is there, because the last proof is some minutes old: the code that arrives on the phone."""
    page = world.shopper
    if page.has("form#confirm-send-form"):
        seen = len(world.sandbox.texts(world.phone))
        page.submit("confirm-send-form")
        page.submit("confirm-form", code=world.sandbox.newest(world.phone, r"(\d{6})", after=seen))
    return page


def go_to_checkout(world: World) -> None:
    """去结算 with both, still a guest."""
    page = world.shopper
    page.submit("cart", button="checkout")
    page.sees("分期付款", "全款支付")
    world.note("goes to the checkout")


def go_on_to(world: World, form_id: str) -> None:
    """Give what every page on the way asks for, until the form the story waits for."""
    page = world.shopper
    for _ in range(4):
        if page.has(f"form#{form_id}"):
            return
        if page.has("form#phone-form"):
            sign_in(world, page, world.phone)
            world.note("signs in by phone and code")
        elif page.has("form#address-form"):
            _fill_address(world)
            world.note("gives an address")
        elif page.has("form#checkout-form"):
            page.submit("checkout-form", button="installments")
        elif page.has("form#plan-form"):
            choose_plan(world, lender=LENDER, term=TERM)
        else:
            break
    page.find(f"form#{form_id}")


def _fill_address(world: World) -> None:
    page = world.shopper
    page.submit(
        "address-form",
        recipient=world.name,
        phone=world.phone,
        province="浙江省",
        city="杭州市",
        district="西湖区",
        street=STREET,
    )


def choose_plan(world: World, *, lender: str, term: int) -> None:
    """The board: lenders side by side, cheapest first, before any personal data is asked."""
    page = world.shopper
    rows = page.page.select('[data-role="plan"]')
    if not rows:
        raise NotOnThePage(f"{page.path} shows no plans: {page.text[:600]}")
    costs = [int(str(row["data-cost-fen"])) for row in rows]
    expect("plans sorted by total cost", costs, sorted(costs))
    chosen = [row for row in rows if row["data-lender"] == lender and int(str(row["data-term"])) == term]
    if not chosen:
        raise NotOnThePage(f"the board has no {lender} × {term}")
    radio = chosen[0].select_one("input[name=plan]")
    page.submit("plan-form", plan=radio["value"] if radio else "")


def apply_for_plan(world: World) -> None:
    """Pick the bank's 12 installments for the phone; the band is paid in full."""
    page = world.shopper
    page.submit("checkout-form", button="installments", financed=phone_lines(page))
    if not page.has('[data-role="plan"]'):
        page.follow("分期付款")
    choose_plan(world, lender=LENDER, term=TERM)
    world.note(f"compares the plans, takes {LENDER_NAME} × {TERM}", amount_fen=PER_PERIOD_FEN)


def phone_lines(page: Browser) -> list[str]:
    """The lines to pay by installments: everything but the band."""
    boxes = page.page.select('form#checkout-form input[name="financed"]')
    band = page.find(f'[data-role="checkout-line"][data-fen="{BAND_FEN}"]')["data-sku"]
    return [str(box["value"]) for box in boxes if box["value"] != band]


def prove_identity(world: World) -> None:
    """Real name and number, checked by the identity service."""
    page = world.shopper
    go_on_to(world, "identity-form")
    page.submit(
        "identity-form",
        real_name=world.name,
        id_number=world.id_number,
        long_term="on",
        is_student="no",
        method="face",
        **{
            name: page.box(name)
            for name in (
                "agree_identity",
                "agree_face",
                "agree_lender_sharing",
                "agree_bureau_query",
                "agree_bureau_reporting",
            )
        },
    )
    world.note("proves who they are; each consent is given by itself")


def name_contact(world: World) -> None:
    """The contact reads on their own phone who names them and for what, and accepts; a reviewer approves."""
    ask_contact(world)
    wait_for(world.shopper, "form#card-form")
    world.note("the first contact reads the link, accepts, and is approved")


def ask_contact(world: World) -> None:
    """Name the contact; they open the link of the message and accept."""
    page = world.shopper
    page.submit(
        "contact-form",
        name=world.contact_name,
        relationship="friend",
        phone=world.contact_phone,
        confirm=page.box("confirm"),
    )
    link = world.sandbox.newest(world.contact_phone, r"(/contact/[\w\-:.=]+/)")
    contact = world.new_browser()
    contact.open(link)
    contact.sees("同意", "拒绝", "我不认识此人")
    contact.submit("contact-answer", button="accept")
    contact.close()


def bind_card(world: World) -> None:
    """A bank card by its four elements, confirmed by a code."""
    page = world.shopper
    seen = len(world.sandbox.texts(world.phone))
    page.submit("card-form", number=world.card, phone=world.phone)
    page.submit("card-code-form", code=world.sandbox.newest(world.phone, r"(\d{6})", after=seen))
    world.known["card_bound"] = True
    world.sandbox.set_balance(world.card, 1_000_000)
    world.note("binds a bank card")


def sign_agreement(world: World) -> None:
    """The cost table stays on the page for its five seconds; then it can be agreed to."""
    page = world.shopper
    page.sees("综合融资成本明示表", "年化利率")
    expect("total cost on the agreement", page.fen("total-cost"), INTEREST_FEN)
    page.submit("agreement-form", is_accepted="on", expect=None)
    if page.has("form#agreement-form"):  # sent before the five seconds were over: nothing is signed yet
        page.sees("秒")
        read_and_agree(page)
    world.note("reads the cost table and agrees", amount_fen=PHONE_FEN + INTEREST_FEN)


def read_and_agree(page: Browser) -> None:
    """Wait as long as a reader must, tick the box, send."""
    time.sleep(int(str(page.find("[data-reading-seconds]")["data-reading-seconds"])))
    page.submit("agreement-form", is_accepted="on")


def confirm_and_wait(world: World) -> None:
    """Press 确认支付 once; the waiting page looks again by itself until the loan stands; go to the order."""
    page = world.shopper
    page.sees("确认支付")
    if page.has('form#confirm-form input[name="method"]'):
        page.submit("confirm-form", method=card_method(page, world.card))
    else:
        page.submit("confirm-form")
    wait_for(page, '[data-role="purchase-done"]')
    number = page.find('[data-role="purchase-done"]')["data-order"]
    world.known["order"] = f"/orders/{number}/"
    page.open(world.known["order"])


def card_method(page: Browser, card: str) -> str:
    """The radio button of the bound card."""
    for option in page.page.select("input[name=method]"):
        label = option.find_parent("label")
        if label is not None and card[-4:] in label.get_text():
            return str(option["value"])
    raise NotOnThePage(f"{page.path} does not offer the bound card")


def confirm_payment(world: World) -> None:
    """确认支付: the lender pays out, the band is paid from the card, the loan stands."""
    confirm_and_wait(world)
    page = world.shopper
    expect("owed on the order page", page.fen("loan-outstanding"), PHONE_FEN + INTEREST_FEN)
    until("the band left the account", lambda: world.sandbox.balance(world.card) == 1_000_000 - BAND_FEN)
    world.note(
        "confirms: the lender pays the shop, the loan stands",
        amount_fen=PHONE_FEN,
        owed_fen=PHONE_FEN + INTEREST_FEN,
    )


def keep_agreement(world: World) -> None:
    """The signed PDF belongs to the shopper and opens."""
    page = world.shopper.open(world.known["order"])
    document = page.fetch(page.link("分期服务协议"))
    if not document.startswith(b"%PDF-") or b"/ByteRange" not in document:
        raise NotOnThePage("the agreement is not a signed PDF")
    calendar = page.fetch(page.link(".ics"))
    expect("due dates in the calendar", calendar.count(b"BEGIN:VEVENT"), TERM)
    world.note("keeps the signed agreement")


def ask_for_mail(world: World) -> None:
    """Reminders by e-mail too."""
    world.shopper.open("/me/email/")
    page = prove_again(world)
    page.submit("email-form", email=EMAIL)
    world.known["email"] = EMAIL
    link = world.sandbox.newest(EMAIL, r"(/email/[\w-]+/)", kind="email")
    page.open(link).submit("email-confirm-form")
    page.find('[data-role="email-confirmed"]')
    world.note("asks for reminders by e-mail too")


STEPS: list[Callable[[World], None]] = [
    fill_the_cart,
    go_to_checkout,
    apply_for_plan,
    prove_identity,
    name_contact,
    bind_card,
    sign_agreement,
    confirm_payment,
    keep_agreement,
    ask_for_mail,
]
