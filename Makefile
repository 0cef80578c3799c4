# make run and make test; README.md writes both out as plain commands.

PORT ?= 8000
PYTHON ?= $(shell for name in "python$$(cat .python-version)" python3.14 python3.13 python3.12 python3 python; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
JOBS ?= 2
LOCK := --quiet --upgrade --universal --python-version 3.12 --no-emit-index-url --generate-hashes --custom-compile-command "make lock"
PACKAGES := crm customers marketing sales service tests

export DEBUG ?= true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test slow lint judge mutants format lock clean

run: .venv/installed ## Start the CRM on http://127.0.0.1:$(PORT)
	@PORT=$(PORT) exec $(MANAGE) run

test: .venv/installed-dev $(if $(shell command -v npm),node_modules/.package-lock.json) lint ## Run every check but the slow
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist worksteal --cov --cov-report=term

slow: .venv/installed-dev ## Test what takes long: real servers, killed processes, bombs
	$(BIN)/python -m pytest -m slow -n $(JOBS) --dist worksteal

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy manage.py $(PACKAGES)

judge: .venv/installed-dev node_modules/.package-lock.json ## Have the API judged by Spectral, Redocly and Schemathesis
	$(BIN)/python -m tests.judge

mutants: .venv/installed-dev ## Break what protects, rule by rule, and see whether a test notices: about an hour
	$(BIN)/python -m tests.mutants $(MODULES) --jobs $(JOBS)

format: .venv/installed-dev
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: .venv/bin/uv ## Pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## Remove the environment and the database with everything in it
	rm -rf .venv .data node_modules

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "The CRM needs Python 3.12 or newer with the venv module." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/bin/uv: | .venv/bin/python
	$(BIN)/python -m pip install --quiet uv

.venv/installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@ .venv/installed

node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund
