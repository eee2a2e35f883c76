# `make help` lists the targets. Everything is installed into .venv, nothing outside this folder.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
LOCK := infra/requirements/dev.txt
READY := .venv/.ready
# Beside .venv: checkov and the tests want different packages of one name.
TERRAFORM_TOOLS := build/terraform-tools
# What is deployed has the very versions that are tested.
LOCKING := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
DEMO := tests/resources/quire-demo.pdf
WHERE = --project "$(PROJECT)" --region "$(REGION)" --env "$(or $(ENV),prod)" $(if $(SUPABASE_URL),--supabase-url "$(SUPABASE_URL)") $(if $(YES),--yes)

.PHONY: help setup demo up flower test schemathesis lint format bench screenshots trace-picture package deploy destroy lock terraform-test terraform-tools clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with the locked dependencies; run nothing

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Quire needs Python 3.11 or later, and $(PYTHON) is not. Say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  echo "A virtual environment could not be made; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing the locked dependencies into .venv (once; about a minute)"
	@set -o pipefail; $(BIN)/pip install --disable-pip-version-check --require-hashes -r $(LOCK) 2>.venv/setup.log \
	  | awk -v all="$$(grep -c '^[a-z0-9].*==' $(LOCK))" '/^(Collecting|Processing)/ {n++; if (n % 10 == 0) {printf "  %d of about %d packages\n", n, all; fflush()}}' \
	  || { tail -3 .venv/setup.log >&2; echo "The dependencies could not be installed; the whole log is .venv/setup.log" >&2; exit 1; }
	@$(BIN)/pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e . 2>>.venv/setup.log || { tail -3 .venv/setup.log >&2; exit 1; }
	@$(BIN)/python -m compileall -q common functions infra
	@touch $(READY)

demo: $(READY) ## Read a scanned PDF on a local stack; your own with PDF=path
	@$(BIN)/quire --profile local run $(if $(PDF),"$(PDF)",$(DEMO) --chunk-pages 2) $(OPTIONS)

up: $(READY) ## Run the local stack until Ctrl-C
	@$(BIN)/quire up

flower: $(READY) ## Open Flower, Celery's monitor, on the running stack
	@$(BIN)/quire flower

test: $(READY) ## Run all tests
	@$(BIN)/pytest

schemathesis: $(READY) ## Try the API with some thousands of odd requests; CASES an operation
	@QUIRE_SCHEMATHESIS_CASES=$(or $(CASES),120) $(BIN)/pytest -q -s tests/e2e/test_api_schemathesis.py

lint: $(READY) ## Check form, types and the direction of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(READY) ## Bring the code into form
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: $(READY) ## Measure splitting and the pipeline's overhead, as ratios
	@$(BIN)/python -m tests.bench

screenshots: $(READY) ## Take the pictures of the page anew (needs Chromium)
	@$(BIN)/python -m tests.browser.screenshots

trace-picture: $(READY) ## Record a job's trace, and draw it for docs/observability.md
	@$(BIN)/python -m tests.trace_picture

package: $(READY) ## Pack the functions for the platform: build/functions.zip
	@$(BIN)/python -m infra.packaging

deploy: $(READY) ## Deploy, or bring up to date: PROJECT= REGION= [ENV=prod|dev] [YES=1]
	@$(BIN)/python -m infra.cli.deploying deploy $(WHERE)

destroy: $(READY) ## Take away what was deployed, documents too: PROJECT= REGION= [ENV=]
	@$(BIN)/python -m infra.cli.deploying destroy $(WHERE)

lock: $(READY) ## Renew the lock files from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev $(LOCKING) -o $(LOCK)
	@for place in functions worker; do \
	  uv pip compile pyproject.toml --extra $$place --constraint $(LOCK) $(LOCKING) \
	    -o infra/requirements/$$place.txt || exit 1; done
	@uv pip compile infra/requirements/terraform.in $(LOCKING) -o infra/requirements/terraform.txt

terraform-test: $(READY) $(TERRAFORM_TOOLS)/.ready ## Check terraform/ without a cloud; TERRAFORM may name a runner
	@$(BIN)/python -m tests.terraform

terraform-tools: $(TERRAFORM_TOOLS)/.ready

$(TERRAFORM_TOOLS)/.ready: infra/requirements/terraform.txt
	@echo "Installing what checks terraform/ into $(TERRAFORM_TOOLS) (once; about a minute)"
	@rm -rf $(TERRAFORM_TOOLS) && mkdir -p build && $(PYTHON) -m venv $(TERRAFORM_TOOLS)
	@$(TERRAFORM_TOOLS)/bin/pip install --disable-pip-version-check -q --no-deps --no-compile --require-hashes -r $< \
	  2>build/terraform-tools.log || { tail -3 build/terraform-tools.log >&2; echo "checkov could not be installed; the whole log is build/terraform-tools.log" >&2; exit 1; }
	@touch $@

clean: ## Remove what was made here: .venv, the stack's data, caches
	@rm -rf .venv .quire build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
