"""Secrets of an installation: given by the environment in production, made once under `var/` for a demo."""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("session", "peers", "index", "sealing")


class SecretsMissing(Exception):
    """Production was started without its secrets."""


class GivenByEnvironment(Exception):
    """The master keys come from the environment, where no command can change them."""


def load(home: Path, *, make: bool) -> dict[str, str]:
    """
    The secrets by name: `session`, `peers` (request signatures), `index` (blind indexes), `sealing` (master keys, name:base64,…).

    FENQI_SECRET_<NAME> wins over `var/secrets.json`; where `make`, what is missing is made and kept there.
    Raises: SecretsMissing, naming the variable.
    """
    file = home / "secrets.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    found = {name: os.environ.get(f"FENQI_SECRET_{name.upper()}") or kept.get(name) for name in NAMES}
    missing = [name for name in NAMES if not found[name]]
    if missing and not make:
        raise SecretsMissing("set " + ", ".join(f"FENQI_SECRET_{name.upper()}" for name in missing))
    for name in missing:
        key = secrets.token_bytes(32)
        found[name] = f"1:{b64encode(key).decode()}" if name == "sealing" else b64encode(key).decode()
    if missing:
        home.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(found))
        try:
            os.link(draft, file)  # the first of several starting processes wins; the others read its secrets
        except FileExistsError:
            found = json.loads(file.read_text()) | {k: v for k, v in found.items() if k not in missing}
        draft.unlink()
    return found


class SealingKeys:
    """
    The list of master keys as it stands now; they wrap the data keys of plumbing.data_keys.

    A running process sees a new one without a restart: the file is looked at again whenever it changed.
    Keys given by the environment stay as the process found them.
    """

    def __init__(self, home: Path, listed: str) -> None:
        self._file = home / "secrets.json"
        self._listed = listed
        self._is_fixed = bool(os.environ.get("FENQI_SECRET_SEALING"))
        self._seen: tuple[int, int] | None = None

    def __call__(self) -> str:
        if self._is_fixed:
            return self._listed
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return self._listed
        mark = (found.st_ino, found.st_mtime_ns)
        if mark != self._seen:
            self._listed = json.loads(self._file.read_text()).get("sealing") or self._listed
            self._seen = (
                mark  # after the list, so that another thread never takes the old list for the new one
            )
        return self._listed


def add_sealing_key(home: Path) -> str:
    """Put a new master key before the others of `secrets.json`; from then on it wraps. Tells its name. Raises: GivenByEnvironment."""

    def put(listed: str) -> str:
        numbers = [int(name) for name in names(listed) if name.isdigit()]
        return f"{max(numbers, default=0) + 1}:{b64encode(secrets.token_bytes(32)).decode()},{listed}"

    return names(_change_sealing(home, put))[0]


def drop_sealing_key(home: Path, name: str) -> None:
    """Take a master key out of `secrets.json`: what it still wraps is lost. Raises: GivenByEnvironment."""
    _change_sealing(
        home, lambda listed: ",".join(item for item in listed.split(",") if item.partition(":")[0] != name)
    )


def names(listed: str) -> list[str]:
    """The names of the keys in a list, the wrapping one first."""
    return [item.partition(":")[0] for item in listed.split(",")]


def _change_sealing(home: Path, change: Callable[[str], str]) -> str:
    if os.environ.get("FENQI_SECRET_SEALING"):
        raise GivenByEnvironment("the keys are in FENQI_SECRET_SEALING; change them there")
    file = home / "secrets.json"
    kept = json.loads(file.read_text())
    kept["sealing"] = change(kept["sealing"])
    draft = file.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(kept))
    draft.replace(file)
    return str(kept["sealing"])
