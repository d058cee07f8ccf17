# make run    the whole shop on this machine          make test    every check and every test
# make format, make lock, make clean                  the rest

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Where it is set, each of some hundred processes of the tests would compile the whole shop anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?=
UV_VERSION := 0.13.9
PY := .venv/bin/python
UV := .venv/bin/uv
# A home folder that is not there or not ours (a service's user) can't hold uv's cache.
UVFLAGS := --quiet $(shell test -w "$$HOME" || echo --no-cache)
PYTEST := $(PY) -m pytest
# One test at a time to whoever is free: the long ones go first.
SUITE = $(PYTEST) -n $(WORKERS) --dist load --maxschedchunk 1 -m 'not journey'
# A third of the time a test waits for a socket or a process, so two cores keep three busy; a browser is not so patient.
WORKERS ?= 3
BROWSERS ?= 2

# An environment whose Python is gone, or that another PYTHON=… was asked for, is made anew.
ifneq ($(wildcard .venv),)
ifneq ($(shell PYTHON='$(PYTHON)' checks/python --same $(PY) && echo yes),yes)
.venv/.made: again
endif
endif

.PHONY: help install run test checks suite journeys coverage mutation screenshots bench faults format lock clean again browser

help:
	@echo 'make run      install what the shop needs and run all of it on this machine'
	@echo 'make test     every check and every test'
	@echo 'make screenshots  every page into ./screenshots, in both themes, languages and widths'
	@echo 'make bench    what is measured beside what it is compared with, a JSON line each'
	@echo 'make faults   the long fault suite: a whole shop in a storm of 30 minutes, three times'
	@echo 'make coverage, make mutation  how well the tests look at money and purchases (docs/quality.md)'
	@echo 'make checks   the checks alone          make format   put the code into form'
	@echo 'make lock     renew requirements/*.txt  make clean    remove the environment and caches'

again:

.venv/.made:
	@python=$$(PYTHON='$(PYTHON)' checks/python) && \
	echo "Making .venv with $$("$$python" --version) …" && \
	"$$python" -m venv --clear .venv && \
	$(PY) -m pip --disable-pip-version-check install --quiet 'uv==$(UV_VERSION)' && \
	touch $@

.venv/.shop: .venv/.made requirements/shop.txt
	@echo 'Installing what the shop needs …'
	@UV_LINK_MODE=$${UV_LINK_MODE:-copy} $(UV) pip install $(UVFLAGS) --python $(PY) --compile-bytecode --require-hashes -r requirements/shop.txt
	@touch $@

.venv/.dev: .venv/.made requirements/shop.txt requirements/dev.txt
	@echo 'Installing what the shop, its checks and its tests need …'
	@UV_LINK_MODE=$${UV_LINK_MODE:-copy} $(UV) pip install $(UVFLAGS) --python $(PY) --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@ .venv/.shop

var/local.env: .venv/.shop
	@$(PY) -m reseller.local && touch $@

install: .venv/.shop var/local.env
	@:

run: install
	@$(PY) manage.py up

test: checks suite journeys

checks: .venv/.dev
	@$(PY) -m checks

suite: .venv/.dev
	@echo 'Tests on SQLite'
	@$(SUITE)
	@echo 'Tests on PostgreSQL'
	@TEST_DATABASE=postgres $(SUITE)

browser: .venv/.dev
	@$(PY) -m tests.browser

journeys: browser
	@echo 'Journeys in a browser, on PostgreSQL'
	@TEST_DATABASE=postgres $(PYTEST) -n $(BROWSERS) tests/journeys

coverage: .venv/.dev
	@echo 'Tests on SQLite, with the branches they take'
	@TEST_EVERYWHERE=1 $(SUITE) --cov --cov-report=
	@$(PY) -m checks.covered

# Such as MODULES='--only wallet/ledger.py'.
MODULES ?=
mutation: .venv/.dev
	@$(PY) -m tests.mutants $(MODULES)

# Such as PICTURES='--only orders-detail' or PICTURES=--big.
PICTURES ?=
screenshots: browser
	@$(PY) -m tests.gallery $(PICTURES)

# Each starts servers of its own; on a machine that does nothing else, all of them take a quarter of an hour.
BENCHES ?= sync polling workers api pages search placing accepted growth
bench: .venv/.dev
	@for bench in $(BENCHES); do $(PY) -m bench.$$bench || exit 1; done

SEEDS ?= 7 11 2026
MINUTES ?= 30
STORM ?=
faults: .venv/.dev
	@failed=''; for seed in $(SEEDS); do \
		$(PY) -m tests.faults.storm --seed $$seed --minutes $(MINUTES) $(STORM) || failed="$$failed $$seed"; \
	done; test -z "$$failed" || { echo "The promise was broken with the seeds:$$failed"; exit 1; }

format: .venv/.dev
	@$(PY) -m ruff check --quiet --fix .
	@$(PY) -m ruff format --quiet .

lock: .venv/.dev
	@$(PY) -m checks.lock --write

clean:
	rm -rf .venv .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@test ! -d var || echo 'var/ keeps your database; remove it by hand to begin again.'
