# Two commands matter: `make run` and `make test`. Python 3.11 or newer is all that they assume.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	command -v $$python >/dev/null 2>&1 && \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
DATA ?= data
# What the console is built from: installing builds it again where this has changed (hatch_build.py).
CONSOLE := $(shell find console/src -type f 2>/dev/null) $(wildcard console/*.html console/*.json console/vite.config.ts)

.PHONY: run test lint format bench-talk bench-api clean console-client

run: $(VENV)/.installed
	@$(BIN)/vivavoce serve --data $(DATA)

test: $(VENV)/.installed-dev
	@$(BIN)/vivavoce models pull small multilingual
	@$(BIN)/python tests/compliance/environments.py
	@$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench-talk: $(VENV)/.installed-dev
	@$(BIN)/python -m bench.talk $(BENCH)

bench-api: $(VENV)/.installed-dev
	@$(BIN)/python -m bench.platform_api $(BENCH)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.installed: pyproject.toml $(CONSOLE)
	@if [ -z "$(PYTHON)" ]; then echo "vivavoce needs Python 3.11 or newer; none was found on the PATH" >&2; exit 1; fi
	@echo "Installing vivavoce into $(VENV) (with $(PYTHON)) …"
	@$(PYTHON) -m venv $(VENV) || { echo "python's venv module is missing: install it (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --progress-bar on --editable . | grep -v "^Requirement already satisfied" || true
	@test -x $(BIN)/vivavoce
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --editable ".[multilingual,postgresql]" --group dev
	@touch $@

# The types of the console's client, after the API has changed.
console-client: $(VENV)/.installed-dev
	@$(BIN)/python console/make_client.py
