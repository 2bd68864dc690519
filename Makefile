# The commands of the project. `make run` and `make test` set up what they need by themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8700

.PHONY: run test test-servers check bench bench-pipeline bench-scale bench-crawl setup lock vendor clean long

run: $(VENV)/ready
	@$(BIN)/python -m huiying demo demo --port $(PORT)

test: setup $(VENV)/ready-test
	$(MAKE) check
	$(BIN)/pytest
	$(MAKE) test-servers

check: $(VENV)/ready-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What is missing skips its tests on a laptop and fails them where CI is set.
test-servers: $(VENV)/ready-test
	@deploy/setup-debian servers || true
	$(BIN)/pytest -m servers

bench-scale: $(VENV)/ready-test
	@deploy/setup-debian servers || true
	$(BIN)/python -m tests.bench.scale --kill
	$(BIN)/python -m tests.bench.index

bench: $(VENV)/ready-test
	$(BIN)/python -m tests.bench.latency
	$(BIN)/python -m tests.bench.ledger
	$(BIN)/python -m tests.bench.figures
	$(BIN)/python -m tests.bench.start

bench-crawl: $(VENV)/ready-test
	$(BIN)/python -m tests.bench.crawl

# Each writes its table into docs/benchmarks.md.
bench-pipeline: $(VENV)/ready-test
	$(BIN)/python -m tests.bench.pipeline --record
	$(BIN)/python -m tests.bench.stories --record
	$(BIN)/python -m tests.bench.search --record

long: $(VENV)/ready-test
	HUIYING_PROFILE=long $(BIN)/pytest -m "not servers"

setup:
	@deploy/setup-debian

$(VENV)/bin/python:
	@deploy/setup-debian venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: $(VENV)/bin/python deploy/requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes -r deploy/requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/ready-test: $(VENV)/ready deploy/requirements-test.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes -r deploy/requirements-test.lock
	@touch $@

lock:
	uv pip compile pyproject.toml --extra build --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o deploy/requirements.lock
	uv pip compile pyproject.toml --extra build --extra test --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o deploy/requirements-test.lock

vendor:
	$(BIN)/python deploy/vendor.py

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
