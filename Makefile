# Everything a newcomer types. `make` alone lists it.

PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$each; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.stamp-local
DEVELOPMENT := $(VENV)/.stamp-dev
LOCAL_PINS := requirements-local.txt requirements-no-deps.txt constraints.txt \
	$(wildcard cli/requirements.txt libs/common/requirements.txt libs/common/scoring/requirements.txt services/*/requirements.txt)
EVALUATION := $(VENV)/.stamp-evaluation
PEERS := $(VENV)/peers
ENGINES := $(VENV)/engines
S3 := $(VENV)/s3
FETCHED_PROMTOOL := $(VENV)/promtool/bin/promtool
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --constraint constraints.txt
TEST_PROCESSES ?= 2
CODE := libs services cli tests $(wildcard evaluation scripts chaos)

.DEFAULT_GOAL := help
.PHONY: help demo up engines test test-light test-engines lint types format mutations eval bench bench-engines bench-load chaos samples promtool clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Take the sample meeting through the whole line and show what comes out
	@$(BIN)/hansard demo

up: $(RUNTIME) ## Start everything on this machine and stay (PORT, HANSARD_HOME)
	@exec $(BIN)/hansard up

engines: $(ENGINES)/.stamp ## Install torch and pyannote (6 GB), for DIARIZER_ENGINE=pyannote

test: lint types test-light test-engines ## Check style, types and import contracts, then run all tests

test-light: $(DEVELOPMENT) $(S3)/.stamp ## Run the tests that need no torch
	@$(MAKE) --no-print-directory $(EVALUATION) || echo "Going on without the tests of DER and WER."
	@command -v "$${PROMTOOL:-promtool}" >/dev/null || timeout 10 $(MAKE) --silent promtool >/dev/null 2>&1 || echo "Going on without the tests of the alerts."
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

test-engines: $(ENGINES)/.stamp ## Run the tests of the engines that need torch (HANSARD_MODELS=1: with the real models)
	@test -z "$(HANSARD_MODELS)" || $(ENGINES)/bin/python -m pip --disable-pip-version-check install --quiet --quiet \
		--constraint constraints.txt -r evaluation/requirements.txt
	$(ENGINES)/bin/python -m pytest $(if $(HANSARD_MODELS),-s) tests/with_torch

lint: $(DEVELOPMENT) ## Check style, format and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(DEVELOPMENT) ## Check types
	$(BIN)/mypy $(CODE)

format: $(DEVELOPMENT) ## Write the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

mutations: $(DEVELOPMENT) ## Remove each guard in turn and see its tests fail (JOBS=2, ONLY=name)
	$(BIN)/python -m scripts.mutations -j $(or $(JOBS),2) $(addprefix --only ,$(ONLY))

eval: $(EVALUATION) ## Measure DER, WER and cpWER on the sample (RECORDINGS=folder for your own)
	$(BIN)/python -m evaluation $(RECORDINGS)

bench: $(DEVELOPMENT) ## Measure overhead, recovery, and throughput next to celery and dramatiq (PARTS=…)
	@$(MAKE) --no-print-directory $(PEERS)/.stamp || echo "Going on without celery and dramatiq."
	$(BIN)/python -m scripts.bench $(PARTS)

bench-engines: $(ENGINES)/.stamp ## Measure speed and memory of the engines next to the plain libraries (PARTS=…, OPTIONS=…)
	$(ENGINES)/bin/python -m scripts.bench_engines $(PARTS) $(OPTIONS)

bench-load: $(DEVELOPMENT) ## Measure the gateway under load next to bare handlers (PARTS=…, OPTIONS=…)
	$(BIN)/python -m scripts.bench_load $(PARTS) $(OPTIONS)

chaos: $(DEVELOPMENT) ## Break everything for three minutes and check that nothing is lost (SEED, SECONDS)
	$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(PREVIOUS),--previous)

samples: $(DEVELOPMENT) ## Make the sample meetings again (needs flite)
	$(BIN)/python -m scripts.make_samples

promtool: $(FETCHED_PROMTOOL) ## Fetch promtool from Debian or Ubuntu, without root, for the tests of the alerts

clean: ## Remove the virtual environment, caches and local state
	rm -rf $(VENV) .hansard .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.stamp-venv:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Hansard needs Python 3.11 or newer. Install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian: apt install python3-venv)" >&2; exit 1; }
	@rm -rf $(VENV) && "$(PYTHON)" -m venv $(VENV) && touch $@

$(RUNTIME): $(VENV)/.stamp-venv $(LOCAL_PINS)
	@echo "Installing the local profile into $(VENV) …"
	@$(PIP) -r requirements-local.txt
	@$(PIP) --no-deps -r requirements-no-deps.txt
	@printf '#!/bin/sh\nPYTHONPATH="%s$${PYTHONPATH:+:$$PYTHONPATH}" exec "%s/$(BIN)/python" -P -m cli "$$@"\n' "$(CURDIR)" "$(CURDIR)" > $(BIN)/hansard
	@chmod +x $(BIN)/hansard
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	@echo "Installing what the checks need into $(VENV) …"
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(ENGINES)/.stamp: $(VENV)/.stamp-venv $(LOCAL_PINS) requirements-dev.txt $(wildcard services/diarizer/*-pyannote.txt)
	@echo "Installing torch and pyannote into $(ENGINES) (6 GB) …"
	@rm -rf $(ENGINES) && "$(PYTHON)" -m venv $(ENGINES)
	@$(ENGINES)/bin/python -m pip --disable-pip-version-check install --quiet --quiet \
		--constraint constraints.txt --constraint services/diarizer/constraints-pyannote.txt \
		-r requirements-dev.txt -r services/diarizer/requirements-pyannote.txt
	@$(ENGINES)/bin/python -m pip --disable-pip-version-check install --quiet --quiet --no-deps -r requirements-no-deps.txt
	@touch $@

$(PEERS)/.stamp: $(VENV)/.stamp-venv scripts/bench/requirements.txt
	@echo "Installing celery and dramatiq into $(PEERS), because they need older versions of what Hansard uses …"
	@"$(PYTHON)" -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet --quiet -r scripts/bench/requirements.txt
	@touch $@

$(S3)/.stamp: $(VENV)/.stamp-venv tests/requirements-s3.txt
	@echo "Installing an S3 server for the tests into $(S3), because it needs older versions of what Hansard uses …"
	@rm -rf $(S3) && "$(PYTHON)" -m venv $(S3)
	@$(S3)/bin/python -m pip --disable-pip-version-check install --quiet --quiet -r tests/requirements-s3.txt
	@touch $@

$(FETCHED_PROMTOOL): | $(VENV)/.stamp-venv
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT TERM && cd "$$folder" \
		&& apt-get -o Acquire::Retries=0 -o Acquire::http::Timeout=5 download --quiet prometheus \
		&& dpkg-deb --fsys-tarfile prometheus_*.deb | tar --extract ./usr/bin/promtool \
		&& mkdir -p "$(CURDIR)/$(@D)" && mv usr/bin/promtool "$(CURDIR)/$@"

$(EVALUATION): $(DEVELOPMENT) evaluation/requirements.txt
	@echo "Installing the evaluation into $(VENV) (compiles; needs a C++ compiler) …"
	@$(PIP) -r evaluation/requirements.txt
	@touch $@
