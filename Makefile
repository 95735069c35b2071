# Two commands: `make run LIBRARY=~/Music` and `make test`.
# Both set up what they need in .venv, as an ordinary user, and nowhere else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIBRARY ?=
DEMO := demo-library

# Through the environment, so that a path may hold blanks and quotes.
export LIBRARY

.PHONY: run test setup setup-test lint types contracts pytest clean

run: setup
	@set -e; library="$$LIBRARY"; db=sonicat.db; \
	case "$$library" in \
	  "") library=$(DEMO); db=demo.db; \
	      test -d "$$library" || $(BIN)/sonicat demo "$$library" ;; \
	  "~") library="$$HOME" ;; \
	  "~/"*) library="$$HOME/$${library#??}" ;; \
	esac; \
	db="$${SONICAT_DB:-$$db}"; \
	status=0; $(BIN)/scan --db "$$db" "$$library" || status=$$?; \
	test $$status -eq 0 || test $$status -eq 3 || exit $$status; \
	$(BIN)/classify --db "$$db" --all; \
	$(BIN)/report --db "$$db" --by-album; \
	echo "Everything is in $$db; look at it with: sqlite3 $$db"

test: setup-test lint types contracts pytest

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

contracts:
	$(BIN)/lint-imports

pytest:
	$(BIN)/coverage erase
	$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term:skip-covered

setup: $(VENV)/.installed

setup-test: $(VENV)/.installed-test

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --upgrade pip

$(VENV)/.installed: setup.cfg pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install -qq --editable .
	touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install -qq --editable '.[test]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache
