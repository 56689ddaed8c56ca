# Every target works in a clean clone: it prepares .venv first, which takes no time when that is done.
# `make test MARKERS=` runs the tests that need the registries as well.
MARKERS ?= not online
PYTEST_ARGS ?=
PYTHON := .venv/bin/python

.PHONY: demo test check lint bench lock clean bootstrap

demo: bootstrap
	@bash scripts/demo.sh

test: bootstrap
	@$(PYTHON) -m pytest -m "$(MARKERS)" $(PYTEST_ARGS)

check: lint test

lint: bootstrap
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

bench: bootstrap
	@$(PYTHON) benchmarks/run.py

lock: bootstrap
	@bash scripts/lock.sh

clean:
	rm -rf .venv .link build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

bootstrap:
	@bash scripts/bootstrap.sh
