"""The engine's commands: what they print, and that what is impossible is refused in one line."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from fenqi.cli import main
from fenqi.domain.schema import replay_schema, state_schema

FLAT = ("--method", "flat_fee", "--installments", "12", "--flat-fee-rate", "0.006", "--on", "2026-11-22")
ANNUITY = (
    "--method",
    "equal_installment",
    "--installments",
    "12",
    "--annual-rate",
    "0.144",
    "--on",
    "2026-11-22",
)

LOAN = {
    "terms": {"method": "equal_installment", "installments": 3, "annual_rate": "0.144"},
    "events": [
        {"id": "out", "kind": "payout", "on": "2026-11-22", "amount_fen": 300_000},
        {"id": "in", "kind": "repayment", "on": "2026-12-22", "amount_fen": 102_410},
    ],
    "as_of": "2027-01-30",
}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def refused(result: Result) -> str:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


def changed(**parts: object) -> str:
    return json.dumps({**LOAN, **parts})


def test_a_quote_shows_rows_totals_and_rates():
    result = run("quote", "4999", *FLAT)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["1", "2026-12-22", "416.58", "0.00", "29.99", "446.57", "4,582.42"]
    assert lines[12].split() == ["12", "2027-11-22", "416.62", "0.00", "29.99", "446.61", "0.00"]
    facts = dict(line.rsplit("  ", 1) for line in lines[14:])
    assert {name.strip(): value for name, value in facts.items()} == {
        "amount": "4,999.00",
        "total": "5,358.88",
        "cost": "359.88",
        "annual rate, simple (单利)": "13.03 %",
        "annual rate, compound": "13.84 %",
        "cost borne by": "borrower",
        "borne by others": "0.00",
        "penalty rate": "24.00 %",
        "cost cap": "24.00 %",
    }


def test_a_quote_as_json_has_whole_fen_and_text_rates():
    form = json.loads(run("quote", "¥4,999.00", *FLAT, "--json").stdout)
    assert form["total_cost_fen"] == 35_988
    assert form["annual_rate_simple"] == "0.130324360466"
    assert form["rows"][0]["total_fen"] == 44_657
    assert "plan_code" not in form


@pytest.mark.parametrize("command", ["quote", "schedule"])
def test_rows_as_csv(command):
    rows = list(csv.DictReader(io.StringIO(run(command, "4999", *ANNUITY, "--csv").stdout)))
    assert len(rows) == 12
    assert rows[0] == {
        "number": "1",
        "due_on": "2026-12-22",
        "principal_fen": "38980",
        "interest_fen": "5999",
        "fee_fen": "0",
        "total_fen": "44979",
        "balance_after_fen": "460920",
    }


def test_who_bears_the_cost():
    form = json.loads(run("quote", "4999", *ANNUITY, "--subsidy", "merchant=1", "--json").stdout)
    assert (form["total_cost_fen"], form["interest_borne_by"]) == (0, ["merchant"])
    shared = run("quote", "4999", *ANNUITY, "--subsidy", "borrower=0.5", "--subsidy", "lender=0.5")
    assert "borrower, lender" in shared.stdout
    free = run("quote", "4999", "--method", "interest_free", "--installments", "3")
    assert "nobody: there is none" in free.stdout


def test_a_schedule_shows_rows_and_sums():
    result = run("schedule", "4999", *ANNUITY, "--due-day", "10")
    assert "2026-12-10" in result.stdout
    form = json.loads(run("schedule", "4999", *ANNUITY, "--json").stdout)
    assert (form["total_principal_fen"], form["total_interest_fen"]) == (499_900, 39_845)
    assert form["borrower_total_fen"] == sum(row["total_fen"] for row in form["rows"])


def test_terms_come_from_a_file_and_options_go_before_it(tmp_path: Path):
    file = tmp_path / "terms.json"
    file.write_text(json.dumps({"method": "equal_principal", "installments": 3, "annual_rate": "0.12"}))
    form = json.loads(run("schedule", "300", "--terms", str(file), "--installments", "2", "--json").stdout)
    assert [row["principal_fen"] for row in form["rows"]] == [15_000, 15_000]


def test_a_replay_shows_what_is_owed(tmp_path: Path):
    file = tmp_path / "loan.json"
    file.write_text(json.dumps(LOAN))
    result = run("replay", str(file))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split()[-3:] == ["1,024.10", "0.00", "paid"]
    assert "8 (M1)" in result.stdout
    assert run("replay", str(file), "--as-of", "2026-12-22").stdout.count("upcoming") == 2


def test_a_replay_as_json_is_what_the_schema_says():
    assert jsonschema.Draft202012Validator(replay_schema()).is_valid(LOAN)
    form = json.loads(run("replay", "-", "--json", stdin=json.dumps(LOAN)).stdout)
    jsonschema.Draft202012Validator(state_schema()).validate(form)
    assert (form["status"], form["days_past_due"]) == ("overdue", 8)


def test_a_settled_loan_has_no_next_due_date():
    settled = [*LOAN["events"], {"id": "all", "kind": "repayment", "on": "2026-12-23", "amount_fen": 300_000}]
    assert "next due        -" in run("replay", stdin=changed(events=settled)).stdout


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("zh", "罚息 ¥4.73 = 逾期金额 ¥999.96 × 罚息年利率 21.6% × 8 ÷ 365 天"),
        ("en", "penalty interest ¥4.73 = overdue ¥999.96 × 21.6% a year × 8 ÷ 365 days"),
    ],
)
def test_a_replay_says_why(language, sentence):
    result = run("replay", "--explain", "--language", language, stdin=json.dumps(LOAN))
    assert sentence in result.stdout


def test_derivations_are_data_too():
    form = json.loads(run("replay", "--explain", "--json", stdin=json.dumps(LOAN)).stdout)
    assert [derivation["figure"] for derivation in form["derivations"]] == ["installment"] * 3 + ["bill"]
    assert form["derivations"][-1]["amount_fen"] == form["due_fen"]


def test_the_schema_is_printed_and_is_the_one_in_the_reference():
    printed = json.loads(run("replay", "--schema").stdout)
    kept = Path(__file__).parents[2] / "docs" / "reference" / "replay.schema.json"
    assert printed == json.loads(kept.read_text(encoding="utf-8"))


IMPOSSIBLE_OPTIONS = {
    "installments: 0": ("schedule", "4999", "--method", "interest_free", "--installments", "0"),
    "installments: '3x'": ("schedule", "4999", "--method", "interest_free", "--installments", "3x"),
    "installments: None": ("schedule", "4999", "--method", "interest_free"),
    "method: 'flat'": ("schedule", "4999", "--method", "flat", "--installments", "3"),
    "annual_rate: -0.1": ("quote", "4999", *ANNUITY, "--annual-rate", "-0.1"),
    "annual_rate: 'a lot'": ("quote", "4999", *ANNUITY, "--annual-rate", "a lot"),
    "due_day: 31": ("quote", "4999", *ANNUITY, "--due-day", "31"),
    "due_day: 29": ("schedule", "4999", *ANNUITY, "--due-day", "29"),
    "due_day: 'x'": ("quote", "4999", *ANNUITY, "--due-day", "x"),
    "day_count: '31/360'": ("schedule", "4999", *ANNUITY, "--day-count", "31/360"),
    "rounding: 'up'": ("schedule", "4999", *ANNUITY, "--rounding", "up"),
    "on: '2026-02-30'": ("schedule", "4999", *ANNUITY, "--on", "2026-02-30"),
    "price: '49.999'": ("quote", "49.999", *ANNUITY),
    "price: '0'": ("quote", "0", *ANNUITY),
    "price: 'NaN'": ("quote", "NaN", *ANNUITY),
    "amount: 'much'": ("schedule", "much", *ANNUITY),
    "subsidy: 1.5": ("quote", "4999", *ANNUITY, "--subsidy", "merchant=1", "--subsidy", "borrower=0.5"),
    "subsidy: 'merchant=1'": (
        "quote",
        "4999",
        *ANNUITY,
        "--subsidy",
        "merchant=0",
        "--subsidy",
        "merchant=1",
    ),
    "subsidy.merchant: ''": ("quote", "4999", *ANNUITY, "--subsidy", "merchant"),
    "subsidy.cat: '0'": ("quote", "4999", *ANNUITY, "--subsidy", "cat=0"),
    "cap: 'high'": ("quote", "4999", *ANNUITY, "--cap", "high"),
    "cap: 'Infinity'": ("quote", "4999", *ANNUITY, "--cap", "Infinity"),
    "cap.value: -0.1": ("quote", "4999", *ANNUITY, "--cap", "-0.1"),
    "cap.base: 'mixed'": ("quote", "4999", *ANNUITY, "--cap-base", "mixed"),
    "annual_rate_simple: 0.144": ("quote", "4999", *ANNUITY, "--cap", "0.12"),
    "annual_rate_compound: 0.153": ("quote", "4999", *ANNUITY, "--cap", "0.15", "--cap-base", "compound"),
    "FILE: 'nowhere.json'": ("replay", "nowhere.json"),
    "language: 'fr'": ("replay", "--explain", "--language", "fr"),
}


@pytest.mark.parametrize(("said", "arguments"), IMPOSSIBLE_OPTIONS.items(), ids=IMPOSSIBLE_OPTIONS.keys())
def test_impossible_options_are_refused_in_one_line(said, arguments):
    line = refused(run(*arguments, stdin=json.dumps(LOAN)))
    assert said in line
    assert "allowed: " in line


OUT, IN = LOAN["events"]
IMPOSSIBLE_FILES = {
    "terms.installments: 0": changed(terms={**LOAN["terms"], "installments": 0}),
    "terms.annual_rate: -0.01": changed(terms={**LOAN["terms"], "annual_rate": "-0.01"}),
    "terms.annual_rate: 0.144 (a float)": changed(terms={**LOAN["terms"], "annual_rate": 0.144}),
    "terms.due_day: 31": changed(terms={**LOAN["terms"], "due_day": 31}),
    "terms.rounding: 'up'": changed(terms={**LOAN["terms"], "rounding": "up"}),
    "terms.colour: 'red'": changed(terms={**LOAN["terms"], "colour": "red"}),
    "terms: None": changed(terms=None),
    "events: None": changed(events=None),
    "events[0]: 7": changed(events=[7]),
    "events[1].amount_fen: 100.5 (a float)": changed(events=[OUT, {**IN, "amount_fen": 100.5}]),
    "events[1].amount_fen: 0": changed(events=[OUT, {**IN, "amount_fen": 0}]),
    "events[1].kind: 'gift'": changed(events=[OUT, {**IN, "kind": "gift"}]),
    "events[1].on: '2026-11-21'": changed(events=[OUT, {**IN, "on": "2026-11-21"}]),
    "events[1].id: 'out'": changed(events=[OUT, {**IN, "id": "out"}]),
    "before_payout: on: 2026-12-22": changed(events=[IN]),
    "refund_above_payout: amount_fen: 300001": changed(
        events=[OUT, {**IN, "kind": "merchant_refund", "amount_fen": 300_001}]
    ),
    "unknown_event: reverses: 'nothing'": changed(
        events=[OUT, {"id": "r", "kind": "reversal", "on": "2026-12-01", "reverses": "nothing"}]
    ),
    "reversal_of_reversal: reverses: 'r'": changed(
        events=[
            *LOAN["events"],
            {"id": "r", "kind": "reversal", "on": "2026-12-23", "reverses": "in"},
            {"id": "s", "kind": "reversal", "on": "2026-12-24", "reverses": "r"},
        ]
    ),
    "currency: 'USD'": changed(events=[OUT, {**IN, "currency": "USD"}]),
    "as_of: 'tomorrow'": changed(as_of="tomorrow"),
    "as_of: 20270130": changed(as_of=20270130),
    "day: 1": changed(day=1),
    "the form: []": "[]",
    "line 1, column 2": "{terms",
    "a: 2": '{"a": 1, "a": 2}',
    "NaN (a float)": '{"terms": NaN, "events": [], "as_of": "2027-01-30"}',
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize(("said", "form"), IMPOSSIBLE_FILES.items(), ids=IMPOSSIBLE_FILES.keys())
def test_impossible_files_are_refused_in_one_line(said, form):
    line = refused(run("replay", stdin=form))
    assert said in line
    assert "allowed: " in line


def test_terms_of_a_file_are_an_object(tmp_path: Path):
    file = tmp_path / "terms.json"
    file.write_text("[]")
    assert "terms: []" in refused(run("schedule", "4999", "--terms", str(file)))
    file.write_bytes(b"\xff\xfe")
    assert "FILE" in refused(run("schedule", "4999", "--terms", str(file)))


def test_a_quote_of_today_is_dated_today_in_china():
    form = json.loads(
        run("quote", "4999", "--method", "interest_free", "--installments", "3", "--json").stdout
    )
    assert len(form["on"]) == len("2026-11-22")
