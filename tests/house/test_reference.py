"""What the product promises in docs/reference stands in the code, and the other way round."""

import re

from tests.house.trees import ROOT, SOURCE, python

REFERENCE = ROOT / "docs" / "reference"


def test_every_setting_is_documented():
    used = set()
    for path in python():
        used |= set(re.findall(r"[\"'](FENQI_[A-Z_]+)[\"']", path.read_text(encoding="utf-8")))
    used -= {"FENQI_AS_OWNER"}
    used = {
        name for name in used if re.search(rf"environ[^\n]*{name}|environ[^\n]*\n[^\n]*{name}", _all_source())
    }
    documented = set(
        re.findall(r"`(FENQI_[A-Z_]+)`", (REFERENCE / "settings.md").read_text(encoding="utf-8"))
    )
    assert sorted(used - documented) == []


def _all_source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in python())


def test_every_error_code_is_documented():
    used = set()
    for path in python():
        used |= set(
            re.findall(r"^\s+code(?:: [\w\[\]]+)? = \"([a-z_.]+)\"", path.read_text(encoding="utf-8"), re.M)
        )
    documented = set(
        re.findall(r"^\| `([a-z_.]+)`", (REFERENCE / "errors.md").read_text(encoding="utf-8"), re.M)
    )
    assert sorted(used - documented) == []


def test_every_command_is_documented():
    from fenqi.cli import COMMANDS

    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`fenqi {name}" not in text] == []


def test_every_port_has_an_adapter_and_a_sandbox_twin():
    from django.conf import settings
    from django.utils.module_loading import import_string

    twins = "".join(path.read_text(encoding="utf-8") for path in python(SOURCE / "adapters" / "sandbox"))
    for name, path in settings.FENQI_PORTS.items():
        assert import_string(path), name
        if path.startswith("fenqi.adapters."):
            assert f'"/{name}/' in twins, f"no sandbox twin for {name}"


def test_decisions_are_one_page_each():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len(decisions) >= 12
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 60, path.name
        assert re.search(r"^Status: ", text, re.M), path.name
