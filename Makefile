# `make` alone lists the verbs. Everything runs in the project's own .venv; nothing is installed system-wide.
.DEFAULT_GOAL := help
export PYTHON ?= python3
UV := tools/uv
BIN := .venv/bin

.PHONY: help setup demo test check format bench lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## make .venv with everything the project needs

.venv/.ready: pyproject.toml uv.lock tools/uv
	@echo "Setting up .venv: about 150 MB to download the first time …"
	$(UV) sync --frozen --compile-bytecode --python $(PYTHON) --no-progress
	@touch $@

demo: setup ## recognise the sample people in a sample film and write a report
	$(BIN)/stash-sense demo

test: setup ## run the whole test suite
	@$(BIN)/stash-sense models install lite || echo "Without the pack lite the tests that need real models are skipped." >&2
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

check: setup ## formatting, lint, types, and the rules on who may import whom
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## put the code into shape
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: setup ## measure speed and accuracy; FACES=DIR and CLIP=DIR name labelled faces and a clip, FULL=1 the largest databases
	$(UV) sync --frozen --compile-bytecode --python $(PYTHON) --no-progress --group bench
	$(BIN)/stash-sense models install lite
	@for pack in duo trio; do $(BIN)/stash-sense models install $$pack || echo "$$pack is not measured." >&2; done
	$(BIN)/python -m benchmarks.all $(if $(FACES),--faces "$(FACES)") $(if $(CLIP),--clip "$(CLIP)") $(if $(BESIDE),--beside "$(BESIDE)") $(if $(FULL),--full)

lock: ## resolve the dependencies anew
	$(UV) lock --upgrade

clean: ## remove what was made here: environment, caches, results
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/results
