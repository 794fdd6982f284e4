# The two commands of the README are `make demo` and `make test`; each does all its own set-up.
SHELL := /bin/bash -euo pipefail
PYTHON ?= python3
CACHE := $(or $(MODELMONITOR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/modelmonitor)
# The environment is as old as its lock file: another lock, another Python or another pyproject is another folder.
VENV_KEY := $(shell cat requirements/dev.lock <($(PYTHON) -VV) | sha256sum | cut -c1-12)
VENV := $(CACHE)/venv-$(VENV_KEY)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -ts $$'\t'

setup: ## The Python environment, from the lock file with hashes
	@$(PYTHON) tools/environment.py "$(VENV)"
