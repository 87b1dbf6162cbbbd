# Every target sets up what it needs first: .venv, the pinned packages, Anvil. See scripts/_setup.sh.
# Another Python:    make test PYTHON=/path/to/python3.12
# Further options:   make test ARGS="-k liquidation"

.DEFAULT_GOAL := help
.PHONY: help setup compile demo test fuzz mutation coverage prove bench layout lint clean

BIN := .venv/bin
SETUP := scripts/_setup.sh
ARGS ?=

# ape looks for vyper and anvil there
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHON

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: ## install everything, with the tools for developers
	@$(SETUP) dev

demo: ## play Black Thursday against the contracts on a local chain
	@$(SETUP) lab
	@$(BIN)/ape run scenario black-thursday $(ARGS)

test: ## run all tests
	@$(SETUP) lab
	@$(BIN)/ape test tests $(ARGS)

fuzz: ## play 200,000 random steps on bytecode and twin; FUZZ_STEPS=n for another number
	@$(SETUP) core
	@FUZZ_STEPS=$${FUZZ_STEPS:-200000} $(BIN)/ape test tests/stateful $(ARGS)

mutation: ## break the contracts in 600 ways and count what the tests in process notice
	@$(SETUP) core
	@$(SETUP) mutation
	@$(BIN)/python -m quality.mutation $(ARGS)

prove: ## check the lemmas behind the specification, and the bytecode (z3)
	@$(SETUP) proofs
	@PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest --noconftest -o addopts=--import-mode=importlib -q \
		tests/unit/proofs
	@$(BIN)/python -m proofs $(ARGS)

coverage: ## measure which statements and branches of the contracts the tests in process play (titanoboa)
	@$(SETUP) coverage
	@PATH="$(CURDIR)/.venv-coverage/bin:$$PATH" .venv-coverage/bin/python -m quality.coverage

compile: ## compile every contract afresh
	@$(SETUP) core
	@$(BIN)/ape compile --force $(ARGS)

bench: ## measure the gas of every operation; ARGS=--help lists the other measurements
	@$(SETUP) lab
	@$(if $(filter peers,$(ARGS)),$(SETUP) peers)
	@$(BIN)/python -m bench $(ARGS)

layout: ## write down where contracts keep what, after a change that is meant
	@$(SETUP) core
	@$(BIN)/python -m quality.layouts

lint: ## check formatting, lint and types of the Python code
	@$(SETUP) dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy plimsoll

clean: ## remove build products and caches; keeps .venv
	rm -rf .build .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache reports
	find . -name __pycache__ -type d -not -path './.venv*' -not -path './node_modules/*' -prune -exec rm -rf {} +
