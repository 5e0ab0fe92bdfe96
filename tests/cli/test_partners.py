"""`fenqi partners`: a key is printed once, listed without its secret, and ended."""

from __future__ import annotations

import datetime

import pytest
from click.testing import CliRunner

from fenqi.cli.partners import partners
from fenqi.partners import services

pytestmark = pytest.mark.django_db

ON = datetime.date(2026, 1, 8)


def run(*arguments: str):
    return CliRunner().invoke(partners, arguments)


def test_issued_listed_and_revoked() -> None:
    issued = run("issue", "--lender", "anxin", "--scope", "repayments", "--note", "core banking")
    key = issued.output.strip()
    prefix, key_id, secret = key.split("_")
    assert (issued.exit_code, prefix) == (0, "fq")
    assert str(services.know(token=key, scope="repayments", on=ON)) == "lender:anxin"

    listed = run("list").output
    assert f"{key_id}\tlender:anxin\trepayments" in listed
    assert "used 2026-01-08" in listed and "core banking" in listed
    assert secret not in listed

    assert run("revoke", key_id, "--reason", "lost").exit_code == 0
    with pytest.raises(services.KeyUnknown):
        services.know(token=key, scope="repayments", on=ON)
    assert "revoked" in run("list").output
    again = run("revoke", key_id, "--reason", "lost")
    assert (again.exit_code, "no_such_key" in again.output) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scope", "repayments"],
        ["--lender", "a", "--shop", "b", "--scope", "repayments"],
        ["--lender", "a", "--scope", "everything"],
        ["--lender", "a"],
    ],
)
def test_a_key_for_nobody_or_nothing_is_not_made(arguments) -> None:
    assert run("issue", *arguments).exit_code != 0
    assert "fq_" not in run("list").output

    for_nothing = run("issue", "--lender", "anxin", "--scope", "everything")
    assert (for_nothing.exit_code, "partner_misstated" in for_nothing.output) == (1, True)


def test_a_hook_is_added_listed_and_ended() -> None:
    made = run("hook", "--shop", "qingyu", "--url", "https://shop.example/told", "--event", "loan.opened")
    hook_id, secret = made.output.strip().split("\t")
    listed = run("hooks").output
    assert f"{hook_id}\tshop:qingyu\tloan.opened\thttps://shop.example/told\tin use\tnone yet" in listed
    assert secret not in listed
    assert run("unhook", hook_id, "--reason", "moved").exit_code == 0
    assert "\tended\t" in run("hooks").output
    again = run("unhook", hook_id, "--reason", "moved")
    assert (again.exit_code, "no_such_hook" in again.output) == (1, True)
    nowhere = run("hook", "--shop", "qingyu", "--url", "shop.example", "--event", "loan.opened")
    assert (nowhere.exit_code, "partner_misstated" in nowhere.output) == (1, True)
