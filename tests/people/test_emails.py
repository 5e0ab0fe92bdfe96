"""Reminders go to an address only after somebody there opened the link."""

import datetime

import pytest

from fenqi.people import queries, refusals, services
from fenqi.people.models import EmailLink
from fenqi.plumbing import masks
from tests.people.fakes import Texts

ADDRESS = "w@example.com"


def token_to(address=ADDRESS):
    return Texts.last(address, "people.email_link")["link"].split("/")[2]


def address_of(borrower_id):
    return queries.email_for(borrower_id=borrower_id, reason="test")


@pytest.mark.parametrize(
    ("address", "shown"), [("wang@example.com", "w***@example.com"), (ADDRESS, "***@example.com"), ("", "")]
)
def test_is_never_shown_whole(address, shown):
    assert masks.email(address) == shown


def test_is_kept_once_the_link_was_opened(shopper):
    borrower_id = shopper()
    services.ask_for_email(borrower_id=borrower_id, email=f" {ADDRESS} ")
    assert address_of(borrower_id) == ""
    assert services.email_behind(token=token_to()) == "***@example.com"
    services.confirm_email(token=token_to())
    services.confirm_email(token=token_to())
    assert address_of(borrower_id) == ADDRESS


def test_the_address_before_stays_until_then_and_its_owner_is_told(shopper):
    borrower_id = shopper()
    services.ask_for_email(borrower_id=borrower_id, email=ADDRESS)
    services.confirm_email(token=token_to())
    services.ask_for_email(borrower_id=borrower_id, email="other@example.com")
    assert address_of(borrower_id) == ADDRESS
    services.confirm_email(token=token_to("other@example.com"))
    assert address_of(borrower_id) == "other@example.com"
    assert Texts.last("13800001234", "people.email_changed")
    services.remove_email(borrower_id=borrower_id)
    assert address_of(borrower_id) == ""


def test_an_older_link_does_not_bring_an_address_back(shopper):
    borrower_id = shopper()
    services.ask_for_email(borrower_id=borrower_id, email="old@example.com")
    services.ask_for_email(borrower_id=borrower_id, email=ADDRESS)
    services.confirm_email(token=token_to())
    with pytest.raises(refusals.LinkUnknown):
        services.confirm_email(token=token_to("old@example.com"))


def test_a_link_expires_and_a_forged_one_is_unknown(shopper):
    services.ask_for_email(borrower_id=shopper(), email=ADDRESS)
    for forged in ("", "x", token_to()[:-1]):
        with pytest.raises(refusals.LinkUnknown):
            services.confirm_email(token=forged)
    link = EmailLink.objects.get()
    EmailLink.objects.update(expires_at=link.expires_at - datetime.timedelta(hours=25))
    with pytest.raises(refusals.LinkExpired):
        services.confirm_email(token=token_to())


@pytest.mark.parametrize(
    "typed", ["", "w", "w@", "@example.com", "w@example.com\r\nBcc: x@example.com", "w @example.com"]
)
def test_what_is_no_address_is_refused(shopper, typed):
    with pytest.raises(refusals.Unreadable):
        services.ask_for_email(borrower_id=shopper(), email=typed)


def test_a_mailbox_is_not_filled(shopper):
    borrower_id = shopper()
    for _ in range(5):
        services.ask_for_email(borrower_id=borrower_id, email=ADDRESS)
    with pytest.raises(refusals.TooSoon):
        services.ask_for_email(borrower_id=borrower_id, email=ADDRESS)
