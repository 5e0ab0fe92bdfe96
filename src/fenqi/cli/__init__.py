"""`fenqi …`: every command, loaded only when it is called, so that the engine's commands start without Django."""

from __future__ import annotations

import sys
from importlib import import_module

import click

# name -> (module, attribute, one line for --help)
COMMANDS = {
    "demo": ("fenqi.cli.demo", "demo", "Set everything up, play the story, keep serving."),
    "story": ("fenqi.cli.demo", "story", "Play the story against servers of its own, check it, stop."),
    "serve": ("fenqi.cli.serve", "serve", "Serve the pages and the API."),
    "worker": ("fenqi.cli.serve", "worker", "Deliver messages and announcements, run jobs."),
    "sandbox": (
        "fenqi.cli.serve",
        "sandbox",
        "Run the outside parties: lenders, channel, SMS, identity, bureau.",
    ),
    "migrate": ("fenqi.cli.manage", "migrate", "Bring the database to this version and grant rights."),
    "seed": ("fenqi.cli.manage", "seed", "Load catalogue, lenders, plans, accounts and help."),
    "dayend": ("fenqi.cli.manage", "dayend", "Close the business date."),
    "verify": ("fenqi.cli.manage", "verify", "Rebuild everything from events and name each difference."),
    "distribute": ("fenqi.cli.distribute", "distribute", "Spread the tables over several machines (Citus)."),
    "keys": ("fenqi.cli.keys", "keys", "Keys of sealed data."),
    "staff": ("fenqi.cli.staff", "staff", "The first administrators."),
    "partners": ("fenqi.cli.partners", "partners", "Keys of lenders and shops for the API."),
    "audit": ("fenqi.cli.manage", "audit", "The audit trail."),
    "django": ("fenqi.cli.manage", "django", "Django's own commands."),
    "quote": ("fenqi.cli.engine", "quote", "A plan on a price: table and totals."),
    "schedule": ("fenqi.cli.engine", "schedule", "The schedule of terms."),
    "replay": ("fenqi.cli.engine", "replay", "Terms and events in, the state at a date out."),
    "oracle": ("fenqi.cli.oracle", "oracle", "Answer a peer's cases."),
}


class Lazy(click.Group):
    """A group that imports a command when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _help = COMMANDS[cmd_name]
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_m, _a, help_line) in COMMANDS.items()])


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fenqi")
def main() -> None:
    """Fenqi: everything behind the installment counter of a brand store."""


if __name__ == "__main__":
    sys.exit(main())
