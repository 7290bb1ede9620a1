# make run    set-up, then the window (without a display: the guided tour as pictures)
# make test   set-up with the test tools, then lint, types and tests
# make test-long    the tests that would take that beyond ten minutes: more benchmarks' smoke runs, the guided tour
# make reproduce    builds, trains and measures what docs/results.md reports: hours; ARGUMENTS="--quick": minutes
# Stamps in .venv remember what is installed; they are redone when pyproject.toml or constraints.txt changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DECLARED := pyproject.toml constraints.txt
# What is installed is compiled when it is first used, and then kept: most of it never is, and compiling all took a minute.
INSTALL := $(PIP) install --quiet --no-compile --constraint constraints.txt
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test test-long lint types tests format reproduce clean

help:
	@echo "make run     set up and open the window"
	@echo "make test    set up, then lint, types and tests"
	@echo "make format  let ruff format the code"
	@echo "make reproduce    measure what docs/results.md reports (hours)"
	@echo "make clean   remove .venv and the tools' caches"

run: $(VENV)/.installed
	@$(BIN)/python scripts/start.py

# mypy has one thread: beside the tests it costs half of its time
test: lint
	@$(MAKE) --no-print-directory --jobs 2 types tests

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

tests: $(VENV)/.installed-test
	@$(BIN)/python scripts/qt_libraries.py
	QT_QPA_PLATFORM=offscreen CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest -n 3 --dist loadfile --durations=40 -m "not long"

test-long: $(VENV)/.installed-test
	QT_QPA_PLATFORM=offscreen CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest -n 2 -m long

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reproduce: $(VENV)/.installed
	$(BIN)/python -m benchmarks.reproduce $(ARGUMENTS)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache doscope.egg-info build

$(VENV)/.made:
	@$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(DECLARED) | $(VENV)/.made
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: $(DECLARED) | $(VENV)/.made
	$(INSTALL) --editable ".[test]"
	@touch $(VENV)/.installed $@
