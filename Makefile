# What a developer types. `make` alone lists it.
PYTHON ?= python3
COMMA := ,
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTEST = $(BIN)/pytest --numprocesses auto --dist loadfile
CHECK_VENV := .cache/check-venv
CHECKERS := $(CHECK_VENV)/.installed
BROWSING := $(VENV)/.browsing

.DEFAULT_GOAL := help
.PHONY: help install run lint format test test-dynamodb-local test-races test-browser screenshot fuzz sweep
.PHONY: check-invariants rebuild-tallies
.PHONY: bench-round-trips bench-sweep bench-lists bench-cold-start bench-requests bench-load bench-bill lock clean
.PHONY: package check-package deploy destroy admin

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make the virtual environment (the others do it by themselves)

$(INSTALLED): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("stint needs Python 3.11 to 3.14; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...") if not (3, 11) <= sys.version_info[:2] <= (3, 14) else None'
	@echo "Installing into $(VENV) (once) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

run: $(INSTALLED) ## serve on http://127.0.0.1:8000 with demo data (HOST, PORT, DYNAMODB_ENDPOINT)
	@exec $(BIN)/python -m tools.devserver

lint: $(INSTALLED) $(BROWSING) ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(INSTALLED) ## every test, on moto, on all processors
	$(PYTEST)

test-dynamodb-local: $(INSTALLED) ## the same tests on AWS's DynamoDB Local (needs Java and npm)
	$(BIN)/python -m tools.devserver.dynamodb_local $(PYTEST)

test-races: $(INSTALLED) ## the races, many times over, on DynamoDB Local (STINT_RACES multiplies)
	STINT_RACES=$(or $(STINT_RACES),20) $(BIN)/python -m tools.devserver.dynamodb_local $(BIN)/pytest tests/races

test-browser: $(BROWSING) ## the pocket client and the reference page, in Chromium (needs Chromium)
	$(BIN)/pytest -m browser tests/end_to_end/browser

screenshot: $(BROWSING) ## draw the pocket client's icons and the README's pictures anew
	STINT_PICTURES=1 $(BIN)/pytest -m browser tests/end_to_end/browser/test_pictures.py

$(BROWSING): requirements-browser.txt $(INSTALLED)
	@echo "Installing what drives a browser into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-browser.txt
	@touch $@

fuzz: $(INSTALLED) ## hold every answer to the API's description (SEED=2: other requests)
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED))

sweep: $(INSTALLED) ## stop forgotten timers now (DRY_RUN=1 only counts; on AWS a schedule does it)
	$(BIN)/python -m tools.ops.auto_stop $(if $(DRY_RUN),--dry-run)

check-invariants: $(INSTALLED) ## prove what must hold of the tables (REPAIR=1 mends what can be derived)
	$(BIN)/python -m tools.ops.check_invariants $(if $(REPAIR),--repair)

rebuild-tallies: $(INSTALLED) ## make the tallies behind totals and far pages anew, from the timers up
	$(BIN)/python -m tools.ops.rebuild_counters

bench-round-trips: $(INSTALLED) ## database calls and units of each endpoint, on DynamoDB Local
	$(BIN)/python -m tools.devserver.dynamodb_local $(BIN)/python -m benchmarks.round_trips

bench-sweep: $(INSTALLED) ## stop many forgotten timers, on DynamoDB Local (TIMERS=100000 for the full count)
	$(BIN)/python -m tools.devserver.dynamodb_local $(BIN)/python -m benchmarks.auto_stop --timers $(or $(TIMERS),2000)

bench-lists: $(INSTALLED) ## what a page of a list costs, however long the list (TIMERS=1000,10000,100000)
	$(BIN)/python -m benchmarks.lists --timers $(or $(TIMERS),1000$(COMMA)10000)

bench-cold-start: $(INSTALLED) ## process start to first answer, beside what others would pick (RUNS=20)
	$(BIN)/python -m benchmarks.cold_start --runs $(or $(RUNS),20)

bench-requests: $(INSTALLED) ## CPU, calls, units and dollars of each endpoint, beside the usual way (RUNS=30)
	$(BIN)/python -m benchmarks.requests --runs $(or $(RUNS),30)

bench-bill: $(INSTALLED) ## what a month costs for 10, 1,000 and 100,000 people
	$(BIN)/python -m benchmarks.bill

bench-load: $(INSTALLED) ## many phones against the local server on DynamoDB Local (PHONES=50 SECONDS=20)
	$(BIN)/python -m benchmarks.load --phones $(or $(PHONES),50) --seconds $(or $(SECONDS),20)

package: $(INSTALLED) ## build what is deployed into dist/: template and archive
	$(BIN)/python -m infra.package

check-package: $(INSTALLED) $(CHECKERS) ## lint and scan the package, and run it as Lambda does (needs Java and npm)
	$(BIN)/python -m infra.package
	$(CHECK_VENV)/bin/cfn-lint dist/sam.json
	$(CHECK_VENV)/bin/checkov --config-file infra/checkov.yaml --file dist/sam.json
	$(BIN)/python -m tools.devserver.dynamodb_local $(BIN)/pytest -m package

$(CHECKERS): requirements-check.txt $(INSTALLED)
	@echo "Installing cfn-lint and checkov into $(CHECK_VENV) (once) ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CHECK_VENV)
	@$(BIN)/uv pip install --quiet --python $(CHECK_VENV)/bin/python -r requirements-check.txt
	@touch $@

deploy: package ## put it on AWS: make deploy STAGE=prod (SET="AlarmEmail=you@example.com ...")
	@$(BIN)/python -m infra.deploy "$(STAGE)" $(SET)

admin: $(INSTALLED) ## set a stage up: make admin ARGS="--stage prod people list -o 2149" (ARGS=--help teaches)
	@$(BIN)/python -m tools.admin $(ARGS)

destroy: $(INSTALLED) ## say what taking a stage off AWS deletes and keeps: make destroy STAGE=prod
	@$(BIN)/python -m infra.destroy "$(STAGE)" $(CONFIRM)

lock: $(INSTALLED) ## pin the newest versions of what requirements*.in name
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url --quiet -o requirements.txt requirements.in
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url --quiet -c requirements.txt -o requirements-dev.txt requirements-dev.in
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url --quiet -c requirements-dev.txt -o requirements-browser.txt requirements-browser.in
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url --quiet -o requirements-check.txt requirements-check.in
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url --quiet -o requirements-runtime.txt requirements-runtime.in
	$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --no-header --no-emit-index-url --quiet -c requirements.txt -o requirements-bench.txt requirements-bench.in

clean: ## remove what the other commands made
	rm -rf $(VENV) .cache dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
