"""Commands of operators: migrate, seed, day-end, verify, audit of trail and leaks."""

from __future__ import annotations

import datetime
import os
import sys
from pathlib import Path

import click

from fenqi.cli.environment import database, start_django

SEEDS = ("ledger", "mall", "credit", "people", "care", "standby")


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def django(arguments: tuple[str, ...]) -> None:
    """Django's own commands, as the owner of the database."""
    from django.core.management import execute_from_command_line

    needs_database = not arguments or arguments[0] not in {"makemigrations", "help"}
    os.environ.setdefault("FENQI_MODE", "development")
    if needs_database:
        with database():
            start_django(as_owner=True)
            execute_from_command_line(["fenqi django", *arguments])
    else:
        start_django(as_owner=True)
        execute_from_command_line(["fenqi django", *arguments])


def bring_up_to_date(*, verbosity: int = 0) -> None:
    """Migrate and grant; Django must run as the owner."""
    from django.core.management import call_command

    from fenqi.plumbing import db

    call_command("migrate", verbosity=verbosity, interactive=False)
    db.grant()


def load_seeds() -> None:
    """Load what every installation starts from; safe to repeat."""
    from importlib import import_module

    for context in SEEDS:
        import_module(f"fenqi.{context}.seed").load()


@click.command()
@click.option("--seed", "with_seeds", is_flag=True, help="Load the seeds too.")
@click.option(
    "--open-on", type=click.DateTime(["%Y-%m-%d"]), help="The first business date; today when left out."
)
def migrate(with_seeds: bool, open_on: datetime.datetime | None) -> None:
    """Bring the database to this version and give the application's role its rights."""
    with database():
        start_django(as_owner=True)
        bring_up_to_date(verbosity=1)
        if open_on:
            from fenqi.plumbing import business_date

            business_date.start(open_on.date())
        if with_seeds:
            load_seeds()


@click.command()
def seed() -> None:
    """Load catalogue, lenders, plans, chart of accounts, staff roles and help articles."""
    with database():
        start_django(as_owner=True)
        load_seeds()


@click.command()
@click.option("--to", "to", type=click.DateTime(["%Y-%m-%d"]), help="Close every date before this one.")
def dayend(to: datetime.datetime | None) -> None:
    """Close the open business date, or every one up to a date."""
    from rich.progress import Progress

    with database():
        start_django()
        from django.db import InterfaceError, OperationalError

        from fenqi.jobs.dayend import follow_up
        from fenqi.plumbing import business_date
        from fenqi.servicing import dayend as closing

        try:
            first = closing.next_date()
        except (OperationalError, InterfaceError) as e:
            click.echo(f"dayend: the database does not answer: {e}", err=True)
            sys.exit(1)
        target = to.date() if to else first + datetime.timedelta(days=1)
        days = max((target - first).days, 1)
        with Progress() as progress:
            task = progress.add_task(str(first), total=days)

            def show(on: datetime.date, step: str, share: float) -> None:
                progress.update(task, completed=(on - first).days + share, description=f"{on} {step}")

            try:
                closed = closing.run_dayend(to=target, progress=show)
                if closed:
                    follow_up(closed[-1])
            except (closing.DayEndError, closing.DayEndRunning, OperationalError, InterfaceError) as e:
                progress.stop()
                click.echo(f"dayend: {e}", err=True)
                sys.exit(1)
            progress.update(task, completed=days)
        click.echo(f"business date: {business_date.current()}")


@click.command()
@click.option("--workers", default=2, show_default=True, help="Processes.")
def verify(workers: int) -> None:
    """Rebuild every projection from events and every balance from transfers; exit 1 if anything differs."""
    with database():
        start_django()
        from rich.progress import Progress, TimeElapsedColumn

        from fenqi.servicing import verification

        with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), transient=True) as bar:
            task = bar.add_task("verify", total=None)
            differences = verification.verify(
                workers=workers,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        for difference in differences:
            click.echo(difference)
        click.echo(f"verify: {len(differences)} differences")
        sys.exit(1 if differences else 0)


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@click.option(
    "--since",
    help="A head noted earlier, NUMBER:HASH; the line must still be there, so that a cut end is found.",
)
def audit_verify(since: str | None) -> None:
    """Check the chain of hashes; exit 1 and name the first line that breaks it. Tells the head to note down."""
    noted = None
    if since:
        number, _, kept = since.partition(":")
        if not number.isdigit() or not kept:
            raise click.BadParameter("NUMBER:HASH, as an earlier run told", param_hint="--since")
        noted = (int(number), kept)
    with database():
        start_django()
        from fenqi.plumbing import audit as trail

        broken = trail.verify(since=noted)
        number, kept = trail.head()
        click.echo(
            f"audit: whole, head {number}:{kept}" if broken is None else f"audit: broken at line {broken}"
        )
        sys.exit(0 if broken is None else 1)


@audit.command("leaks")
@click.option(
    "--log",
    "logs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file to look through too; may be given several times.",
)
def audit_leaks(logs: tuple[Path, ...]) -> None:
    """Look for sealed values in clear, in every other column and in log files; exit 1 if one stands there."""
    with database():
        start_django(as_owner=True)
        from fenqi.plumbing import leaks

        scan, sought = leaks.scan_database()
        for log in logs:
            leaks.scan_file(log, sought, scan)
        for finding in scan.findings:
            click.echo(finding)
        click.echo(
            f"leaks: {scan.count.total()} places; looked for {scan.sought} values"
            f" in {scan.rows} rows and {scan.lines} lines of logs, {scan.too_short} too short to look for"
        )
        sys.exit(1 if scan.findings else 0)
