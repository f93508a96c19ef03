# `make` or `make help` lists what there is. Python 3.11 to 3.13 and make are all it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

# What the format and lint steps read; a path that does not exist yet is left out.
CODE := $(wildcard allocator api tests docs examples notebooks tools)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: env
env: $(STAMP) ## Make the virtual environment in .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Allocator needs Python 3.11 to 3.13; $(PYTHON) is %d.%d. Try: make PYTHON=python3.12 env" % v)'
	@echo "Making $(VENV) (the first time this takes a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Plan a clinic: schedule, report and a picture of the week in out/demo
	@$(BIN)/allocator solve data/clinic-demo --time-limit 30 --workers 8 --seed 1 --out out/demo --report out/demo/report.html
	@$(BIN)/allocator plot data/clinic-demo out/demo/schedule.csv week --out out/demo/week.png
	@echo "Open out/demo/report.html in a browser: it is one file, ready to send."

.PHONY: serve
serve: $(STAMP) ## Run the service with a clinic to try; data in out/service
	@exec $(BIN)/allocator serve --data out/service --demo

.PHONY: demo-service
demo-service: $(STAMP) ## Live through a day of the service, from calls and requests to bookings
	@$(BIN)/python -m api.demo_service

.PHONY: test
test: $(STAMP) ## Run the tests
	@$(BIN)/python -m pytest -q -n auto

.PHONY: check
check: $(STAMP) ## Check format, lint, types, tests and docs: the same as CI
	@echo "== format"
	@$(BIN)/ruff format --check $(CODE)
	@echo "== lint"
	@$(BIN)/ruff check $(CODE)
	@echo "== types"
	@$(BIN)/mypy
	@echo "== dependencies"
	@$(BIN)/python -m pip --disable-pip-version-check check
	@echo "== tests and docs"
	@$(BIN)/python -m pytest -q -n auto

.PHONY: docs
docs: $(STAMP) ## Run only the tests of README, docs and notebooks
	@$(BIN)/python -m pytest -q -n auto tests/docs

.PHONY: site
site: $(STAMP) ## Build the documentation as a site in out/site
	@rm -rf out/site
	@$(BIN)/sphinx-build -W -E --keep-going -q -b html -c docs -d out/.doctrees . out/site
	@echo "Open out/site/index.html in a browser."

.PHONY: format
format: $(STAMP) ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet $(CODE)
	@$(BIN)/ruff format $(CODE)

.PHONY: bench
bench: $(STAMP) ## Run the benchmarks in tests/benchmarks
	@$(BIN)/python -m pytest -q -m benchmark tests/benchmarks

.PHONY: lock
lock: $(STAMP) ## Bring requirements.lock up to date (make lock UPGRADE=--upgrade for newer versions)
	@$(BIN)/uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
	    --all-extras --generate-hashes --no-annotate --no-header \
	    --no-strip-extras --no-emit-index-url --no-emit-find-links $(UPGRADE) -o requirements.lock
	@! grep -nE '://|^-|[^ ]@|\.whl' requirements.lock || { echo "requirements.lock names an address" >&2; exit 1; }

.PHONY: clean
clean: ## Remove everything that these commands have made
	@rm -rf $(VENV) out build dist *.egg-info .coverage htmlcov .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
