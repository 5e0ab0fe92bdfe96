"""A state that takes a while to reach, reached once and brought back whole for every test that begins with it."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from tests.people import fakes
from tests.support.browser import without_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.sandbox import SandboxPeers

# A session in a kept state was opened when it was made; pages that ask for a fresh code count from then.
GOOD_FOR_SECONDS = 240
REMEMBERED = (
    (fakes.Texts, "sent"),
    (fakes.Identity, "asked"),
    (fakes.Cards, "asked"),
    (fakes.Cards, "answers"),
)

KEEP = """
DO $$
DECLARE one record; is_empty boolean;
BEGIN
    DROP SCHEMA IF EXISTS {schema} CASCADE;
    CREATE SCHEMA {schema};
    FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM public.%I)', one.name) INTO is_empty;
        IF NOT is_empty THEN
            EXECUTE format('CREATE TABLE {schema}.%I AS TABLE public.%I', one.name, one.name);
        END IF;
    END LOOP;
    CREATE TABLE {schema}."all sequences" AS
        SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value > 0;
END $$
"""

BRING_BACK = """
SET LOCAL session_replication_role = replica;
DO $$
DECLARE one record; is_empty boolean;
BEGIN
    FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT 1 FROM public.%I)', one.name) INTO is_empty;
        IF NOT is_empty THEN
            EXECUTE format('DELETE FROM public.%I', one.name);
        END IF;
    END LOOP;
    FOR one IN SELECT tablename AS name FROM pg_tables
               WHERE schemaname = '{schema}' AND tablename <> 'all sequences' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM {schema}.%I', one.name, one.name);
    END LOOP;
    PERFORM setval(format('public.%I', name)::regclass, last_value) FROM {schema}."all sequences";
END $$
"""


@dataclass(frozen=True)
class Kept:
    """What a state is made of besides the database and the sandbox."""

    value: Any
    remembered: list[Any]
    ports: dict[str, str]
    made_at: float


_kept: dict[str, Kept] = {}


def once(name: str, make: Callable[[], Any], *, sandbox: SandboxPeers, settings: Any) -> Any:
    """
    What `make()` gave, with the database, the sandbox and the fakes as they were then; `make` runs once a process.

    The caller holds `transactional_db`: what a test does is committed, and emptied after it.
    """
    known = _kept.get(name)
    if known is None or time.monotonic() - known.made_at > GOOD_FOR_SECONDS:
        with without_loop():
            value = make()
        sandbox.keep(name)
        _as_owner(KEEP, name)
        _kept[name] = Kept(value, _memories(), dict(settings.FENQI_PORTS), time.monotonic())
        return copy.deepcopy(value)
    sandbox.bring_back(name)
    _as_owner(BRING_BACK, name)
    for (fake, attribute), kept in zip(REMEMBERED, known.remembered, strict=True):
        memory = getattr(fake, attribute)
        memory.clear()
        memory.update(kept) if isinstance(memory, dict) else memory.extend(copy.deepcopy(kept))
    settings.FENQI_PORTS = dict(known.ports)
    return copy.deepcopy(known.value)


def _memories() -> list[Any]:
    return [copy.deepcopy(getattr(fake, attribute)) for fake, attribute in REMEMBERED]


def _as_owner(statement: str, name: str) -> None:
    """The application's role may not delete what only grows; the owner of a test database may."""
    from django.db import transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(statement.format(schema=f"kept_{name}"))
