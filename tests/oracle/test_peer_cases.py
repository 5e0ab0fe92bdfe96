"""The peer's cases, compared by the script that came with them. A missing corpus fails: nothing is skipped."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "oracle"
ENGINE = f"{sys.executable} -m fenqi oracle"

REFUSED = {"EMI:487", "EMI:604", "EMI:688", "Loan:5165"}
"""Rules we refuse, each explained in docs/reference/oracle.md."""


def compare(name: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, CORPUS / "compare.py", "--engine", ENGINE, CORPUS / name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def failed(lines: list[str]) -> set[str]:
    """The ids of the cases that fail: FAIL ID: why."""
    return {line.removeprefix("FAIL ").split(": ")[0] for line in lines if line.startswith("FAIL ")}


@pytest.mark.timeout(120)
def test_every_schedule_is_the_peers():
    lines = compare("schedules.json")
    assert lines[-1] == "schedules: 75 of 75", lines


@pytest.mark.timeout(120)
def test_every_loan_in_service_is_the_peers_but_for_what_we_refuse():
    lines = compare("servicing.json")
    assert failed(lines) == REFUSED, lines


def test_every_refusal_is_explained():
    text = (
        Path(__file__).resolve().parents[2].joinpath("docs/reference/oracle.md").read_text(encoding="utf-8")
    )
    assert all(case in text for case in REFUSED)


def test_a_case_that_cannot_be_run_does_not_keep_the_others_from_being_answered(tmp_path):
    cases = json.loads((CORPUS / "schedules.json").read_text(encoding="utf-8"))["cases"][:2]
    broken = {"id": "broken", "kind": "loan_product"}
    impossible = {**cases[0], "id": "impossible", "number_of_installments": 0}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"cases": [broken, impossible, *cases]}), encoding="utf-8")
    done = subprocess.run([*ENGINE.split(), "schedules", path], capture_output=True, text=True, check=True)
    answers = {answer["id"]: answer for answer in json.loads(done.stdout)["answers"]}
    assert "KeyError" in answers["broken"]["error"]
    assert "TermsError: installments" in answers["impossible"]["error"]
    assert all(answers[case["id"]]["rows"] for case in cases)
