# precept_stats: every command a person or a machine needs. `make help` lists them.
#
# Nothing has to be prepared first. The environment is made in .venv from requirements.lock
# (names, versions, hashes) with the first Python >= 3.12 that is found to work, and is remade
# only when the lock changes. To choose the Python yourself: make demo PYTHON=/path/to/python

SHELL   := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

VENV    := .venv
READY   := $(VENV)/.ready
BIN     := $(VENV)/bin
RESULTS := results
PYTHON  ?=

# A stranger's shell may carry settings that would send packages or imports elsewhere.
unexport PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_USER := 0
export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

CANDIDATES = $(PYTHON) python3.13 python3.12 python3.14 python3 python
PLACES = "$$HOME"/.local/bin "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin \
         "$$HOME"/.local/share/uv/python/*/bin /usr/local/bin /opt/python*/bin /opt/homebrew/bin

# Prints `ok`, or why this Python will not do. It is run by each candidate, old ones included.
define PYTHON_CHECK
import sys; v = "%d.%d.%d" % sys.version_info[:3]; \
sys.version_info < (3, 12) and sys.exit("is Python " + v + ", older than 3.12"); \
import ctypes, ensurepip, ssl, venv, zlib
endef

# $(call make-venv,FOLDER): make a virtual environment there with the first Python that can.
define make-venv
tried=; found=; \
try() { \
  command -v "$$1" >/dev/null 2>&1 || { tried="$$tried\n    $$1: not there"; return 1; }; \
  said=$$("$$1" -c '$(PYTHON_CHECK)' 2>&1) && said=$$("$$1" -m venv --clear $(1) 2>&1) && \
  said=$$($(1)/bin/python -m pip --version 2>&1) || { \
    said=$$(printf '%s\n' "$${said:-gave no answer}" | grep -v -e '^ ' -e '^Traceback' | head -n 1); \
    tried="$$tried\n    $$1: $$said"; return 1; }; \
  found="$$1"; \
}; \
for name in $(if $(PYTHON),$(PYTHON),$(CANDIDATES)); do try "$$name" && break; done; \
$(if $(PYTHON),,if [ -z "$$found" ] && command -v uv >/dev/null 2>&1; then \
  try "$$(uv python find '>=3.12' 2>/dev/null || echo 'uv python find')"; fi; \
if [ -z "$$found" ]; then for folder in $(PLACES); do for name in "$$folder"/python3.1[2-9]; do \
  if [ -z "$$found" ] && [ -x "$$name" ]; then try "$$name"; fi; done; done; fi;) \
if [ -z "$$found" ]; then \
  printf "No Python 3.12 or later was found that can make a virtual environment. Tried:$$tried\n"; \
  printf "Install one (Debian, Ubuntu: python3.12 with python3.12-venv; others: pyenv, uv or the system's\n"; \
  printf "installer), or name it: make demo PYTHON=/path/to/python\n"; exit 1; \
fi >&2; \
printf 'Python: %s (%s)\n' "$$found" "$$($(1)/bin/python -c 'import sys; print(sys.version.split()[0])')"
endef

# Counts what pip reports, so that a long install is seen to move; the whole log is kept.
define install-locked
total=$$(grep -c '^[a-zA-Z]' requirements.lock); \
printf 'Installing from a lock of %s packages for all platforms (log: $(VENV)/install.log)\n' "$$total"; \
{ $(BIN)/python -m pip install --progress-bar off --require-hashes -r requirements.lock 2>&1; \
  echo "pip exit $$?"; } | tee $(VENV)/install.log | awk \
  '/^Collecting /{ if (++n % 25 == 0) { print "  " n " found"; fflush() } } \
   /^Installing collected/{ print "  all found; installing"; fflush() } \
   /^ *ERROR/{ print } \
   /^pip exit /{ code = $$3 } END { exit code }'
endef

.PHONY: help demo test lint env python coverage-study coverage-mixed \
  fuzz few-clusters-study estimands-study missing-study disparity-study twin-study verify-platforms kill-study tamper-study compliers-study sbc-study bayes-operating bayes-record disclosure-study conformance docs bench bench-peers bench-bayes bench-mixed bench-growth bench-few bench-disparity bench-six its-study multilevel-study bayesian-its-study panel-study bench-its lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

env: $(READY) ## make .venv from requirements.lock (the other targets do it when needed)

python: ## say which Python would be used
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && $(call make-venv,"$$scratch")

$(READY): requirements.lock pyproject.toml
	@if ! cmp -s requirements.lock $(VENV)/requirements.lock; then \
	  $(call make-venv,$(VENV)) && $(install-locked) && cp requirements.lock $(VENV)/requirements.lock; \
	fi
	@$(BIN)/python -m pip install -qq --no-index --no-deps --no-build-isolation -e .
	@touch $@ && echo "Environment ready: $(VENV)"

demo: $(READY) ## run the two plans that need no data of yours, and print where the reports are
	@$(BIN)/precept run analysis_plans/esp_vs_ssp.yaml --out $(RESULTS)/esp_vs_ssp --force
	@$(BIN)/precept run analysis_plans/achievement_awards.yaml --out $(RESULTS)/achievement_awards --force

# Threads change the last digits of sums, and pages are compared digit by digit: one wherever they are made.
test conformance docs: export OMP_NUM_THREADS := 1
test conformance docs: export OPENBLAS_NUM_THREADS := 1

test: $(READY) ## tests, style and types: what a change must pass
	$(BIN)/python -m pytest -m "not slow"
	@$(MAKE) --no-print-directory lint

lint: $(READY) ## style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

coverage-study: $(READY) ## simulate how often intervals cover (minutes) and record it
	$(BIN)/python -m tests.calibration.coverage
	$(BIN)/python -m tests.calibration.tables

coverage-mixed: $(READY) ## the same for mixed models (an hour; goes on where it was stopped)
	$(BIN)/python -m tests.calibration.mixed_coverage
	$(BIN)/python -m tests.calibration.mixed_tables

few-clusters-study: $(READY) ## type I error by number of clusters (hours; goes on where it was stopped)
	$(BIN)/python -m tests.calibration.few_clusters
	$(BIN)/python -m tests.calibration.few_cluster_tables

estimands-study: $(READY) ## simulate which estimator targets which average (20 minutes, resumable)
	$(BIN)/python -m tests.calibration.estimands
	$(BIN)/python -m tests.calibration.estimand_tables

disclosure-study: $(READY) ## attack 500 generated releases behind the gate (minutes, resumable) and record it
	$(BIN)/python -m tests.calibration.disclosure
	$(BIN)/python -m tests.calibration.disclosure_tables

missing-study: $(READY) ## simulate who recovers the truth from missing outcomes (20 minutes, resumable)
	$(BIN)/python -m tests.calibration.missing
	$(BIN)/python -m tests.calibration.missing_events
	$(BIN)/python -m tests.calibration.missing_one_wrong
	$(BIN)/python -m tests.calibration.missing_tables

disparity-study: $(READY) ## simulate intervals of disparity (half an hour; goes on where it was stopped)
	$(BIN)/python -m tests.calibration.disparity_coverage
	$(BIN)/python -m tests.calibration.disparity_tables

compliers-study: $(READY) ## simulate intervals of complier effects, weak instruments among them (5 minutes)
	$(BIN)/python -m tests.calibration.compliers
	$(BIN)/python -m tests.calibration.complier_tables

sbc-study: $(READY) ## simulation-based calibration of Bayesian models (hours, resumable; TRIALS=n for n each)
	$(BIN)/python -m tests.calibration.bayes_sbc $(if $(TRIALS),--trials $(TRIALS))

bayes-operating: $(READY) ## repeated trials of 13 + 27 units, default priors (hours, resumable; TRIALS=n)
	$(BIN)/python -m tests.calibration.bayes_operating $(if $(TRIALS),--trials $(TRIALS))

bayes-record: $(READY) ## record what the two studies of Bayesian models have so far (seconds)
	$(BIN)/python -m tests.calibration.bayes_record
	$(BIN)/python -m tests.calibration.bayes_tables

tamper-study: $(READY) ## tamper with a bundle in more than 300 ways (5 minutes) and record what finds it
	$(BIN)/python -m tests.evidence.tampering

kill-study: $(READY) ## kill a run at 50 random moments and resume it (10 minutes) and record it
	$(BIN)/python -m tests.evidence.killing

twin-study: $(READY) ## pose every shipped plan to R (needs Rscript; half an hour, resumable) and record it
	$(BIN)/python -m tests.evidence.twin_study

verify-platforms: $(READY) ## verify bundles with other threads, files and, with OTHER=python3.13, another Python
	$(BIN)/python -m tests.evidence.platforms $(if $(OTHER),--python $(OTHER))

FUZZ := $(RESULTS)/fuzz-venv
fuzz: $(READY) ## feed every reader spoilt documents, led by coverage (15 minutes; SECONDS=n) and record it
	$(BIN)/python -m venv --clear $(FUZZ)
	$(FUZZ)/bin/python -m pip install --progress-bar off atheris==3.1.0
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > \
	  "$$($(FUZZ)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/locked.pth"
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(FUZZ)/bin/python -m tests.hostile.fuzz $(or $(SECONDS),900)
	$(BIN)/python -m tests.hostile.pages

conformance: $(READY) ## rewrite docs/conformance.md from the reference cases
	$(BIN)/python -m tests.conformance

docs: $(READY) ## rewrite what the README and docs/notebooks show from runs
	$(BIN)/python -m tests.pages

bench: $(READY) ## import time, shipped plans, and mixed models without other programs (minutes)
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/plans.py
	@$(BIN)/python benchmarks/mixed.py --alone

bench-peers: $(READY) ## install other programs for mixed models from PyPI, apart from .venv
	$(BIN)/python -m venv --clear benchmarks/.venv-peers
	benchmarks/.venv-peers/bin/python -m pip install --progress-bar off -r benchmarks/peers.txt

bench-bayes: $(READY) ## time Bayesian models beside PyMC and nutpie (half an hour) and record it
	$(BIN)/python benchmarks/bayes.py --record docs/benchmarks_bayes.json

bench-mixed: $(READY) ## time mixed models beside the peers and R's lme4 (half an hour) and record it
	$(BIN)/python benchmarks/mixed.py --record docs/benchmarks.json
	$(BIN)/python benchmarks/page.py

bench-growth: $(READY) ## time how cost grows with rows and clusters (minutes) and record it
	$(BIN)/python benchmarks/growth.py --record docs/growth.json
	$(BIN)/python benchmarks/page.py

bench-few: $(READY) ## time what few clusters need, beside loops and peers that are there (minutes)
	@for file in benchmarks/gee.py $(wildcard benchmarks/permutation*.py) benchmarks/wild_bootstrap.py; do \
	  OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python $$file || exit 1; done

bench-disparity: $(READY) ## time all indices of disparity by each kind of interval (a minute)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/disparity.py

bench-six: $(READY) ## time the table of six methods for series, beside R where it is there (a minute)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/six_methods.py

bench-its: $(READY) ## time models of many series at once, beside R's glmer where it is there (a minute)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/its.py

multilevel-study: $(READY) ## simulate bias and coverage of models of many series (half an hour; goes on where it was stopped)
	$(BIN)/python -m tests.calibration.multilevel_its
	$(BIN)/python -m tests.calibration.multilevel_tables

bayesian-its-study: $(READY) ## simulate the Bayesian model of many series (an hour; goes on where it was stopped)
	$(BIN)/python -m tests.calibration.bayesian_its

panel-study: $(READY) ## simulate panel regressions under staggered starts (minutes) and record it
	$(BIN)/python -m tests.calibration.panels
	$(BIN)/python -m tests.calibration.panel_tables

its-study: $(READY) ## simulate bias and coverage of models of series (10 minutes; goes on where it was stopped)
	$(BIN)/python -m tests.calibration.series
	$(BIN)/python -m tests.calibration.series_turner
	$(BIN)/python -m tests.calibration.series_tables

lock: ## rewrite requirements.lock from pyproject.toml (needs uv)
	@command -v $(or $(UV),uv) >/dev/null || { echo "make lock needs uv (pip install uv), or UV=/path/to/uv" >&2; exit 1; }
	$(or $(UV),uv) pip compile pyproject.toml --all-extras --universal --python-version 3.12 \
	  --generate-hashes --no-header --no-annotate --quiet -o requirements.lock

clean: ## remove the environment, caches and results
	rm -rf $(VENV) $(RESULTS) benchmarks/.venv-peers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find precept_stats tests benchmarks notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
