"""Keys with which other systems speak to the API, and addresses where they are told of events."""

from __future__ import annotations

import datetime
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fenqi.cli.environment import database, start_django


@click.group()
def partners() -> None:
    """Keys of lenders and shops for the API, and where they are told of events."""


@partners.command("issue")
@click.option("--lender", help="Code of the lender whose loans the key is for.")
@click.option("--shop", help="Code of the shop whose orders' loans the key is for.")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do: repayments.")
@click.option("--note", default="", help="Which system holds it.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Its last day; none when left out.")
def issue(
    lender: str | None, shop: str | None, scopes: tuple[str, ...], note: str, until: datetime.datetime | None
) -> None:
    """Make a key and print it: once, it is not kept."""
    partner = _partner(lender, shop)
    with database():
        start_django()
        from fenqi.partners import services

        with _refusals_named():
            key = services.issue(
                **partner,
                scopes=list(scopes),
                actor=_actor(),
                note=note,
                ends_on=until.date() if until else None,
            )
        click.echo(key)


@partners.command("list")
def list_keys() -> None:
    """Every key: id, partner, scopes, when it was made and last used, whether it still opens."""
    with database():
        start_django()
        from fenqi.partners import queries

        for key in queries.issued():
            state = "revoked" if key.revoked_at else f"until {key.ends_on}" if key.ends_on else "in use"
            click.echo(
                f"{key.id}\t{key.partner}\t{','.join(key.scopes)}\tmade {key.made_at:%Y-%m-%d}"
                f"\tused {key.used_on or 'never'}\t{state}\t{key.note}"
            )


@partners.command("revoke")
@click.argument("key_id")
@click.option("--reason", required=True)
def revoke(key_id: str, reason: str) -> None:
    """End a key at once."""
    with database():
        start_django()
        from fenqi.partners import services

        with _refusals_named():
            services.revoke(key_id=key_id, actor=_actor(), reason=reason)
        click.echo(f"partners: {key_id} revoked")


@partners.command("hook")
@click.option("--lender", help="Code of the lender that is told of its loans.")
@click.option("--shop", help="Code of the shop that is told of the loans that paid its orders.")
@click.option("--url", required=True, help="Its address, https.")
@click.option("--event", "events", multiple=True, required=True, help="loan.opened, loan.settled")
def hook(lender: str | None, shop: str | None, url: str, events: tuple[str, ...]) -> None:
    """Tell a partner of events; prints the hook's id and the secret that signs, once."""
    partner = _partner(lender, shop)
    with database():
        start_django()
        from fenqi.partners import hooks

        with _refusals_named():
            hook_id, secret = hooks.add(**partner, url=url, events=list(events), actor=_actor())
        click.echo(f"{hook_id}\t{secret}")


@partners.command("hooks")
def list_hooks() -> None:
    """Every hook: id, partner, events, address, how many notices wait, were sent and given up, the last answer."""
    with database():
        start_django()
        from fenqi.partners import queries

        for row in queries.hooks():
            notices = " ".join(f"{state} {count}" for state, count in row.notices.items()) or "none yet"
            click.echo(
                f"{row.id}\t{row.partner}\t{','.join(row.events)}\t{row.url}"
                f"\t{'ended' if row.ended_at else 'in use'}\t{notices}\t{row.last_answer}"
            )


@partners.command("unhook")
@click.argument("hook_id")
@click.option("--reason", required=True)
def unhook(hook_id: str, reason: str) -> None:
    """Tell a hook nothing more; what waits for it is given up."""
    with database():
        start_django()
        from fenqi.partners import hooks

        with _refusals_named():
            hooks.end(hook_id=hook_id, actor=_actor(), reason=reason)
        click.echo(f"partners: {hook_id} ended")


def _partner(lender: str | None, shop: str | None) -> dict[str, str]:
    if bool(lender) == bool(shop):
        raise click.UsageError("say either --lender or --shop")
    return {"kind": "lender", "code": lender} if lender else {"kind": "shop", "code": shop or ""}


def _actor() -> str:
    return f"system:{getpass.getuser()}"


@contextmanager
def _refusals_named() -> Iterator[None]:
    """A refusal ends the command with its code and what it is about."""
    from fenqi.plumbing.errors import Refusal

    try:
        yield
    except Refusal as e:
        click.echo(f"partners: {e.code} {e.details or ''}".rstrip(), err=True)
        sys.exit(1)
