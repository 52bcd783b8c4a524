# Eleven doors, used alike by people and by CI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
BENCH_STAMP := $(VENV)/.bench

.PHONY: help setup demo test test-all lint bench evaluate mutants docs wheel-test clean

help: ## list the doors
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

setup: $(STAMP) ## make .venv and install Control Room into it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Control Room needs Python 3.11 or newer; this is $$($(PYTHON) --version)."; exit 6; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python has no venv. On Debian and Ubuntu:  sudo apt-get install python3-venv"; exit 6; }
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' 2>&1 | grep -v '^WARNING: Location' || true  # --group needs it
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .[web,stems] --group lint --group test 2>&1 | grep -v '^WARNING: Location' || true
	@$(BIN)/python -c 'import controlroom, numpy, scipy, numba, soundfile, soxr, av, pytest'
	@$(BIN)/python -m controlroom.cli.__main__ models add spleeter || echo "No separation weights: stems must be handed in, or run '$(BIN)/controlroom models add spleeter' later."
	@touch $@

demo: setup ## synthesise a flawed take, finish it, say where the masters are
	@$(BIN)/python -m lab.demo

test: setup ## the fast suite
	@$(BIN)/python -m lab.page node
	$(BIN)/python -m pytest -n 2

test-all: setup ## everything: slow, browser, fault, fuzz and extras too
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group browser 2>&1 | grep -v '^WARNING: Location' || true
	$(MAKE) wheel-test
	@$(BIN)/python -m lab.page node
	$(BIN)/python -m pytest -n 2 -m "" --durations=15

wheel-test: setup ## build the wheel, install it apart, and run the main job without src/
	$(BIN)/python -m lab.wheel_test

lint: setup ## formatter, linter, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m lab.page lint

$(BENCH_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench --group evaluate 2>&1 | grep -v '^WARNING: Location' || true
	@$(BIN)/python -c 'import matchering, pedalboard, mir_eval' && touch $@

bench: $(BENCH_STAMP) ## speeds, as ratios to a yardstick of the same run; ONLY=name for one section
	$(BIN)/python -m lab.bench $(ONLY)

evaluate: $(BENCH_STAMP) ## the tables that prove the claims; resumable; ONLY=name for one section
	$(BIN)/python -m lab.evaluate $(ONLY)

mutants: setup ## small faults, one at a time: do the tests see them? resumable; SAMPLE=400 SEED=1 ONLY="studio/walk.py"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group mutants 2>&1 | grep -v '^WARNING: Location' || true
	$(BIN)/python -m lab.mutants $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

docs: setup ## print the reference pages from the code
	$(BIN)/python -m lab.docs

clean: ## remove what can be made again
	rm -rf $(VENV) .work demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/page/node_modules
