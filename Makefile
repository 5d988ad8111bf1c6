# `make` prints what there is. Everything that is needed goes into .venv and comes by the locks
# in requirements/, whose hashes are checked; only Python 3.11 or later must be there before.

PYTHON ?= python3
ARGS ?=
# Each worker starts servers of its own; 0 runs all tests in one process, as --pdb needs it.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# An activated environment must not catch what is meant for ours.
UVPIP := VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip
PIP := $(BIN)/python -m pip
REVISIONS := $(wildcard shared/db/migrations/versions/*.sql)

export UV_LINK_MODE ?= copy
# pip and uv keep their caches in the environment where the home directory cannot be written.
ifneq ($(shell cd ~ 2>&- && mkdir -p .cache && test -w .cache && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/$(VENV)/cache
endif

.DEFAULT_GOAL := help
.PHONY: help demo up down check test bench docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# `make demo` counts its seconds from here, so that the set-up is part of them.
demo: export OUTDIAL_DEMO_BEGAN_AT := $(shell date +%s)
demo: $(VENV)/.local ## Set up what is missing and run the sample campaign on a local stack
	@$(BIN)/outdial demo $(ARGS)

up: $(VENV)/.local ## Start the local stack and leave it running
	@$(BIN)/outdial up --detach $(ARGS)

down: $(VENV)/.local ## Stop the local stack
	@$(BIN)/outdial down $(ARGS)

check: $(VENV)/.dev ## Format, lint, types, import contracts, container files and migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/squawk --config .squawk.toml $(REVISIONS)

test: $(VENV)/.dev ## Run the tests on real PostgreSQL, Redis and Kafka; ARGS='-k calendar' for some
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

bench: $(VENV)/.dev ## Measure throughput, import and memory
	@$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.dev ## Write docs/openapi.json and docs/asyncapi.json anew
	$(BIN)/python -m services.api.openapi > docs/openapi.json
	$(BIN)/python -m shared.kafka.asyncapi > docs/asyncapi.json

lock: $(VENV)/.uv ## Write the locks anew from pyproject.toml; ARGS=--upgrade for newer versions
	PATH="$(CURDIR)/$(BIN):$$PATH" sh requirements/compile.sh $(ARGS)
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --python-version 3.11 --extra migrate pyproject.toml \
		--constraints requirements/dev.lock --output-file deploy/requirements.lock $(ARGS)

clean: ## Stop the local stack, then delete its data, the environment and all caches
	@if [ -x $(BIN)/outdial ]; then $(BIN)/outdial down; fi
	rm -rf $(VENV) .outdial dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: a stamp is newer than the lock that it stands for ---

# uv is quick, but reads none of pip's settings: where only those lead to a registry, pip does it.
OUTDIAL = $(UVPIP) install --quiet --no-deps --build-constraints requirements/dev.lock --editable . \
	|| $(PIP) install --quiet --no-deps --editable .

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "Python's venv module is missing: apt install python3-venv, or make PYTHON=..." >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.uv: requirements/uv.lock | $(VENV)/pyvenv.cfg
	$(PIP) install --quiet --require-hashes --requirement requirements/uv.lock
	@touch $@

# Adds and never removes, so that what the tests need stays.
$(VENV)/.local: requirements/local.lock pyproject.toml $(VENV)/.uv
	$(UVPIP) install --quiet --require-hashes --requirement $< \
		|| $(PIP) install --quiet --require-hashes --requirement $<
	$(OUTDIAL)
	@touch $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml $(VENV)/.uv
	$(UVPIP) sync --quiet --require-hashes $< \
		|| $(PIP) install --quiet --require-hashes --requirement $<
	$(OUTDIAL)
	@touch $@
