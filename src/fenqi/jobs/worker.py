"""The worker process: a thread that hears announcements the moment they are made, and the queue's jobs."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from fenqi.jobs import chores

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

CONCURRENCY = 3
LOOK_EVERY_SECONDS = 1.0
AGAIN_AFTER_SECONDS = 2.0
STOP_WITHIN_SECONDS = 10.0


class Listener(threading.Thread):
    """Drains the outbox when NOTIFY says so, and once a second in case a word was lost."""

    def __init__(self) -> None:
        super().__init__(name="listener", daemon=True)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Finish the round and end."""
        self._stopping.set()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopping.is_set():
            try:
                self._listen()
            except (psycopg.Error, DatabaseError, InterfaceError):
                log.exception("the listener lost the database")
                connection.close()
                self._stopping.wait(AGAIN_AFTER_SECONDS)
        connection.close()

    def _listen(self) -> None:
        parameters = connection.get_connection_params()
        for name in ("cursor_factory", "context", "prepare_threshold"):
            parameters.pop(name, None)
        with psycopg.connect(**parameters, autocommit=True) as ear:
            ear.execute("LISTEN fenqi_outbox")
            while not self._stopping.is_set():
                close_old_connections()
                chores.drain_outbox()
                for _word in ear.notifies(timeout=LOOK_EVERY_SECONDS, stop_after=1):
                    pass


def run() -> None:
    """Work until SIGTERM or Ctrl-C."""
    listener = Listener()
    listener.start()
    try:
        run_jobs(wait=True)
    finally:
        listener.stop()
        listener.join(STOP_WITHIN_SECONDS)


def run_jobs(*, wait: bool) -> None:
    """Run the queue's jobs, and go on waiting for more when asked to."""
    with app.replace_connector(app.connector.get_worker_connector()) as worker_app:
        worker_app.run_worker(
            wait=wait,
            concurrency=CONCURRENCY,
            fetch_job_polling_interval=LOOK_EVERY_SECONDS,
            listen_notify=wait,
            install_signal_handlers=wait,
            shutdown_graceful_timeout=STOP_WITHIN_SECONDS,
            **({} if wait else {"task_middleware": [_hang_up]}),
        )


def _hang_up(call_next: Callable[[], Any], context: Any, worker: Any) -> Any:
    """A pool thread that will not be used again must not keep its connection."""
    try:
        return call_next()
    finally:
        connection.close()


def drain() -> int:
    """Do everything that is due now in this process, queued jobs included; tells how much the chores did. For tests."""
    done = chores.drain_outbox()
    if ProcrastinateJob.objects.filter(status="todo").exists():
        # A thread of its own: the caller's may have an event loop running already (a browser driver's).
        jobs = threading.Thread(target=run_jobs, kwargs={"wait": False})
        jobs.start()
        jobs.join()
    return done + chores.ask_unknown() + chores.drain_outbox()
