# `make` lists the targets. Only Python 3.11 or later must be installed: all other packages go into
# .venv, in the versions and with the hashes of the lock files in requirements/.

PYTHON ?= python3
ARGS ?=
# The number of test workers, each with servers of its own. 0: one process, as --pdb needs it.
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Set explicitly, so that an activated environment does not get the packages.
UVPIP := VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip
PIP := $(BIN)/python -m pip
REVISIONS := $(wildcard shared/db/migrations/versions/*.sql)

export UV_LINK_MODE ?= copy
# pip and uv use a cache inside .venv if the home directory is not writable.
ifneq ($(shell cd ~ 2>&- && mkdir -p .cache && test -w .cache && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/$(VENV)/cache
endif

.DEFAULT_GOAL := help
.PHONY: help demo up down check test bench docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The start of `make demo`, so that its time includes the set-up.
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

docs: $(VENV)/.dev ## Write docs/openapi.json, docs/asyncapi.json and docs/errors.md anew
	$(BIN)/python -m services.api.openapi > docs/openapi.json
	$(BIN)/python -m shared.kafka.asyncapi > docs/asyncapi.json
	$(BIN)/python -m services.api.native.error_page > docs/errors.md

lock: $(VENV)/.uv ## Write the lock files from pyproject.toml; ARGS=--upgrade for newer versions
	PATH="$(CURDIR)/$(BIN):$$PATH" sh requirements/compile.sh $(ARGS)
	$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --python-version 3.11 --extra migrate --extra otel pyproject.toml \
		--constraints requirements/dev.lock --output-file deploy/requirements.lock $(ARGS)

clean: ## Stop the local stack, then delete its data, the environment and all caches
	@if [ -x $(BIN)/outdial ]; then $(BIN)/outdial down; fi
	rm -rf $(VENV) .outdial dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: each stamp file is newer than the lock that was installed ---

# Runs commands as one step: a line with its seconds; their output is shown only if they fail.
define step
@printf '%s' '$(1)'; began=$$(date +%s); \
if said=$$({ $(2); } 2>&1); then echo " ($$(($$(date +%s) - began)) s)"; \
else echo ': failed'; printf '%s\n' "$$said" >&2; exit 1; fi
endef

# uv is fast, but does not read pip's settings. If uv cannot reach a registry, pip installs.
OUTDIAL = $(UVPIP) install --quiet --no-deps --build-constraints requirements/dev.lock --editable . \
	|| $(PIP) install --quiet --no-deps --editable .
LOCAL = $(UVPIP) install --quiet --require-hashes --requirement requirements/local.lock \
	|| $(PIP) install --quiet --require-hashes --requirement requirements/local.lock
DEV = $(UVPIP) sync --quiet --require-hashes requirements/dev.lock \
	|| $(PIP) install --quiet --no-deps --require-hashes --requirement requirements/dev.lock

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "Python's venv module is missing: apt install python3-venv, or make PYTHON=..." >&2; \
		exit 1; }
	$(call step,making the environment in $(VENV),$(PYTHON) -m venv $(VENV))

$(VENV)/.uv: requirements/uv.lock | $(VENV)/pyvenv.cfg
	$(call step,installing uv,$(PIP) install --quiet --require-hashes --requirement $<)
	@touch $@

# Only adds packages, so that those of the tests stay.
$(VENV)/.local: requirements/local.lock pyproject.toml $(VENV)/.uv
	$(call step,installing the packages of the local stack,$(LOCAL))
	$(call step,installing outdial,$(OUTDIAL))
	@touch $@

# These are those of the local stack and more, so that a later `make up` installs nothing.
$(VENV)/.dev: requirements/dev.lock pyproject.toml $(VENV)/.uv
	$(call step,installing the packages of the tests,$(DEV))
	$(call step,installing outdial,$(OUTDIAL))
	@touch $(VENV)/.local $@
