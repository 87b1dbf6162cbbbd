# Every target sets up what it needs first: .venv, the pinned packages, Anvil. See scripts/_setup.sh.
# Another Python:    make test PYTHON=/path/to/python3.12
# Further options:   make test ARGS="-k liquidation"

.DEFAULT_GOAL := help
.PHONY: help setup demo play test test-fast fuzz mutation coverage prove bench docs lint

BIN := .venv/bin
SETUP := scripts/_setup.sh
ARGS ?=
# a process for each processor and one more (`tests/conftest.py`); whole files, because their fixtures build markets
PARALLEL := -n logical --dist loadfile

# ape looks for vyper and anvil there
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHON
# where it is set, every process compiles package and tests anew
unexport PYTHONDONTWRITEBYTECODE

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: ## install everything, with the tools for developers
	@$(SETUP) dev

demo: ## play Black Thursday against the contracts on a local chain
	@$(SETUP) lab
	@$(BIN)/ape run scenario black-thursday $(ARGS)

play: ## open a market to play with in the browser: drag the price, open loans, see who is liquidated
	@$(SETUP) play
	@$(BIN)/plimsoll play $(ARGS)

test: ## run all tests
	@$(SETUP) test
	@$(SETUP) foundry
	@$(SETUP) peers
	@$(BIN)/ape test tests --engine anvil $(PARALLEL) $(ARGS)

test-fast: ## run what needs no Anvil and no other process, without the replays of the documents
	@$(SETUP) test
	@$(BIN)/python -m pytest tests --engine revm -m "not replay and not processes" $(PARALLEL) $(ARGS)

fuzz: ## play 200,000 random steps, as many beside peers, a million closes of baskets; FUZZ_STEPS=n for another number
	@$(SETUP) lab
	@$(SETUP) peers
	@FUZZ_STEPS=$${FUZZ_STEPS:-200000} $(BIN)/python -m pytest tests/stateful tests/property/test_basket.py \
		tests/unit/arena/test_bytecode.py $(ARGS)

mutation: ## break the contracts in 600 ways and count what the tests in process notice
	@$(SETUP) core
	@$(SETUP) quality
	@$(BIN)/python -m quality.mutation $(ARGS)

coverage: ## measure which statements and branches of the contracts the tests in process play (titanoboa)
	@$(SETUP) quality
	@PATH="$(CURDIR)/.venv-quality/bin:$$PATH" .venv-quality/bin/python -m quality.coverage

prove: ## check the lemmas behind the specification, and the bytecode (z3)
	@$(SETUP) dev
	@PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest --noconftest -o addopts=--import-mode=importlib -q \
		tests/unit/proofs
	@$(BIN)/python -m proofs $(ARGS)

bench: ## measure the gas of every operation; ARGS=--help lists the other measurements
	@$(SETUP) lab
	@$(if $(filter peers,$(ARGS)),$(SETUP) peers)
	@$(if $(filter page,$(ARGS)),$(SETUP) test && $(SETUP) page)
	@$(BIN)/python -m bench $(ARGS)

docs: ## build the documentation into site/; fails on a dead link or an undocumented name
	@$(SETUP) docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build -f website/mkdocs.yml --quiet $(ARGS)
	@echo "docs: site/index.html"

lint: ## check formatting, lint and types of the Python code
	@$(SETUP) dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy plimsoll
