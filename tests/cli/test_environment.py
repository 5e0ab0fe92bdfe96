"""What a command says on a machine where something is missing."""

from __future__ import annotations

import os
import subprocess
import sys


def test_without_secrets_a_production_command_names_them_in_one_line(tmp_path):
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    place = {"FENQI_HOME": str(tmp_path), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    answer = subprocess.run(
        [sys.executable, "-m", "fenqi", "migrate"],
        env=bare | place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    [line] = answer.stderr.strip().splitlines()
    for name in ("SESSION", "PEERS", "INDEX", "SEALING"):
        assert f"FENQI_SECRET_{name}" in line
    assert list(tmp_path.iterdir()) == []
