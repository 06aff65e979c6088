# Everything runs in .venv, which `make demo` and `make test` create.
PYTHON ?= python3
BIN := .venv/bin
# Hundreds of processes are started: what Python compiles is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
# Tests run on all cores, a module at a time.
PYTEST := $(BIN)/pytest -n auto --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help demo test check unit thorough engines test-cluster browser notebooks docs test-matrix lab bench pictures dist soak clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

demo: .venv/installed  ## Fetch 90 days from the sandbox into DuckDB, ask in SQL, draw the days
	$(BIN)/mp demo

test: .venv/developing  ## All that CI runs: style, types, import rules, docs, tests, notebooks, a browser
	$(MAKE) --jobs 2 check docs
	$(PYTEST) --nbval tests notebooks

check: .venv/developing  ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

unit: .venv/developing  ## Only the tests, without the browser
	$(PYTEST) tests --ignore tests/browser

thorough: .venv/developing  ## The property tests of reports with many random tables, other ones each time
	REPORT_EXAMPLES=5 $(PYTEST) tests/reports tests/load tests/sandbox/test_sandbox_where.py

engines: .venv/developing  ## Every question to Spark and ClickHouse, in three shapes of table (needs Java)
	ENGINE_QUESTIONS=all $(PYTEST) tests/engines

test-cluster: .venv/developing  ## Reports on a cluster of Spark: a master and two workers, one is killed (needs Java)
	$(BIN)/pytest tests/engines/cluster.py

browser: .venv/developing  ## Only JupyterLab in Chromium; pictures go to artifacts/browser
	$(BIN)/pytest tests/browser --pictures artifacts/browser

notebooks: .venv/developing  ## Only the notebooks, compared strictly with what is saved in them
	$(PYTEST) --nbval notebooks

docs: .venv/developing  ## The documentation as a site, in build/site
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -d build/doctrees -c docs . build/site

test-matrix: .venv/developing  ## The tests with Python 3.11 to 3.13, the lowest versions, and Colab's
	$(BIN)/nox

lab: .venv/developing  ## JupyterLab on the example notebooks
	$(BIN)/jupyter lab notebooks

bench: .venv/developing  ## Measure speed and memory, write docs/performance.md
	$(BIN)/python -m benchmarks

pictures: .venv/developing  ## Draw the pictures of the guides anew (needs Chromium)
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/gallery.py
	$(BIN)/python docs/lab_pictures.py

dist: .venv/developing  ## Wheel and source archive, in dist
	$(BIN)/hatchling build -d dist

soak: .venv/developing  ## Break everything for about an hour, write docs/reliability.md
	cd tests && ../$(BIN)/python -m faults --minutes 2

clean:  ## Remove the environment and all caches
	rm -rf .venv .nox build dist demo artifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

define install
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
endef

.venv/installed: pyproject.toml
	$(install)
	@touch $@

.venv/developing: pyproject.toml
	$(install) --group dev
	@touch .venv/installed $@
