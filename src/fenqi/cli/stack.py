"""The whole product as processes of its own: PostgreSQL, sandbox, web and worker; started in order, stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from fenqi.config import embedded

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator
    from pathlib import Path

START_WITHIN_SECONDS = 60
STOP_WITHIN_SECONDS = 10


class StackFailed(Exception):
    """A process did not come up, or went away."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Where the running product is."""

    web_url: str
    sandbox_url: str
    database_url: str
    home: Path
    processes: dict[str, subprocess.Popen[bytes]]

    def check(self) -> None:
        """Raises: StackFailed, naming the first process that is gone."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                log = self.home / "logs" / f"{name}.log"
                tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise StackFailed(f"{name} stopped with exit code {process.returncode}\n{tail}")


def free_port(preferred: int | None = None) -> int:
    """`preferred` if nobody listens there, else one the system picks."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise StackFailed("no free port")


def run(arguments: list[str], environment: dict[str, str], *, log: Path) -> None:
    """One `fenqi` command to its end. Raises: StackFailed with what it said."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "fenqi", *arguments], env=environment, capture_output=True, check=False
    )
    log.write_bytes(done.stdout + done.stderr)
    if done.returncode:
        raise StackFailed(
            f"fenqi {' '.join(arguments)} failed\n{done.stderr.decode(errors='replace')[-3000:]}"
        )


def _wait(url: str, stack: Stack) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while True:
        stack.check()
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise StackFailed(f"{url} did not answer within {START_WITHIN_SECONDS} s")
        time.sleep(0.05)


def _stop(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask all to stop, then insist; the process groups take granian's workers along."""
    for process in processes.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    for process in processes.values():
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def running(
    home: Path,
    *,
    web_port: int | None = None,
    sandbox_port: int | None = None,
    open_on: datetime.date | None = None,
    on_step: Callable[[str], None] = lambda _text: None,
) -> Iterator[Stack]:
    """Bring everything up on `home`; the body runs while it serves; everything this started is stopped afterwards."""
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    web, peers = free_port(web_port), free_port(sandbox_port)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with ExitStack() as cleanup:
        on_step("PostgreSQL")
        url = os.environ.get("DATABASE_URL") or cleanup.enter_context(embedded.server(home / "pg"))
        environment = os.environ | {
            "FENQI_MODE": os.environ.get("FENQI_MODE", "demo"),
            "FENQI_HOME": str(home),
            "FENQI_SANDBOX_URL": f"http://127.0.0.1:{peers}",
            "FENQI_SANDBOX_STORE": str(home / "sandbox.sqlite3"),
            "FENQI_PUBLIC_URL": f"http://127.0.0.1:{web}",
            "DATABASE_URL": url,
        }
        on_step("schema, catalogue, lenders")
        first = ["--open-on", open_on.isoformat()] if open_on else []
        run(["migrate", "--seed", *first], environment, log=logs / "migrate.log")
        stack = Stack(
            web_url=f"http://127.0.0.1:{web}",
            sandbox_url=f"http://127.0.0.1:{peers}",
            database_url=url,
            home=home,
            processes=processes,
        )
        commands = {
            "sandbox": ["sandbox", "--port", str(peers)],
            "web": ["serve", "--port", str(web)],
            "worker": ["worker"],
        }
        cleanup.callback(_stop, processes)
        for name, command in commands.items():
            on_step(name)
            with (logs / f"{name}.log").open("ab") as log:
                processes[name] = subprocess.Popen(  # noqa: S603 - our own command
                    [sys.executable, "-m", "fenqi", *command],
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        _wait(f"{stack.sandbox_url}/healthz", stack)
        _wait(f"{stack.web_url}/readyz", stack)
        yield stack
