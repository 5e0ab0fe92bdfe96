"""What the house tests look at."""

from __future__ import annotations

import ast
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "fenqi"
CONTEXTS = (
    "people", "ledger", "mall", "credit", "payments", "messages", "servicing", "purchases", "standby", "care", "bureau",
    "privacy",
)  # fmt: skip


@lru_cache(maxsize=1)
def committed() -> list[Path]:
    """Files git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def python(under: Path = SOURCE) -> list[Path]:
    """Our modules; migrations are generated and left out."""
    return sorted(path for path in under.rglob("*.py") if "migrations" not in path.parts)


@lru_cache(maxsize=512)
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def where(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(ROOT)}{line}"
