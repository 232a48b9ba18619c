# Two commands do the main things; each sets up what it needs and is quick the second time.
.DEFAULT_GOAL := help
PYTHON_IN_VENV := .venv/bin/python
# Everything that moves media runs in a network namespace of its own, so that no packet leaves the machine.
NETNS := scripts/netns.sh

.PHONY: help setup demo test coverage lint format docs bench clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## system packages, virtual environment, browser SDK, flush shim
	@bash scripts/setup.sh

demo: setup ## a real meeting of three browsers, recorded; the film lies in demo-output/
	@$(NETNS) $(PYTHON_IN_VENV) -m testbed.demo

test: ## all tests, against real Janus and Chromium and real storage servers
	@bash scripts/setup.sh --tests
	@bash scripts/test.sh

coverage: ## all tests, with branch coverage, which takes longer
	@bash scripts/setup.sh --tests
	@REELKIT_COVERAGE=1 bash scripts/test.sh

lint: setup ## ruff, mypy, import contracts, generated files up to date
	@bash scripts/lint.sh

format: setup ## formats the code
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

docs: setup ## writes the generated pages of docs/
	@$(PYTHON_IN_VENV) scripts/generate_configuration_page.py

bench: setup ## prints the figures of bench/
	@bash scripts/bench.sh

clean: ## removes what set-up made in this directory
	@rm -rf .venv build testbed/*/node_modules demo-output
