"""Write docs/reference/errors.md from the code: every error's code, where it comes from, what it means."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fenqi"


def errors() -> list[tuple[str, str, str, str]]:
    """(code, class, module, first line of the docstring), by code."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            for statement in node.body:
                target = (
                    statement.targets[0]
                    if isinstance(statement, ast.Assign)
                    else statement.target
                    if isinstance(statement, ast.AnnAssign)
                    else None
                )
                if not (isinstance(target, ast.Name) and target.id == "code"):
                    continue
                value = statement.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    meaning = (ast.get_docstring(node) or "").strip().splitlines() or [""]
                    module = path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
                    found.append((value.value, node.name, module, meaning[0]))
    return sorted(found)


def main() -> None:
    lines = [
        "# Error codes",
        "",
        "Made by `python tools/reference.py`. A refusal carries its code to pages and to the API's problem documents.",
        "",
        "| code | class | where | meaning |",
        "|---|---|---|---|",
        *(f"| `{code}` | {name} | {module} | {meaning} |" for code, name, module, meaning in errors()),
    ]
    (ROOT / "docs" / "reference" / "errors.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
