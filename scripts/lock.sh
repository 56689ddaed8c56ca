#!/usr/bin/env bash
# Renews the lock files: every supported Python and machine in one file, with hashes, without index URLs.
# Versions that still fit are kept; `scripts/lock.sh --upgrade` takes the newest ones.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() {
    local output=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --output-file "$output" "$@" >/dev/null
}

lock requirements-build.lock --group build "$@"
lock requirements.lock pyproject.toml "$@"
lock requirements-dev.lock pyproject.toml --group dev --constraint requirements.lock \
    --constraint requirements-build.lock "$@"
