# Everything runs in .venv, which `make demo` and `make test` create.
PYTHON ?= python3
BIN := .venv/bin
# Tests run on as many cores as there are, a module at a time.
PYTEST := $(BIN)/pytest -n auto --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help demo test check unit notebooks lab bench clean

help:  ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

demo: .venv/installed  ## Fetch 90 days from the sandbox into DuckDB, ask in SQL, draw the days
	$(BIN)/mp demo

test: check  ## All that CI runs: style, types, import rules, tests, docs and notebooks
	$(PYTEST) --nbval tests notebooks

check: .venv/developing  ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

unit: .venv/developing  ## Only the tests, the fastest first
	$(PYTEST) tests

notebooks: .venv/developing  ## Only the notebooks, compared strictly with what is saved in them
	$(PYTEST) --nbval notebooks

lab: .venv/developing  ## JupyterLab on the example notebooks
	$(BIN)/jupyter lab notebooks

bench: .venv/developing  ## Measure speed and memory, write docs/performance.md
	$(BIN)/python -m benchmarks

clean:  ## Remove the environment and all caches
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@
