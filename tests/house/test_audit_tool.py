"""The check of dependencies: a finding fails, an audit that did not happen is never silent."""

import json
import os
import subprocess
import sys

import pytest

from tests.house.trees import ROOT

FINE = {"name": "django", "version": "5.2.1", "vulns": []}
WEAK = {"name": "pillow", "version": "9.0.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["9.0.1"]}]}
SKIPPED = {"name": "granian", "skip_reason": "could not be audited"}


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([FINE], 0, "1 packages, no known weakness"),
        ([FINE, WEAK], 1, "pillow 9.0.0: PYSEC-1, mended in 9.0.1"),
        ([FINE, SKIPPED], 0, "NOT AUDITED 1 of 2 packages"),
        ([WEAK, SKIPPED], 1, "NOT AUDITED 1 of 2 packages"),
        (None, 0, "NOT AUDITED, no answer"),
    ],
)
def test_what_it_says_of_an_answer(tmp_path, packages, code, words):
    """pip-audit is stood in for by a module that answers what an advisory service would."""
    answer = "no route" if packages is None else json.dumps({"dependencies": packages, "fixes": []})
    (tmp_path / "pip_audit.py").write_text(f"print({answer!r})")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "audit.py")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == code, done.stderr
    assert words in done.stdout


def test_is_part_of_make_check():
    assert "tools/audit.py" in (ROOT / "Makefile").read_text(encoding="utf-8")
