#!/bin/sh
# Writes the lock files from pyproject.toml: with hashes, for every platform, without a registry's name.
set -eu
cd "$(dirname "$0")/.."
lock="uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11"
$lock --all-extras pyproject.toml -o requirements/dev.lock "$@"
$lock --extra local pyproject.toml -o requirements/local.lock -c requirements/dev.lock "$@"
