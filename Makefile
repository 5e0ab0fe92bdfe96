# Every command a newcomer needs; `make` lists them.
.DEFAULT_GOAL := help
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup setup-dev demo demo-reset test year check coverage format browser

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Fenqi needs Python 3.11 or newer: set PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

$(VENV)/.ready: requirements.lock pyproject.toml | $(BIN)/uv
	$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock pyproject.toml | $(BIN)/uv
	$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --no-deps -e .
	@touch $@ $(VENV)/.ready

setup: $(VENV)/.ready ## Make .venv with fenqi in it

setup-dev: $(VENV)/.ready-dev browser ## The same, with what tests and linters need

browser:
	@sh tools/browser.sh

demo: setup ## Play the story on embedded PostgreSQL, then keep serving
	@FENQI_MODE=demo $(BIN)/fenqi demo

demo-reset: setup ## Throw the demo's data away
	@FENQI_MODE=demo $(BIN)/fenqi demo --reset

check: setup-dev ## Linters, types, contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r src -c pyproject.toml
	$(BIN)/python tools/audit.py

test: setup-dev check ## Everything: linters, types, contracts and all tests
	$(BIN)/pytest -n 2 --dist loadfile

year: setup-dev ## A year of a thousand random loans against a fresh replay (minutes)
	FENQI_LOANS_OF_THE_YEAR=1000 $(BIN)/pytest -q --durations=1 tests/servicing/test_year_of_a_thousand.py

coverage: setup-dev ## Branch coverage of the engine
	$(BIN)/pytest -n 2 --dist loadfile -q tests/domain tests/cli tests/oracle tests/ledger tests/servicing --cov=fenqi.domain --cov-branch --cov-report=term-missing:skip-covered

format: setup-dev ## Let ruff format and sort
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
