"""`make demo`: everything on one machine, the story in fast-forward, then the product to try by hand."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import click

from fenqi.config import zone

if TYPE_CHECKING:
    from pathlib import Path

    from fenqi.cli.stack import Stack
    from fenqi.cli.story.timeline import Moment


def line(moment: Moment) -> str:
    """One line of the printed timeline."""

    def money(fen: int | None) -> str:
        return "" if fen is None else f"¥{fen // 100:,}.{fen % 100:02d}"

    return (
        f"{moment.on}  {money(moment.amount_fen):>12}  {money(moment.owed_fen):>12}  "
        f"{money(moment.bank_fen):>12}  {moment.what}"
    )


HEADINGS = f"{'date':10}  {'amount':>12}  {'still owed':>12}  {'in the bank':>12}  what happened"


def play(stack: Stack, *, quiet: bool = False) -> dict[str, object]:
    """Play the story on a running stack with a progress bar; gives the facts worth printing afterwards."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from fenqi.cli.story.play import STEPS, play_story
    from fenqi.cli.story.timeline import Timeline

    console = Console(stderr=quiet, soft_wrap=True, highlight=False)
    console.print(HEADINGS)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), console=console, transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("story", total=len(STEPS))

        def show(moment: Moment) -> None:
            progress.console.print(line(moment))

        def advance(title: str) -> None:
            progress.update(task, advance=1, description=title)

        timeline = Timeline(show=show)
        return play_story(stack, timeline, on_step=advance)


@click.command()
@click.option("--reset", is_flag=True, help="Throw away what the demo has stored on this machine, and stop.")
@click.option("--port", default=8000, show_default=True)
@click.option("--sandbox-port", default=8001, show_default=True)
@click.option("--once", is_flag=True, help="Stop after the story instead of serving on.")
def demo(reset: bool, port: int, sandbox_port: int, once: bool) -> None:
    """Set everything up, play the story, keep serving until Ctrl-C."""
    os.environ.setdefault("FENQI_MODE", "demo")
    from fenqi.config.embedded import home

    folder = home()
    if reset:
        shutil.rmtree(folder, ignore_errors=True)
        click.echo("The demo's data is gone; `make demo` starts anew.")
        return
    _serve(folder, port=port, sandbox_port=sandbox_port, once=once)


def _serve(folder: Path, *, port: int, sandbox_port: int, once: bool) -> None:
    from fenqi.cli.stack import StackFailed, running
    from fenqi.cli.story.play import first_day

    # Ctrl-C and a supervisor's TERM both leave through the same clean door.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    started = time.monotonic()
    try:
        with running(
            folder,
            web_port=port,
            sandbox_port=sandbox_port,
            open_on=first_day(zone.today()),
            on_step=lambda text: click.echo(f"  {text} …"),
        ) as stack:
            click.echo(f"up after {time.monotonic() - started:.1f} s: {stack.web_url}")
            kept = folder / "story.json"
            if kept.exists():
                facts = json.loads(kept.read_text(encoding="utf-8"))
            else:
                facts = play(stack)
                kept.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
            _print_addresses(stack, facts)
            if not once:
                _wait_for_end(stack)
    except KeyboardInterrupt:
        click.echo("\nstopped; the data stays in place. `make demo` goes on, `make demo-reset` starts anew.")
    except StackFailed as e:
        click.echo(f"demo: {e}", err=True)
        sys.exit(1)


def _print_addresses(stack: Stack, facts: dict[str, object]) -> None:
    click.echo(
        f"""
Open  {stack.web_url}/            the mall
      {stack.web_url}/finance/    the finance app
      {stack.web_url}/sandbox/    the phones: codes, links and bank accounts of everybody below
      {stack.web_url}/ops/        the staff's desk
      {stack.web_url}/api/v1/openapi.json the API"""
    )
    for name, value in facts.items():
        click.echo(f"      {name}: {value}")
    click.echo("\nCtrl-C stops everything.")


def _wait_for_end(stack: Stack) -> None:
    gone = threading.Event()
    while not gone.wait(1):
        stack.check()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the moments as JSON.")
@click.option("--keep", is_flag=True, help="Leave the temporary folder for a look.")
def story(as_json: bool, keep: bool) -> None:
    """Play the story against servers of its own in a temporary folder, check it, stop everything."""
    import tempfile
    from pathlib import Path

    from fenqi.cli.stack import StackFailed, running
    from fenqi.cli.story.play import STEPS, first_day

    os.environ["FENQI_MODE"] = "demo"
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="fenqi-story-"))
    os.environ["FENQI_HOME"] = str(folder)
    failed = None
    try:
        with running(folder, open_on=first_day(zone.today())) as stack:
            facts = play(stack, quiet=as_json)
    except (AssertionError, StackFailed) as e:
        failed = e
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if failed is not None:
        click.echo(f"story: {failed}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    click.echo(f"story: {len(STEPS)} steps, books balance")
