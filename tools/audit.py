"""
Ask for known weaknesses in what we depend on, from the lock file alone.

    python tools/audit.py [LOCK FILE]

A finding fails. Where the advisory data cannot be reached, so that packages could not be audited, this says so in words and lets the
other checks go on: silence would read as "nothing found".
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"


def main() -> int:
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK
    asked = [
        *(
            sys.executable,
            "-m",
            "pip_audit",
            "--disable-pip",
            "--require-hashes",
            "--progress-spinner",
            "off",
        ),
        *("--format", "json", "--requirement", str(lock)),
    ]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"audit: NOT AUDITED, no answer of pip-audit: {done.stderr.strip()[-300:]}")
        return 0
    return judge(packages)


def judge(packages: list[dict[str, Any]]) -> int:
    """Say what was found; the exit code. `packages` as pip-audit tells them."""
    weak = [package for package in packages if package.get("vulns")]
    skipped = [package for package in packages if "skip_reason" in package]
    for package in weak:
        for found in package["vulns"]:
            mended = ", ".join(found.get("fix_versions", [])) or "no version yet"
            print(f"audit: {package['name']} {package.get('version', '')}: {found['id']}, mended in {mended}")
    if skipped:
        print(
            f"audit: NOT AUDITED {len(skipped)} of {len(packages)} packages, the advisory data could not be reached or"
            f" does not know them: {', '.join(package['name'] for package in skipped[:8])}"
            f"{' …' if len(skipped) > 8 else ''}"
        )
    if not weak and not skipped:
        print(f"audit: {len(packages)} packages, no known weakness")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
