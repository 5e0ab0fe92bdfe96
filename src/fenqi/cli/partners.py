"""Keys with which other systems speak to the API: issue, list, revoke."""

from __future__ import annotations

import datetime
import getpass
import sys

import click

from fenqi.cli.environment import database, start_django


@click.group()
def partners() -> None:
    """Keys of lenders and shops for the API."""


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
    if bool(lender) == bool(shop):
        raise click.UsageError("say either --lender or --shop")
    with database():
        start_django()
        from fenqi.partners import services

        try:
            key = services.issue(
                kind="lender" if lender else "shop",
                code=lender or shop or "",
                scopes=list(scopes),
                actor=f"system:{getpass.getuser()}",
                note=note,
                ends_on=until.date() if until else None,
            )
        except services.PartnerMisstated as e:
            click.echo(f"partners: {e.code} {e.details}", err=True)
            sys.exit(1)
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

        try:
            services.revoke(key_id=key_id, actor=f"system:{getpass.getuser()}", reason=reason)
        except services.NoSuchKey as e:
            click.echo(f"partners: {e.code}", err=True)
            sys.exit(1)
        click.echo(f"partners: {key_id} revoked")
