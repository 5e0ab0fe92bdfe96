"""The first people at the staff's desk."""

from __future__ import annotations

import getpass
import sys

import click

from fenqi.cli.environment import database, start_django


@click.group()
def staff() -> None:
    """The first people at the staff's desk; everybody else is let in there."""


@staff.command("administrator")
@click.argument("name")
@click.option("--shown-name", required=True, help="How colleagues read it.")
@click.option("--person", required=True, help="Employee number: one human being, one number.")
def administrator(name: str, shown_name: str, person: str) -> None:
    """
    Make an administrator and print the link by which they choose a password: once, it is not kept.

    Two are needed, and no more are made: roles take two people. Also the way back for a house that has lost its administrators.
    """
    with database():
        start_django()
        from django.conf import settings

        from fenqi.people import services
        from fenqi.plumbing.errors import Refusal

        try:
            token = services.open_administrator(
                by=f"system:{getpass.getuser()}", name=name, shown_name=shown_name, person=person
            )
        except Refusal as e:
            click.echo(f"staff: {e.code} {e.field or ''} {e}", err=True)
            sys.exit(1)
        click.echo(f"{settings.PUBLIC_URL}/ops/set-up/{token}/")
