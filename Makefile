# Needs Python 3.11 or newer, Git and make; everything else goes into .venv.
#
#   make demo    a small taxonomy with changes in it, and what taxonomy-diff says of them
#   make test    everything: lint, types, the project's own hooks, tests with branch coverage
#   make lint    what make test does before its tests
#   make docs    README.md's tables, the man pages and the pages in docs/, as far as they are made from the program
#   make lock    what the Action installs, anew: .github/action/requirements.txt
#   make bench   what it costs, against yamllint and git status: build/bench.md
#   make clean   removes whatever the above made

# The first of these that is new enough; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

# Branches count: a floor that `make test` keeps.
COVERAGE_FLOOR := 95

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PRE_COMMIT_HOME := $(CURDIR)/.venv/pre-commit
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs lock bench clean
.SUFFIXES:

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/.made
	@python docs/demo.py build/demo

test: lint
	@echo "pytest"
	@pytest -q -n auto --cov --cov-report= $(PYTEST_ARGS)
	@coverage report --fail-under=$(COVERAGE_FLOOR)

# pre-commit sees tracked files only, so the tools also run over the whole tree.
lint: .venv/.made
	@echo "ruff check"
	@ruff check --quiet
	@echo "ruff format --check"
	@ruff format --quiet --check
	@echo "mypy"
	@mypy --no-error-summary
	@echo "pre-commit run --all-files"
	@pre-commit run --all-files

docs: .venv/.made
	@python -m docs.readme
	@python -m docs.manpage
	@python -m docs.rules
	@python -m docs.configuration
	@python -m docs.maintaining

lock: .venv/.made
	@python -m pip install --quiet uv
	@python -m docs.lock

bench: .venv/.made
	@python -m benchmarks.bench build/bench.md

clean:
	@rm -rf .venv build dist *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made anew only when pyproject.toml changes: the install is editable, so code needs no second one.
.venv/.made: pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making .venv with $$("$(PYTHON)" --version) (once, and when pyproject.toml changes)"
	@"$(PYTHON)" -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --editable '.[dev]'
	@touch $@
