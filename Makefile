# Everything a person needs: `make demo`, `make up`, `make test`, `make check`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
BAKEOFF := $(BIN)/bakeoff
TOOLS_ENV := BAKEOFF_DATA_DIR=$(CURDIR)/.cache/check SECRET_KEY=check

.PHONY: help setup dev demo up stop test test-fast check format lock bench screenshots clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- Installing -----------------------------------------------------------------------------------
.venv: .venv/.runtime

.venv/.runtime: requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" tools/venv.sh requirements.lock .venv/.runtime

.venv/.dev: requirements-dev.lock pyproject.toml
	@PYTHON="$(PYTHON)" tools/venv.sh requirements-dev.lock .venv/.dev .venv/.runtime

setup: .venv/.runtime ## make .venv with all that Bakeoff needs to run

dev: .venv/.dev ## make .venv with the tools for tests and checks as well

# --- Running --------------------------------------------------------------------------------------
demo: .venv/.runtime ## the whole thing on a sample project with a scripted agent
	@exec $(BAKEOFF) demo

up: .venv/.runtime ## start Bakeoff
	@exec $(BAKEOFF) up

stop: .venv/.runtime ## end everything that Bakeoff runs
	@exec $(BAKEOFF) stop

# --- Testing --------------------------------------------------------------------------------------
# In CI tests come in the same order each time, as their drawn examples are the same: what a new order
# brings to light is for who looks for it, not for the next one who changes something else.
ORDER := $(if $(CI),--randomly-seed=1)

test: .venv/.dev ## the whole suite
	$(BIN)/pytest -n 2 --dist worksteal $(ORDER) $(ARGS)

test-fast: .venv/.dev ## under a minute: what makes no repositories, no processes, no browser
	$(BIN)/pytest -n 2 --dist worksteal $(ORDER) -m "not (system or browser or external or long or real)" $(ARGS)

check: .venv/.dev ## format, lint, types, layers, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(TOOLS_ENV) $(BIN)/mypy
	$(BIN)/lint-imports
	$(TOOLS_ENV) $(BIN)/python manage.py makemigrations --check --dry-run

format: .venv/.dev ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# --- Measuring and showing -------------------------------------------------------------------------
bench: .venv/.dev ## figures as ratios, one after the other (some minutes); ARGS="launch idle" for some
	$(BIN)/python -m bench $(ARGS)

screenshots: .venv/.dev ## the README's pictures, from the real product
	$(BIN)/python -m scripts.screenshots

# --- Keeping --------------------------------------------------------------------------------------
LOCK := uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --python-version 3.11 -q --no-header

lock: ## resolve the pinned dependencies anew
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -o requirements-dev.lock

clean: ## remove what was made here, the data dir is left alone
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
