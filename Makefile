# Everything a person or a machine does with a checkout. Needs Python 3.11 or newer, and make.

SHELL = /bin/sh
PYTHON = .venv/bin/python
# Whatever the machine says: without kept bytecode pytest compiles every test file anew in each of six workers, which is
# 8 of the 13 seconds of processor time that one takes to begin.
export PYTHONDONTWRITEBYTECODE =
LINT = env DJANGO_TESTING=true $(PYTHON) -m
# Acceptance tests wait in places, so there are more workers than cores. A file stays whole; see tests/conftest.py.
TEST_WORKERS ?= 4
# Empty: a test that fails once has failed. `.ci/run` gives some a second chance, and lists those that needed it.
SECOND_CHANCE =
# After so long `make soak` begins no further test.
SOAK_SECONDS ?= 1200
TIMES = .pytest_cache/times.json
SQLITE_LOG = .pytest_cache/sqlite.log
TESTS = $(wildcard tests/*.py tests/*/*.py tests/*/*/*.py tests/*/*/*/*.py)
PYTEST = $(PYTHON) -m pytest --times=$(TIMES) $(SECOND_CHANCE)
ALL_ON_SQLITE = env OMNIFY_TEST_DATABASE=sqlite $(PYTHON) -m pytest $(SECOND_CHANCE) tests/integration
# All packages with the hashes of all their files, for every Python and processor at once. What is locked stays as it is
# unless a requirements file asks for something else: `make lock UPGRADE=--upgrade` takes what is newest.
LOCK = env UV_CUSTOM_COMPILE_COMMAND="make lock" $(PYTHON) -m uv pip compile --quiet --universal --generate-hashes \
	--no-annotate --python-version 3.11 $(UPGRADE)

# The first interpreter that starts, is new enough and can make a virtual environment; then the packages.
PACKAGES = @for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
	if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then exec "$$python" -I omnify/embedded/packages.py $(1); fi; done; \
	echo "omnify: Python 3.11 or newer with its venv module is needed (on Debian: apt install python3-venv)" >&2; \
	exit 1

.PHONY: help run test sqlite soak lint format messages bench clients lock sbom clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##  */  make \1	/p' Makefile

run:  ## start the service on 127.0.0.1:$PORT (8000), data in $OMNIFY_HOME (.omnify)
	$(call PACKAGES,requirements.lock)
	@exec $(PYTHON) -m omnify.embedded --parent $$PPID

test: .dev-packages  ## all checks: linters, types, all tests on PostgreSQL, and on SQLite what says most about it
	@rm -f $(TIMES)
	@$(MAKE) --no-print-directory --jobs=3 lint .on-sqlite .on-postgres

sqlite: .dev-packages  ## all tests that touch the database, on SQLite
	$(ALL_ON_SQLITE)

soak: .dev-packages  ## larger crowds, longer waits, other examples, all on SQLite: what .ci/run does behind `make test`
	@$(MAKE) --no-print-directory --jobs=2 .soak .sqlite-meanwhile

lint: .dev-packages  ## linters and types
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(LINT) mypy
	env PYTHONPATH=clients/python/src $(PYTHON) .venv/bin/lint-imports
	.venv/bin/deptry . --extend-exclude '^tests'
	.venv/bin/deptry tests --ignore DEP002,DEP004

format: .dev-packages  ## let ruff format and fix
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format

messages: .dev-packages  ## bring the catalogues of all languages up to date with the texts of the code
	$(PYTHON) -m omnify.common.languages.extract

bench:  ## measure, with baselines on the same machine
	$(call PACKAGES,requirements-bench.lock)
	$(PYTHON) -m bench

clients:  ## build the clients' packages, for pip and npm, into dist/
	$(call PACKAGES,requirements-clients.lock)
	@$(PYTHON) -m clients.build

lock: .dev-packages  ## write the lock files: run it after every change of a requirements file
	$(LOCK) requirements.txt -o requirements.lock
	$(LOCK) requirements-dev.txt -c requirements.lock -o requirements-dev.lock
	$(LOCK) requirements-clients.txt -c requirements-dev.lock -o requirements-clients.lock
	$(LOCK) requirements-bench.txt -c requirements.lock -o requirements-bench.lock

sbom: .dev-packages  ## list what the service is made of: build/sbom.cdx.json, CycloneDX
	@mkdir -p build
	.venv/bin/cyclonedx-py requirements requirements.lock --output-reproducible --of JSON -o build/sbom.cdx.json

clean:  ## remove the virtual environment and caches; the data in .omnify stays
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .dev-packages .on-sqlite .on-postgres .soak .sqlite-meanwhile
.dev-packages:
	$(call PACKAGES,requirements-dev.lock)

# Acceptance tests, which come first there, wait for a third of their time.
.on-postgres: .dev-packages .pytest_cache/compiled
	$(PYTEST) -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder tests

# Meanwhile and in one process, which is the first to end: several would each begin anew. What it says comes at its end.
.on-sqlite: .dev-packages .pytest_cache/compiled
	@OMNIFY_TEST_DATABASE=sqlite $(PYTEST) --briefly tests/integration >$(SQLITE_LOG) 2>&1; code=$$?; \
		cat $(SQLITE_LOG); exit $$code

.soak: .dev-packages
	OMNIFY_SOAK=$(SOAK_SECONDS) OMNIFY_HASTE=1 $(PYTHON) -m pytest -n $(TEST_WORKERS) --dist loadfile \
		--no-loadscope-reorder --timeout 900 $(SECOND_CHANCE)

.sqlite-meanwhile: .dev-packages
	@mkdir -p $(dir $(SQLITE_LOG))
	@$(ALL_ON_SQLITE) >$(SQLITE_LOG) 2>&1; code=$$?; cat $(SQLITE_LOG); exit $$code

# Once for all workers. What is wrong with a test file, the run itself will say.
.pytest_cache/compiled: $(TESTS) | .dev-packages
	@$(PYTHON) -m pytest --collect-only -qq tests >/dev/null 2>&1 || true
	@mkdir -p $(@D) && touch $@
