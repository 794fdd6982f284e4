# The two commands of the README are `make demo` and `make test`; each does all its own set-up.
SHELL := /bin/bash -euo pipefail
PYTHON ?= python3
CACHE := $(or $(MODELMONITOR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/modelmonitor)
# The environment is as old as its lock file: another lock or another Python is another folder.
VENV_KEY := $(shell cat requirements/dev.lock <($(PYTHON) -VV) | sha256sum | cut -c1-12)
VENV := $(CACHE)/venv-$(VENV_KEY)
BIN := .venv/bin
export PYTHONPATH := operator:.
PHASE := $(PYTHON) tools/phase.py
PYTEST := $(BIN)/python -m pytest
SOURCES := operator e2e tests tools bench

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -ts $$'\t'

.PHONY: demo
demo: setup ## The whole loop on real flights, on a real Kubernetes; leaves it up to be looked at
	@$(PHASE) "demo" $(BIN)/python -m e2e.demo

.PHONY: demo-down
demo-down: cluster-down ## Remove the demo, its cluster and everything it left

.PHONY: test
test: setup ## Lint, unit and property tests, a real API server, one walk on a real cluster
	@$(MAKE) --no-print-directory lint
	@$(PHASE) "Kubernetes binaries" $(PYTHON) -m e2e.cluster build
	@$(MAKE) --no-print-directory test-unit test-api test-walk

.PHONY: lint
lint: setup ## Format, lint, types, layers
	@$(PHASE) "ruff format" $(BIN)/ruff format --quiet --check $(SOURCES)
	@$(PHASE) "ruff check" $(BIN)/ruff check --quiet $(SOURCES)
	@$(PHASE) "mypy --strict" $(BIN)/mypy operator/modelmonitor e2e tests bench
	@$(PHASE) "layers" $(BIN)/lint-imports --no-logo

.PHONY: format
format: setup ## Format the code
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

.PHONY: test-unit
test-unit: setup ## Unit and property tests
	@$(PHASE) "unit and property tests" $(PYTEST) -q -n 2 tests/unit tests/properties

.PHONY: test-api
test-api: setup ## Tests against a real API server
	@$(PHASE) "API server tests" $(PYTEST) -q -n 2 --dist loadscope -m "not faults" tests/api

.PHONY: test-walk
test-walk: setup ## The demo's walk on a real cluster, with every API call checked against the chart's rules
	@$(PHASE) "e2e walk" $(PYTEST) -q -s e2e/scenarios/test_walk.py

.PHONY: test-e2e
test-e2e: setup ## Every scenario on a real cluster
	@$(PHASE) "e2e scenarios" $(PYTEST) -q -s e2e/scenarios

.PHONY: test-faults
test-faults: setup ## The walk, killed around every single call to the API server
	@$(PHASE) "faults" $(PYTEST) -q -s -m faults tests/api

.PHONY: bench-engine
bench-engine: setup ## Measure an evaluation beside Evidently's and NannyML's; writes bench/RESULTS.md
	@$(PHASE) "bench-engine" $(BIN)/python -m bench.engine

.PHONY: bench-check
bench-check: setup ## Say which of the numbers to reach bench/results.json misses
	@$(BIN)/python -m bench.engine.goals

.PHONY: bench-trust
bench-trust: setup ## Do intervals and false alarms hold what they say? Writes docs/trust.md
	@$(PHASE) "bench-trust" $(BIN)/python -m bench.trust

.PHONY: bench-backtest
bench-backtest: setup ## What would the monitor have done, and what would others? Writes docs/backtest.md
	@$(PHASE) "bench-backtest" $(BIN)/python -m bench.backtest

.PHONY: bench-training
bench-training: setup ## What memory and time does a training take?
	@$(PHASE) "bench-training" $(BIN)/python -m bench.training

.PHONY: crds
crds: setup ## Generate the CRDs from the models
	@$(BIN)/python -m modelmonitor.api

.PHONY: lock
lock: setup ## Lock the dependencies anew, with hashes and without addresses
	@$(PYTHON) tools/lock.py

.PHONY: cluster-up
cluster-up: ## Bring up the test cluster
	@$(PYTHON) -m e2e.cluster up

.PHONY: cluster-down
cluster-down: ## Remove the test cluster
	@$(PYTHON) -m e2e.cluster down

.PHONY: cluster-status
cluster-status: ## Say what of the test cluster runs
	@$(PYTHON) -m e2e.cluster status

.PHONY: setup
setup: ## The Python environment, from the lock file with hashes
	@$(PYTHON) tools/environment.py "$(VENV)"
