# The commands, nothing else. Every target makes its own environment in .venv on a fresh machine.
# PYTHON= says which Python makes it; unsaid, test-oldest and test-newest look for the oldest and the newest there is.
ifdef PYTHON
OLDEST_PYTHON ?= $(PYTHON)
NEWEST_PYTHON ?= $(PYTHON)
endif
PYTHON ?= python3
OLDEST_PYTHON ?= $(call find,3.11)
NEWEST_PYTHON ?= $(call find,3.15 3.14 3.13 3.12)
# The first of these versions that runs, on PATH or among those that pyenv keeps.
find = $(shell for v in $(1); do for p in python$$v $$(pyenv whence --path python$$v 2>/dev/null); do \
	"$$p" -c "" 2>/dev/null && echo "$$p" && exit; done; done)
VENV := .venv
PROGRAMS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := $(VENV)/$(PROGRAMS)
STAMP := $(VENV)/.installed
RESULTS ?= results

.PHONY: study test test-slow test-oldest test-newest lint dist docs docs-links sizes fuzz bench gallery notebooks clean

study: $(STAMP)
	$(BIN)/spatialconv study zhejiang --out $(RESULTS)

# One thread a worker: workers that spin for cores slow each other down.
test test-slow test-oldest test-newest notebooks docs sizes gallery: export OPENBLAS_NUM_THREADS := 1

test: $(STAMP)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(STAMP)
	$(BIN)/python -m pytest -n auto

# At the lower bounds of pyproject.toml. What old and new libraries say to one another in warnings is theirs.
test-oldest: OLDEST := $(VENV)-oldest
test-oldest:
	$(if $(OLDEST_PYTHON),,$(error no python3.11 is here; name another by PYTHON=))
	$(OLDEST_PYTHON) -m venv --clear $(OLDEST)
	$(OLDEST)/$(PROGRAMS)/python -m tests.oldest > $(OLDEST)/floors.txt
	$(OLDEST)/$(PROGRAMS)/python -m pip install --quiet --upgrade pip
	$(OLDEST)/$(PROGRAMS)/python -m pip install --quiet --constraint $(OLDEST)/floors.txt -e ".[test]"
	$(OLDEST)/$(PROGRAMS)/python -m tests.oldest --installed
	$(OLDEST)/$(PROGRAMS)/python -m pytest -n auto -m "not slow" -W default

# With the newest of everything, warnings as errors.
test-newest: NEWEST := $(VENV)-newest
test-newest:
	$(if $(NEWEST_PYTHON),,$(error no python3.12 or newer is here; name one by PYTHON=))
	$(NEWEST_PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/$(PROGRAMS)/python -m pip install --quiet --upgrade pip
	$(NEWEST)/$(PROGRAMS)/python -m pip install --quiet --upgrade --upgrade-strategy eager -e ".[test]"
	$(NEWEST)/$(PROGRAMS)/python -m pytest -n auto -m "not slow"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yml)
	$(BIN)/zizmor --offline --no-progress --quiet --min-severity medium .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

# Wheel and sdist into dist/, held to what a release promises; the tools have an environment of their own.
dist: DIST := $(VENV)-dist
dist:
	$(PYTHON) -m venv --clear $(DIST)
	$(DIST)/$(PROGRAMS)/python -m pip install --quiet --upgrade pip
	$(DIST)/$(PROGRAMS)/python -m pip install --quiet --group dist
	rm -rf dist
	$(DIST)/$(PROGRAMS)/python -m build
	$(DIST)/$(PROGRAMS)/python -m twine check --strict dist/*
	$(DIST)/$(PROGRAMS)/check-wheel-contents dist/*.whl
	$(DIST)/$(PROGRAMS)/python -m tests.distribution dist

# The site, its code run anew where it has changed, warnings as errors; the links to other places are asked for apart.
docs: $(STAMP)
	$(BIN)/python -m sphinx -W --keep-going --quiet docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

docs-links: $(STAMP)
	$(BIN)/python -m sphinx -b linkcheck -D nb_execution_mode=off --quiet docs docs/_build/links

# Every test and interval simulated; goes on where an earlier run stood.
sizes: $(STAMP)
	$(BIN)/python -m tests.simulation.sizes --jobs -1

# Hostile input of every kind, so many minutes each; other seeds are other pieces.
MINUTES ?= 2
SEED ?= 1
fuzz: $(STAMP)
	for kind in panels geometries weights toml documents; do \
	$(BIN)/python -m tests.fuzz $$kind --minutes $(MINUTES) --seed $(SEED) || exit 1; done

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

# Contact sheets of every figure, at four sizes and to three eyes.
gallery: $(STAMP)
	$(BIN)/python -m tests.gallery --out build/gallery

notebooks: $(STAMP)
	$(BIN)/python -m pytest -m notebooks

clean:
	rm -rf docs/_build build $(VENV) $(VENV)-oldest $(VENV)-newest $(VENV)-dist dist $(RESULTS) .pytest_cache .mypy_cache .ruff_cache

# Reinstalled when the dependencies change.
$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[test,lint]"
	touch $@
