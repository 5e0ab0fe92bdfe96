"""The first evening: a phone by 12 installments and a band, from the shelf to the loan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fenqi.cli.story.browser import Browser, NotOnThePage
from fenqi.cli.story.world import expect, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from fenqi.cli.story.world import World

PHONE_FEN, BAND_FEN = 499_900, 12_900
EMAIL = "xiaoming@example.com"
LENDER, TERM = "江城银行", 12
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


def go_to_checkout(world: World) -> None:
    """去结算: sign in, say where the goods go, and choose to pay the phone by installments."""
    page = world.shopper
    page.submit("cart", button="checkout")
    if page.has("form#phone-form"):
        sign_in(world, page, world.phone)
    for _ in range(4):
        if page.has("form#address-form"):
            _fill_address(world)
        elif page.has("form#checkout-form"):
            break
        else:
            page.open("/checkout/")
    page.sees("分期付款")
    world.note("signs in by phone and code, gives an address")


def _fill_address(world: World) -> None:
    page = world.shopper
    page.submit(
        "address-form",
        recipient=world.name,
        phone=world.phone,
        province=str(page.page.select("select[name=province] option")[5]["value"]),
        city="杭州市",
        district="西湖区",
        street="文三路 100 号 3 幢 502",
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
    boxes = page.page.select('form#checkout-form input[name="financed"]')
    band = page.find('[data-role="checkout-line"][data-fen="12900"]')["data-sku"]
    page.submit(
        "checkout-form",
        button="installments",
        financed=[str(box["value"]) for box in boxes if box["value"] != band],
    )
    if not page.has('[data-role="plan"]'):
        page.follow("分期付款")
    choose_plan(world, lender=LENDER, term=TERM)
    world.note(f"compares the plans, takes {LENDER} × {TERM}", amount_fen=PER_PERIOD_FEN)


def prove_identity(world: World) -> None:
    """Real name and number, checked by the identity service."""
    page = world.shopper
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
    page = world.shopper
    relation = [option["value"] for option in page.page.select("form#contact-form [name=relationship]")]
    choices = relation if relation != [None] else []
    options = page.page.select("select[name=relationship] option[value]")
    values = [str(option["value"]) for option in options if option["value"]] or [str(v) for v in choices if v]
    page.submit(
        "contact-form",
        name=world.contact_name,
        relationship=values[0],
        phone=world.contact_phone,
        confirm=page.box("confirm"),
    )
    link = world.sandbox.newest(world.contact_phone, r"(/contact/[\w\-:.=]+/)")
    contact = world.new_browser()
    contact.open(link)
    contact.sees("同意", "拒绝", "我不认识此人")
    contact.submit("contact-answer", button="accept")
    contact.close()
    waiting = page.url

    def approved() -> bool:
        page.open(waiting)
        return not page.has('[data-role="contact-state"]') and not page.has("form#contact-form")

    until("the contact's approval", approved)
    world.note("the first contact reads the link, accepts, and is approved")


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
    expect("total cost on the agreement", page.fen("agreement-cost"), INTEREST_FEN)
    page.submit("agreement-form", agree=page.box("agree"), expect=422)
    page.sees("秒")
    read_and_agree(page)
    world.note("reads the cost table and agrees", amount_fen=PHONE_FEN + INTEREST_FEN)


def read_and_agree(page: Browser) -> None:
    """Wait as long as a reader must, tick the box, send."""
    time.sleep(int(str(page.find("[data-reading-seconds]")["data-reading-seconds"])))
    page.submit("agreement-form", agree=page.box("agree"))


def wait_for_loan(page: Browser) -> None:
    """The waiting page looks again by itself until the loan stands on the order page."""
    address = page.url

    def settled() -> bool:
        if "/orders/" in page.path and page.has('[data-role="loan-outstanding"]'):
            return True
        page.open(address)
        return False

    until("the loan", settled)


def confirm_payment(world: World) -> None:
    """确认支付: the lender pays out, the band is paid from the card, the loan stands."""
    page = world.shopper
    page.sees("确认支付")
    page.submit("confirm-form")
    wait_for_loan(page)
    world.known["order"] = page.path
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
    page = world.shopper.open("/me/email/")
    page.submit("email-form", email=EMAIL)
    world.known["email"] = EMAIL
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
