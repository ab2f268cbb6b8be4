# Two commands do all the set-up, without root: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# A stamp per set of requirements, so that a second call starts at once and a changed one installs again.
STAMP := $(VENV)/.installed
STAMP_DEV := $(VENV)/.installed-dev
STAMP_TRAIN := $(VENV)/.installed-train

.PHONY: run test lint check bench train clean help

help:
	@echo "make run     start everything on embedded defaults and open the dashboard (Ctrl-C stops it)"
	@echo "make test    run the tests"
	@echo "make check   tests, ruff, mypy --strict, import contracts"
	@echo "make bench   the benchmarks (about half an hour)"
	@echo "make train   the environment for training (brings torch: several GB)"

run: $(STAMP)
	@$(BIN)/kummerkasten up --demo

test: $(STAMP_DEV)
	$(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} --dist loadfile --no-loadscope-reorder

lint: $(STAMP_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

bench: $(STAMP_DEV)
	$(BIN)/python -m bench

train: $(STAMP_TRAIN)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kummerkasten needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment here (on Debian: apt install python3-venv)."; exit 1; }

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Kummerkasten into $(VENV) (a minute or two, once) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(STAMP_DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Kummerkasten and its test tools into $(VENV) (a minute or two, once) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(STAMP)

$(STAMP_TRAIN): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --constraint constraints.txt --editable '.[dev,train]'
	@touch $@ $(STAMP_DEV) $(STAMP)

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
