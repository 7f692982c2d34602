# Every target installs what is missing first; a second run is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help demo test check format bench soak lock clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## / — /'

$(READY): requirements.lock pyproject.toml
	@echo "Installing into $(VENV) (once, and again when requirements.lock changes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tongshu needs Python 3.11 or newer, this is " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## run the hub on its embedded store with the demo departments
	@$(BIN)/hub demo $(ARGS)

test: $(READY) ## the whole test suite that needs only Python
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not bench" $(ARGS)

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

clean: ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
