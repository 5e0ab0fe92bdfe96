"""Run the sandbox until it is told to stop. One process, since the store lives in it; many threads."""

from __future__ import annotations

THREADS = 24


def serve(*, host: str, port: int) -> None:
    """Serve on `host`:`port`; FENQI_SECRET_PEERS must be in the environment, FENQI_SANDBOX_STORE may be."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "fenqi.adapters.sandbox.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
    ).serve()
