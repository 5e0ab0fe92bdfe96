"""Secrets of an installation: given by the environment in production, made once under `var/` for a demo."""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("session", "peers", "index", "sealing")


class SecretsMissing(Exception):
    """Production was started without its secrets."""


def load(home: Path, *, make: bool) -> dict[str, str]:
    """
    The secrets by name: `session`, `peers` (request signatures), `index` (blind indexes), `sealing` (key id:base64 key,…).

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
