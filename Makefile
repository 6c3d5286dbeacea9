# The commands, nothing else. Every target makes its own environment in .venv on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RESULTS ?= results

.PHONY: study test test-slow lint bench notebooks clean

study: $(STAMP)
	$(BIN)/spatialconv study zhejiang --out $(RESULTS)

# One thread a worker: workers that spin for cores slow each other down.
test test-slow notebooks: export OPENBLAS_NUM_THREADS := 1

test: $(STAMP)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

notebooks: $(STAMP)
	$(BIN)/python -m pytest -m notebooks

clean:
	rm -rf $(VENV) $(RESULTS) .pytest_cache .mypy_cache .ruff_cache

# Reinstalled when the dependencies change.
$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[test,lint]"
	touch $@
