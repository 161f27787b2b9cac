# `make` alone lists the targets: each is described by the comment that follows its name.
# Python is found by .ci/setup; name another one with PYTHON=/path/to/python3.

PORT ?= 8000
SIMULATOR_PORT ?= 8026
VAR ?= var
PYTHON ?=
# What pytest gets on top, for example: make test-fast ARGS="-k keywords"
ARGS ?=
SCALE ?= 100k
export PORT SIMULATOR_PORT VAR PYTHON SCALE

PY := .venv/bin/python
SOURCES := smsconsent consents campaigns bench tests verifier manage.py locale/update.py
PYTEST := $(PY) -m pytest -n auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run banner test test-fast check check-style check-types check-imports check-templates \
	check-django trust bench messages lock install install-dev

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: install ## Start everything here (PORT=8000 SIMULATOR_PORT=8026 VAR=var); Ctrl-C stops it
	@$(PY) manage.py run

banner: install ## Show the addresses and the demo sign-ins once more
	@$(PY) manage.py banner

test: install-dev ## Run every test: on SQLite, then on PostgreSQL and Valkey
	@sh .ci/test $(ARGS)

test-fast: install-dev ## Run the inner loop: SQLite, no browser, no races, under a minute
	@TEST_DATABASE=sqlite $(PYTEST) -q -m "not e2e and not trust and not slow and not postgres" $(ARGS)

check: check-style check-types check-imports check-templates check-django ## Check style, types, imports, templates, migrations, deployment

check-style: install-dev
	@$(PY) -m ruff check $(SOURCES)
	@$(PY) -m ruff format --check $(SOURCES)

check-types: install-dev
	@$(PY) -m mypy

check-imports: install-dev
	@$(PY) .venv/bin/lint-imports --no-logo

check-templates: install-dev
	@$(PY) -m djlint templates --lint --quiet

check-django: install-dev
	@$(PY) -m tests.environment makemigrations --check --dry-run
	@$(PY) -m tests.environment check --deploy --fail-level WARNING

trust: install-dev ## Run the races, crashes and floods at release size; write docs/trust-report.md
	@TEST_DATABASE=postgres TRUST_SIZE=release TRUST_REPORT=docs/trust-report.md \
		$(PY) -m pytest -q -n 2 --dist worksteal -o faulthandler_timeout=3600 tests/trust $(ARGS)

bench: install-dev ## Measure: SCALE=10k, 100k, 1m or 5m; ARGS="P1 P4" for some (docs/performance.md)
	@$(PY) -m bench $(ARGS)

messages: install-dev ## Bring the translations in step with the sources, and compile them
	@$(PY) locale/update.py

lock: install-dev ## Compile the locks from requirements*.in (UPGRADE=1 raises versions)
	@for name in requirements requirements-dev; do \
		$(PY) -m uv pip compile $(if $(UPGRADE),--upgrade) --quiet --generate-hashes --python-version 3.11 \
			--no-header --no-emit-index-url --no-emit-find-links $$name.in -o $$name.txt || exit 1; done

install:
	@sh .ci/setup run

install-dev:
	@sh .ci/setup dev
