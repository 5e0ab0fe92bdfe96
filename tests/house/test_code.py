"""House rules about code that imports cannot show. Each message says why."""

import ast
import re

from tests.house.trees import CONTEXTS, ROOT, SOURCE, committed, python, tree, where

LONGEST_FILE = 600
LONGEST_FUNCTION = 70


def test_no_float_where_money_is_counted():
    """A float rounds by itself; money and rates are int and Decimal."""
    found = []
    for path in (
        python(SOURCE / "domain") + sorted(SOURCE.glob("*/models.py")) + sorted(SOURCE.glob("*/models/*.py"))
    ):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(where(path, node))
            if isinstance(node, ast.Name) and node.id == "float" and isinstance(node.ctx, ast.Load):
                found.append(where(path, node))
            if isinstance(node, ast.Attribute) and node.attr == "FloatField":
                found.append(where(path, node))
    # Refusing a float needs its name; that is the only use.
    allowed = {line for line in found if "isinstance" in _line(line)}
    assert sorted(set(found) - allowed) == []


def _line(place: str) -> str:
    name, number = place.rsplit(":", 1)
    return (ROOT / name).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_files_and_functions_stay_readable():
    """A file is one theme, a function one thought."""
    found = []
    for path in python() + python(ROOT / "tests"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            found.append(f"{where(path)} has {lines} lines")
    for path in python():
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    found.append(f"{where(path, node)} {node.name} has {length} lines")
    assert found == []


def test_one_place_reads_the_clock():
    """Dates and moments are passed in; plumbing.clock reads them for the doors."""
    pattern = re.compile(r"timezone\.now\(|timezone\.localdate\(|date\.today\(|datetime\.now\(|utcnow\(")
    allowed = {
        "plumbing/clock.py",
        "plumbing/business_date.py",
        "config/zone.py",  # what commands begin with when they are told no date
        "credit/certificate.py",  # a certificate is valid from the moment it is made
        "servicing/recording.py",  # production dates money by the calendar once the day has turned
    }
    found = []
    for path in python():
        if path.relative_to(SOURCE).as_posix() in allowed or "adapters" in path.parts:
            continue  # the sandbox is another party with a clock of its own
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{where(path)}:{number}")
    assert found == []


def test_one_place_tells_the_date_of_a_moment():
    """A stored moment is in UTC: its own `date()` is yesterday's until eight in the morning where the books are kept."""
    call = re.compile(r"(?:_at|\bat|moment|now\(\)|wall\(\)|localtime\([^()]*(?:\([^()]*\))?\))\.date\(\)")
    found = [
        f"{where(path)}:{number}"
        for path in python()
        if path != SOURCE / "plumbing" / "clock.py" and not {"adapters", "cli"} & set(path.parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if call.search(line)
    ]
    assert found == []


def test_one_place_names_the_time_zone():
    name = re.compile(r"[\"'](?:Asia|Europe|America)/\w+[\"']")
    assert [where(path) for path in python() if name.search(path.read_text(encoding="utf-8"))] == [
        "src/fenqi/config/zone.py"
    ]


def test_no_signals():
    """What happens is said in the service, not hooked on."""
    words = ("post_save", "pre_save", "django.dispatch", "m2m_changed", "post_delete")
    found = [where(p) for p in python() if any(word in p.read_text(encoding="utf-8") for word in words)]
    assert found == []


def test_no_request_spans_a_transaction():
    """ATOMIC_REQUESTS would put outside calls inside a transaction."""
    from django.conf import settings

    assert not settings.DATABASES["default"].get("ATOMIC_REQUESTS")


def test_every_context_has_the_same_furniture():
    found = []
    for context in CONTEXTS:
        folder = SOURCE / context
        for name in ("services", "queries"):
            if not (folder / f"{name}.py").exists() and not (folder / name / "__init__.py").exists():
                found.append(f"{context} has no {name}")
        readme = folder / "README.md"
        if not readme.exists():
            found.append(f"{context} has no README.md")
        elif len(readme.read_text(encoding="utf-8").splitlines()) > 25:
            found.append(f"{context}/README.md is longer than a glance")
    assert found == []


def test_nothing_left_undone():
    """A note to oneself belongs to the tracker, not the code."""
    marks = ("TODO", "FIXME", "XXX", "NotImplemented" + "Error")
    found = [
        f"{where(path)}: {mark}"
        for path in python()
        for mark in marks
        if re.search(rf"\b{mark}\b", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_test_is_skipped_and_none_mocks_our_code():
    words = (
        "mark." + "skip",
        "mark." + "xfail",
        "pytest." + "skip(",
        "unittest." + "mock",
        "mocker." + "patch",
    )
    found = [
        f"{where(path)}: {word}"
        for path in python(ROOT / "tests")
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_names_no_registry_and_no_machine():
    """The product builds anywhere: no index host, no path of somebody's machine."""
    words = (
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "npmjs" + ".org",
        "npmjs" + ".com",
        "deb.debian" + ".org",
        "/wo" + "rk/",
        "/ro" + "ot/",
    )
    found = []
    for path in committed():
        if path.suffix in {".png", ".webp", ".jpg", ".pdf", ".mo", ".avif"}:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{where(path)}: {word}" for word in words if word in text]
    assert found == []
