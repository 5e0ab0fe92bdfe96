"""Long-running processes: the pages, the worker, the outside parties."""

from __future__ import annotations

import os

import click

from fenqi.cli.environment import database, start_django


def run_granian(
    target: str, *, host: str, port: int, workers: int, threads: int, access_log: bool = False
) -> None:
    """Serve a WSGI application until told to stop."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_access=access_log,
        log_level="warning",
        respawn_failed_workers=True,
    ).serve()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads a process.")
@click.option("--access-log", is_flag=True, help="Write a line a request.")
def serve(host: str, port: int, workers: int, threads: int, access_log: bool) -> None:
    """Serve the pages and the API."""
    os.environ.setdefault("FENQI_PUBLIC_URL", f"http://localhost:{port}")
    with database():
        start_django()
        run_granian(
            "fenqi.config.wsgi:application",
            host=host,
            port=port,
            workers=workers,
            threads=threads,
            access_log=access_log,
        )


@click.command()
def worker() -> None:
    """Deliver messages and announcements, run jobs."""
    with database():
        start_django()
        from fenqi.jobs.worker import run

        run()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
def sandbox(host: str, port: int) -> None:
    """Run the outside parties: lenders, payment channel, SMS, e-mail, identity, bureau."""
    from fenqi.config import keys
    from fenqi.config.embedded import home

    # The sandbox signs with the installation's peer secret; on one machine both read it from the same place.
    os.environ.setdefault("FENQI_SECRET_PEERS", keys.load(home(), make=True)["peers"])
    run_granian("fenqi.adapters.sandbox.wsgi:application", host=host, port=port, workers=1, threads=8)
