# The commands of developers and operators. `make` alone lists them.
PYTHON ?= python3
COMMA := ,
VENV := .venv
BIN := $(VENV)/bin
RUN_INSTALLED := $(VENV)/.run-installed
INSTALLED := $(VENV)/.installed
BROWSER_INSTALLED := $(VENV)/.browser-installed
CHECK_VENV := .cache/check-venv
CHECK_INSTALLED := $(CHECK_VENV)/.installed
EMULATOR_VENV := .cache/emulator-venv
EMULATOR_INSTALLED := $(EMULATOR_VENV)/.installed
GENERATORS_VENV := .cache/generators-venv
GENERATORS_INSTALLED := $(GENERATORS_VENV)/.installed
GENERATORS_NPM := .cache/generators-npm
GENERATORS_NPM_INSTALLED := $(GENERATORS_NPM)/.installed
CLIENTS_TYPESCRIPT := clients/typescript
CLIENTS_TYPESCRIPT_INSTALLED := $(CLIENTS_TYPESCRIPT)/node_modules/.installed
CLIENTS_PYTHON := clients/python
CLIENTS_PYTHON_VENV := .cache/clients-python-venv
CLIENTS_PYTHON_INSTALLED := $(CLIENTS_PYTHON_VENV)/.installed
CLIENTS_PYTHON_BIN := $(CURDIR)/$(CLIENTS_PYTHON_VENV)/bin
DESCRIPTION := .cache/openapi.json
UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
PYTEST = $(BIN)/pytest --numprocesses auto --dist loadfile
HASHED := --disable-pip-version-check --require-hashes
PIP_INSTALL := pip install $(HASHED)
DYNAMODB_LOCAL = $(BIN)/python -m tools.devserver.dynamodb_local
# `make test-quick`: rules, JSON:API, and start and stop over HTTP.
QUICK := tests/core tests/jsonapi $(wildcard tests/*/test_*rules*.py) \
         tests/timers/test_api_start.py tests/timers/test_api_stop.py tests/services
RACES := tests/timers/test_races.py tests/timers/test_walk_races.py tests/timers/test_interleavings.py tests/time_entries/test_races.py tests/people/test_races.py

.DEFAULT_GOAL := help
.PHONY: help install run backup restore lint lint-words format test test-quick test-dynamodb-local test-races
.PHONY: test-model test-properties test-browser
.PHONY: screenshot fuzz auto-stop check-invariants rebuild-counters upgrade admin
.PHONY: bench-round-trips bench-auto-stop bench-lists bench-reports bench-cold-start bench-requests bench-first-run bench-load bench-bill
.PHONY: bench-request-path package check-package check-readme check-aws check-clients deploy destroy compatibility request-files lock clean
.PHONY: clients-typescript test-clients-typescript
.PHONY: clients test-clients description clients-python test-clients-python

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Installs packages into a virtual environment: with uv, or with pip if uv fails. Both accept only files
# with the pinned hashes.
# $(1): the environment's folder. $(2): the files with the pinned packages.
define install
	@if $(UV) --version >/dev/null 2>&1 \
	  && $(UV) pip install --require-hashes --python $(1)/bin/python $(foreach file,$(2),--requirement $(file)); then :; else \
	  echo "uv cannot install here: installing with pip (about a minute) ..."; \
	  $(1)/bin/python -m pip --version >/dev/null 2>&1 || $(1)/bin/python -m ensurepip >/dev/null; \
	  awk '/^[^ ]/ { uv = /^uv==/ } !uv' $(2) > $(1)/without-uv.txt; \
	  $(1)/bin/python -m $(PIP_INSTALL) --requirement $(1)/without-uv.txt; \
	fi
endef

install: $(INSTALLED) ## create the virtual environment (the other commands do this when needed)

# What running needs. uv, if it is there, creates the environment: ten times as fast.
$(RUN_INSTALLED): requirements.txt requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit("stint needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=/path/to/python3.12 ...") if not (3, 11) <= sys.version_info[:2] <= (3, 14) else None'
	@echo "Installing what running needs into $(VENV) (once) ..."
	@rm -rf $(VENV)
	@$(UV) venv --quiet --no-python-downloads --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV) 2>/dev/null \
	  || { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV); }
	@awk '/^[^ ]/ { uv = /^uv==/ } uv' requirements/dev.txt > $(VENV)/uv.txt
	@$(UV) --version >/dev/null 2>&1 \
	  || $(PYTHON) -m pip --python $(BIN)/python install --quiet $(HASHED) --only-binary :all: --requirement $(VENV)/uv.txt 2>/dev/null \
	  || { $(BIN)/python -m ensurepip >/dev/null && $(BIN)/python -m $(PIP_INSTALL) --quiet --only-binary :all: --requirement $(VENV)/uv.txt; } \
	  || true
	$(call install,$(VENV),requirements.txt requirements/run.txt)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(INSTALLED): requirements/dev.txt $(RUN_INSTALLED)
	@echo "Installing what tests and checks need into $(VENV) (once) ..."
	$(call install,$(VENV),requirements.txt requirements/dev.txt)
	@touch $@

run: $(RUN_INSTALLED) ## serve on http://127.0.0.1:8000, data in .data/ (FRESH=1 starts over; HOST, PORT, ENGINE)
	@exec $(BIN)/python -m tools.devserver

backup: $(RUN_INSTALLED) ## copy the local server's data to .data/backups, also while it runs (FILE=...)
	@$(BIN)/python -m tools.devserver.backup backup $(if $(FILE),"$(FILE)")

restore: $(RUN_INSTALLED) ## replace the local server's data by a backup: make restore FILE=...
	@$(BIN)/python -m tools.devserver.backup restore $(if $(FILE),"$(FILE)")

lint: $(INSTALLED) $(BROWSER_INSTALLED) lint-words ## ruff, mypy --strict, import rules, words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-words: $(INSTALLED) ## withdrawn words, and the length of lines in Markdown
	$(BIN)/python -m tools.lint_words

format: $(INSTALLED) ## format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(INSTALLED) ## all tests, on moto, on all processors; prints the ten slowest
	$(PYTEST) --durations 10

test-quick: $(INSTALLED) ## the fastest tests, while you edit
	$(PYTEST) $(QUICK)

test-dynamodb-local: $(INSTALLED) ## the tests that depend on the engine, on AWS's DynamoDB Local (needs Java and npm)
	$(DYNAMODB_LOCAL) $(PYTEST)

test-races: $(INSTALLED) ## race conditions, many times, on DynamoDB Local (STINT_RACES=20: repetitions)
	STINT_RACES=$(or $(STINT_RACES),20) $(DYNAMODB_LOCAL) $(BIN)/pytest $(RACES)

test-model: $(INSTALLED) ## random acts compared with a model, on moto and DynamoDB Local (ACTS=10000)
	STINT_RANDOM=1 STINT_ACTS=$(or $(ACTS),10000) $(BIN)/pytest tests/properties/test_one_day.py
	STINT_RANDOM=1 STINT_ACTS=$(or $(ACTS),10000) $(DYNAMODB_LOCAL) $(BIN)/pytest tests/properties/test_one_day.py

test-properties: $(INSTALLED) ## the property tests with other examples at each run, on moto
	STINT_RANDOM=1 $(PYTEST) tests/properties $(shell grep -lr "from hypothesis import" tests --include="test_*.py" --exclude-dir=properties)

test-browser: $(BROWSER_INSTALLED) ## the pocket client, the admin page and the reference page, in Chromium
	$(PYTEST) -m browser tests/end_to_end/browser

screenshot: $(BROWSER_INSTALLED) ## create the icons and the README's pictures again
	STINT_PICTURES=1 $(BIN)/pytest -m browser tests/end_to_end/browser/test_pictures.py

$(BROWSER_INSTALLED): requirements/browser.txt $(INSTALLED)
	@echo "Installing the browser driver into $(VENV) (once) ..."
	$(call install,$(VENV),requirements/browser.txt)
	@touch $@

fuzz: $(INSTALLED) ## generated requests, checked against the OpenAPI description (SEED=2: other requests)
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED))

# The stage of the commands for operators: STAGE=prod, with REGION and PROFILE if needed.
IN = $(if $(REGION),--region "$(REGION)") $(if $(PROFILE),--profile "$(PROFILE)")
ON = $(if $(STAGE),--stage "$(STAGE)") $(IN)

auto-stop: $(RUN_INSTALLED) ## stop overdue timers now: make auto-stop STAGE=prod (DRY_RUN=1 only counts)
	$(BIN)/python -m tools.ops auto-stop $(ON) $(if $(DRY_RUN),--dry-run)

check-invariants: $(RUN_INSTALLED) ## check the invariants of the tables: STAGE=prod (REPAIR=1 repairs derived data)
	$(BIN)/python -m tools.ops check-invariants $(ON) $(if $(REPAIR),--repair)

rebuild-counters: $(RUN_INSTALLED) ## rebuild the counters of totals and offset pages from the timers: STAGE=prod
	$(BIN)/python -m tools.ops rebuild-counters $(ON)

upgrade: $(RUN_INSTALLED) ## upgrade what version 0.2.0 stored, after a deployment: STAGE=prod (DRY_RUN=1 writes nothing)
	$(BIN)/python -m tools.ops upgrade $(ON) $(if $(DRY_RUN),--dry-run)

admin: $(RUN_INSTALLED) ## manage a stage: make admin ARGS="--stage prod people list -o 2149" (ARGS=--help)
	@$(BIN)/python -m tools.admin $(ARGS)

bench-round-trips: $(INSTALLED) ## database calls and units of each endpoint, on DynamoDB Local
	$(DYNAMODB_LOCAL) $(BIN)/python -m benchmarks.round_trips

bench-auto-stop: $(INSTALLED) ## stop many overdue timers, on DynamoDB Local (TIMERS=100000: the full count)
	$(DYNAMODB_LOCAL) $(BIN)/python -m benchmarks.auto_stop --timers $(or $(TIMERS),2000)

bench-lists: $(INSTALLED) ## cost of a page, for short and long lists (TIMERS=1000,10000,100000)
	$(BIN)/python -m benchmarks.lists --timers $(or $(TIMERS),1000$(COMMA)10000)

bench-reports: $(INSTALLED) ## cost of reports, beside reading all entries (needs Java and npm; MONTHS=12)
	$(BIN)/python -m benchmarks.reports --months $(or $(MONTHS),12)

bench-cold-start: $(INSTALLED) ## process start to first response, compared with other stacks (RUNS=20)
	$(BIN)/python -m benchmarks.cold_start --runs $(or $(RUNS),20)

bench-requests: $(INSTALLED) ## CPU, calls, units and dollars of each endpoint, compared with a baseline (RUNS=30)
	$(BIN)/python -m benchmarks.requests --runs $(or $(RUNS),30)

bench-first-run: $(INSTALLED) ## git clone and make run, to the first answer, with empty and filled caches
	$(BIN)/python -m benchmarks.first_run

bench-load: $(INSTALLED) ## many virtual users, local server on DynamoDB Local (USERS=50 SECONDS=20)
	$(BIN)/python -m benchmarks.load --users $(or $(USERS),50) --seconds $(or $(SECONDS),20)

bench-bill: $(INSTALLED) ## AWS cost of a month for 10, 1,000 and 100,000 people (needs Java and npm)
	$(BIN)/python -m benchmarks.bill

bench-request-path: $(INSTALLED) ## files, functions and call depth of a request (SHOW=1 prints them)
	$(BIN)/python -m benchmarks.request_path $(if $(SHOW),--show)

package: $(INSTALLED) ## build the deployment package into dist/: template and archive
	$(BIN)/python -m infra.package

check-readme: $(INSTALLED) ## do what the README says, from a fresh clone with empty caches (needs the network)
	$(BIN)/pytest -m readme tests/end_to_end/test_readme.py

check-package: $(INSTALLED) $(CHECK_INSTALLED) ## lint, scan and run the package as Lambda does (needs Java and npm)
	$(BIN)/python -m infra.package
	$(CHECK_VENV)/bin/cfn-lint dist/sam.json
	$(CHECK_VENV)/bin/checkov --config-file infra/checkov.yaml --file dist/sam.json
	$(DYNAMODB_LOCAL) $(BIN)/pytest -m package

$(CHECK_INSTALLED): requirements/check.txt $(INSTALLED)
	@echo "Installing cfn-lint and checkov into $(CHECK_VENV) (once) ..."
	@rm -rf $(CHECK_VENV)
	@$(BIN)/python -m venv $(CHECK_VENV)
	$(call install,$(CHECK_VENV),requirements/check.txt)
	@touch $@

check-aws: $(INSTALLED) $(EMULATOR_INSTALLED) ## deploy to an emulator of AWS, and use what is deployed
	$(BIN)/python -m infra.package
	$(PYTEST) -m emulator tests/emulator

$(EMULATOR_INSTALLED): requirements/emulator.txt $(INSTALLED)
	@$(BIN)/python -c 'import sys; sys.exit("MiniStack, the emulator of AWS, needs Python 3.11 to 3.13; $(VENV) has " + sys.version.split()[0] + ". Use another environment: make check-aws VENV=.cache/venv-3.13 PYTHON=python3.13") if sys.version_info[:2] > (3, 13) else None'
	@echo "Installing MiniStack into $(EMULATOR_VENV) (once) ..."
	@rm -rf $(EMULATOR_VENV)
	@$(BIN)/python -m venv $(EMULATOR_VENV)
	$(call install,$(EMULATOR_VENV),requirements/emulator.txt)
	@touch $@

check-clients: $(INSTALLED) $(GENERATORS_INSTALLED) $(GENERATORS_NPM_INSTALLED) ## use generated clients, lint the OpenAPI description (needs Java and npm)
	$(PYTEST) -m generators tests/generators

clients-typescript: description $(CLIENTS_TYPESCRIPT_INSTALLED) ## build the TypeScript client into dist/clients, for npm (needs npm)
	@rm -rf $(CLIENTS_TYPESCRIPT)/dist dist/clients/typescript
	@mkdir -p dist/clients/typescript
	@npm run --silent --prefix $(CLIENTS_TYPESCRIPT) generate
	@npm run --silent --prefix $(CLIENTS_TYPESCRIPT) build
	@npm pack --silent --pack-destination dist/clients/typescript ./$(CLIENTS_TYPESCRIPT)

test-clients-typescript: clients-typescript ## test the TypeScript client, as packed, on a local server (needs npm)
	@rm -rf $(CLIENTS_TYPESCRIPT)/build
	@npm run --silent --prefix $(CLIENTS_TYPESCRIPT) build-tests
	STINT_PACKAGE=$$(ls dist/clients/typescript/*.tgz) \
	  $(BIN)/python -m tests.support.with_local_server npm test --prefix $(CLIENTS_TYPESCRIPT)

# npm compares every archive with the hash in package-lock.json. No script of a package is run.
$(CLIENTS_TYPESCRIPT_INSTALLED): $(CLIENTS_TYPESCRIPT)/package.json $(CLIENTS_TYPESCRIPT)/package-lock.json
	@echo "Installing openapi-typescript and TypeScript into $(CLIENTS_TYPESCRIPT)/node_modules (once) ..."
	@npm ci --prefix $(CLIENTS_TYPESCRIPT) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(GENERATORS_INSTALLED): requirements/generators.txt $(INSTALLED)
	@echo "Installing openapi-generator and openapi-python-client into $(GENERATORS_VENV) (once) ..."
	@rm -rf $(GENERATORS_VENV)
	@$(BIN)/python -m venv $(GENERATORS_VENV)
	$(call install,$(GENERATORS_VENV),requirements/generators.txt)
	@touch $@

# npm compares every archive with the hash in package-lock.json. No script of a package is run.
$(GENERATORS_NPM_INSTALLED): tests/generators/npm/package.json tests/generators/npm/package-lock.json
	@echo "Installing openapi-typescript, Spectral and Redocly into $(GENERATORS_NPM) (once) ..."
	@rm -rf $(GENERATORS_NPM)
	@mkdir -p $(GENERATORS_NPM)
	@cp $^ $(GENERATORS_NPM)
	@npm ci --prefix $(GENERATORS_NPM) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# Each client has a target of its own, which builds into dist/clients, and one for its tests.
clients: clients-python clients-typescript ## build the clients for PyPI and npm into dist/clients (needs npm)

test-clients: test-clients-python test-clients-typescript ## test these clients on a local server (needs npm)

description: $(INSTALLED)
	@mkdir -p $(dir $(DESCRIPTION))
	@$(BIN)/python -m tools.openapi_description > $(DESCRIPTION)

$(CLIENTS_PYTHON_INSTALLED): requirements/clients-python.txt $(INSTALLED)
	@echo "Installing the generator and the tools of the Python client into $(CLIENTS_PYTHON_VENV) (once) ..."
	@rm -rf $(CLIENTS_PYTHON_VENV)
	@$(BIN)/python -m venv $(CLIENTS_PYTHON_VENV)
	$(call install,$(CLIENTS_PYTHON_VENV),requirements/clients-python.txt)
	@touch $@

# The generator formats its code with the ruff beside it.
clients-python: description $(CLIENTS_PYTHON_INSTALLED) ## build the Python client and its command line into dist/clients, for PyPI
	@PATH="$(CLIENTS_PYTHON_BIN):$$PATH" openapi-python-client generate --path $(DESCRIPTION) \
	  --meta none --overwrite --fail-on-warning --config $(CLIENTS_PYTHON)/generator.yaml \
	  --custom-template-path $(CLIENTS_PYTHON)/templates \
	  --output-path $(CLIENTS_PYTHON)/src/stint_client/generated
	@rm -rf dist/clients/python
	@cd $(CLIENTS_PYTHON) && $(CLIENTS_PYTHON_BIN)/python -m hatchling build \
	  --directory $(CURDIR)/dist/clients/python

# The tests use the wheel, as people install it. The server has the Python of $(VENV).
test-clients-python: clients-python ## mypy, and test the Python client, as built, on a local server
	@$(CLIENTS_PYTHON_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-index --force-reinstall dist/clients/python/*.whl
	cd $(CLIENTS_PYTHON) && $(CLIENTS_PYTHON_BIN)/mypy
	$(BIN)/python -m tests.support.with_local_server $(CLIENTS_PYTHON_BIN)/pytest -c $(CLIENTS_PYTHON)/pyproject.toml $(CLIENTS_PYTHON)/tests

deploy: $(INSTALLED) ## deploy to AWS: make deploy STAGE=prod (SET="AlarmEmail=you@example.com ..." DEBUG=1)
	@$(BIN)/python -m infra.deploy $(if $(PACKAGED),,--package) $(if $(DEBUG),--debug) $(IN) "$(STAGE)" $(SET)

destroy: $(INSTALLED) ## show what deleting a stage deletes and retains: make destroy STAGE=prod
	@$(BIN)/python -m infra.destroy $(if $(DEBUG),--debug) $(IN) "$(STAGE)" $(CONFIRM)

COMPILE = $(BIN)/uv pip compile --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --quiet

request-files: $(INSTALLED) ## write docs/stint.http and the Postman collection from the OpenAPI description
	@$(BIN)/python -m tools.request_files

compatibility: $(INSTALLED) ## write docs/compatibility.md from the declarations
	@$(BIN)/python -m tools.compatibility

lock: $(INSTALLED) ## pin the newest versions of the packages in pyproject.toml, with their hashes
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --constraint requirements.txt --output-file requirements/dev.txt pyproject.toml --group dev
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/run.txt pyproject.toml --group tools
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/browser.txt --group browser
	$(COMPILE) --output-file requirements/check.txt --group check
	$(COMPILE) --output-file requirements/runtime-client.txt --group runtime-client
	$(COMPILE) --output-file requirements/emulator.txt --group emulator
	$(COMPILE) --output-file requirements/generators.txt --group generators
	$(COMPILE) --constraint requirements/generators.txt --output-file requirements/clients-python.txt --group clients-python
	$(COMPILE) --constraint requirements.txt --output-file requirements/bench.txt --group bench

clean: ## delete the files that the other commands create
	rm -rf $(addprefix $(CLIENTS_TYPESCRIPT)/,node_modules dist build src/openapi.ts)
	rm -rf $(CLIENTS_PYTHON)/src/stint_client/generated
	rm -rf $(VENV) .cache dist build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
